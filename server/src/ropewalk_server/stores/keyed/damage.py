"""Records that are not what was written: found by looking at all records of a document at one
moment, set aside, and what is left put in order."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from ropewalk_server.stores.contract import (
    Damage,
    Damaged,
    DocumentInfo,
    Entry,
    History,
    Snapshot,
    Version,
)
from ropewalk_server.stores.heads import EMPTY, NO_BASE, Head, encode_head
from ropewalk_server.stores.keyed.database import Change, Key, Range, SetAside
from ropewalk_server.stores.keyed.plans import ENDING, Planned, read_label
from ropewalk_server.stores.records import BadRecord, Kind, expect

Rows = Iterable[tuple[Key, bytes]]

# Of a record that is sound and has no business where it is.
STRAY = "belongs to nothing that is there"
GONE = "is gone"

_PLACES = {
    Kind.UPDATE: lambda key: f"entry {tuple(key.version)}",
    Kind.SNAPSHOT: lambda key: f"snapshot {tuple(key.version)}",
    Kind.SAVE_POINT: lambda key: f"save point {key.seq}",
    Kind.SAVE_POINT_LABEL: lambda key: f"save point {key.seq}",
    Kind.EPOCH_END: lambda key: f"epoch {key.epoch}",
    Kind.EPOCH_MAP: lambda key: f"epoch {key.epoch}",
}

# What opening a document reads, and all there is.
LOG = (Kind.UPDATE, Kind.SNAPSHOT)
ALL = tuple(_PLACES)


def place_of(key: Key) -> str:
    return _PLACES[key.kind](key)


@dataclass(slots=True)
class Bad:
    reason: str
    # What is to be moved away: every record at this place; none where it is gone.
    rows: list[tuple[Key, bytes]] = field(default_factory=list)


@dataclass(slots=True)
class Examined:
    """All there is of a document at one moment, told apart."""

    doc: str
    head: Head  # as it has to be once what is bad was moved away
    sound: dict[Key, bytes] = field(default_factory=dict)  # payloads
    bad: dict[str, Bad] = field(default_factory=dict)  # by place

    @property
    def changes_anything(self) -> bool:
        """Whether something is to be moved away, not only missed."""
        return any(bad.rows or place in ("head", "save points") for place, bad in self.bad.items())

    def of(self, kind: Kind) -> dict[Key, bytes]:
        return {key: payload for key, payload in self.sound.items() if key.kind is kind}


def examine(doc: str, head: Head, rows: Rows) -> Examined:
    """Looks at every record. Everything of the kinds that are there has to be there."""
    rows = list(rows)
    found = Examined(doc, head)
    for key, record in rows:
        try:
            found.sound[key] = expect(record, key.kind, doc, key.version).payload
        except BadRecord as error:
            found.bad.setdefault(place_of(key), Bad(error.reason)).rows.append((key, record))
    _mend_what_is_behind(found)
    _find_strays(found, dict(rows))
    _find_missing(found)
    _find_halves(found, dict(rows))
    _fall_back(found)
    return found


def _mend_what_is_behind(found: Examined) -> None:
    """The head may be older than its document: nothing of ours writes ahead of it."""
    head = found.head
    epoch, newest = head.version
    beyond = [
        key
        for key in found.sound
        if key.epoch == epoch
        and (
            (key.kind is Kind.UPDATE and key.seq > newest)
            or (key.kind is Kind.SNAPSHOT and key.seq > max(head.snapshot, head.older, -1))
        )
    ]
    if not beyond:
        return
    began_empty = EMPTY in (head.snapshot, head.older)
    made = head_of(found.doc, found.sound, head.changed_at, began_empty=began_empty)
    if made is not None and (made.version, made.snapshot) > (head.version, head.snapshot):
        reason = (
            f"knew {newest} entries and a snapshot of {head.snapshot}, and there are "
            f"{made.version.seq} and one of {made.snapshot}"
        )
        found.bad["head"] = Bad(reason)
        found.head = replace(made, savepoints=head.savepoints, last_savepoint=head.last_savepoint)


def _find_strays(found: Examined, rows: dict[Key, bytes]) -> None:
    head = found.head
    for key in list(found.sound):
        if key.kind is Kind.UPDATE:
            stray = key.epoch != head.version.epoch or not head.kept_from < key.seq
        elif key.kind is Kind.SNAPSHOT:
            stray = key.epoch != head.version.epoch or key.seq not in (head.snapshot, head.older)
        else:
            continue
        if stray:
            del found.sound[key]
            found.bad[place_of(key)] = Bad(STRAY, [(key, rows[key])])


def _find_missing(found: Examined) -> None:
    head = found.head
    epoch, newest = head.version
    wanted = [Key(Kind.SNAPSHOT, epoch, seq) for seq in (head.snapshot, head.older) if seq >= 0]
    if head.live:
        wanted += [Key(Kind.UPDATE, epoch, seq) for seq in range(head.kept_from + 1, newest + 1)]
    for key in wanted:
        if key not in found.sound:
            found.bad.setdefault(place_of(key), Bad(GONE))


def _find_halves(found: Examined, rows: dict[Key, bytes]) -> None:
    """Of save points and epochs one record is of no use without the other."""
    pairs = [(Kind.SAVE_POINT_LABEL, Kind.SAVE_POINT), (Kind.EPOCH_END, Kind.EPOCH_MAP)]
    for one, other in pairs:
        for key in [key for key in found.sound if key.kind in (one, other)]:
            partner = key._replace(kind=other if key.kind is one else one)
            needs_none = key.kind is Kind.EPOCH_END and partner not in rows
            if partner not in found.sound and not needs_none:
                del found.sound[key]
                bad = found.bad.setdefault(place_of(key), Bad("a part of it is gone"))
                bad.rows.append((key, rows[key]))


def count_savepoints(found: Examined) -> None:
    """Only where all kinds of records were looked at."""
    there = len(found.of(Kind.SAVE_POINT_LABEL))
    known_bad = sum(1 for place in found.bad if place.startswith("save point "))
    if there + known_bad < found.head.savepoints:
        found.bad["save points"] = Bad(f"{there} of {found.head.savepoints} are there")
    found.head = replace(found.head, savepoints=there)


def _fall_back(found: Examined) -> None:
    """Bases that are bad are no bases."""
    head = found.head

    def is_sound(seq: int) -> bool:
        return seq == EMPTY or Key(Kind.SNAPSHOT, head.version.epoch, seq) in found.sound

    if head.older != NO_BASE and not is_sound(head.older):
        head = replace(head, older=NO_BASE)
    if not is_sound(head.snapshot) and head.older != NO_BASE:
        head = _on_base(found.sound, head, head.older, NO_BASE)
    # With nothing to go back to the head goes on naming what is missing, so that no reader takes
    # the entries behind it for the document.
    found.head = head


def _on_base(sound: dict[Key, bytes], head: Head, snapshot: int, older: int) -> Head:
    epoch = head.version.epoch
    behind = [
        len(payload)
        for key, payload in sound.items()
        if key.kind is Kind.UPDATE and key.epoch == epoch and key.seq > max(snapshot, 0)
    ]
    return replace(
        head,
        snapshot=snapshot,
        older=older,
        snapshot_size=len(sound.get(Key(Kind.SNAPSHOT, epoch, snapshot), b"")),
        log_size=sum(behind),
        log_entries=len(behind),
    )


def head_of(
    doc: str, sound: dict[Key, bytes], now: float, *, began_empty: bool = False
) -> Head | None:
    """The head that fits these records; None if there are none. `began_empty`: it is known that its
    epoch began with nothing. Epoch 0 did, if its first entry is there; a later one may have begun
    with a snapshot that is lost, and then its entries are no document."""
    log = [key.version for key in sound if key.kind in LOG]
    numbers = [key.seq for key in sound if key.kind is Kind.SAVE_POINT_LABEL]
    if not log and not numbers:
        return None
    newest = max(log, default=Version(0, 0))
    seqs = {k.seq for k in sound if k.kind is Kind.UPDATE and k.epoch == newest.epoch}
    bases = sorted(
        (k.seq for k in sound if k.kind is Kind.SNAPSHOT and k.epoch == newest.epoch), reverse=True
    )
    if began_empty or (newest.epoch == 0 and (1 in seqs or not seqs)):
        bases.append(EMPTY)
    if not bases:
        # Entries and no base: it is named as missing when the document is read.
        bases = [0 if newest.epoch else min(seqs) - 1]
    head = Head(
        version=newest,
        live=True,
        savepoints=len(numbers),
        last_savepoint=max(numbers, default=0),
        changed_at=now,
    )
    return _on_base(sound, head, bases[0], bases[1] if len(bases) > 1 else NO_BASE)


def mend(
    doc: str, reason: str, stored: bytes | None, rows: Rows, now: float, *, lost: bool = False
) -> Planned:
    """A head made anew. `lost`: to erase what is left, it need not be right. Damaged if nothing is
    left to make it of: an empty document may be what was lost."""
    sound = {}
    for key, record in rows:
        try:
            sound[key] = expect(record, key.kind, doc, key.version).payload
        except BadRecord:
            continue
    head = head_of(doc, sound, now)
    if head is None and lost:
        epochs = [key.epoch for key in sound]
        head = Head(version=Version(max(epochs, default=-1) + 1, 0), live=True, changed_at=now)
    if head is None:
        raise Damaged(
            f"the head of {doc!r} is damaged ({reason}), and nothing is left to make it anew; "
            "restore a backup",
            damaged=(Damage("head", reason, doc, now),),
        )
    return Planned(head, Change(set_aside=[SetAside("head", reason, now, stored)]))


def setting_aside(found: Examined, known: set[str], old: Head, now: float) -> Planned:
    """Moves what is bad away, and notes once what is gone."""
    change = Change()
    for place, bad in found.bad.items():
        for key, record in bad.rows:
            change.drops.append(Range(key.kind, key.version, key.version))
            change.set_aside.append(SetAside(place, bad.reason, now, record))
        if not bad.rows and place == "head":
            head = encode_head(found.doc.encode(), old)
            change.set_aside.append(SetAside(place, bad.reason, now, head))
        elif not bad.rows and place not in known:
            change.set_aside.append(SetAside(place, bad.reason, now, None))
    return Planned(found.head, change)


def history_of(found: Examined, since: Version | None, known: dict[str, Damage]) -> History:
    """What read() gives of a document in which something is wrong. Damaged without a sound base."""
    head = found.head
    start, snapshot = head.snapshot_version, None
    missing: list[str] = []
    if since is not None and since >= start:
        start = since
    elif head.live and head.snapshot != EMPTY:
        key = Key(Kind.SNAPSHOT, *start)
        if key not in found.sound:
            missing.append(place_of(key))
        else:
            snapshot = Snapshot(start, found.sound[key])
    if missing:
        lost = _told(found, missing, known)
        raise Damaged(
            f"no sound snapshot of {found.doc!r} is left ({lost[0].where}: {lost[0].reason}); "
            "restore a save point or a backup",
            damaged=lost,
        )
    entries = []
    for seq in range(start.seq + 1, head.version.seq + 1) if start < head.version else ():
        key = Key(Kind.UPDATE, head.version.epoch, seq)
        if key in found.sound:
            entries.append(Entry(key.version, found.sound[key]))
        else:
            missing.append(place_of(key))
    return History(head.version, snapshot, entries, _told(found, missing, known))


def told(found: Examined, known: dict[str, Damage]) -> list[Damage]:
    """All that is wrong."""
    return _told(found, list(found.bad), known)


def _told(found: Examined, places: Sequence[str], known: dict[str, Damage]) -> list[Damage]:
    reasons = {place: bad.reason for place, bad in found.bad.items()}
    return [
        known.get(place) or Damage(place, reasons.get(place, GONE), found.doc) for place in places
    ]


def check_details(found: Examined) -> None:
    """Records whose bytes are sound and whose sense is not: written by something newer."""
    for key, payload in list(found.sound.items()):
        try:
            if key.kind is Kind.SAVE_POINT_LABEL:
                read_label(key.seq, payload)
            elif key.kind is Kind.EPOCH_END and len(payload) < ENDING.size:
                raise ValueError(f"has {len(payload)} bytes where an ending has more")
        except (ValueError, KeyError, TypeError) as error:
            del found.sound[key]
            found.bad.setdefault(place_of(key), Bad(str(error)))


def unreadable(doc: str) -> DocumentInfo:
    """In a list: a document whose head is damaged."""
    return Head(live=True).info(doc)
