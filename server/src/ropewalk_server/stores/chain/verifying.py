"""Every record of a document, also those that opening it does not need."""

from __future__ import annotations

from ropewalk_server.stores.chain.forms import HEAD, Base, Head, last_row, row_key
from ropewalk_server.stores.chain.links import State, links_of
from ropewalk_server.stores.chain.loading import load
from ropewalk_server.stores.chain.mending import Finding, known_damage, notes, snapshot_place
from ropewalk_server.stores.chain.reading import Reader, missing
from ropewalk_server.stores.chain.tables import Blobs, Table
from ropewalk_server.stores.contract import Damage, StoreError, Version
from ropewalk_server.stores.records import BadRecord, Kind, expect

_MOST_LOOKS = 20


async def verify(table: Table, blobs: Blobs, reader: Reader, doc: str) -> list[Damage]:
    """What is damaged or missing of what is kept. Reading it as one who opens it does comes first:
    that puts the base in order."""
    try:
        await reader.read(doc, None, is_end=False)
    except StoreError as error:
        if error.transient:
            raise
    for _ in range(_MOST_LOOKS):
        findings: list[Finding] = []
        state = await load(table, blobs, doc, kept=True)
        await _look_at_all(blobs, reader, doc, state, findings)
        if state.row is not None:
            await _look_beside(table, doc, state.head, findings)
        # What was put away while this was looking is not missing.
        if not findings or await table.get(doc, HEAD) == state.row:
            break
    else:
        raise StoreError(f"{doc!r} changes too often to be verified")
    damaged = await known_damage(table, doc, findings)
    # What reading has just put out of its way is no part of the document any more, and yet missing.
    return damaged or [
        damage
        for damage in await notes(table, doc)
        if damage.where.startswith(("snapshot", "head"))
    ]


async def _look_at_all(
    blobs: Blobs, reader: Reader, doc: str, state: State, findings: list[Finding]
) -> None:
    head = state.head
    expected = head.kept.start
    for link in state.links:
        missing(head.epoch, expected, link.first, findings)
        expected = max(expected, link.last + 1)
        await reader.entries_of(doc, head.epoch, link, findings)
        if link.control is None:
            place = f"row {head.epoch, link.first}"
            findings.append(Finding(place, link.reason, link.row.fields[0]))
    missing(head.epoch, expected, state.newest.seq + 1, findings)
    for base in (head.base, head.older):
        if base is not None and base.ref:
            await _verify_snapshot(blobs, doc, head.epoch, base, findings)
    for ended, ref, _ in await reader.endings(doc, findings):
        if ref:
            data = await blobs.get(doc, ref) or b""
            place = f"epoch {ended.epoch}"
            _expect(data, Kind.EPOCH_MAP, doc, Version(ended.epoch, 0), place, findings)
    for point, ref in await reader.points(doc, findings):
        data = await blobs.get(doc, ref) or b""
        place = f"save point {point.id}"
        _expect(data, Kind.SAVE_POINT, doc, Version(0, point.id), place, findings)


async def _look_beside(table: Table, doc: str, head: Head, findings: list[Finding]) -> None:
    """What nobody needs who knows the name of the document: the list of all, and the row with which
    the last epoch ended. The first is put in order at once."""
    async for name in table.names(doc, ""):
        if name == doc:
            break
        findings.append(Finding("name", "is not on the list of documents"))
        break
    else:
        findings.append(Finding("name", "is not on the list of documents"))
    if findings and findings[-1].place == "name":
        await table.add_name(doc)
    if head.epoch:
        before = head.epoch - 1
        first = row_key(Version(before, 0))
        links = links_of(doc, await table.rows(doc, first, last_row(before)))
        place = f"end of epoch {before}"
        if not links or links[-1].control is None or links[-1].control.head is None:
            reason = links[-1].reason if links else ""
            findings.append(Finding(place, reason or "is gone"))
            return
        kinds = (Kind.EPOCH_END, Kind.ROW)
        for data, kind in zip(links[-1].row.fields[1:], kinds, strict=False):
            _expect(data, kind, doc, Version(before, 0), place, findings)


async def _verify_snapshot(
    blobs: Blobs, doc: str, epoch: int, base: Base, findings: list[Finding]
) -> None:
    version = Version(epoch, base.seq)
    data = await blobs.get(doc, base.ref) or b""
    _expect(data, Kind.SNAPSHOT, doc, version, snapshot_place(version), findings)


def _expect(
    data: bytes, kind: Kind, doc: str, version: Version, place: str, findings: list[Finding]
) -> None:
    try:
        if not data:
            raise BadRecord("is gone")
        expect(data, kind, doc, version)
    except BadRecord as error:
        findings.append(Finding(place, error.reason, data))
