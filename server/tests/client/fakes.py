"""A server that says what a test tells it to say."""

from __future__ import annotations

import asyncio
from random import Random
from typing import Any

from ropewalk.client import Backoff, Connection, Cut
from ropewalk_server.protocol import frames
from ropewalk_server.protocol.messages import Message


class Longest(Random):
    """Draws the longest pause each time, so that a test sees what is between two connections."""

    def uniform(self, a: float, b: float) -> float:
        return max(a, b)


class FakeTransport:
    """One connection, seen from the client."""

    def __init__(self) -> None:
        self._to_client: asyncio.Queue[bytes | str | Cut] = asyncio.Queue()
        self.heard: asyncio.Queue[tuple[str | None, Message]] = asyncio.Queue()
        self.closed = False

    async def send(self, message: bytes | str) -> None:
        assert isinstance(message, bytes)
        if not self.closed:
            self.heard.put_nowait(frames.decode(message))

    async def recv(self) -> bytes | str:
        message = await self._to_client.get()
        if isinstance(message, Cut):
            self.closed = True
            raise message
        return message

    async def close(self) -> None:
        self.closed = True

    # -- as the server ---------------------------------------------------------------------------

    def say(self, message: Message, document: str | None = "letter") -> None:
        self._to_client.put_nowait(frames.encode(document, message))

    def say_bytes(self, message: bytes | str) -> None:
        self._to_client.put_nowait(message)

    def cut(self, code: int = 1006, reason: str = "") -> None:
        self._to_client.put_nowait(Cut(code, reason))

    async def hear(self, kind: type[Any]) -> Any:
        """The next message of that kind."""
        while True:
            _, message = await asyncio.wait_for(self.heard.get(), 2)
            if isinstance(message, kind):
                return message


class FakeServer:
    """Gives out connections; `refuse` of them fail first."""

    def __init__(self, refuse: int = 0) -> None:
        self.refuse = refuse
        self.attempts = 0
        self._transports: asyncio.Queue[FakeTransport] = asyncio.Queue()

    async def open(self, url: str) -> FakeTransport:
        assert url == "ws://fake/"
        self.attempts += 1
        if self.attempts <= self.refuse:
            raise Cut(1006, "nobody there")
        transport = FakeTransport()
        self._transports.put_nowait(transport)
        return transport

    async def next(self) -> FakeTransport:
        return await asyncio.wait_for(self._transports.get(), 2)

    def connection(self, **options: Any) -> Connection:
        return Connection(
            "ws://fake", opener=self.open, backoff=Backoff(0.02, 0.02, Longest()), **options
        )
