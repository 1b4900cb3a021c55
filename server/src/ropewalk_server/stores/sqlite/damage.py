"""Records that are not what was written: they are moved into the table `damaged`, as they are, and
what is left of the document is put in order. Runs in the writer's transactions."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Sequence
from dataclasses import replace

from ropewalk_server.stores.contract import Version
from ropewalk_server.stores.records import BadRecord, Kind, expect
from ropewalk_server.stores.heads import EMPTY, NO_BASE, Head, encode_head
from ropewalk_server.stores.sqlite import endings, mending, pieces
from ropewalk_server.stores.sqlite.mending import keep
from ropewalk_server.stores.sqlite.reads import (
    STRAY,
    entry_place,
    piece_place,
    savepoint_place,
    snapshot_place,
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
    # The head last: what is bad is no longer in its way.
    for place in sorted(places, key=lambda place: place == "head"):
        numbers = [int(number) for number in re.findall(r"\d+", place)]
        if place.startswith("entry"):
            _set_aside_entry(connection, doc, id, head, Version(*numbers), now)
        elif place.startswith("snapshot"):
            head = _set_aside_snapshot(connection, doc, id, head, Version(*numbers), now)
        elif place.startswith("piece"):
            _set_aside_piece(connection, doc, id, Version(*numbers[:2]), numbers[2], now)
        elif place.startswith("epoch"):
            endings.set_aside(connection, doc, id, numbers[0], now)
        elif place == "save points":
            there = _count(connection, "SELECT count(*) FROM savepoints WHERE document = ?", id)
            if there < head.savepoints:
                reason = f"{there} of {head.savepoints} are there"
                keep(connection, doc.encode(), place, reason, None, now)
                head = replace(head, savepoints=there)
        elif place.startswith("save point"):
            head = _set_aside_savepoint(connection, doc, id, head, numbers[0], now)
        elif place == "head":
            made = mending.head_of_rows(
                connection, doc, id, now, began_empty=EMPTY in (head.snapshot, head.older)
            )
            if made is not None and (made.version, made.snapshot) > (head.version, head.snapshot):
                reason = (
                    f"knew {head.version.seq} entries and a snapshot of {head.snapshot}, and there "
                    f"are {made.version.seq} and one of {made.snapshot}"
                )
                keep(connection, doc.encode(), place, reason, encode_head(doc.encode(), head), now)
                head = made
    return head


def _count(connection: sqlite3.Connection, query: str, *values: int) -> int:
    row = connection.execute(query, values).fetchone()
    return (row and row[0]) or 0


def _set_aside_entry(
    connection: sqlite3.Connection, doc: str, id: int, head: Head, version: Version, now: float
) -> None:
    stray = version.epoch != head.version.epoch or version.seq <= head.kept_from
    row = connection.execute(
        "SELECT record FROM entries WHERE document = ? AND epoch = ? AND seq = ?", (id, *version)
    ).fetchone()
    try:
        if row is None and stray:
            return
        reason = "is gone"
        if row is not None:
            expect(row[0], Kind.UPDATE, doc, version)
            if not stray:
                return
            reason = STRAY
    except BadRecord as error:
        reason = error.reason
    keep(connection, doc.encode(), entry_place(version), reason, row and row[0], now)
    connection.execute(
        "DELETE FROM entries WHERE document = ? AND epoch = ? AND seq = ?", (id, *version)
    )


def _set_aside_snapshot(
    connection: sqlite3.Connection, doc: str, id: int, head: Head, version: Version, now: float
) -> Head:
    bases = (head.snapshot, head.older)
    stray = version.epoch != head.version.epoch or version.seq not in bases
    row = connection.execute(
        "SELECT record FROM snapshots WHERE document = ? AND epoch = ? AND seq = ?", (id, *version)
    ).fetchone()
    try:
        if row is None and stray:
            return head
        reason = "is gone"
        if row is not None:
            pieces.read(connection, id, doc, version, row[0])
            if not stray or version > head.snapshot_version:
                return head
            reason = STRAY
    except BadRecord as error:
        reason = error.reason
    place = snapshot_place(version)
    keep(connection, doc.encode(), place, reason, row and row[0], now)
    taken = pieces.take(connection, id, version)
    if taken:
        keep(connection, doc.encode(), f"pieces of {place}", reason, taken, now)
    connection.execute(
        "DELETE FROM snapshots WHERE document = ? AND epoch = ? AND seq = ?", (id, *version)
    )
    if stray:
        return head
    if version.seq == head.older:
        return replace(head, older=NO_BASE)
    if head.older == NO_BASE:
        # Nothing to go back to: the head goes on naming what is missing, so that no reader takes
        # the entries behind it for the document.
        return head
    return mending.on_older_base(connection, doc, id, head)


def _set_aside_piece(
    connection: sqlite3.Connection, doc: str, id: int, version: Version, number: int, now: float
) -> None:
    if (version, number) not in pieces.strays(connection, id):
        return
    of = (id, *version, number)
    where = "document = ? AND epoch = ? AND seq = ? AND number = ?"
    (data,) = connection.execute(f"SELECT bytes FROM pieces WHERE {where}", of).fetchone()
    keep(connection, doc.encode(), piece_place(version, number), STRAY, data, now)
    connection.execute(f"DELETE FROM pieces WHERE {where}", of)


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
