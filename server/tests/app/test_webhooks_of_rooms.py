"""What happens in rooms reaches webhooks over real sockets, signed, and without any content."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ropewalk_server.ops.webhooks import EVENTS, verify

from .running import made, running, serving

SECRET = "0123456789abcdef0123456789abcdef"


async def test_everything_that_happens_is_told() -> None:
    requests: list[tuple[Mapping[str, str], bytes]] = []

    async def receive(request: Request) -> Response:
        requests.append((dict(request.headers), await request.body()))
        return Response(status_code=204)

    receiver = Starlette(routes=[Route("/hook", receive, methods=["POST"])])
    async with serving(receiver, uvicorn.Server) as place:
        settings = made(
            webhooks={"urls": (f"http://{place}/hook",), "secret": SECRET, "events": EVENTS}
        )
        async with running(settings) as server:
            async with server.client("letters/1", token=server.token()) as client:
                await client.sync()
                await client.write_durably("Dear secret friend")
            await server.refusal()
            while server.service.rooms.sessions:
                await asyncio.sleep(0.01)
    assert requests
    assert all(verify(SECRET, headers, body) for headers, body in requests)
    assert all(b"secret friend" not in body for _, body in requests)
    events: list[dict[str, Any]] = [e for _, body in requests for e in json.loads(body)["events"]]
    by_kind = {kind: [e for e in events if e["event"] == kind] for kind in EVENTS}
    assert {kind: len(found) for kind, found in by_kind.items()} == {
        "connect": 2,
        "authenticate": 1,
        "load": 1,
        "change": 1,
        "store": 1,
        "disconnect": 2,
    }
    (change,), (store,), (load,) = by_kind["change"], by_kind["store"], by_kind["load"]
    assert (change["tenant"], change["document"], change["users"]) == (
        "main",
        "letters/1",
        ["alice"],
    )
    assert (store["version"], store["updates"], load["damaged"]) == ([0, 1], 1, [])
    assert (by_kind["authenticate"][0]["user"], by_kind["authenticate"][0]["tenant"]) == (
        "alice",
        "main",
    )
