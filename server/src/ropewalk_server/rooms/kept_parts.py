"""Parts of snapshots that answers were made from. Who comes next to the same document needs most of
them again: what was deleted, and the newest of its history.

K1  all together they are no more than `limit` bytes; those that were not used for longest go first
K2  they are of one snapshot: another one of the same document takes their place
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import TypeAlias

from ..stores.contract import Version

# Where it begins in the snapshot, and the bytes.
Fetched: TypeAlias = tuple[int, bytes]

# One document has at most this share of all.
_SHARE = 4


class KeptParts:
    """Of all documents of a process."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._parts: OrderedDict[str, tuple[Version, Sequence[Fetched]]] = OrderedDict()
        self.size = 0  # bytes

    def get(self, doc: str, snapshot: Version) -> Sequence[Fetched]:
        """What is kept of a snapshot, if anything is."""
        kept = self._parts.get(doc)
        if kept is None or kept[0] != snapshot:
            return ()
        self._parts.move_to_end(doc)
        return kept[1]

    def put(self, doc: str, snapshot: Version, parts: Sequence[Fetched]) -> None:
        """Instead of what was kept of this document, unless it is too much."""
        self.drop(doc)
        size = _size(parts)
        if size > self._limit // _SHARE:
            return
        self._parts[doc] = (snapshot, parts)
        self.size += size
        while self.size > self._limit:
            self.drop(next(iter(self._parts)))

    def drop(self, doc: str) -> None:
        """Nothing is kept of it any more."""
        kept = self._parts.pop(doc, None)
        if kept is not None:
            self.size -= _size(kept[1])


def _size(parts: Sequence[Fetched]) -> int:
    return sum(len(data) for _, data in parts)
