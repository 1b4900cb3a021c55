"""Clients that write numbers into documents over WebSockets and keep a journal of what was
acknowledged. As browsers do they come back when the server was killed, and offer again what it may
have lost; some come back as another tab, that knows nothing and writes in a place of its own."""

from __future__ import annotations

import asyncio
import contextlib
import random

import websockets
from ropewalk import Doc, Text

from ropewalk_server.protocol import frames
from ropewalk_server.protocol.messages import Ack, Hello, Numbered, Refusal, Step1, Step2, Update

DOCUMENTS = ("one", "two", "three")


def numbers_of(doc: Doc, root: str) -> list[int]:
    return [int(number) for number in str(doc.get(root, type=Text)).split()]


class Writer:
    """One client, tab after tab. `acked` is the highest number of each tab that the server has
    acknowledged. (A tab must not go on with the numbers of the one before: another client may have
    seen more of them than the store, and bring them back later.)"""

    pauses: tuple[float, ...] = (0, 0, 0.001, 0.002, 0.01)

    def __init__(self, number: int, rng: random.Random) -> None:
        self.number = number
        self.document = DOCUMENTS[number % len(DOCUMENTS)]
        self.root = f"w{number}.0"
        self.acked = {self.root: 0}
        self.written = 0
        self.doc: Doc = Doc()
        self._rng = rng
        self._next_message = 0
        self._sent: dict[int, int] = {}  # number of a message -> highest number it has
        self._writing = True

    def reopen(self) -> None:
        """The tab is closed and another one opened: of this one only what the server has is left."""
        self.root = f"w{self.number}.{len(self.acked)}"
        self.acked[self.root] = 0
        self.written = 0
        self.doc = Doc()

    async def run(self, port: int) -> None:
        """Writes as long as the server lives; ends when it is gone."""
        url = f"ws://127.0.0.1:{port}/{self.document}"
        with contextlib.suppress(OSError, websockets.WebSocketException):
            async with websockets.connect(
                url, compression=None, max_size=None, ping_interval=None, close_timeout=0.1
            ) as socket:
                await self._talk(socket)

    async def _talk(self, socket: websockets.ClientConnection) -> None:
        self._next_message, self._sent = 0, {}
        await self._say(socket, Hello(token=f"user{self.number}"))
        await self._say(socket, Step1(self.doc.get_state()))
        writing = None
        try:
            async for data in socket:
                document, message = frames.decode(data)
                assert document is None
                if isinstance(message, Step1):
                    # What the server may not have, first of all and with a number like the rest.
                    update = self.doc.get_update(message.state)
                    await self._say_numbered(socket, Step2(update))
                elif isinstance(message, Step2):
                    self.doc.apply_update(message.update)
                    if writing is None:
                        writing = asyncio.ensure_future(self._write(socket))
                elif isinstance(message, Update):
                    self.doc.apply_update(message.update)
                elif isinstance(message, Ack):
                    for number in [n for n in self._sent if n <= message.number]:
                        acked = max(self.acked[self.root], self._sent.pop(number))
                        self.acked[self.root] = acked
                elif isinstance(message, Refusal):
                    raise AssertionError(f"refused: {message}")
        finally:
            if writing is not None:
                writing.cancel()
                with contextlib.suppress(asyncio.CancelledError, websockets.WebSocketException):
                    await writing

    async def _write(self, socket: websockets.ClientConnection) -> None:
        while self._writing:
            self.written += 1
            before = self.doc.get_state()
            text = self.doc.get(self.root, type=Text)
            text.insert(len(text), f"{self.written} ")
            await self._say_numbered(socket, Update(self.doc.get_update(before)))
            # A burst, then a pause: sometimes everybody is silent and the room is quiet.
            await asyncio.sleep(self._rng.choice(self.pauses))
        await self._stay()
        await socket.close()

    async def _stay(self) -> None:
        """Until all that was sent is acknowledged."""
        while self._sent:
            await asyncio.sleep(0.005)

    def finish(self) -> None:
        """Writes no more, and ends when all is acknowledged."""
        self._writing = False

    def resume(self) -> None:
        """Writes again when it is run the next time."""
        self._writing = True

    async def _say_numbered(
        self, socket: websockets.ClientConnection, message: Step2 | Update
    ) -> None:
        self._next_message += 1
        self._sent[self._next_message] = self.written
        await self._say(socket, Numbered(self._next_message, message))

    async def _say(self, socket: websockets.ClientConnection, message: object) -> None:
        await socket.send(frames.encode(None, message))
