"""What the writer does inside a transaction. Each operation checks everything before it writes
anything, so that one that is refused leaves no trace in a group of others."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import replace

from ropewalk_server.stores.contract import Conflict, Damaged, SavePoint, Version
from ropewalk_server.stores.records import OVERHEAD, Kind, encode
from ropewalk_server.stores.heads import NO_BASE, Head
from ropewalk_server.stores.sqlite import audit, damage, endings, pieces
from ropewalk_server.stores.sqlite.transaction import Operation, Transaction


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
            version = Version(epoch, seq)
            tx.add_entry(id, version, encode(Kind.UPDATE, name, version, update))
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
    pieces.write(tx.connection, tx.id(doc), doc.encode(), version, snapshot)


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
    for table in ("snapshots", "pieces"):
        tx.connection.execute(
            f"DELETE FROM {table} WHERE document = ? AND epoch = ? AND seq < ?", (id, epoch, first)
        )


def seal(
    doc: str, expected: Version, snapshot: bytes, state: bytes, map: bytes | None
) -> Operation[Version]:
    def work(tx: Transaction) -> Version:
        head = tx.head(doc)
        if head.version != expected:
            raise Conflict(
                f"{doc!r} is at {tuple(head.version)}, not at {tuple(expected)}",
                newest=head.version,
            )
        id = tx.id(doc)
        erase(tx.connection, id, "entries", "snapshots", "pieces")
        version = Version(expected.epoch + 1, 0)
        write_snapshot(tx, doc, version, snapshot)
        endings.write(tx, doc, expected.epoch, state, map)
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
        tables = ("entries", "snapshots", "pieces", "savepoints", "epochs")
        erase(tx.connection, tx.id(doc), *tables)
        tx.connection.execute("DELETE FROM damaged WHERE name = ?", (doc.encode(),))
        version = Version(head.version.epoch + 1, 0)
        audit.erased(tx.connection, doc, version.epoch)
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
        head, id = tx.stored_head(doc), tx.id(doc)
        tx.put(doc, damage.set_aside(tx.connection, doc, id, head, places, tx.now))

    return work


def mend(doc: str) -> Operation[None]:
    """Reading the head mends it."""

    def work(tx: Transaction) -> None:
        tx.stored_head(doc)

    return work
