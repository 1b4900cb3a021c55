"""Long messages in text frames that a cut connection may have left half way, so that the next one
can go on with them: what this process sends, and what it has received.

Whoever names the source of one gets it, so a source holds a number that nobody can guess.
"""

from __future__ import annotations

from collections import OrderedDict
from secrets import token_bytes
from typing import Protocol

from ropewalk.text_frames import Head
from ropewalk.text_stream import Kept

MAX_BYTES = 32 * 1024 * 1024
SECRET_BYTES = 16


class UnfinishedMessages(Protocol):
    """What a codec asks of whoever keeps them."""

    def begin(self, content: bytes) -> bytes: ...

    def content(self, source: bytes) -> bytes | None: ...

    def finish(self, source: bytes) -> None: ...

    def receiving(self, kept: Kept) -> None: ...

    def received(self, head: Head) -> Kept | None: ...


class Unfinished:
    """Of all connections of a process. What is oldest is forgotten when it is too much: the other
    side is told that it is gone, and asks anew."""

    def __init__(self, max_bytes: int = MAX_BYTES) -> None:
        self._max_bytes = max_bytes
        self._sent: OrderedDict[bytes, bytes] = OrderedDict()
        self._received: OrderedDict[Head, Kept] = OrderedDict()

    def begin(self, content: bytes) -> bytes:
        """Keeps what is about to be sent; its source."""
        source = token_bytes(SECRET_BYTES)
        self._sent[source] = content
        self._shrink()
        return source

    def content(self, source: bytes) -> bytes | None:
        """What has this source, if it is still here."""
        return self._sent.get(source)

    def finish(self, source: bytes) -> None:
        """It has arrived."""
        self._sent.pop(source, None)

    def receiving(self, kept: Kept) -> None:
        """Keeps what has come of a message; as it grows, so does what is kept. Of messages whose
        source anybody could guess nothing is kept."""
        if len(kept.head.source) >= SECRET_BYTES:
            self._received[kept.head] = kept
            self._received.move_to_end(kept.head)
            self._shrink()

    def received(self, head: Head) -> Kept | None:
        """Takes out what was kept of this message."""
        return self._received.pop(head, None)

    @property
    def size(self) -> int:
        """Bytes that are kept."""
        received = sum(len(kept.data) for kept in self._received.values())
        return sum(map(len, self._sent.values())) + received

    def _shrink(self) -> None:
        size = self.size
        for entries in (self._received, self._sent):
            while size > self._max_bytes and entries:
                entries.popitem(last=False)
                size = self.size
