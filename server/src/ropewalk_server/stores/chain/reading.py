"""What is read of a document: its history, how its epochs ended, its save points. All records are
proven; what is not as it was written is noted before the answer is given."""

from __future__ import annotations

import json
import struct
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ropewalk_server.stores.chain.forms import (
    EMPTY,
    HEAD,
    Base,
    Head,
    checksum_of,
    encode_head,
    ending_key,
    savepoint_key,
)
from ropewalk_server.stores.chain.links import Link, State
from ropewalk_server.stores.chain.loading import load
from ropewalk_server.stores.chain.mending import (
    Finding,
    entry_place,
    known_damage,
    note,
    notes,
    snapshot_place,
)
from ropewalk_server.stores.chain.tables import Blobs, Row, Table, Taken
from ropewalk_server.stores.contract import (
    Damaged,
    EndedEpoch,
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
from ropewalk_server.stores.parts import check_parts
from ropewalk_server.stores.records import OVERHEAD, BadRecord, Kind, expect

_ENDING = struct.Struct("<d")
# A snapshot's record begins with so much before what was given.
_BEFORE = OVERHEAD - 16
_MOST_LOOKS = 8


@dataclass(slots=True)
class Found:
    state: State
    base: Base | None  # where the snapshot is that is to be given
    data: bytes | None  # the snapshot, if it was read
    entries: list[Entry] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)


