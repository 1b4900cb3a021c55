"""What is not as it was written: it is noted, with a copy of it, and stays where it is. A head that
cannot be read is made anew from what there is."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, replace

import xxhash

from ropewalk_server.stores.chain.forms import (
    EMPTY,
    HEAD,
    Base,
    Head,
    encode_head,
    head_of,
    snapshot_of,
    version_of,
)
from ropewalk_server.stores.chain.links import Link, State, links_of
from ropewalk_server.stores.chain.tables import NOTES, Blobs, Row, Table, Taken
from ropewalk_server.stores.contract import NOTHING, Damage, Damaged, Version
from ropewalk_server.stores.records import BadRecord, Kind, decode, encode, expect

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Finding:
    """`record` is None where nothing was found at all, or where it is too large to be copied."""

    place: str
    reason: str
    record: bytes | None = None


def entry_place(version: Version) -> str:
    return f"entry {tuple(version)}"


def snapshot_place(version: Version) -> str:
    return f"snapshot {tuple(version)}"


def _prefix(doc: str) -> str:
    return xxhash.xxh3_128_hexdigest(doc.encode()) + "#"


async def note(table: Table, doc: str, findings: Iterable[Finding]) -> None:
    """Each once, however often it is found."""
    for finding in findings:
        record = finding.record if finding.record and len(finding.record) < table.most // 2 else b""
        known = {"where": finding.place, "reason": finding.reason, "found_at": time.time()}
        about = encode(Kind.NOTE, doc.encode(), NOTHING, json.dumps(known).encode())
        what = xxhash.xxh3_64_hexdigest(finding.reason.encode() + record)
        try:
            key = f"{_prefix(doc)}{finding.place}#{what}"
            await table.write(NOTES, key, (about, record) if record else (about,), None)
        except Taken:
            continue
        logger.error("%r: %s is damaged: %s", doc, finding.place, finding.reason)


async def notes(table: Table, doc: str | None) -> list[Damage]:
    first = "" if doc is None else _prefix(doc)
    found = []
    for row in await table.rows(NOTES, first or " ", first + "~"):
        try:
            record = decode(row.fields[0])
            known = json.loads(record.payload)
            damage = Damage(known["where"], known["reason"], record.doc, known["found_at"])
        except (BadRecord, ValueError, KeyError, IndexError) as error:
            damage = Damage(f"note {row.key}", str(error))
        if doc is None or damage.doc == doc:
            found.append(damage)
    return sorted(found, key=lambda damage: damage.found_at)


async def forget(table: Table, doc: str) -> None:
    first = _prefix(doc)
    await table.delete(NOTES, await table.keys(NOTES, first, first + "~"))


async def known_damage(table: Table, doc: str, findings: list[Finding]) -> list[Damage]:
    """Notes the findings, and gives them with the times at which they were first found."""
    if not findings:
        return []
    await note(table, doc, findings)
    known = {damage.where: damage for damage in await notes(table, doc)}
    return [
        known.get(finding.place) or Damage(finding.place, finding.reason, doc)
        for finding in findings
    ]


async def mend_head(table: Table, blobs: Blobs, doc: str, row: Row | None, reason: str) -> None:
    """Makes the head anew and writes it in the place of `row`, if that is still there. Damaged if
    nothing is left to make it of: an empty document may be what was lost."""
    rows = await table.rows(doc, "u#", "u#~", brief=True)
    points = await table.keys(doc, "p#", "p#~")
    head = await _head_of_rows(blobs, doc, [row for row in rows if row.fields])
    if head is None and not points:
        damage = Damage("head", reason, doc, time.time())
        raise Damaged(
            f"the head of {doc!r} is damaged ({reason}), and nothing is left to make it anew; "
            "restore a backup",
            damaged=(damage,),
        )
    head = replace(
        head or Head(),
        live=True,
        savepoints=len(points),
        last_savepoint=max((int(key.split("#")[1]) for key in points), default=0),
        changed_at=time.time(),
    )
    try:
        await table.write(doc, HEAD, (encode_head(doc, head),), row)
    except Taken:
        return
    await note(table, doc, [Finding("head", reason, b"".join(row.fields) if row else None)])


async def _head_of_rows(blobs: Blobs, doc: str, rows: list[Row]) -> Head | None:
    """What is sound of the newest epoch of which anything is known."""
    by_epoch: dict[int, list[Row]] = {}
    for row in rows:
        by_epoch.setdefault(version_of(row.key).epoch, []).append(row)
    epoch = max(by_epoch, default=0)
    head = Head(Version(epoch, 0))
    begun = epoch == 0  # whether it is known what the epoch began with
    for old in sorted(by_epoch):
        for link in links_of(doc, by_epoch[old]):
            if link.control is not None and link.control.head is not None:
                sealed = head_of(link.control.head)
                if sealed.epoch >= epoch:
                    head, epoch, begun = sealed, sealed.epoch, True
    links = links_of(doc, by_epoch.get(epoch, []))
    bases = [base async for base in _sound_bases(blobs, doc, epoch, links)]
    if begun and head.base.seq == EMPTY and (not links or links[0].first == 1 or not bases):
        bases.append(replace(head.base, start=1))
    if not bases:
        if not links and not by_epoch:
            return None
        first = min((link.first for link in links), default=1)
        lost = Base(max(first - 1, 0), head.base.ref, head.base.size, first, lost=True)
        bases = [lost if epoch or first > 1 else Base()]
    return Head(
        Version(epoch, max([0, bases[0].seq, *(link.last for link in links)])),
        base=bases[0],
        older=bases[1] if len(bases) > 1 else None,
        maps_from=head.maps_from,
    )


async def _sound_bases(
    blobs: Blobs, doc: str, epoch: int, links: list[Link]
) -> AsyncIterator[Base]:
    """Snapshots of an epoch from which the log leads on, the newest first, two at most."""
    given = 0
    state = State(None, Head(), links)
    for ref in sorted(await blobs.refs(doc, f"s-{epoch:012}-"), reverse=True):
        version = snapshot_of(ref)
        data = await blobs.get(doc, ref)
        try:
            payload = expect(data or b"", Kind.SNAPSHOT, doc, version).payload
        except BadRecord:
            continue
        start = state.start_behind(version.seq)
        if links and start < links[0].first:
            return
        yield Base(version.seq, ref, len(payload), start)
        given += 1
        if given == 2:
            return
