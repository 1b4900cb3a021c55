"""What a chain asks of the table it is kept in."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from ropewalk_server.stores.contract import Part


class Row(NamedTuple):
    """`tag` is another one after each write. A buried row has no fields."""

    key: str
    fields: Sequence[bytes]
    tag: str


@dataclass
class Taken(Exception):
    """Nothing was written: this is what is there."""

    row: Row | None


# The document under which what is true of all documents is kept: what was set aside.
NOTES = ""


class Table(Protocol):
    """Rows by document and key; keys sort by their characters. What a call has returned, every
    later one sees, from any process. Errors are StoreErrors; a write that nobody answered was done
    or not."""

    most: int  # bytes that the fields of a row may have together

    async def open(self) -> None: ...

    async def close(self) -> None: ...

    async def get(self, doc: str, key: str) -> Row | None: ...

    async def rows(self, doc: str, first: str, last: str, *, brief: bool = False) -> list[Row]:
        """From one key to another, both included. `brief`: the first field of each is enough."""
        ...

    async def keys(self, doc: str, first: str, last: str) -> list[str]: ...

    async def write(self, doc: str, key: str, fields: Sequence[bytes], old: Row | None) -> Row:
        """Writes a row if the one that is there is still `old` (None: there is none), or else
        Taken. One that was written and not answered is found to be one's own."""
        ...

    async def put(self, doc: str, rows: Sequence[tuple[str, Sequence[bytes]]]) -> None:
        """Writes rows whatever is there."""
        ...

    async def bury(self, doc: str, keys: Sequence[str]) -> None:
        """Erases what these rows hold; for a day nobody can write them anew."""
        ...

    async def delete(self, doc: str, keys: Sequence[str]) -> None: ...

    async def add_name(self, doc: str) -> None:
        """Puts a document on the list of all."""
        ...

    def names(self, prefix: str, after: str) -> AsyncIterator[str]:
        """The list, in order."""
        ...


class Blobs(Protocol):
    """Where large things are kept, under names that are never used twice."""

    async def open(self) -> None: ...

    async def close(self) -> None: ...

    async def put(self, doc: str, ref: str, data: bytes) -> None: ...

    async def get(self, doc: str, ref: str) -> bytes | None: ...

    async def get_parts(
        self, doc: str, ref: str, size: int, parts: Sequence[Part]
    ) -> list[bytes] | None:
        """`size` is that of the whole. None if it is not there."""
        ...

    async def delete(self, doc: str, refs: Sequence[str]) -> None: ...

    async def refs(self, doc: str, prefix: str) -> list[str]: ...
