"""`ropewalk docs audit` and `ropewalk docs connected`: who did what, and who is there."""

from __future__ import annotations

import argparse
import json
import time

from .backends import Backend, Pages
from .words import dotted, printable, table

PAGE = 1000


async def audit(backend: Backend, options: argparse.Namespace) -> int:
    rows: Pages = []
    after = options.after
    while page := await backend.audit(options.id, after, PAGE):
        rows += page
        after = page[-1]["number"]
        if len(page) < PAGE:
            break
    if options.json:
        print(json.dumps(rows, indent=2))
        return 0
    table(
        ("number", "when", "who", "what", "version", "session", "more"),
        [
            (
                str(row["number"]),
                _when(row["at"]),
                printable(row["user"]),
                row["kind"],
                dotted(row["version"]),
                row["session"],
                printable(" ".join(f"{name}={value}" for name, value in row["detail"].items())),
            )
            for row in rows
        ],
    )
    return 0


async def connected(backend: Backend, options: argparse.Namespace) -> int:
    found = await backend.connected(options.id)
    if options.json:
        print(json.dumps(found, indent=2))
        return 0
    table(
        ("who", "since", "connection", "shows"),
        [
            (
                printable(one["user"]),
                _when(one["since"]),
                one["id"],
                "" if one["shown"] is None else printable(json.dumps(one["shown"])),
            )
            for one in found
        ],
    )
    return 0


def _when(at: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(at))
