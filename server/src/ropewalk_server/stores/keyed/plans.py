"""What each call would write, worked out from the head of the document and nothing else. A plan that
is refused raises, and has done nothing; one that lost its race is made anew from the new head."""

from __future__ import annotations

import json
import struct
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

from ropewalk_server.stores.contract import Conflict, SavePoint, Version
from ropewalk_server.stores.heads import NO_BASE, Head
from ropewalk_server.stores.keyed.database import LAST, Change, Key, Range
from ropewalk_server.stores.records import Kind, encode


@dataclass(slots=True)
class Planned:
    """The head as it will be, and what else changes."""

    head: Head
    change: Change = field(default_factory=Change)
    result: Any = None


# None: there is nothing to do.
Plan: TypeAlias = Callable[[Head], Awaitable[Planned | None]]

# When an epoch ended; behind it the state vector.
ENDING = struct.Struct("<d")

_ZERO = Version(0, 0)


def all_of(*kinds: Kind) -> list[Range]:
    return [Range(kind, _ZERO, LAST) for kind in kinds]


def append(
    doc: str,
    head: Head,
    updates: Sequence[bytes],
    epoch: int,
    expected: Version | None,
    now: float,
) -> Planned:
    newest = head.version
    if newest.epoch != epoch:
        raise Conflict(
            f"{doc!r} is in epoch {newest.epoch}; epoch {epoch} takes nothing", newest=newest
        )
    if expected is not None and expected != newest:
        raise Conflict(f"{doc!r} is at {tuple(newest)}, not at {tuple(expected)}", newest=newest)
    name, puts = doc.encode(), []
    for seq, update in enumerate(updates, newest.seq + 1):
        version = Version(epoch, seq)
        puts.append((Key(Kind.UPDATE, *version), encode(Kind.UPDATE, name, version, update)))
    head = head.appended(len(updates), sum(map(len, updates)), now)
    return Planned(head, Change(puts=puts), head.version)


def check_compaction(doc: str, head: Head, upto: Version) -> None:
    if not head.snapshot_version < upto <= head.version:
        raise Conflict(
            f"{doc!r} has a snapshot of {tuple(head.snapshot_version)} and is at "
            f"{tuple(head.version)}: one of {tuple(upto)} does not fit between",
            newest=head.version,
        )


def compact(doc: str, head: Head, upto: Version, snapshot: bytes, behind: Sequence[int]) -> Planned:
    """`behind` is how large the entries behind `upto` are, without what records add."""
    head = replace(
        head,
        snapshot=upto.seq,
        older=head.snapshot,
        snapshot_size=len(snapshot),
        log_size=sum(behind),
        log_entries=len(behind),
    )
    epoch, kept_from = upto.epoch, head.kept_from
    drops = [Range(Kind.UPDATE, Version(epoch, 0), Version(epoch, kept_from))]
    if kept_from > 0:
        drops.append(Range(Kind.SNAPSHOT, Version(epoch, 0), Version(epoch, kept_from - 1)))
    return Planned(head, Change(puts=[_snapshot(doc, upto, snapshot)], drops=drops))


def _snapshot(doc: str, version: Version, snapshot: bytes) -> tuple[Key, bytes]:
    record = encode(Kind.SNAPSHOT, doc.encode(), version, snapshot)
    return Key(Kind.SNAPSHOT, *version), record


def seal(
    doc: str,
    head: Head,
    expected: Version,
    snapshot: bytes,
    state: bytes,
    map: bytes | None,
    now: float,
) -> Planned:
    if head.version != expected:
        raise Conflict(
            f"{doc!r} is at {tuple(head.version)}, not at {tuple(expected)}", newest=head.version
        )
    version, name = Version(expected.epoch + 1, 0), doc.encode()
    ended = Version(expected.epoch, 0)
    drops = all_of(Kind.UPDATE, Kind.SNAPSHOT)
    ending = encode(Kind.EPOCH_END, name, ended, ENDING.pack(now) + state)
    puts = [_snapshot(doc, version, snapshot), (Key(Kind.EPOCH_END, *ended), ending)]
    if map is None:
        drops += all_of(Kind.EPOCH_MAP)
    else:
        key = Key(Kind.EPOCH_MAP, *ended)
        puts.append((key, encode(Kind.EPOCH_MAP, name, ended, map)))
    made = Head(
        version=version,
        live=True,
        snapshot=0,
        older=NO_BASE,
        snapshot_size=len(snapshot),
        savepoints=head.savepoints,
        last_savepoint=head.last_savepoint,
        changed_at=now,
    )
    return Planned(made, Change(puts, drops), version)


def drop_epochs(head: Head, old: Sequence[int]) -> Planned:
    drops = [
        Range(kind, Version(epoch, 0), Version(epoch, 0))
        for epoch in old
        for kind in (Kind.EPOCH_END, Kind.EPOCH_MAP)
    ]
    return Planned(head, Change(drops=drops), len(old))


def delete(head: Head, now: float) -> Planned | None:
    if not head.live:
        return None
    kinds = [kind for kind in Kind if kind is not Kind.HEAD]
    version = Version(head.version.epoch + 1, 0)
    made = Head(version=version, last_savepoint=head.last_savepoint, changed_at=now)
    return Planned(made, Change(drops=all_of(*kinds), forgets=True), True)


def add_savepoint(
    doc: str, head: Head, version: Version, state: bytes, label: str, author: str, now: float
) -> Planned:
    point = SavePoint(head.last_savepoint + 1, version, label, author, now, len(state))
    known = {
        "version": list(version),
        "label": label,
        "author": author,
        "created_at": now,
        "size": len(state),
    }
    name, number = doc.encode(), Version(0, point.id)
    about = encode(Kind.SAVE_POINT_LABEL, name, number, json.dumps(known).encode())
    puts = [
        (Key(Kind.SAVE_POINT_LABEL, *number), about),
        (Key(Kind.SAVE_POINT, *number), encode(Kind.SAVE_POINT, name, number, state)),
    ]
    made = replace(head, live=True, savepoints=head.savepoints + 1, last_savepoint=point.id)
    return Planned(made, Change(puts), point)


def delete_savepoint(head: Head, number: int) -> Planned:
    """Of one that is there."""
    place = Version(0, number)
    drops = [Range(kind, place, place) for kind in (Kind.SAVE_POINT_LABEL, Kind.SAVE_POINT)]
    return Planned(replace(head, savepoints=head.savepoints - 1), Change(drops=drops), True)


def read_label(id: int, payload: bytes) -> SavePoint:
    known = json.loads(payload)
    return SavePoint(
        id=id,
        version=Version(*known["version"]),
        label=known["label"],
        author=known["author"],
        created_at=known["created_at"],
        size=known["size"],
    )
