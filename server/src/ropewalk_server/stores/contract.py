"""What a room asks of a store, and what every store promises.

A document is a log. Each entry of it is one update and has a version `(epoch, seq)`: `seq` counts
from 1 without gaps inside an epoch. A snapshot stands for all entries up to its version. A new
epoch begins with a snapshot (its seq 0) that has nothing to do with the ids of the epoch before,
or, after a document was deleted, with nothing at all. Of an epoch that a snapshot has ended it is
kept what it had, and, where there is one, the map that leads from its ids to those of the next.

Promises, tested for every store by tests/store_contract:

  S1  append() returns only when the updates survive the end of the process (and, unless the store's
      settings say otherwise, the loss of power), all of them or none.
  S2  read() gives a prefix: no entry is missing before one that is there (but what S6 names), and
      whatever append() had returned before is in it.
  S3  compact() and seal() replace at one moment: a reader sees all from before or all from after.
  S4  an append or a compaction in an epoch that is sealed is a Conflict that carries the new one.
      delete() ends an epoch, too: what comes late does not bring a document back.
  S5  from the moment subscribe() was called it tells of every version that lands, whichever process
      wrote it, in order and at least once. Several may be told as one, the newest: who listens
      reads what is new and drops what it knows.
  S6  a record that was damaged is never given out as sound. read() gives all that is sound, names
      what is missing in `damaged`, and sets it aside: listed by damaged(), and nothing writes over
      it. Where no sound snapshot is left the entries alone mean nothing: read() raises Damaged.
      Entries behind one that is missing are given all the same: the engine keeps what depends on
      it waiting, and a client that still has it offers it again.
  S7  what leads from an ended epoch to the next lands with that next one, or not at all, and is kept
      until it is dropped, a later epoch has no map, or the document is deleted.
  S8  read_parts() gives bytes of the snapshot of the version that was asked for, or Gone. They are
      not proven: a container has a checksum for each of its pages, and who finds one wrong
      calls read(), which proves, sets aside and goes back (S6).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol, runtime_checkable


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
    """All entries up to its version: a container (docs/formats/container.md) or, from a server that
    wrote none yet, an update in format V1. Stores do not look into it."""

    version: Version
    data: bytes


class Part(NamedTuple):
    """A range of bytes."""

    offset: int
    size: int


@dataclass(frozen=True, slots=True)
class SnapshotPlace:
    """A snapshot of which parts can be read. `data`: all of it, if it came along."""

    version: Version
    size: int
    data: bytes | None = None


@dataclass(frozen=True, slots=True)
class Damage:
    """A stored record that is not what was written; it is set aside, never dropped."""

    where: str  # "entry (0, 17)", "snapshot (0, 12)", "save point 3"
    reason: str
    doc: str = ""
    found_at: float = 0.0  # seconds since 1970


@dataclass(frozen=True, slots=True)
class History:
    """What read() found: the snapshot, if it is newer than what was asked for, and the entries
    after it, in order. `version` is that of the newest entry."""

    version: Version
    snapshot: Snapshot | None = None
    entries: Sequence[Entry] = ()
    damaged: Sequence[Damage] = ()


@dataclass(frozen=True, slots=True)
class Outline:
    """What read() would find, but of the snapshot only where it is."""

    version: Version
    snapshot: SnapshotPlace | None = None
    entries: Sequence[Entry] = ()
    damaged: Sequence[Damage] = ()


@dataclass(frozen=True, slots=True)
class DocumentInfo:
    """One line of list()."""

    doc: str
    version: Version
    snapshot: Version
    snapshot_size: int  # bytes of the newest snapshot
    log_size: int  # bytes of the entries after it: what a compaction would shrink
    log_entries: int
    changed_at: float  # seconds since 1970

    @property
    def size(self) -> int:
        """Bytes that opening the document reads."""
        return self.snapshot_size + self.log_size


@dataclass(frozen=True, slots=True)
class SavePoint:
    """A named state of a document, kept until it is deleted."""

    id: int
    version: Version
    label: str
    author: str
    created_at: float
    size: int


@dataclass(frozen=True, slots=True)
class EndedEpoch:
    """What is kept of an epoch that a snapshot has ended."""

    epoch: int
    state: bytes  # state vector of what it had: who names more of it than the next has is a copy
    ended_at: float  # seconds since 1970
    map_size: int = 0  # bytes of the map that leads to the next; 0: none does


@dataclass
class StoreError(Exception):
    """The store could not do it, or could not say that it did; nothing is half done. To do it again
    is safe, for updates merge. `transient`: the same call may succeed later."""

    message: str
    transient: bool = True

    def __str__(self) -> str:
        return self.message


@dataclass
class Conflict(StoreError):
    """What was expected of the document is not so: `newest` says what is."""

    newest: Version = field(default=NOTHING)
    transient: bool = False


@dataclass
class Gone(StoreError):
    """The snapshot that parts were asked of was replaced; an outline() names the newer one."""


@dataclass
class Damaged(StoreError):
    """What is stored of a document is not enough to open it; `damaged` says what is wrong."""

    transient: bool = False
    damaged: Sequence[Damage] = ()


# The state vector of nothing.
NO_STATE = b"\x00"

# Of the name of a document, in UTF-8.
MAX_NAME = 1024
# Of one update, snapshot, save point or map.
MAX_RECORD = 512 << 20


class Subscription(Protocol):
    """What subscribe() returns: a version each time the document has changed."""

    def __aiter__(self) -> AsyncIterator[Version]: ...

    async def __anext__(self) -> Version: ...

    async def aclose(self) -> None:
        """Ends it; whoever waits for the next version is told so."""
        ...


class Store(Protocol):
    """A place where documents are kept. Names of documents are any text of 1 to 1024 bytes in
    UTF-8; rooms put the tenant in front of them (rooms/names.py). A wrong argument (a name that is
    too long, no update at all) is a ValueError, and never reaches what is stored."""

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
        """The newest snapshot, if it is newer than `since`, and every entry after it. Of a document
        that nothing was written to: NOTHING and no more."""
        ...

    async def compact(self, doc: str, upto: Version, snapshot: bytes) -> None:
        """Replaces all up to `upto` by one snapshot. Conflict if there is one as new already, or if
        `upto` lies behind the newest entry."""
        ...

    async def seal(
        self,
        doc: str,
        expected: Version,
        snapshot: bytes,
        *,
        state: bytes = NO_STATE,
        map: bytes | None = None,
    ) -> Version:
        """Ends the epoch, if `expected` is its newest version, and begins the next with a snapshot.
        What is to be kept of the old one is kept in a save point first. `state` is the state vector
        of the old one, `map` leads from it to the new one. None (the document is another one now):
        no map of an older epoch is of any use, and all are erased."""
        ...

    async def epochs(self, doc: str) -> Sequence[EndedEpoch]:
        """What is kept of epochs that were ended, the oldest first."""
        ...

    async def read_map(self, doc: str, epoch: int) -> bytes:
        """What leads from this epoch to the next; StoreError if nothing does."""
        ...

    async def drop_epochs(self, doc: str, before: int, ended_before: float = 0.0) -> int:
        """Erases what is kept of epochs below `before`, and of those that ended before that time.
        How many these were."""
        ...

    def subscribe(self, doc: str) -> Subscription:
        """Versions as they land, from any process, beginning with this call (S5)."""
        ...

    async def list(
        self, prefix: str = "", after: str = "", limit: int = 100
    ) -> Sequence[DocumentInfo]:
        """Documents whose names begin so, in order of their names, behind `after`."""
        ...

    async def info(self, doc: str) -> DocumentInfo | None:
        """The line of list() about one document; None if there is none, or no more."""
        ...

    async def delete(self, doc: str) -> bool:
        """Erases all there is of a document: log, snapshots, save points, what was set aside of it.
        Its name and the number of its epoch stay, so that a late append is a Conflict. False if
        nothing was."""
        ...

    async def savepoint(
        self, doc: str, version: Version, state: bytes, *, label: str = "", author: str = ""
    ) -> SavePoint:
        """Keeps a state under a number that counts up from 1 and is never given twice. Compactions
        and new epochs leave it alone."""
        ...

    async def savepoints(self, doc: str) -> Sequence[SavePoint]:
        """All of a document, the oldest first."""
        ...

    async def read_savepoint(self, doc: str, id: int) -> bytes:
        """The state that was kept; StoreError if there is none of that number."""
        ...

    async def delete_savepoint(self, doc: str, id: int) -> bool:
        """Erases one save point. False if there is none of that number."""
        ...

    async def verify(self, doc: str) -> Sequence[Damage]:
        """Reads every record of a document, sets aside what is damaged, and names all that is
        missing."""
        ...

    async def damaged(self, doc: str | None = None) -> Sequence[Damage]:
        """What was ever set aside, of one document or of all, the oldest first."""
        ...


@runtime_checkable
class InParts(Protocol):
    """What a store has that can read a part of a snapshot. stores/parts.py does the same with
    others, by reading all of it."""

    async def outline(self, doc: str, *, whole: int = 0) -> Outline:
        """As read(), but of a snapshot of more than `whole` bytes only its version and its size. A
        store may give all of it whatever its size."""
        ...

    async def read_parts(
        self, doc: str, snapshot: Version, parts: Sequence[Part]
    ) -> Sequence[bytes]:
        """These bytes of a snapshot that an outline has named, in the order of `parts` (S8). The
        newest snapshot can be read, and the one before it for a moment: after that it is Gone.
        Damaged: that much can be told. ValueError: a part ends behind the snapshot."""
        ...
