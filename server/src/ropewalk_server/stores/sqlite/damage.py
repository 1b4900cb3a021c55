"""Records that are not what was written: they are moved into the table `damaged`, as they are, and
what is left of the document is put in order. Runs in the writer's transactions."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Sequence
from dataclasses import replace

from ropewalk_server.stores.contract import Damage, Damaged, Version
from ropewalk_server.stores.records import OVERHEAD, BadRecord, Kind, decode, expect
from ropewalk_server.stores.sqlite.heads import EMPTY, NO_BASE, Head, decode_head, encode_head
from ropewalk_server.stores.sqlite.reads import entry_place, savepoint_place, snapshot_place


def keep(
    connection: sqlite3.Connection,
    name: bytes,
    place: str,
    reason: str,
    record: bytes | None,
    now: float,
) -> None:
    """Puts one record into the table; something missing is noted there once."""
    if record is None:
        known = connection.execute(
            "SELECT 1 FROM damaged WHERE name = ? AND place = ?", (name, place)
        ).fetchone()
        if known is not None:
            return
    connection.execute(
        "INSERT INTO damaged (name, place, reason, found_at, record) VALUES (?, ?, ?, ?, ?)",
        (name, place, reason, now, record),
    )


def set_aside(
    connection: sqlite3.Connection,
    doc: str,
    id: int,
    head: Head,
    places: Sequence[str],
    now: float,
) -> Head:
    """Looks at each place again, for what a reader saw may be gone by now, and moves what is bad.
    Returns the head as it is after that."""
    for place in places:
        numbers = [int(number) for number in re.findall(r"\d+", place)]
        if place.startswith("entry"):
            _set_aside_entry(connection, doc, id, head, Version(*numbers), now)
        elif place.startswith("snapshot"):
            head = _set_aside_snapshot(connection, doc, id, head, Version(*numbers), now)
        elif place == "save points":
            there = _count(connection, "SELECT count(*) FROM savepoints WHERE document = ?", id)
            if there < head.savepoints:
                reason = f"{there} of {head.savepoints} are there"
                keep(connection, doc.encode(), place, reason, None, now)
                head = replace(head, savepoints=there)
        elif place.startswith("save point"):
            head = _set_aside_savepoint(connection, doc, id, head, numbers[0], now)
        elif place == "head":
            last = _count(
                connection,
                "SELECT max(seq) FROM entries WHERE document = ? AND epoch = ?",
                id,
                head.version.epoch,
            )
            if last > head.version.seq:
                reason = f"knew {head.version.seq} entries, and there is number {last}"
                keep(connection, doc.encode(), place, reason, encode_head(doc.encode(), head), now)
                head = _head_of_rows(connection, doc, id, now) or head
    return head


def _count(connection: sqlite3.Connection, query: str, *values: int) -> int:
    row = connection.execute(query, values).fetchone()
    return (row and row[0]) or 0


def _set_aside_entry(
    connection: sqlite3.Connection, doc: str, id: int, head: Head, version: Version, now: float
) -> None:
    if version.epoch != head.version.epoch or version.seq <= head.kept_from:
        return
    row = connection.execute(
        "SELECT record FROM entries WHERE document = ? AND epoch = ? AND seq = ?", (id, *version)
    ).fetchone()
    try:
        if row is not None:
            expect(row[0], Kind.UPDATE, doc, version)
            return
        reason = "is gone"
    except BadRecord as error:
        reason = error.reason
    keep(connection, doc.encode(), entry_place(version), reason, row and row[0], now)
    connection.execute(
        "DELETE FROM entries WHERE document = ? AND epoch = ? AND seq = ?", (id, *version)
    )


def _set_aside_snapshot(
    connection: sqlite3.Connection, doc: str, id: int, head: Head, version: Version, now: float
) -> Head:
    if version.epoch != head.version.epoch or version.seq not in (head.snapshot, head.older):
        return head
    row = connection.execute(
        "SELECT record FROM snapshots WHERE document = ? AND epoch = ? AND seq = ?", (id, *version)
    ).fetchone()
    try:
        if row is not None:
            expect(row[0], Kind.SNAPSHOT, doc, version)
            return head
        reason = "is gone"
    except BadRecord as error:
        reason = error.reason
    keep(connection, doc.encode(), snapshot_place(version), reason, row and row[0], now)
    connection.execute(
        "DELETE FROM snapshots WHERE document = ? AND epoch = ? AND seq = ?", (id, *version)
    )
    if version.seq == head.older:
        return replace(head, older=NO_BASE)
    if head.older == NO_BASE:
        # Nothing to go back to: the head goes on naming what is missing, so that no reader takes
        # the entries behind it for the document.
        return head
    return _on_older_base(connection, doc, id, head)


def _on_older_base(connection: sqlite3.Connection, doc: str, id: int, head: Head) -> Head:
    """The head of a document that goes back to its older base; the log leads from there."""
    overhead = OVERHEAD + len(doc.encode())
    epoch = head.version.epoch
    length = _count(
        connection,
        "SELECT length(record) FROM snapshots WHERE document = ? AND epoch = ? AND seq = ?",
        id,
        epoch,
        head.older,
    )
    count, size = connection.execute(
        "SELECT count(*), coalesce(sum(length(record)), 0) FROM entries"
        " WHERE document = ? AND epoch = ? AND seq > ?",
        (id, epoch, max(head.older, 0)),
    ).fetchone()
    return replace(
        head,
        snapshot=head.older,
        older=NO_BASE,
        snapshot_size=max(length - overhead, 0),
        log_size=size - count * overhead,
        log_entries=count,
    )


def _set_aside_savepoint(
    connection: sqlite3.Connection, doc: str, id: int, head: Head, number: int, now: float
) -> Head:
    row = connection.execute(
        "SELECT label, state FROM savepoints WHERE document = ? AND id = ?", (id, number)
    ).fetchone()
    if row is None:
        return head
    reasons = []
    for kind, data in zip((Kind.SAVE_POINT_LABEL, Kind.SAVE_POINT), row, strict=True):
        try:
            expect(data, kind, doc, Version(0, number))
        except BadRecord as error:
            reasons.append(error.reason)
    if not reasons:
        return head
    for data in row:
        keep(connection, doc.encode(), savepoint_place(number), reasons[0], data, now)
    connection.execute("DELETE FROM savepoints WHERE document = ? AND id = ?", (id, number))
    return replace(head, savepoints=head.savepoints - 1)


def mend_head(
    connection: sqlite3.Connection, doc: str, reason: str, now: float
) -> tuple[int, Head] | None:
    """Makes a head anew from the records it stood for, and sets the damaged one aside. Damaged if
    there are none: an empty document may be what was lost."""
    name = doc.encode()
    id, data = connection.execute(
        "SELECT id, head FROM documents WHERE name = ?", (name,)
    ).fetchone()
    head = _head_of_rows(connection, doc, id, now)
    if head is None:
        damaged = (Damage("head", reason, doc, now),)
        raise Damaged(
            f"the head of {doc!r} is damaged ({reason}), and nothing is left to make it anew; "
            "restore a backup",
            damaged=damaged,
        )
    keep(connection, name, "head", reason, data, now)
    connection.execute("UPDATE documents SET head = ? WHERE id = ?", (encode_head(name, head), id))
    return id, head


def _head_of_rows(connection: sqlite3.Connection, doc: str, id: int, now: float) -> Head | None:
    newest = connection.execute(
        "SELECT epoch, max(seq) FROM (SELECT epoch, seq FROM entries WHERE document = :id UNION ALL"
        " SELECT epoch, seq FROM snapshots WHERE document = :id) GROUP BY epoch"
        " ORDER BY epoch DESC LIMIT 1",
        {"id": id},
    ).fetchone()
    savepoints, last = connection.execute(
        "SELECT count(*), max(id) FROM savepoints WHERE document = ?", (id,)
    ).fetchone()
    if newest is None and not savepoints:
        return None
    epoch, seq = newest or (0, 0)
    bases = [
        row[0]
        for row in connection.execute(
            "SELECT seq FROM snapshots WHERE document = ? AND epoch = ? ORDER BY seq DESC",
            (id, epoch),
        )
    ]
    first = connection.execute(
        "SELECT min(seq) FROM entries WHERE document = ? AND epoch = ?", (id, epoch)
    ).fetchone()[0]
    if first == 1 and 0 not in bases:
        bases.append(EMPTY)
    if not bases:
        # Entries and no base: it is named as missing when the document is read.
        bases = [(first or 1) - 1]
    head = Head(
        version=Version(epoch, seq),
        live=True,
        older=bases[0],
        savepoints=savepoints,
        last_savepoint=last or 0,
        changed_at=now,
    )
    head = _on_older_base(connection, doc, id, head)
    return replace(head, older=bases[1] if len(bases) > 1 else NO_BASE)


def mend_all_heads(connection: sqlite3.Connection, now: float) -> None:
    """At opening: every head is read, and documents whose row is lost are found again by what is
    stored of them. One seek for each document."""
    known = set()
    for id, name, data in connection.execute("SELECT id, name, head FROM documents").fetchall():
        known.add(id)
        doc = name.decode(errors="replace")
        try:
            decode_head(doc, data)
        except BadRecord as error:
            try:
                mend_head(connection, doc, error.reason, now)
            except Damaged:
                continue  # its readers are told
    for table, column in (("entries", "record"), ("snapshots", "record"), ("savepoints", "state")):
        id = 0
        while True:
            row = connection.execute(
                f"SELECT document FROM {table} WHERE document > ? ORDER BY document LIMIT 1", (id,)
            ).fetchone()
            if row is None:
                break
            (id,) = row
            if id not in known:
                known.add(id)
                query = f"SELECT {column} FROM {table} WHERE document = ? LIMIT 1"
                _adopt(connection, id, connection.execute(query, (id,)).fetchone()[0], now)


def _adopt(connection: sqlite3.Connection, id: int, data: bytes, now: float) -> None:
    """Gives rows whose document is unknown back to it; the name stands in each record."""
    try:
        doc = decode(data).doc
    except BadRecord:
        doc = f"lost-and-found/{id}"
    name = doc.encode()
    if connection.execute("SELECT 1 FROM documents WHERE name = ?", (name,)).fetchone():
        doc = f"lost-and-found/{id}"
        name = doc.encode()
    head = _head_of_rows(connection, doc, id, now) or Head()
    keep(connection, name, "head", "is gone", None, now)
    connection.execute(
        "INSERT INTO documents (id, name, head) VALUES (?, ?, ?)",
        (id, name, encode_head(name, head)),
    )
