"""The head of a document: the record of what there is of it, without which a lost tail would not be
noticed."""

from __future__ import annotations

import struct
from dataclasses import dataclass, replace

from ropewalk_server.stores.contract import NOTHING, DocumentInfo, Version
from ropewalk_server.stores.records import BadRecord, Kind, encode, expect

# What a log can begin with instead of a snapshot: nothing, in an epoch that began so.
EMPTY = -1
# No base at all: an older snapshot that was never made, or is gone.
NO_BASE = -2

_PAYLOAD = struct.Struct("<BqqQQQQQd")
# What may stand behind it: some bytes by which whoever wrote a head knows it again.
MARK = 8


@dataclass(frozen=True, slots=True)
class Head:
    """Two bases are kept, the newest snapshot and the one before it, and all entries behind the
    older: when the newest is damaged the log still leads from the other to the same state."""

    version: Version = NOTHING
    live: bool = False  # False: deleted
    snapshot: int = EMPTY  # seq of the newest base
    older: int = NO_BASE  # seq of the base before it
    snapshot_size: int = 0
    log_size: int = 0  # of the entries behind the newest base
    log_entries: int = 0
    savepoints: int = 0  # how many there are
    last_savepoint: int = 0  # the highest number that was given
    changed_at: float = 0.0

    @property
    def kept_from(self) -> int:
        """Entries behind this seq are kept."""
        return max(self.older if self.older != NO_BASE else self.snapshot, 0)

    @property
    def snapshot_version(self) -> Version:
        return Version(self.version.epoch, max(self.snapshot, 0))

    def info(self, doc: str) -> DocumentInfo:
        return DocumentInfo(
            doc=doc,
            version=self.version,
            snapshot=self.snapshot_version if self.snapshot != EMPTY else NOTHING,
            snapshot_size=self.snapshot_size,
            log_size=self.log_size,
            log_entries=self.log_entries,
            changed_at=self.changed_at,
        )

    def appended(self, count: int, size: int, now: float) -> Head:
        return replace(
            self,
            version=Version(self.version.epoch, self.version.seq + count),
            live=True,
            log_size=self.log_size + size,
            log_entries=self.log_entries + count,
            changed_at=now,
        )


def encode_head(name: bytes, head: Head, mark: bytes = b"") -> bytes:
    payload = _PAYLOAD.pack(
        head.live,
        head.snapshot,
        head.older,
        head.snapshot_size,
        head.log_size,
        head.log_entries,
        head.savepoints,
        head.last_savepoint,
        head.changed_at,
    )
    return encode(Kind.HEAD, name, head.version, payload + mark)


def decode_head(doc: str, data: bytes) -> Head:
    record = expect(data, Kind.HEAD, doc, None)
    if len(record.payload) not in (_PAYLOAD.size, _PAYLOAD.size + MARK):
        raise BadRecord(f"has {len(record.payload)} bytes where a head has {_PAYLOAD.size}")
    live, *rest = _PAYLOAD.unpack_from(record.payload)
    return Head(record.version, bool(live), *rest)
