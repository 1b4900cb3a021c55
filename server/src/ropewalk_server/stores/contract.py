"""What a room asks of a store, and what every store promises.

A document is a log. Each entry of it is one update and has a version `(epoch, seq)`: `seq` counts
from 1 without gaps inside an epoch. A snapshot stands for all entries up to its version. A new epoch
begins with a snapshot (its seq 0) that has nothing to do with the ids of the epoch before.

Promises, tested for every store by tests/store_contract.py:

  S1  append() returns only when the updates survive the end of the process (and, unless the store's
      settings say otherwise, the loss of power), all of them or none.
  S2  read() gives a prefix: no entry is missing before one that is there, and whatever append() had
      returned before is in it.
  S3  compact() and seal() replace at one moment: a reader sees all from before or all from after.
  S4  an append or a compaction in an epoch that is sealed is a Conflict that carries the new one.
  S5  subscribe() tells of each version at least once, in order for one document, whichever process
      wrote it; who listens reads again and drops what it knows.
  S6  a record that was damaged is never given out as sound: read() gives what is sound before it and
      names it in `damaged`, and nothing writes over it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol


class Version(NamedTuple):
    """A place in the log of one document; versions of one document are ordered."""

    epoch: int
    seq: int


# Of a document that nothing was ever written to.
NOTHING = Version(0, 0)


@dataclass(frozen=True, slots=True)
class Entry:
    """One update of the log."""

    version: Version
    update: bytes


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All entries up to its version as one update."""

    version: Version
    update: bytes


@dataclass(frozen=True, slots=True)
class Damage:
    """A stored record that is not what was written; it is set aside, never dropped."""

    where: str
    reason: str


@dataclass(frozen=True, slots=True)
class History:
    """What read() found: the snapshot, if it is newer than what was asked for, and the entries after
    it, in order. `version` is that of the newest entry."""

    version: Version
    snapshot: Snapshot | None = None
    entries: Sequence[Entry] = ()
    damaged: Sequence[Damage] = ()


@dataclass(frozen=True, slots=True)
class DocumentInfo:
    """One line of list()."""

    doc: str
    version: Version
    snapshot: Version
    size: int  # bytes stored: the snapshot and the entries after it
    changed_at: float  # seconds since 1970


@dataclass(frozen=True, slots=True)
class SavePoint:
    """A named state of a document, kept until it is deleted."""

    id: int
    version: Version
    label: str
    author: str
    created_at: float
    size: int


@dataclass
class StoreError(Exception):
    """The store could not do it; nothing was changed. `transient`: the same call may succeed later."""

    message: str
    transient: bool = True

    def __str__(self) -> str:
        return self.message


@dataclass
class Conflict(StoreError):
    """What was expected of the document is not so: `newest` says what is."""

    newest: Version = field(default=NOTHING)
    transient: bool = False


class Store(Protocol):
    """A place where documents are kept. Names of documents are any text of 1 to 1024 bytes in UTF-8;
    rooms put the tenant in front of them (rooms/names.py)."""

    async def open(self) -> None:
        """Connects, checks what is there, and repairs what a crash has left half done."""

    async def close(self) -> None:
        """Finishes what was begun."""

    async def append(
        self, doc: str, updates: Sequence[bytes], *, epoch: int = 0, expected: Version | None = None
    ) -> Version:
        """Writes the updates behind the newest entry of the epoch and returns the version of the
        last. Conflict if the epoch is sealed, or if `expected` is given and not the newest."""
        ...

    async def read(self, doc: str, since: Version | None = None) -> History:
        """The newest snapshot, if it is newer than `since`, and every entry after it."""
        ...

    async def compact(self, doc: str, upto: Version, snapshot: bytes) -> None:
        """Replaces all up to `upto` by one snapshot. Conflict if there is one as new already."""
        ...

    async def seal(self, doc: str, expected: Version, snapshot: bytes) -> Version:
        """Ends the epoch, if `expected` is its newest version, and begins the next with a snapshot."""
        ...

    def subscribe(self, doc: str) -> AsyncIterator[Version]:
        """Versions as they land, from any process. Ends when the iterator is closed."""
        ...

    async def list(self, prefix: str = "", after: str = "", limit: int = 100) -> Sequence[DocumentInfo]:
        """Documents whose names begin so, in order of their names, behind `after`."""
        ...

    async def delete(self, doc: str) -> bool:
        """Erases all there is of a document: log, snapshots, save points. False if nothing was."""
        ...

    async def savepoint(self, doc: str, version: Version, state: bytes, *, label: str = "", author: str = "") -> SavePoint:
        """Keeps a state under a number that counts up from 1."""
        ...

    async def savepoints(self, doc: str) -> Sequence[SavePoint]:
        """All of a document, the oldest first."""
        ...

    async def read_savepoint(self, doc: str, id: int) -> bytes:
        """The state that was kept; StoreError if there is none of that number."""
        ...
