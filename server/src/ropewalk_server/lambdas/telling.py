"""What is said to one connection, by whoever has its row in hand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..limits import Limits
from ..protocol.messages import Message
from ..protocol.text_frames import TextFramesCodec
from .transfers import Transfers

if TYPE_CHECKING:
    from .connections import Connections
    from .frozen import Frozen


class Wire:
    """A Link that keeps what it is given; it is sent when the row is written."""

    def __init__(self, *, stock: bool) -> None:
        self.stock = stock
        self.texts: list[str] = []
        self.closing: tuple[int, str] | None = None

    def send(self, message: bytes | str) -> None:
        if self.closing is None:
            assert isinstance(message, str)
            self.texts.append(message)

    def close(self, code: int, reason: str) -> None:
        if self.closing is None:
            self.closing = code, reason


class Voice:
    """Says something to a connection of which nothing has come."""

    def __init__(self, id: str, frozen: Frozen, limits: Limits, connections: Connections) -> None:
        self._id = id
        self._frozen = frozen
        self._limits = limits
        self._connections = connections
        self._transfers = Transfers(connections, id, {})

    async def say(self, document: str | None, messages: Sequence[Message]) -> list[str]:
        """The frames of these messages, and all that may not have been sent before."""
        frozen = self._frozen
        if frozen.stream is None:
            return []
        before = self._transfers.copy_of(frozen.stream)
        await self._transfers.fetch(frozen, [])
        codec = TextFramesCodec.resumed(
            self._limits, self._transfers, frozen.stream, known=frozen.known, wanted=frozen.wanted
        )
        wire = Wire(stock=not frozen.extended)
        codec.attach(wire)
        if frozen.late:
            frozen.late = False
            codec.stream.repeat()
            wire.texts += codec.stream.frames()
        for message in messages:
            for part in codec.encode(document, message):
                wire.send(part)
        frozen.stream, frozen.known = codec.stream.save(), codec.known
        frozen.wanted = list(codec.wanted)
        await self._transfers.store(before, frozen.stream, bytearray())
        return wire.texts

    def differs(self, text: str) -> bool:
        return self._frozen.to_text() != text

    async def save(self, version: int) -> bool:
        """False: somebody else has written it."""
        frozen = self._frozen
        user = "" if frozen.identity is None else frozen.identity.user
        return await self._connections.put(
            self._id, frozen.to_text(), version, user=user, connected=frozen.connected
        )
