"""What is kept of epochs that have ended: written in the writer's transactions, read by readers."""

from __future__ import annotations

import sqlite3
import struct
from collections.abc import Iterator

from ropewalk_server.stores.contract import EndedEpoch, Version
from ropewalk_server.stores.records import OVERHEAD, BadRecord, Kind, encode, expect
from ropewalk_server.stores.sqlite.mending import keep
from ropewalk_server.stores.sqlite.reads import Findings, absent, epoch_place, find
from ropewalk_server.stores.sqlite.transaction import Operation, Transaction

# When it ended; behind it the state vector.
_ENDING = struct.Struct("<d")


def write(tx: Transaction, doc: str, epoch: int, state: bytes, map: bytes | None) -> None:
    """An epoch ends. Without a map those of older epochs lead nowhere."""
    id, name, version = tx.id(doc), doc.encode(), Version(epoch, 0)
    if map is None:
        tx.connection.execute("UPDATE epochs SET map = NULL WHERE document = ?", (id,))
    tx.connection.execute(
        "INSERT INTO epochs (document, epoch, ending, map) VALUES (?, ?, ?, ?)",
        (
            id,
            epoch,
            encode(Kind.EPOCH_END, name, version, _ENDING.pack(tx.now) + state),
            None if map is None else encode(Kind.EPOCH_MAP, name, version, map),
        ),
    )


def drop(doc: str, before: int, ended_before: float) -> Operation[int]:
    def work(tx: Transaction) -> int:
        tx.head(doc)
        id = tx.id(doc)
        old = [
            ended.epoch
            for ended in _read_all(tx.connection, doc, id, Findings())
            if ended.epoch < before or ended.ended_at < ended_before
        ]
        for epoch in old:
            tx.connection.execute(
                "DELETE FROM epochs WHERE document = ? AND epoch = ?", (id, epoch)
            )
        return len(old)

    return work


def list_epochs(connection: sqlite3.Connection, doc: str) -> tuple[list[EndedEpoch], Findings]:
    findings = Findings()
    found = find(connection, doc)
    if found is None:
        return [], findings
    return list(_read_all(connection, doc, found[0], findings)), findings


def _read_all(
    connection: sqlite3.Connection, doc: str, id: int, findings: Findings
) -> Iterator[EndedEpoch]:
    overhead = OVERHEAD + len(doc.encode())
    rows = connection.execute(
        "SELECT epoch, ending, length(map) FROM epochs WHERE document = ? ORDER BY epoch", (id,)
    ).fetchall()
    for epoch, ending, length in rows:
        try:
            payload = expect(ending, Kind.EPOCH_END, doc, Version(epoch, 0)).payload
            if len(payload) < _ENDING.size:
                raise BadRecord(f"has {len(payload)} bytes where an ending has more")
        except BadRecord as error:
            findings.note(epoch_place(epoch), error.reason)
            continue
        state, (ended_at,) = payload[_ENDING.size :], _ENDING.unpack_from(payload)
        yield EndedEpoch(epoch, state, ended_at, 0 if length is None else length - overhead)


def read_map(connection: sqlite3.Connection, doc: str, epoch: int) -> tuple[bytes | None, Findings]:
    """None: it is damaged, which is in the findings."""
    findings = Findings()
    row = connection.execute(
        "SELECT e.map FROM epochs e JOIN documents d ON d.id = e.document"
        " WHERE d.name = ? AND e.epoch = ?",
        (doc.encode(), epoch),
    ).fetchone()
    if row is None or row[0] is None:
        raise absent(connection, doc, epoch_place(epoch), f"map of epoch {epoch}")
    try:
        return expect(row[0], Kind.EPOCH_MAP, doc, Version(epoch, 0)).payload, findings
    except BadRecord as error:
        findings.note(epoch_place(epoch), error.reason)
        return None, findings


def verify(connection: sqlite3.Connection, doc: str, id: int, findings: Findings) -> None:
    """Notes what is bad of a document's."""
    for ended in _read_all(connection, doc, id, findings):
        if ended.map_size:
            findings.bad |= read_map(connection, doc, ended.epoch)[1].bad


def set_aside(connection: sqlite3.Connection, doc: str, id: int, epoch: int, now: float) -> None:
    """Looks again; what is bad is moved into the table of what is damaged, and with it what stood
    beside it: one is of no use without the other."""
    row = connection.execute(
        "SELECT ending, map FROM epochs WHERE document = ? AND epoch = ?", (id, epoch)
    ).fetchone()
    if row is None:
        return
    reasons = []
    for kind, data in zip((Kind.EPOCH_END, Kind.EPOCH_MAP), row, strict=True):
        try:
            if data is not None:
                expect(data, kind, doc, Version(epoch, 0))
        except BadRecord as error:
            reasons.append(error.reason)
    if not reasons:
        return
    for data in row:
        if data is not None:
            keep(connection, doc.encode(), epoch_place(epoch), reasons[0], data, now)
    connection.execute("DELETE FROM epochs WHERE document = ? AND epoch = ?", (id, epoch))
