"""What the store asks of a database. Names of documents come in UTF-8, values are records."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from ropewalk_server.stores.contract import Part, Version
from ropewalk_server.stores.records import Kind


class Key(NamedTuple):
    """Of one record of a document. Of save points the second number is theirs, of epochs the first."""

    kind: Kind
    epoch: int
    seq: int

    @property
    def version(self) -> Version:
        return Version(self.epoch, self.seq)


class Range(NamedTuple):
    """Records of one kind from one version to another, both included."""

    kind: Kind
    first: Version
    last: Version


class SetAside(NamedTuple):
    """What goes into the list of what is damaged; `record` is None where nothing was found at all."""

    place: str
    reason: str
    found_at: float
    record: bytes | None


@dataclass(slots=True)
class Change:
    """Everything that one call writes beside the head. Drops are made before puts."""

    puts: list[tuple[Key, bytes]] = field(default_factory=list)
    drops: list[Range] = field(default_factory=list)
    set_aside: list[SetAside] = field(default_factory=list)
    forgets: bool = False  # all that was set aside of the document


@dataclass(slots=True)
class Found:
    """A document at one moment, or a part of it. None: it has no head. A snapshot that is too large
    to come along is none of the rows: `place` and `size` (of its record) say of it what there is."""

    head: bytes | None
    rows: list[tuple[Key, bytes]]
    place: Key | None = None
    size: int = 0


# The last version there can be.
LAST = Version((1 << 32) - 1, (1 << 62) - 1)


class Occupied(Exception):
    """There is a record already where one was to be put; nothing was changed."""


class Listener(Protocol):
    """Who hears what any process tells, this one, too; perhaps late, twice or never."""

    def hear(self, name: bytes, version: Version) -> None:
        """A document has come to this version."""

    def receive(self, topic: str, message: bytes) -> None:
        """What somebody has sent on purpose."""

    def missed(self) -> None:
        """Something may not have been heard."""


class Database(Protocol):
    """Whatever it cannot do is a StoreError; what is half done by then, it undoes."""

    async def open(self, listener: Listener) -> None: ...

    async def close(self) -> None: ...

    async def change(
        self, name: bytes, expected: bytes | None, head: bytes, change: Change
    ) -> bytes | None:
        """Makes the change and puts the new head, if the head is what is expected; returns the head
        that is there then. Occupied, if something is in the way."""
        ...

    async def confirm(self, name: bytes) -> None:
        """Returns when a head that is there is as safe as one that change() has returned."""
        ...

    async def recent(self, name: bytes, since: Version, whole: int | None = None) -> Found:
        """Of one moment: the head, the newest snapshot if it is newer than `since`, and all entries
        behind that one or `since`, in order. `whole`: a snapshot whose record is longer than this
        need not come along."""
        ...

    async def everything(self, name: bytes, kinds: Collection[Kind]) -> Found:
        """Of one moment: the head, and all records of these kinds."""
        ...

    async def heads(self, names: Sequence[bytes]) -> dict[bytes, bytes]:
        """Of those that have one."""
        ...

    async def row(self, name: bytes, key: Key) -> bytes | None: ...

    async def parts(
        self, name: bytes, key: Key, parts: Sequence[Part]
    ) -> tuple[int, list[bytes]] | None:
        """How long a record is, and these bytes of it, as far as it has them."""
        ...

    async def sizes(self, name: bytes, kind: Kind, after: Version) -> list[tuple[Key, int]]:
        """How long records of a kind behind a version are."""
        ...

    async def page(self, prefix: bytes, after: bytes, limit: int) -> list[tuple[bytes, bytes]]:
        """Names that begin so, in order, behind `after`, with their heads."""
        ...

    async def set_aside(self, name: bytes | None) -> list[tuple[bytes, SetAside]]:
        """What was set aside, of one document or of all, the oldest first, without the records."""
        ...

    async def tell(self, news: Sequence[tuple[bytes, Version]]) -> None:
        """All processes hear of it."""
        ...

    async def send(self, messages: Sequence[tuple[str, bytes]]) -> None:
        """All processes receive them: topics without spaces, and messages of up to a megabyte."""
        ...

    async def put_secret(self, key: str, value: bytes, ends_at: float) -> None:
        """Keeps a value until a moment in seconds since 1970."""
        ...

    async def take_secret(self, key: str) -> bytes | None:
        """The value, and nobody gets it again; None if there is none."""
        ...

    async def secrets(self, prefix: str) -> list[tuple[str, bytes]]:
        """All whose keys begin so."""
        ...
