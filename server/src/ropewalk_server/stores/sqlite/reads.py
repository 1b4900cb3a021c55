"""What reader threads read, each call in one transaction: it sees one moment of the file."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from ropewalk_server.stores.contract import (
    Damage,
    Damaged,
    DocumentInfo,
    Entry,
    Gone,
    History,
    Outline,
    Part,
    SavePoint,
    Snapshot,
    SnapshotPlace,
    StoreError,
    Version,
)
from ropewalk_server.stores.records import OVERHEAD, BadRecord, Kind, expect
from ropewalk_server.stores.heads import EMPTY, NO_BASE, Head, decode_head
from ropewalk_server.stores.sqlite import bulk, pieces


@dataclass
class Findings:
    """What a read came upon that is not as it was written, by place; None: nothing is there."""

    bad: dict[str, str | None] = field(default_factory=dict)
    known: set[str] = field(default_factory=set)  # places of what was set aside before

    @property
    def fresh(self) -> list[str]:
        """What is still to be set aside: what is there and bad, or gone and not noted."""
        return [place for place, reason in self.bad.items() if reason or place not in self.known]

    def note(self, place: str, reason: str | None) -> None:
        self.bad.setdefault(place, reason)


# Of a record that is sound and has no business where it is.
STRAY = "belongs to nothing that is there"


def entry_place(version: Version) -> str:
    return f"entry {tuple(version)}"


def snapshot_place(version: Version) -> str:
    return f"snapshot {tuple(version)}"


def piece_place(version: Version, number: int) -> str:
    return f"piece {(*version, number)}"


def savepoint_place(id: int) -> str:
    return f"save point {id}"


def epoch_place(epoch: int) -> str:
    return f"epoch {epoch}"


def count_savepoints(found: int, head: Head, findings: Findings) -> None:
    if found < head.savepoints:
        findings.note("save points", f"{found} of {head.savepoints} are there")


@contextmanager
def one_moment(connection: sqlite3.Connection) -> Iterator[None]:
    connection.execute("BEGIN")
    try:
        yield
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def find(connection: sqlite3.Connection, doc: str) -> tuple[int, Head] | None:
    """The number and the head of a document; BadRecord if the head is damaged."""
    row = connection.execute(
        "SELECT id, head FROM documents WHERE name = ?", (doc.encode(),)
    ).fetchone()
    return None if row is None else (row[0], decode_head(doc, row[1]))


def read(
    connection: sqlite3.Connection, doc: str, since: Version | None
) -> tuple[History, Findings]:
    findings = Findings()
    with one_moment(connection):
        found = find(connection, doc)
        if found is None:
            return History(Version(0, 0)), findings
        id, head = found
        snapshot = None
        start = head.snapshot_version
        if since is not None and since >= start:
            start = since
        elif head.live and head.snapshot != EMPTY:
            snapshot, start = newest_base(connection, doc, id, head, findings)
        entries = read_entries(connection, doc, id, head, start, findings)
        damaged = known_damage(connection, doc, findings)
    return History(head.version, snapshot, entries, damaged), findings


def outline(
    connection: sqlite3.Connection, doc: str, whole: int
) -> tuple[Outline, Findings] | None:
    """None: something is not as it should be, and read() is to find out what."""
    findings = Findings()
    with one_moment(connection):
        found = find(connection, doc)
        if found is None:
            return Outline(Version(0, 0)), findings
        id, head = found
        place = None
        start = head.snapshot_version
        if head.live and head.snapshot != EMPTY:
            row = connection.execute(
                "SELECT record FROM snapshots WHERE document = ? AND epoch = ? AND seq = ?",
                (id, *start),
            ).fetchone()
            try:
                if row is None:
                    return None
                size = pieces.size(doc, start, row[0])
                data = None
                if size <= max(whole, pieces.PIECE):
                    data = pieces.read(connection, id, doc, start, row[0])
                place = SnapshotPlace(start, size, data)
            except BadRecord:
                return None
        entries = read_entries(connection, doc, id, head, start, findings)
        if findings.bad:
            return None
    return Outline(head.version, place, entries), findings


def read_parts(
    connection: sqlite3.Connection, doc: str, version: Version, parts: Sequence[Part]
) -> list[bytes]:
    with one_moment(connection):
        row = connection.execute(
            "SELECT d.id, s.record FROM snapshots s JOIN documents d ON d.id = s.document"
            " WHERE d.name = ? AND s.epoch = ? AND s.seq = ?",
            (doc.encode(), *version),
        ).fetchone()
        if row is None:
            raise Gone(f"the snapshot {tuple(version)} of {doc!r} was replaced")
        return pieces.read_parts(connection, row[0], doc, version, row[1], parts)


def newest_base(
    connection: sqlite3.Connection, doc: str, id: int, head: Head, findings: Findings
) -> tuple[Snapshot | None, Version]:
    """The newest sound snapshot and where its log begins. Damaged if there is none."""
    epoch = head.version.epoch
    rows = connection.execute(
        "SELECT seq FROM snapshots WHERE document = ? AND epoch = ?", (id, epoch)
    )
    there = {seq for (seq,) in rows}
    # The head may be older than its document, too: what it does not know is looked at first.
    for seq in sorted(there | {head.snapshot, head.older}, reverse=True):
        if seq == EMPTY:
            return None, Version(epoch, 0)
        if seq != NO_BASE:
            version = Version(epoch, seq)
            update = read_snapshot(connection, doc, id, version, findings)
            if update is not None and seq > head.version.seq:
                findings.note("head", f"knows {head.version.seq} entries, not a snapshot of {seq}")
            elif update is not None:
                return Snapshot(version, update), version
    damaged = known_damage(connection, doc, findings)
    raise LostBase(
        f"no sound snapshot of {doc!r} is left ({damaged[0].where}: {damaged[0].reason}); "
        "restore a save point or a backup",
        damaged=damaged,
        findings=findings,
    )


@dataclass
class LostBase(Damaged):
    findings: Findings = field(default_factory=Findings)


def read_snapshot(
    connection: sqlite3.Connection, doc: str, id: int, version: Version, findings: Findings
) -> bytes | None:
    row = connection.execute(
        "SELECT record FROM snapshots WHERE document = ? AND epoch = ? AND seq = ?", (id, *version)
    ).fetchone()
    try:
        if row is not None:
            return pieces.read(connection, id, doc, version, row[0])
        findings.note(snapshot_place(version), None)
    except BadRecord as error:
        findings.note(snapshot_place(version), error.reason)
    return None


def read_entries(
    connection: sqlite3.Connection,
    doc: str,
    id: int,
    head: Head,
    start: Version,
    findings: Findings,
) -> list[Entry]:
    """All sound entries behind `start`; what should be there and is not goes into the findings."""
    epoch, newest = head.version
    if start >= head.version:
        return []
    entries, next_seq = [], start.seq + 1
    for seq, data in bulk.entries(connection, id, epoch, start.seq):
        for missing in range(next_seq, min(seq, newest + 1)):
            findings.note(entry_place(Version(epoch, missing)), None)
        next_seq = seq + 1
        version = Version(epoch, seq)
        try:
            update = expect(data, Kind.UPDATE, doc, version).payload
        except BadRecord as error:
            findings.note(entry_place(version), error.reason)
            continue
        entries.append(Entry(version, update))
        if seq > newest:
            findings.note("head", f"knows {newest} entries, and there is number {seq}")
    for missing in range(next_seq, newest + 1):
        findings.note(entry_place(Version(epoch, missing)), None)
    return entries


def known_damage(connection: sqlite3.Connection, doc: str, findings: Findings) -> list[Damage]:
    """The findings with what is known of those that were set aside before."""
    if not findings.bad:
        return []
    known = {damage.where: damage for damage in list_damaged(connection, doc)}
    findings.known = set(known)
    return [
        known.get(place) or Damage(place, reason or "is gone", doc)
        for place, reason in findings.bad.items()
    ]


def list_damaged(connection: sqlite3.Connection, doc: str | None) -> list[Damage]:
    where, values = ("WHERE name = ?", (doc.encode(),)) if doc is not None else ("", ())
    rows = connection.execute(
        f"SELECT place, reason, name, found_at FROM damaged {where} ORDER BY id", values
    )
    return [
        Damage(place, reason, name.decode(errors="replace"), found_at)
        for place, reason, name, found_at in rows
    ]


def list_documents(
    connection: sqlite3.Connection, prefix: str, after: str, limit: int
) -> list[DocumentInfo]:
    """UTF-8 sorts by its bytes as its characters do. A head that is damaged is an error of the
    document, not of the list: it shows with what is known of it, its name."""
    first = prefix.encode()
    infos: list[DocumentInfo] = []
    rows = connection.execute(
        "SELECT name, head FROM documents WHERE name >= ? AND name > ? ORDER BY name",
        (first, after.encode()),
    )
    for name, data in rows:
        if not name.startswith(first) or len(infos) == limit:
            break
        doc = name.decode(errors="replace")
        try:
            head = decode_head(doc, data)
        except BadRecord:
            head = Head(live=True)
        if head.live:
            infos.append(head.info(doc))
    return infos


def list_savepoints(connection: sqlite3.Connection, doc: str) -> tuple[list[SavePoint], Findings]:
    findings, points = Findings(), []
    with one_moment(connection):
        found = find(connection, doc)
        if found is None:
            return [], findings
        id, head = found
        rows = connection.execute(
            "SELECT id, label, length(state) FROM savepoints WHERE document = ? ORDER BY id", (id,)
        ).fetchall()
    count_savepoints(len(rows), head, findings)
    for number, label, length in rows:
        try:
            size = length - OVERHEAD - len(doc.encode())
            points.append(read_label(doc, number, label, size))
        except BadRecord as error:
            findings.note(savepoint_place(number), error.reason)
    return points, findings


def read_label(doc: str, id: int, label: bytes, size: int) -> SavePoint:
    record = expect(label, Kind.SAVE_POINT_LABEL, doc, Version(0, id))
    known = json.loads(record.payload)
    return SavePoint(
        id=id,
        version=Version(*known["version"]),
        label=known["label"],
        author=known["author"],
        created_at=known["created_at"],
        size=size,
    )


def absent(connection: sqlite3.Connection, doc: str, place: str, what: str) -> StoreError:
    """Why nothing is at a place: it was set aside as damaged, or never was there."""
    known = [damage for damage in list_damaged(connection, doc) if damage.where == place]
    if known:
        return Damaged(f"{place} of {doc!r} is damaged: {known[0].reason}", damaged=known[:1])
    return StoreError(f"{doc!r} has no {what}", transient=False)


def read_savepoint(
    connection: sqlite3.Connection, doc: str, id: int
) -> tuple[bytes | None, Findings]:
    findings = Findings()
    row = connection.execute(
        "SELECT s.label, s.state FROM savepoints s JOIN documents d ON d.id = s.document"
        " WHERE d.name = ? AND s.id = ?",
        (doc.encode(), id),
    ).fetchone()
    if row is None:
        raise absent(connection, doc, savepoint_place(id), f"save point {id}")
    try:
        expect(row[0], Kind.SAVE_POINT_LABEL, doc, Version(0, id))
        return expect(row[1], Kind.SAVE_POINT, doc, Version(0, id)).payload, findings
    except BadRecord as error:
        findings.note(savepoint_place(id), error.reason)
        return None, findings
