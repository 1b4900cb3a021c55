"""Rooms behind a real uvicorn on loopback, and clients that reach them over sockets."""

from __future__ import annotations

import asyncio
import builtins
import contextlib
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI
from ropewalk import Doc, Text
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from ropewalk_server.http.serving import Server, uvicorn_config
from ropewalk_server.http.sockets import rooms_router
from ropewalk_server.protocol import frames
from ropewalk_server.protocol.messages import (
    Ack,
    Hello,
    Message,
    Numbered,
    Step1,
    Step2,
    Update,
)
from ropewalk_server.rooms.rooms import Rooms


@asynccontextmanager
async def serving(rooms: Rooms, port: int = 0, **options: Any) -> AsyncIterator[str]:
    """Serves the rooms until the block ends; the URL of the sockets."""
    app = FastAPI(lifespan=rooms.lifespan)
    app.include_router(rooms_router(rooms, token_in_query=True), prefix="/collab")
    listening = socket.socket()
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind(("127.0.0.1", port))
    server = Server(uvicorn_config(app, rooms.limits, **options), rooms)
    server.capture_signals = contextlib.nullcontext  # type: ignore[method-assign,assignment]
    running = asyncio.ensure_future(server.serve([listening]))
    while not server.started:
        assert not running.done()
        await asyncio.sleep(0.005)
    try:
        yield f"ws://127.0.0.1:{listening.getsockname()[1]}/collab/"
    finally:
        server.should_exit = True
        await running


class SocketPeer:
    """A client that writes into a document of its own and keeps it up to date."""

    def __init__(self, url: str, *, extended: bool = True) -> None:
        self.url = url
        self.doc: Doc[Any] = Doc()
        self.received: list[Message] = []
        self.extended = extended
        self.number = 0
        self.acked = 0
        self.close: tuple[int, str] | None = None
        self.keeps = True  # what is received
        self._socket: ClientConnection
        self._reader: asyncio.Task[None]

    async def open(self, **options: Any) -> SocketPeer:
        self._socket = await connect(
            self.url, compression=None, max_size=None, ping_interval=None, **options
        )
        self._reader = asyncio.ensure_future(self._read())
        if self.extended:
            self.number = self.acked = 0
            await self.say(Hello())
        else:
            await self.say(Step1(self.doc.get_state()))
        return self

    async def __aenter__(self) -> SocketPeer:
        return await self.open()

    async def __aexit__(self, *error: object) -> None:
        await self.end()

    async def end(self) -> None:
        await self._socket.close()
        await self._reader

    async def drop(self) -> None:
        """The connection is gone, and nobody says so."""
        self._socket.transport.abort()
        await self._reader

    async def say(self, message: Message) -> None:
        await self._socket.send(frames.encode(None, message))

    async def say_raw(self, message: Any) -> None:
        await self._socket.send(message)

    def write(self, text: str, at: int | None = None) -> bytes:
        before = self.doc.get_state()
        root = self.doc.get("t", type=Text)
        root.insert(len(root) if at is None else min(at, len(root)), text)
        return self.doc.get_update(before)

    async def type(self, text: str, at: int | None = None) -> None:
        update = self.write(text, at)
        if self.extended:
            self.number += 1
            await self.say(Numbered(self.number, Update(update)))
        else:
            await self.say(Update(update))

    @property
    def text(self) -> str:
        return str(self.doc.get("t", type=Text))

    async def _read(self) -> None:
        try:
            async for data in self._socket:
                assert isinstance(data, bytes)
                message = frames.decode(data)[1]
                if self.keeps:
                    self.received.append(message)
                await self._act(message)
        except ConnectionClosed:
            pass
        self.close = (self._socket.close_code or 0, self._socket.close_reason or "")

    async def _act(self, message: Message) -> None:
        if isinstance(message, Step1):
            # Everything that the server does not hold for certain, the newest included.
            await self._answer(self.doc.get_update(message.state))
            await self.say(Step1(self.doc.get_state()))
        elif isinstance(message, Step2 | Update):
            self.doc.apply_update(message.update)
        elif isinstance(message, Ack):
            self.acked = message.number

    async def _answer(self, update: bytes) -> None:
        with contextlib.suppress(ConnectionClosed):
            if self.extended:
                self.number += 1
                await self.say(Numbered(self.number, Step2(update)))
            else:
                await self.say(Step2(update))

    def all(self, kind: builtins.type) -> list[Any]:
        return [message for message in self.received if isinstance(message, kind)]