class Reader:
    def __init__(self, table: Table, blobs: Blobs) -> None:
        self._table = table
        self._blobs = blobs

    async def read(self, doc: str, since: Version | None, *, is_end: bool) -> tuple[History, State]:
        """`is_end`: `since` is known to be the end of a row."""
        found = await self._find(doc, since, is_end, whole=None)
        damaged = await known_damage(self._table, doc, found.findings)
        snapshot = None
        if found.base is not None and found.data is not None:
            snapshot = Snapshot(Version(found.state.head.epoch, found.base.seq), found.data)
        history = History(found.state.newest, snapshot, found.entries, damaged)
        return history, found.state

    async def outline(self, doc: str, whole: int) -> Outline:
        found = await self._find(doc, None, False, whole=whole)
        damaged = await known_damage(self._table, doc, found.findings)
        place = None
        if (base := found.base) is not None:
            place = SnapshotPlace(Version(found.state.head.epoch, base.seq), base.size, found.data)
        return Outline(found.state.newest, place, found.entries, damaged)

    async def read_parts(self, doc: str, snapshot: Version, parts: Sequence[Part]) -> list[bytes]:
        state = await load(self._table, self._blobs, doc, brief=True)
        for base in (state.head.base, state.head.older):
            if base is not None and base.ref and Version(state.head.epoch, base.seq) == snapshot:
                check_parts(parts, base.size)
                before = _BEFORE + len(doc.encode())
                moved = [Part(offset + before, size) for offset, size in parts]
                size = base.size + OVERHEAD + len(doc.encode())
                got = await self._blobs.get_parts(doc, base.ref, size, moved)
                if got is not None:
                    return got
        raise Gone(f"the snapshot {tuple(snapshot)} of {doc!r} was replaced")

    async def _find(
        self, doc: str, since: Version | None, is_end: bool, *, whole: int | None
    ) -> Found:
        """`whole`: a snapshot of more bytes is not read; None: it is, whatever it has."""
        for _ in range(_MOST_LOOKS):
            state = await load(self._table, self._blobs, doc, since=since if is_end else None)
            head, findings = state.head, list[Finding]()
            base: Base | None = None
            data = None
            start = max(head.base.seq, 0)
            if since is not None and since >= head.base_version:
                start = since.seq if since.epoch == head.epoch else state.newest.seq
            elif head.base.lost:
                raise await self._lost(doc, head)
            elif head.base.seq != EMPTY:
                base = head.base
                if whole is None or base.size <= whole:
                    data = await self._snapshot(doc, state, findings)
                    if data is None:
                        await note(self._table, doc, findings)
                        continue
            entries = await self._entries(doc, state, start, findings)
            if findings and await self._has_changed(doc, state):
                continue
            return Found(state, base, data, entries, findings)
        raise StoreError(f"{doc!r} changes too often to be read")

    async def _has_changed(self, doc: str, state: State) -> bool:
        return await self._table.get(doc, HEAD) != state.row

    async def _lost(self, doc: str, head: Head) -> Damaged:
        place = snapshot_place(head.base_version)
        known = [damage for damage in await notes(self._table, doc) if damage.where == place]
        if not known:
            known = await known_damage(self._table, doc, [Finding(place, "is gone")])
        return Damaged(
            f"no sound snapshot of {doc!r} is left ({known[0].where}: {known[0].reason}); "
            "restore a save point or a backup",
            damaged=known,
        )

    async def _snapshot(self, doc: str, state: State, findings: list[Finding]) -> bytes | None:
        """The newest one. None: look again, it was replaced, or was bad and the head says so."""
        head, base = state.head, state.head.base
        stored = await self._blobs.get(doc, base.ref)
        try:
            if stored is None:
                raise BadRecord("is gone")
            return expect(stored, Kind.SNAPSHOT, doc, head.base_version).payload
        except BadRecord as error:
            if await self._has_changed(doc, state):
                return None
            findings.append(Finding(snapshot_place(head.base_version), error.reason, stored))
        if head.older is not None:
            new = replace(head, base=head.older, older=None)
        else:
            new = replace(head, base=replace(base, lost=True))
        try:
            await self._table.write(doc, HEAD, (encode_head(doc, new),), state.row)
        except Taken:
            findings.clear()
        return None

    # -- entries -----------------------------------------------------------------------------------

    async def _entries(
        self, doc: str, state: State, start: int, findings: list[Finding]
    ) -> list[Entry]:
        """All sound entries behind `start`; what should be there and is not is a finding."""
        entries: list[Entry] = []
        epoch, expected = state.head.epoch, start + 1
        for link in state.links:
            if link.last <= start:
                continue
            missing(epoch, expected, link.first, findings)
            expected = max(expected, link.last + 1)
            for entry in await self.entries_of(doc, epoch, link, findings):
                if entry.version.seq > start:
                    entries.append(entry)
        missing(epoch, expected, state.newest.seq + 1, findings)
        return entries

    async def entries_of(
        self, doc: str, epoch: int, link: Link, findings: list[Finding]
    ) -> list[Entry]:
        """Of one row. If it cannot be read what it is, its records still say it of themselves."""
        records: list[bytes | None]
        first, control = link.first, link.control
        if control is not None and control.ref:
            records = await self._records_of_blob(doc, control.ref, control.l, control.x)
            versions = [Version(epoch, 1 + n) for n in range(link.count)]
        else:
            fields = [*link.row.fields[1 : 1 + link.count]]
            records = [*fields, *[None] * (link.count - len(fields))]
            versions = [Version(epoch, first + n) for n in range(link.count)]
        entries = []
        for number, (record, version) in enumerate(zip(records, versions, strict=True)):
            own = Version(epoch, first + number)
            try:
                if record is None:
                    raise BadRecord(link.reason or "is gone")
                entries.append(Entry(own, expect(record, Kind.UPDATE, doc, version).payload))
            except BadRecord as error:
                findings.append(Finding(entry_place(own), error.reason, record))
        return entries

    async def _records_of_blob(
        self, doc: str, ref: str, sizes: Sequence[int], checksum: str
    ) -> list[bytes | None]:
        data = await self._blobs.get(doc, ref) or b""
        records, offset, more = [], 0, OVERHEAD + len(doc.encode())
        for size in sizes:
            records.append(data[offset : offset + size + more])
            offset += size + more
        if len(data) == offset and checksum_of(records) != checksum:
            # Each may be sound: they are those of another row.
            return [record[:-1] for record in records]
        return [record or None for record in records]

    # -- epochs and save points --------------------------------------------------------------------

    async def endings(self, doc: str, findings: list[Finding]) -> list[tuple[EndedEpoch, str, Row]]:
        """With the name of the map's blob, if there is one."""
        state = await load(self._table, self._blobs, doc, brief=True)
        last = ending_key(max(state.head.epoch - 1, 0))
        endings = []
        for row in await self._table.rows(doc, "e#", last):
            epoch = int(row.key.split("#")[1])
            try:
                record = expect(b"".join(row.fields[:1]), Kind.EPOCH_END, doc, Version(epoch, 0))
                if len(record.payload) < _ENDING.size:
                    raise BadRecord(f"has {len(record.payload)} bytes where an ending has more")
                ref, size = "", 0
                if len(row.fields) > 1:
                    about = expect(row.fields[1], Kind.ROW, doc, Version(epoch, 0))
                    ref, size = json.loads(about.payload)
            except (BadRecord, ValueError) as error:
                findings.append(Finding(f"epoch {epoch}", str(error), b"".join(row.fields)))
                continue
            if epoch < state.head.maps_from:
                ref, size = "", 0
            state_vector = record.payload[_ENDING.size :]
            (ended_at,) = _ENDING.unpack_from(record.payload)
            endings.append((EndedEpoch(epoch, state_vector, ended_at, size), ref, row))
        return endings

    async def epochs(self, doc: str) -> list[EndedEpoch]:
        findings: list[Finding] = []
        endings = await self.endings(doc, findings)
        await note(self._table, doc, findings)
        return [ended for ended, _, _ in endings]

    async def read_map(self, doc: str, epoch: int) -> bytes:
        findings: list[Finding] = []
        refs = {ended.epoch: ref for ended, ref, _ in await self.endings(doc, findings)}
        if refs.get(epoch):
            try:
                data = await self._blobs.get(doc, refs[epoch])
                return expect(data or b"", Kind.EPOCH_MAP, doc, Version(epoch, 0)).payload
            except BadRecord as error:
                findings.append(Finding(f"epoch {epoch}", error.reason, data))
        await note(self._table, doc, findings)
        raise await self._absent(doc, f"epoch {epoch}", f"map of epoch {epoch}")

    async def _absent(self, doc: str, place: str, what: str) -> StoreError:
        """Why nothing is at a place: it is damaged, or never was there."""
        known = [damage for damage in await notes(self._table, doc) if damage.where == place]
        if known:
            return Damaged(f"{place} of {doc!r} is damaged: {known[0].reason}", damaged=known[:1])
        return StoreError(f"{doc!r} has no {what}", transient=False)

    async def savepoints(self, doc: str) -> list[SavePoint]:
        findings: list[Finding] = []
        points = await self.points(doc, findings)
        await note(self._table, doc, findings)
        return [point for point, _ in points]

    async def points(self, doc: str, findings: list[Finding]) -> list[tuple[SavePoint, str]]:
        """With the names of their blobs."""
        state = await load(self._table, self._blobs, doc, brief=True)
        rows = await self._table.rows(doc, "p#", savepoint_key(state.head.last_savepoint))
        if len(rows) < state.head.savepoints:
            reason = f"{len(rows)} of {state.head.savepoints} are there"
            findings.append(Finding("save points", reason))
        points = []
        for row in rows:
            number = int(row.key.split("#")[1])
            try:
                points.append(_point_of(doc, number, row))
            except BadRecord as error:
                findings.append(Finding(f"save point {number}", error.reason, b"".join(row.fields)))
        return points

    async def read_savepoint(self, doc: str, number: int) -> bytes:
        row = await self._table.get(doc, savepoint_key(number))
        place = f"save point {number}"
        if row is not None:
            data = None
            try:
                _, ref = _point_of(doc, number, row)
                data = await self._blobs.get(doc, ref)
                return expect(data or b"", Kind.SAVE_POINT, doc, Version(0, number)).payload
            except BadRecord as error:
                await note(self._table, doc, [Finding(place, error.reason, data)])
        raise await self._absent(doc, place, place)


def _point_of(doc: str, number: int, row: Row) -> tuple[SavePoint, str]:
    record = expect(b"".join(row.fields), Kind.SAVE_POINT_LABEL, doc, Version(0, number))
    known: dict[str, Any] = json.loads(record.payload)
    point = SavePoint(
        id=number,
        version=Version(*known["version"]),
        label=known["label"],
        author=known["author"],
        created_at=known["created_at"],
        size=known["size"],
    )
    return point, known["ref"]


def missing(epoch: int, first: int, end: int, findings: list[Finding]) -> None:
    for seq in range(first, end):
        findings.append(Finding(entry_place(Version(epoch, seq)), "is gone"))
