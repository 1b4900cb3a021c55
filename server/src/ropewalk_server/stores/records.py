"""The form in which whatever is stored is stored, in any store: a record that says what it is,
whose it is, and proves that it is what was written.

    offset  bytes  what (numbers are little-endian)
         0      3  "RWR"
         3      1  version of this format: 1
         4      1  kind
         5      1  0
         6      2  length of the name
         8      4  epoch
        12      4  0
        16      8  seq; of a save point its number
        24      8  length of the payload
        32         name of the document, UTF-8
                   payload
      last     16  XXH3-128 over everything before

On disk: a new version may be added, this one does not change. A record that was cut, flipped, mixed
up with another or copied elsewhere is refused by decode() or by expect().
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntEnum

import xxhash

from ropewalk_server.stores.contract import Version

_MAGIC = b"RWR"
_FORMAT = 1
_FIXED = struct.Struct("<3sBBBHIIQQ")
_HASH = 16

# What a record is longer than its name and its payload.
OVERHEAD = _FIXED.size + _HASH
# Where the payload begins in a record without a name.
PAYLOAD = _FIXED.size


class Kind(IntEnum):
    """On disk: append only."""

    UPDATE = 1
    SNAPSHOT = 2
    SAVE_POINT = 3  # the state
    SAVE_POINT_LABEL = 4  # what is known of it
    HEAD = 5  # what a store keeps about a document as a whole
    EPOCH_END = 6  # what is known of an epoch that has ended
    EPOCH_MAP = 7  # from its ids to those of the next
    ROW = 8  # what a row with several records is
    NOTE = 9  # of a record that was found damaged
    SNAPSHOT_INDEX = 10  # what proves the pieces of a snapshot


@dataclass(frozen=True, slots=True)
class Record:
    kind: Kind
    doc: str
    version: Version
    payload: bytes


@dataclass
class BadRecord(Exception):
    """Bytes that are not a record, or not the one that was looked for."""

    reason: str

    def __str__(self) -> str:
        return self.reason


def encode(kind: Kind, name: bytes, version: Version, payload: bytes) -> bytes:
    """The record; `name` is that of the document in UTF-8."""
    head = _FIXED.pack(
        _MAGIC, _FORMAT, kind, 0, len(name), version.epoch, 0, version.seq, len(payload)
    )
    hasher = xxhash.xxh3_128(head)
    hasher.update(name)
    hasher.update(payload)
    return b"".join((head, name, payload, hasher.digest()))


def decode(data: bytes) -> Record:
    """The record these bytes are; BadRecord if they are none."""
    if len(data) < OVERHEAD:
        raise BadRecord(f"{len(data)} bytes are too few for a record")
    magic, form, kind, zero, name_length, epoch, zeros, seq, length = _FIXED.unpack_from(data)
    if magic != _MAGIC:
        raise BadRecord(f"does not begin like a record but with {data[:3].hex()}")
    if form != _FORMAT:
        raise BadRecord(f"has the format {form}; this version reads {_FORMAT}")
    if len(data) != OVERHEAD + name_length + length:
        raise BadRecord(
            f"has {len(data)} bytes and speaks of {OVERHEAD + name_length + length}: cut or torn"
        )
    if xxhash.xxh3_128_digest(memoryview(data)[:-_HASH]) != data[-_HASH:]:
        raise BadRecord("its checksum does not agree with its bytes")
    # From here on the bytes are what somebody wrote; that may still be a newer version of this.
    if zero or zeros or kind not in Kind.__members__.values():
        raise BadRecord(f"is of a kind ({kind}) that this version does not know")
    name_end = _FIXED.size + name_length
    try:
        doc = data[_FIXED.size : name_end].decode()
    except UnicodeDecodeError as error:
        raise BadRecord("the name of its document is no UTF-8") from error
    return Record(Kind(kind), doc, Version(epoch, seq), data[name_end:-_HASH])


def expect(data: bytes, kind: Kind, doc: str, version: Version | None) -> Record:
    """The record, if it is the one that belongs here; `version` is None where any will do."""
    record = decode(data)
    if record.kind is not kind:
        raise BadRecord(f"is a {record.kind.name.lower()} where a {kind.name.lower()} belongs")
    if record.doc != doc:
        raise BadRecord(f"belongs to another document, {record.doc!r}")
    if version is not None and record.version != version:
        raise BadRecord(f"is number {tuple(record.version)}, in the place of {tuple(version)}")
    return record
