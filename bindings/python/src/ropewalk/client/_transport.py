"""What carries messages: a WebSocket, or text frames over one."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from random import Random
from typing import Protocol

from ..text_frames import FrameError
from ..text_stream import Kept, TextStream

# After so many seconds without an acknowledgement text frames are sent again.
_REPEAT_SECONDS = 4.0
MAX_MESSAGE = 256 * 1024 * 1024


class Cut(Exception):
    """The connection is gone; the codes are those of section 2 of the protocol."""

    def __init__(self, code: int, reason: str = "") -> None:
        super().__init__(f"{code} {reason}".rstrip())
        self.code = code
        self.reason = reason


class Transport(Protocol):
    """One open connection. Cut is raised by what is called when it is gone."""

    async def send(self, message: bytes | str) -> None: ...

    async def recv(self) -> bytes | str: ...

    async def close(self) -> None: ...


Opener = Callable[[str], Awaitable[Transport]]


class WebSocketTransport:
    """A connection of `websockets`."""

    def __init__(self, socket: object) -> None:
        self._socket = socket

    @staticmethod
    async def open(url: str) -> WebSocketTransport:
        """Cut, if the server is not reached or does not want this connection."""
        try:
            from websockets.asyncio.client import (  # type: ignore[import-not-found,unused-ignore]
                connect,
            )
            from websockets.exceptions import (  # type: ignore[import-not-found,unused-ignore]
                InvalidHandshake,
                InvalidURI,
            )
        except ImportError:
            raise ImportError(
                'ropewalk.client needs websockets: pip install "ropewalk[client]"'
            ) from None
        try:
            return WebSocketTransport(await connect(url, max_size=MAX_MESSAGE, compression=None))
        except InvalidURI as error:
            raise ValueError(str(error)) from None
        except (OSError, InvalidHandshake, TimeoutError) as error:
            raise Cut(1006, str(error)) from None

    async def send(self, message: bytes | str) -> None:
        await self._guard(self._socket.send(message))  # type: ignore[attr-defined]

    async def recv(self) -> bytes | str:
        message: bytes | str = await self._guard(self._socket.recv())  # type: ignore[attr-defined]
        return message

    async def close(self) -> None:
        await self._socket.close()  # type: ignore[attr-defined]

    @staticmethod
    async def _guard(work: Awaitable[bytes | str]) -> bytes | str:
        from websockets.exceptions import (  # type: ignore[import-not-found,unused-ignore]
            ConnectionClosed,
        )

        try:
            return await work
        except ConnectionClosed as closed:
            received = closed.rcvd
            raise Cut(*((received.code, received.reason) if received else (1006, ""))) from None


class TextFramesTransport:
    """Binary messages in text frames over another transport."""

    def __init__(self, inner: Transport, random: Random, kept: Kept | None) -> None:
        self._inner = inner
        self._stream = TextStream(random.randrange(1, 2**32), kept=kept, max_message=MAX_MESSAGE)
        self._arrived: deque[bytes] = deque()
        self._turn = asyncio.Lock()
        self._repeat: asyncio.TimerHandle | None = None
        self._sending: set[asyncio.Task[None]] = set()

    @property
    def kept(self) -> Kept | None:
        """What is to be gone on with over the next connection."""
        return self._stream.kept()

    async def send(self, message: bytes | str) -> None:
        assert isinstance(message, bytes)
        self._stream.send(message)
        await self._pump()

    async def send_resumable(self, message: bytes, source: bytes, *, again: bool) -> None:
        """A long message; `again`: part of it may have arrived."""
        self._stream.send(message, source, offer=again)
        await self._pump()

    async def recv(self) -> bytes | str:
        while not self._arrived:
            text = await self._inner.recv()
            try:
                if not isinstance(text, str):
                    raise FrameError("protocol", "a binary message among text frames")
                arrived = self._stream.receive(text)
            except FrameError as error:
                if error.code in ("damaged", "foreign"):
                    continue
                await self._inner.close()
                raise Cut(4400, str(error)) from None
            for wanted in arrived.wanted:
                self._stream.resume(wanted, None)
            self._arrived.extend(arrived.messages)
            await self._pump(flush=bool(arrived.messages))
        return self._arrived.popleft()

    async def close(self) -> None:
        if self._repeat is not None:
            self._repeat.cancel()
        await self._inner.close()

    async def _pump(self, *, flush: bool = True) -> None:
        async with self._turn:  # frames of two who send at once would overtake each other
            for text in self._stream.frames(flush=flush):
                await self._inner.send(text)
        self._watch()

    def _watch(self) -> None:
        if self._repeat is not None:
            self._repeat.cancel()
            self._repeat = None
        if self._stream.waits:
            loop = asyncio.get_running_loop()
            self._repeat = loop.call_later(_REPEAT_SECONDS, self._again)

    def _again(self) -> None:
        self._stream.repeat()
        task = asyncio.get_running_loop().create_task(self._pump_or_not())
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)

    async def _pump_or_not(self) -> None:
        with suppress(Cut):  # whoever receives gets to know
            await self._pump()
