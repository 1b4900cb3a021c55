"""What a room asks of a store, and what every store promises.

A document is a log. Each entry of it is one update and has a version `(epoch, seq)`: `seq` counts
from 1 without gaps inside an epoch. A snapshot stands for all entries up to its version. A new
epoch begins with a snapshot (its seq 0) that has nothing to do with the ids of the epoch before,
or, after a document was deleted, with nothing at all.

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
class Damaged(StoreError):
    """What is stored of a document is not enough to open it; `damaged` says what is wrong."""

    transient: bool = False
    damaged: Sequence[Damage] = ()


# Of the name of a document, in UTF-8.
MAX_NAME = 1024
# Of one update, snapshot or save point.
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

    async def seal(self, doc: str, expected: Version, snapshot: bytes) -> Version:
        """Ends the epoch, if `expected` is its newest version, and begins the next with a snapshot.
        What is to be kept of the old one is kept in a save point first."""
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
