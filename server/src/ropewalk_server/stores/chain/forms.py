"""The forms and the keys of what is stored. On disk: they may grow, and do not change.

    h                       the head of the document
    u#EPOCH#SEQ             a row of the log; SEQ is the number of its first entry
    b#REF#PART              a part of a blob, if blobs are kept in the table
    p#NUMBER                a save point: what is known of it
    e#EPOCH                 how an epoch has ended

REF says what a blob is: s-EPOCH-SEQ-ID a snapshot, u-EPOCH-ID large updates, p-NUMBER-ID the state
of a save point, m-EPOCH-ID a map. Every field is a record (stores/records.py), alone or, of blobs,
cut. The first field of a row of the log says what the row is, as JSON:

    {"t": 1e9, "l": [10, 20]}        two entries of 10 and 20 bytes: the other two fields
    {"t": 1e9, "l": [10, 9000000], "ref": "u-...", "x": "..."}
                                     they are in a blob, the records one behind another; x is a
                                     checksum over their checksums
    {"t": 1e9, "head": {...}, "end": "sealed"}
                                     the end of the epoch and the head of the next; the other
                                     fields are those of e#EPOCH: the ending, and where its map is
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import xxhash

from ropewalk_server.stores.contract import NOTHING, Version
from ropewalk_server.stores.records import BadRecord, Kind, encode, expect

HEAD = "h"
# What a log can begin with instead of a snapshot: nothing.
EMPTY = -1
# How an epoch may end.
SEALED = "sealed"
DELETED = "deleted"
_HASH = 16


def row_key(version: Version) -> str:
    return f"u#{version.epoch:010}#{version.seq:015}"


def last_row(epoch: int) -> str:
    return f"u#{epoch:010}#~"


def version_of(key: str) -> Version:
    """Of the first entry of a row."""
    _, epoch, seq = key.split("#")
    return Version(int(epoch), int(seq))


def savepoint_key(number: int) -> str:
    return f"p#{number:012}"


def ending_key(epoch: int) -> str:
    return f"e#{epoch:010}"


def new_ref(kind: str, *numbers: int) -> str:
    return "-".join((kind, *(f"{number:012}" for number in numbers), secrets.token_hex(8)))


def number_of(ref: str) -> int:
    """The first of its numbers."""
    return int(ref.split("-")[1])


def snapshot_of(ref: str) -> Version:
    _, epoch, seq, _ = ref.split("-")
    return Version(int(epoch), int(seq))


@dataclass(frozen=True, slots=True)
class Base:
    """What the log goes on behind. `start` is the first entry of the row with which that begins."""

    seq: int = EMPTY
    ref: str = ""
    size: int = 0
    start: int = 1
    lost: bool = False  # it was found damaged, and there is no other


@dataclass(frozen=True, slots=True)
class Head:
    """The record of a document as a whole. Its version is one that was seen, not always the newest:
    appends do not write it. As in SQLite two bases are kept."""

    version: Version = NOTHING
    base: Base = field(default_factory=Base)
    older: Base | None = None
    live: bool = False  # something but appends was done with it since it was deleted
    savepoints: int = 0  # how many there are
    last_savepoint: int = 0  # the highest number that was given
    maps_from: int = 0  # maps of epochs below lead nowhere any more
    buried: int = 1  # rows of this epoch below are buried for certain
    clears: str = ""  # what is still to be erased of what was before: "epoch", "all"
    changed_at: float = 0.0

    @property
    def epoch(self) -> int:
        return self.version.epoch

    @property
    def base_version(self) -> Version:
        return Version(self.epoch, max(self.base.seq, 0))

    @property
    def kept(self) -> Base:
        return self.older or self.base

    def refs(self) -> list[str]:
        return [base.ref for base in (self.base, self.older) if base is not None and base.ref]

    def payload(self) -> dict[str, Any]:
        return asdict(self)


def head_of(payload: dict[str, Any]) -> Head:
    known = dict(payload)
    older = known.pop("older")
    return Head(
        version=Version(*known.pop("version")),
        base=Base(**known.pop("base")),
        older=None if older is None else Base(**older),
        **known,
    )


def encode_head(doc: str, head: Head) -> bytes:
    return encode(Kind.HEAD, doc.encode(), head.version, json.dumps(head.payload()).encode())


def decode_head(doc: str, fields: Sequence[bytes]) -> Head:
    if len(fields) != 1:
        raise BadRecord(f"has {len(fields)} fields where a head has one")
    record = expect(fields[0], Kind.HEAD, doc, None)
    try:
        return head_of(json.loads(record.payload))
    except (ValueError, TypeError, KeyError) as error:
        raise BadRecord(f"is no head that this version reads: {error!r}") from error


@dataclass(frozen=True, slots=True)
class Control:
    """The first field of a row of the log."""

    t: float  # when it was written
    l: Sequence[int] = ()  # noqa: E741 - the name is on disk
    ref: str = ""
    x: str = ""
    head: dict[str, Any] | None = None
    end: str = ""


def encode_control(doc: str, version: Version, control: Control) -> bytes:
    known = {name: value for name, value in asdict(control).items() if value}
    payload = json.dumps(known, separators=(",", ":")).encode()
    return encode(Kind.ROW, doc.encode(), version, payload)


def decode_control(doc: str, version: Version, data: bytes) -> Control:
    record = expect(data, Kind.ROW, doc, version)
    try:
        return Control(**json.loads(record.payload))
    except (ValueError, TypeError) as error:
        raise BadRecord(f"is no row that this version reads: {error!r}") from error


def checksum_of(records: Sequence[bytes]) -> str:
    """That these records belong together."""
    return xxhash.xxh3_128_hexdigest(b"".join(record[-_HASH:] for record in records))
