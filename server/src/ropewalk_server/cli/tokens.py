"""`ropewalk token` and `ropewalk ticket`, from a server that is running."""

from __future__ import annotations

import argparse
import asyncio
import os
from typing import Any

from .failure import Failure
from .remote import DEFAULT_SERVER, Remote, add_server, add_token, token_of


def add_to(commands: Any) -> None:
    made = commands.add_parser("token", help="a token of a server with the development issuer")
    made.add_argument("--user", required=True)
    made.add_argument("--name", default="", help="how others see them")
    made.add_argument("--tenant", default="main")
    made.add_argument(
        "--role", default="owner", choices=("owner", "editor", "commenter", "reader", "none")
    )
    made.add_argument("--seconds", type=float, default=12 * 3600.0, help="how long it is good for")
    add_server(made, f"ROPEWALK_SERVER, else {DEFAULT_SERVER}")
    made.set_defaults(run=token)

    made = commands.add_parser("ticket", help="a ticket for a URL, in exchange for a token")
    made.add_argument("document")
    add_server(made, f"ROPEWALK_SERVER, else {DEFAULT_SERVER}")
    add_token(made)
    made.set_defaults(run=ticket)


def token(options: argparse.Namespace) -> int:
    wanted = {
        name: getattr(options, name) for name in ("user", "name", "tenant", "role", "seconds")
    }
    print(asyncio.run(_post(options, None, "/api/dev/token", wanted))["token"])
    return 0


def ticket(options: argparse.Namespace) -> int:
    given = token_of(options)
    if given is None:
        raise Failure("a token is needed: --token, or ROPEWALK_TOKEN")
    wanted = {"document": options.document}
    print(asyncio.run(_post(options, given, "/api/tickets", wanted))["ticket"])
    return 0


async def _post(
    options: argparse.Namespace, given: str | None, path: str, body: dict[str, Any]
) -> dict[str, Any]:
    remote = Remote(options.server or os.environ.get("ROPEWALK_SERVER") or DEFAULT_SERVER, given)
    try:
        answer: dict[str, Any] = (await remote.request("POST", path, json=body)).json()
    finally:
        await remote.close()
    return answer
