"""Heads made anew from the records they stood for, after damage. Runs in the writer's transactions,
and at opening."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterator
from dataclasses import replace

from ropewalk_server.stores.contract import Damage, Damaged, Version
from ropewalk_server.stores.records import OVERHEAD, BadRecord, Kind, decode, expect
from ropewalk_server.stores.heads import EMPTY, NO_BASE, Head, decode_head, encode_head
from ropewalk_server.stores.sqlite import pieces

logger = logging.getLogger(__name__)

# No head, and none to be made: readers meet it and raise Damaged.
_LOST = b""


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


def mend_head(
    connection: sqlite3.Connection, doc: str, reason: str, now: float
) -> tuple[int, Head] | None:
    """Makes a head anew from the records it stood for, and sets the damaged one aside. Damaged if
    there are none: an empty document may be what was lost."""
    name = doc.encode()
    id, data = connection.execute(
        "SELECT id, head FROM documents WHERE name = ?", (name,)
    ).fetchone()
    head = head_of_rows(connection, doc, id, now)
    if head is None:
        raise Damaged(
            f"the head of {doc!r} is damaged ({reason}), and nothing is left to make it anew; "
            "restore a backup",
            damaged=(Damage("head", reason, doc, now),),
        )
    logger.error("the head of %r is damaged (%s) and was made anew", doc, reason)
    keep(connection, name, "head", reason, data, now)
    connection.execute("UPDATE documents SET head = ? WHERE id = ?", (encode_head(name, head), id))
    return id, head


def head_of_rows(
    connection: sqlite3.Connection, doc: str, id: int, now: float, *, began_empty: bool = False
) -> Head | None:
    """The head that fits what is sound of a document; None if nothing is. `began_empty`: it is
    known that its epoch began with nothing. Epoch 0 did, if its first entry is there; a later one
    may have begun with a snapshot that is lost, and then its entries are no document."""
    entries = set(_sound_entries(connection, doc, id))
    snapshots = set(_sound_snapshots(connection, doc, id))
    savepoints, last = connection.execute(
        "SELECT count(*), max(id) FROM savepoints WHERE document = ?", (id,)
    ).fetchone()
    if not entries and not snapshots and not savepoints:
        return None
    newest = max(entries | snapshots, default=Version(0, 0))
    seqs = {seq for epoch, seq in entries if epoch == newest.epoch}
    bases = sorted((seq for epoch, seq in snapshots if epoch == newest.epoch), reverse=True)
    if began_empty or (newest.epoch == 0 and (1 in seqs or not seqs)):
        bases.append(EMPTY)
    if not bases:
        # Entries and no base: it is named as missing when the document is read.
        bases = [0 if newest.epoch else min(seqs) - 1]
    head = Head(
        version=newest,
        live=True,
        older=bases[0],
        savepoints=savepoints,
        last_savepoint=last or 0,
        changed_at=now,
    )
    head = on_older_base(connection, doc, id, head)
    return replace(head, older=bases[1] if len(bases) > 1 else NO_BASE)


def _sound_entries(connection: sqlite3.Connection, doc: str, id: int) -> Iterator[Version]:
    """The versions whose records are what they should be."""
    rows = connection.execute("SELECT epoch, seq, record FROM entries WHERE document = ?", (id,))
    for epoch, seq, data in rows:
        try:
            yield expect(data, Kind.UPDATE, doc, Version(epoch, seq)).version
        except BadRecord:
            continue


def _sound_snapshots(connection: sqlite3.Connection, doc: str, id: int) -> Iterator[Version]:
    rows = connection.execute("SELECT epoch, seq, record FROM snapshots WHERE document = ?", (id,))
    for epoch, seq, data in rows.fetchall():
        try:
            pieces.read(connection, id, doc, Version(epoch, seq), data)
        except BadRecord:
            continue
        yield Version(epoch, seq)


def on_older_base(connection: sqlite3.Connection, doc: str, id: int, head: Head) -> Head:
    """The head of a document that goes back to its older base; the log leads from there."""
    overhead = OVERHEAD + len(doc.encode())
    epoch = head.version.epoch
    row = connection.execute(
        "SELECT record FROM snapshots WHERE document = ? AND epoch = ? AND seq = ?",
        (id, epoch, head.older),
    ).fetchone()
    count, size = connection.execute(
        "SELECT count(*), coalesce(sum(length(record)), 0) FROM entries"
        " WHERE document = ? AND epoch = ? AND seq > ?",
        (id, epoch, max(head.older, 0)),
    ).fetchone()
    return replace(
        head,
        snapshot=head.older,
        older=NO_BASE,
        snapshot_size=_size(doc, Version(epoch, head.older), row[0]) if row else 0,
        log_size=size - count * overhead,
        log_entries=count,
    )


def _size(doc: str, version: Version, record: bytes) -> int:
    try:
        return pieces.size(doc, version, record)
    except BadRecord:
        return 0  # who reads it will meet it


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
    for table in ("entries", "snapshots", "savepoints"):
        for id in _documents_in(connection, table):
            if id not in known:
                known.add(id)
                _adopt(connection, id, now)


def _documents_in(connection: sqlite3.Connection, table: str) -> Iterator[int]:
    """By seeking: a scan would read every row."""
    id = -1
    while True:
        row = connection.execute(
            f"SELECT document FROM {table} WHERE document > ? ORDER BY document LIMIT 1", (id,)
        ).fetchone()
        if row is None:
            return
        id = row[0]
        yield id


def _adopt(connection: sqlite3.Connection, id: int, now: float) -> None:
    """Gives rows whose document is unknown back to it; its name stands in each record."""
    doc = _name_in_records(connection, id) or f"lost-and-found/{id}"
    known = "SELECT 1 FROM documents WHERE name = ?"
    if connection.execute(known, (doc.encode(),)).fetchone() is not None:
        doc = f"lost-and-found/{id}"
    name = doc.encode()
    logger.error("the head of %r is gone and was made anew", doc)
    head = head_of_rows(connection, doc, id, now)
    keep(connection, name, "head", "is gone", None, now)
    connection.execute(
        "INSERT INTO documents (id, name, head) VALUES (?, ?, ?)",
        (id, name, _LOST if head is None else encode_head(name, head)),
    )


def _name_in_records(connection: sqlite3.Connection, id: int) -> str | None:
    for table, column in (("entries", "record"), ("snapshots", "record"), ("savepoints", "state")):
        rows = connection.execute(f"SELECT {column} FROM {table} WHERE document = ?", (id,))
        for (data,) in rows:
            try:
                return decode(data).doc
            except BadRecord:
                continue
    return None
