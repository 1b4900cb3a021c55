"""Long messages on their way, which take many frames and so many events: what is sent, and what has
come. They are in the table of connections, in pieces, and go by themselves after an hour."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from secrets import token_bytes
from typing import cast
from zlib import crc32

from ropewalk.text_frames import FrameError, Head, Item, Offer, Part, Resume, decode_frame
from ropewalk.text_stream import Kept, StreamState

from ..protocol.unfinished import SECRET_BYTES
from .connections import Connections
from .frozen import MOST_SENT, Elsewhere, Frozen


def items_of(text: str) -> list[Item]:
    """What is in a frame; nothing, if it is none."""
    try:
        return decode_frame(text).items
    except FrameError:
        return []


def _outgoing(source: bytes) -> str:
    return f"out-{source.hex()}"


class Transfers:
    """Of one connection, for the length of one event. A codec sees an UnfinishedMessages."""

    def __init__(
        self, connections: Connections, connection: str, made: dict[tuple[int, int], bytes]
    ) -> None:
        """`made`: sources of messages that were begun in this event, should it be handled again."""
        self._connections = connections
        self._connection = connection
        self._made = made
        self._begun: dict[bytes, bytes] = {}
        self._contents: dict[bytes, bytes] = {}
        self._kept: dict[Head, Kept] = {}
        self._finished: list[str] = []

    # -- what the codec asks -----------------------------------------------------------------------

    def begin(self, content: bytes) -> bytes:
        key = len(content), crc32(content)
        source = self._made.setdefault(key, token_bytes(SECRET_BYTES))
        self._begun[source] = content
        return source

    def content(self, source: bytes) -> bytes | None:
        return self._begun.get(source) or self._contents.get(source)

    def finish(self, source: bytes) -> None:
        self._finished.append(_outgoing(source))

    def receiving(self, kept: Kept) -> None:
        """What has come is written when the row is (store)."""

    def received(self, head: Head) -> Kept | None:
        return self._kept.pop(head, None)

    # -- before and after --------------------------------------------------------------------------

    async def fetch(self, frozen: Frozen, items: list[Item]) -> bytearray | None:
        """Gets what the event may need; what is here of a message that it completes."""
        state = frozen.stream
        if state is not None:
            await self._fetch_outgoing(state)
        wanted = [item.head.source for item in (*items, *frozen.wanted) if isinstance(item, Resume)]
        for source in wanted:
            if len(source) == SECRET_BYTES:
                data = await self._connections.get_pieces(_outgoing(source))
                if data:
                    self._contents[source] = data
        for item in items:
            if isinstance(item, Offer) and len(item.head.source) >= SECRET_BYTES:
                data = await self._connections.get_pieces(self._incoming(item.head))
                if data:
                    self._kept[item.head] = Kept(item.head, bytearray(data))
        return None if state is None else await self._fetch_incoming(state, items)

    async def _fetch_outgoing(self, state: StreamState) -> None:
        for index, message in enumerate(state.queue):
            if message.head is None:
                continue
            start = message.start
            if message.number == state.acknowledged[0]:
                start = max(start, state.acknowledged[1])
            end = min(len(message.content), start + MOST_SENT)
            data = await self._connections.get_pieces(_outgoing(message.head.source), start, end)
            if data is not None:
                content = cast("bytes", Elsewhere(len(message.content), start, data))
                state.queue[index] = message._replace(content=content)

    async def _fetch_incoming(self, state: StreamState, items: list[Item]) -> bytearray | None:
        """All of what has come, if the rest comes now; else nobody looks at it."""
        known = state.current or state.kept
        if known is None:
            return None
        head, size = known
        if any(isinstance(one, Part) and one.offset + len(one.data) == head.length for one in items):
            data = await self._connections.get_pieces(self._incoming(head, state), 0, size)
            if data is not None:
                return bytearray(data)
        return None

    def _incoming(self, head: Head, state: StreamState | None = None) -> str:
        if len(head.source) >= SECRET_BYTES:
            named = hashlib.sha256(f"{head.length}-{head.checksum}-".encode() + head.source)
            return f"in-{named.hexdigest()}"
        number = 0 if state is None else state.expected
        return f"in-{self._connection}-{number}-{head.checksum}"

    async def store(self, before: StreamState | None, after: StreamState, data: bytearray) -> None:
        """Writes what has come, and what goes out in parts, before the row that names it. `data`:
        what is here of the message that is not complete."""
        for source, content in self._begun.items():
            await self._connections.put_pieces(_outgoing(source), content)
        if after.current is None:
            done = before.current if before is not None else None
            if done is not None and before is not None:
                self._finished.append(self._incoming(done[0], before))
            return
        head, size = after.current
        known = 0
        if before is not None:
            for one in (before.current, before.kept):
                if one is not None and one[0] == head:
                    known = min(one[1], size)
                    break
        if size > known:
            key = self._incoming(head, after)
            await self._connections.put_pieces(key, bytes(data[known:size]), offset=known)

    async def tidy(self) -> None:
        """Erases what has arrived; what is left of it would go by itself."""
        for key in self._finished:
            await self._connections.drop_pieces(key)

    def copy_of(self, state: StreamState) -> StreamState:
        return replace(state, queue=list(state.queue))
