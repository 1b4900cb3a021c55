"""A transaction of the writer. What a group of appends writes is gathered, and written by three
statements however many there are (bulk.py)."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from typing import TypeAlias, TypeVar

from ropewalk_server.stores.contract import Version
from ropewalk_server.stores.records import BadRecord
from ropewalk_server.stores.sqlite import bulk, mending
from ropewalk_server.stores.sqlite.bulk import BYTES, NUMBERS
from ropewalk_server.stores.heads import Head, encode_head
from ropewalk_server.stores.sqlite.reads import find

T = TypeVar("T")
# An operation on one document, in a transaction of its own or of a group.
Operation: TypeAlias = Callable[["Transaction"], T]

# The number and the head of each document that is known.
Heads: TypeAlias = dict[str, tuple[int, Head]]

_INSERT_ENTRIES = f"""
    INSERT INTO entries (record, document, epoch, seq)
    SELECT {BYTES}, {NUMBERS[0]}, {NUMBERS[1]}, {NUMBERS[2]} FROM json_each(?2)"""
_INSERT_CHANGES = f"""
    INSERT INTO changes (name, epoch, seq)
    SELECT {BYTES}, {NUMBERS[0]}, {NUMBERS[1]} FROM json_each(?2)"""
_UPDATE_HEADS = f"""
    UPDATE documents SET head = {BYTES} FROM json_each(?2) WHERE documents.id = {NUMBERS[0]}"""


class Transaction:
    """Of a group of operations; whoever made it begins and ends it in the database. A head is
    written once, at the end, however often it changed."""

    def __init__(self, connection: sqlite3.Connection, known: Heads) -> None:
        """`known` is what the database says, as long as this transaction lasts."""
        self.now = time.time()
        self.news: dict[str, Version] = {}
        self._connection = connection
        self._known = known
        self._heads: dict[str, tuple[int | None, Head]] = {}
        self._changed: set[str] = set()
        self._entries: list[bulk.Row] = []

    @property
    def connection(self) -> sqlite3.Connection:
        """For those who look for themselves: they see what was written before them."""
        self._write_entries()
        return self._connection

    def head(self, doc: str) -> Head:
        if doc not in self._heads and doc in self._known:
            self._heads[doc] = self._known[doc]
        return self._heads[doc][1] if doc in self._heads else self.stored_head(doc)

    def stored_head(self, doc: str) -> Head:
        """Read from the database, and made anew if it is damaged."""
        try:
            found = find(self._connection, doc)
        except BadRecord as error:
            found = mending.mend_head(self.connection, doc, error.reason, self.now)
        self._heads[doc] = found or (None, Head())
        return self._heads[doc][1]

    def id(self, doc: str) -> int:
        """The number of a document, given to it now if it has none."""
        head = self.head(doc)
        id = self._heads[doc][0]
        if id is None:
            name = doc.encode()
            id = self._connection.execute(
                "INSERT INTO documents (name, head) VALUES (?, ?)", (name, encode_head(name, head))
            ).lastrowid
            assert id is not None
            self._heads[doc] = (id, head)
        return id

    def put(self, doc: str, head: Head) -> None:
        id, old = self._heads[doc]
        self._heads[doc] = (id, head)
        self._changed.add(doc)
        if head.version != old.version:
            self.news[doc] = head.version

    def add_entry(self, document: int, version: Version, record: bytes) -> None:
        """Written with others at the end, or before somebody looks."""
        self._entries.append((record, (document, *version)))

    def lost_head(self, doc: str) -> Head:
        """Of a document whose head cannot be read or made anew, to erase what is left of it."""
        row = self._connection.execute("SELECT id FROM documents WHERE name = ?", (doc.encode(),))
        self._heads[doc] = (row.fetchone()[0], Head(live=True))
        return self._heads[doc][1]

    def finish(self) -> int | None:
        """Writes what is still to be written; the caller commits. Returns the number of the newest
        change that was noted for other processes."""
        self._write_entries()
        heads = self.heads()
        changed = [(doc, *heads[doc]) for doc in self._changed if doc in heads]
        rows = [(encode_head(doc.encode(), head), (id,)) for doc, id, head in changed]
        bulk.write(self._connection, _UPDATE_HEADS, rows)
        news = [(doc.encode(), tuple(version)) for doc, version in self.news.items()]
        return bulk.write(self._connection, _INSERT_CHANGES, news)

    def heads(self) -> Heads:
        """What is known of documents once this is committed."""
        return {doc: (id, head) for doc, (id, head) in self._heads.items() if id is not None}

    def _write_entries(self) -> None:
        entries, self._entries = self._entries, []
        bulk.write(self._connection, _INSERT_ENTRIES, entries)
