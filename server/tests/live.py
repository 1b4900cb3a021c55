"""A real server on loopback, for tests that connect to it; it can be stopped and come back."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.routing import Mount, WebSocketRoute
from starlette.websockets import WebSocket

from ropewalk_server.auth.identity import Identity, Refused, Role
from ropewalk_server.http.sockets import Sockets, rooms_router
from ropewalk_server.protocol.hocuspocus import HocuspocusCodec
from ropewalk_server.rooms.rooms import Rooms
from ropewalk_server.stores.memory import MemoryStore


def who_is_it(token: str | None) -> Identity:
    """Tokens are names; "bad" is nobody's."""
    if token == "bad":
        raise Refused("this token is no good")
    return Identity(user=token or "anonymous", tenant="tests")


def may(identity: Identity, document: str) -> Role | None:
    if document.startswith("secret"):
        return None
    return Role.READER if identity.user == "reader" else Role.EDITOR


class LiveServer:
    """On a port of its own that stays the same when it is restarted."""

    def __init__(self, store: Any = None, **options: Any) -> None:
        self.store = store or MemoryStore()
        self.options = options
        self.rooms: Rooms
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self.port}"

    async def start(self) -> None:
        self.rooms = Rooms(self.store, authenticate=who_is_it, authorize=may, **self.options)

        async def hocuspocus(websocket: WebSocket) -> None:
            await Sockets(self.rooms).serve(websocket, None, HocuspocusCodec())

        app = Starlette(
            routes=[
                WebSocketRoute("/hocuspocus", hocuspocus),
                Mount("/", rooms_router(self.rooms, token_in_query=True)),
            ],
            lifespan=self.rooms.lifespan,
        )
        self._server = uvicorn.Server(
            uvicorn.Config(
                app,
                host="127.0.0.1",
                port=self.port,
                ws="websockets-sansio",
                log_level="error",
                timeout_graceful_shutdown=1,
            )
        )
        self._server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
        self._task = asyncio.create_task(self._server._serve())
        while not self._server.started:
            if self._task.done():
                self._task.result()
            await asyncio.sleep(0.01)

    async def stop(self) -> None:
        self._server.should_exit = True
        await self._task


@asynccontextmanager
async def live_server(store: Any = None, **options: Any) -> AsyncIterator[LiveServer]:
    server = LiveServer(store, **options)
    await server.start()
    try:
        yield server
    finally:
        await server.stop()
