"""What the writer does inside a transaction. Each operation checks everything before it writes
anything, so that one that is refused leaves no trace in a group of others."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

from ropewalk_server.stores.contract import Conflict, Damaged, SavePoint, Version
from ropewalk_server.stores.records import OVERHEAD, BadRecord, Kind, encode
from ropewalk_server.stores.sqlite import damage, mending
from ropewalk_server.stores.sqlite.heads import NO_BASE, Head, encode_head
from ropewalk_server.stores.sqlite.reads import find

T = TypeVar("T")
# An operation on one document, in a transaction of its own or of a group.
Operation = Callable[["Transaction"], T]


@dataclass
class Transaction:
    """One transaction of a group. A head is written once, at the end, however often it changed."""

    connection: sqlite3.Connection
    now: float = field(default_factory=time.time)
    news: dict[str, Version] = field(default_factory=dict)
    _heads: dict[str, tuple[int | None, Head]] = field(default_factory=dict)
    _changed: set[str] = field(default_factory=set)

    def head(self, doc: str) -> Head:
        if doc not in self._heads:
            try:
                found = find(self.connection, doc)
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
            id = self.connection.execute(
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

    def lost_head(self, doc: str) -> Head:
        """Of a document whose head cannot be read or made anew, to erase what is left of it."""
        row = self.connection.execute("SELECT id FROM documents WHERE name = ?", (doc.encode(),))
        self._heads[doc] = (row.fetchone()[0], Head(live=True))
        return self._heads[doc][1]

    def finish(self) -> None:
        """Writes what is still to be written; the caller commits."""
        for doc in self._changed:
            id, head = self._heads[doc]
            self.connection.execute(
                "UPDATE documents SET head = ? WHERE id = ?", (encode_head(doc.encode(), head), id)
            )
        self.connection.executemany(
            "INSERT INTO changes (name, epoch, seq) VALUES (?, ?, ?)",
            [(doc.encode(), *version) for doc, version in self.news.items()],
        )


def append(
    doc: str, updates: Sequence[bytes], epoch: int, expected: Version | None
) -> Operation[Version]:
    def work(tx: Transaction) -> Version:
        head = tx.head(doc)
        newest = head.version
        if newest.epoch != epoch:
            raise Conflict(
                f"{doc!r} is in epoch {newest.epoch}; epoch {epoch} takes nothing", newest=newest
            )
        if expected is not None and expected != newest:
            raise Conflict(
                f"{doc!r} is at {tuple(newest)}, not at {tuple(expected)}", newest=newest
            )
        id, name = tx.id(doc), doc.encode()
        for seq, update in enumerate(updates, newest.seq + 1):
            record = encode(Kind.UPDATE, name, Version(epoch, seq), update)
            tx.connection.execute(
                "INSERT INTO entries (document, epoch, seq, record) VALUES (?, ?, ?, ?)",
                (id, epoch, seq, record),
            )
        head = head.appended(len(updates), sum(map(len, updates)), tx.now)
        tx.put(doc, head)
        return head.version

    return work


def compact(doc: str, upto: Version, snapshot: bytes) -> Operation[None]:
    def work(tx: Transaction) -> None:
        head = tx.head(doc)
        if not head.snapshot_version < upto <= head.version:
            raise Conflict(
                f"{doc!r} has a snapshot of {tuple(head.snapshot_version)} and is at "
                f"{tuple(head.version)}: one of {tuple(upto)} does not fit between",
                newest=head.version,
            )
        write_snapshot(tx, doc, upto, snapshot)
        count, size = log_behind(tx.connection, tx.id(doc), doc, upto)
        head = replace(
            head,
            snapshot=upto.seq,
            older=head.snapshot,
            snapshot_size=len(snapshot),
            log_size=size,
            log_entries=count,
        )
        tx.put(doc, head)
        cut_log(tx, doc, head)

    return work


def write_snapshot(tx: Transaction, doc: str, version: Version, snapshot: bytes) -> None:
    record = encode(Kind.SNAPSHOT, doc.encode(), version, snapshot)
    tx.connection.execute(
        "INSERT INTO snapshots (document, epoch, seq, record) VALUES (?, ?, ?, ?)",
        (tx.id(doc), *version, record),
    )


def log_behind(
    connection: sqlite3.Connection, id: int, doc: str, version: Version
) -> tuple[int, int]:
    """How many entries lie behind a version, and their bytes."""
    count, size = connection.execute(
        "SELECT count(*), coalesce(sum(length(record)), 0) FROM entries"
        " WHERE document = ? AND epoch = ? AND seq > ?",
        (id, *version),
    ).fetchone()
    return count, size - count * (OVERHEAD + len(doc.encode()))


def cut_log(tx: Transaction, doc: str, head: Head) -> None:
    """Erases what is older than the older base."""
    id, epoch, first = tx.id(doc), head.version.epoch, head.kept_from
    tx.connection.execute(
        "DELETE FROM entries WHERE document = ? AND epoch = ? AND seq <= ?", (id, epoch, first)
    )
    tx.connection.execute(
        "DELETE FROM snapshots WHERE document = ? AND epoch = ? AND seq < ?", (id, epoch, first)
    )


def seal(doc: str, expected: Version, snapshot: bytes) -> Operation[Version]:
    def work(tx: Transaction) -> Version:
        head = tx.head(doc)
        if head.version != expected:
            raise Conflict(
                f"{doc!r} is at {tuple(head.version)}, not at {tuple(expected)}",
                newest=head.version,
            )
        id = tx.id(doc)
        erase(tx.connection, id, "entries", "snapshots")
        version = Version(expected.epoch + 1, 0)
        write_snapshot(tx, doc, version, snapshot)
        new = Head(
            version=version,
            live=True,
            snapshot=0,
            older=NO_BASE,
            snapshot_size=len(snapshot),
            savepoints=head.savepoints,
            last_savepoint=head.last_savepoint,
            changed_at=tx.now,
        )
        tx.put(doc, new)
        return version

    return work


def erase(connection: sqlite3.Connection, id: int, *tables: str) -> None:
    for table in tables:
        connection.execute(f"DELETE FROM {table} WHERE document = ?", (id,))


def delete(doc: str) -> Operation[bool]:
    def work(tx: Transaction) -> bool:
        try:
            head = tx.head(doc)
        except Damaged:
            head = tx.lost_head(doc)
        if not head.live:
            return False
        erase(tx.connection, tx.id(doc), "entries", "snapshots", "savepoints")
        tx.connection.execute("DELETE FROM damaged WHERE name = ?", (doc.encode(),))
        version = Version(head.version.epoch + 1, 0)
        tx.put(doc, Head(version=version, last_savepoint=head.last_savepoint, changed_at=tx.now))
        return True

    return work


def add_savepoint(
    doc: str, version: Version, state: bytes, label: str, author: str
) -> Operation[SavePoint]:
    def work(tx: Transaction) -> SavePoint:
        head, id, name = tx.head(doc), tx.id(doc), doc.encode()
        point = SavePoint(head.last_savepoint + 1, version, label, author, tx.now, len(state))
        known = {
            "version": list(version),
            "label": label,
            "author": author,
            "created_at": tx.now,
        }
        number = Version(0, point.id)
        about = encode(Kind.SAVE_POINT_LABEL, name, number, json.dumps(known).encode())
        tx.connection.execute(
            "INSERT INTO savepoints (document, id, label, state) VALUES (?, ?, ?, ?)",
            (id, point.id, about, encode(Kind.SAVE_POINT, name, number, state)),
        )
        tx.put(
            doc,
            replace(head, live=True, savepoints=head.savepoints + 1, last_savepoint=point.id),
        )
        return point

    return work


def delete_savepoint(doc: str, number: int) -> Operation[bool]:
    def work(tx: Transaction) -> bool:
        head = tx.head(doc)
        gone = tx.connection.execute(
            "DELETE FROM savepoints WHERE document = ? AND id = ?", (tx.id(doc), number)
        ).rowcount
        if gone:
            tx.put(doc, replace(head, savepoints=head.savepoints - 1))
        return bool(gone)

    return work


def set_aside(doc: str, places: Sequence[str]) -> Operation[None]:
    def work(tx: Transaction) -> None:
        head, id = tx.head(doc), tx.id(doc)
        tx.put(doc, damage.set_aside(tx.connection, doc, id, head, places, tx.now))

    return work


def mend(doc: str) -> Operation[None]:
    """Reading the head mends it."""

    def work(tx: Transaction) -> None:
        tx.head(doc)

    return work
