"""Every record of a document, also those that opening it does not need."""

from __future__ import annotations

import sqlite3

from ropewalk_server.stores.contract import Damage, Version
from ropewalk_server.stores.heads import Head
from ropewalk_server.stores.sqlite import endings, pieces
from ropewalk_server.stores.sqlite.reads import (
    STRAY,
    Findings,
    count_savepoints,
    entry_place,
    find,
    known_damage,
    one_moment,
    piece_place,
    read_entries,
    read_savepoint,
    read_snapshot,
    snapshot_place,
)


def verify(connection: sqlite3.Connection, doc: str) -> tuple[list[Damage], Findings]:
    """Every record of a document, also those that opening it does not need."""
    findings = Findings()
    with one_moment(connection):
        found = find(connection, doc)
        if found is None:
            return [], findings
        id, head = found
        find_strays(connection, doc, id, head, findings)
        start = Version(head.version.epoch, head.kept_from)
        read_entries(connection, doc, id, head, start, findings)
        ids = connection.execute("SELECT id FROM savepoints WHERE document = ?", (id,)).fetchall()
        count_savepoints(len(ids), head, findings)
        for (number,) in ids:
            findings.bad |= read_savepoint(connection, doc, number)[1].bad
        endings.verify(connection, doc, id, findings)
        return known_damage(connection, doc, findings), findings


def find_strays(
    connection: sqlite3.Connection, doc: str, id: int, head: Head, findings: Findings
) -> None:
    """Reads all snapshots, and finds rows that opening the document never meets: nothing of ours
    leaves any behind."""
    epoch = head.version.epoch
    rows = connection.execute("SELECT epoch, seq FROM snapshots WHERE document = ?", (id,))
    there = {Version(*row) for row in rows}
    bases = {Version(epoch, seq) for seq in (head.snapshot, head.older) if seq >= 0}
    for version in sorted(there | bases):
        sound = read_snapshot(connection, doc, id, version, findings) is not None
        if sound and version > head.snapshot_version:
            findings.note("head", f"knows no snapshot {tuple(version)}")
        elif sound and version not in bases:
            findings.note(snapshot_place(version), STRAY)
    for version, number in pieces.strays(connection, id):
        findings.note(piece_place(version, number), STRAY)
    rows = connection.execute(
        "SELECT epoch, seq FROM entries WHERE document = ? AND (epoch != ? OR seq <= ?)",
        (id, epoch, head.kept_from),
    )
    for row in rows:
        findings.note(entry_place(Version(*row)), STRAY)
