"""The audit trail, in the table `collaboration`."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence

from ropewalk_server.stores.audit import AuditRow
from ropewalk_server.stores.contract import Version
from ropewalk_server.stores.sqlite.transaction import Operation, Transaction


def record(rows: Sequence[AuditRow]) -> Operation[None]:
    def work(tx: Transaction) -> None:
        tx.connection.executemany(
            "INSERT INTO collaboration (name, at, kind, person, session, epoch, seq, detail)"
            " SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8 WHERE NOT EXISTS"
            " (SELECT 1 FROM erased WHERE name = ?1 AND epoch > ?6)"
            " ON CONFLICT (session, name) WHERE kind = 'session-end' DO NOTHING",
            [
                (row.doc.encode(), row.at, row.kind, row.user.encode(), row.session)
                + (*row.version, json.dumps(dict(row.detail)))
                for row in rows
            ],
        )

    return work


def erased(connection: sqlite3.Connection, doc: str, epoch: int) -> None:
    """The document is erased, and what was noted of it; what comes late is of an older epoch."""
    name = doc.encode()
    connection.execute("DELETE FROM collaboration WHERE name = ?", (name,))
    connection.execute("INSERT OR REPLACE INTO erased VALUES (?, ?)", (name, epoch))


def audit(connection: sqlite3.Connection, doc: str, after: int, limit: int) -> list[AuditRow]:
    found = connection.execute(
        "SELECT number, at, kind, person, session, epoch, seq, detail FROM collaboration"
        " WHERE name = ? AND number > ? ORDER BY number LIMIT ?",
        (doc.encode(), after, limit),
    )
    return [
        AuditRow(
            doc=doc, at=at, kind=kind, user=person.decode(), session=session,
            version=Version(epoch, seq), detail=json.loads(detail), number=number,
        )
        for number, at, kind, person, session, epoch, seq, detail in found
    ]  # fmt: skip


def forget(before: float) -> Operation[int]:
    def work(tx: Transaction) -> int:
        gone = tx.connection.execute("DELETE FROM collaboration WHERE at < ?", (before,))
        return gone.rowcount

    return work
