"""Snapshots of more than one piece: an index, which is a record, and the pieces, which it proves.

SQLite keeps a long value as a chain of pages, and who wants its end reads all of it. In pieces any
part of a snapshot is a row or a few away."""

from __future__ import annotations

import json
import sqlite3
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO

import xxhash

from ropewalk_server.stores.contract import Damage, Damaged, Part, Version
from ropewalk_server.stores.parts import check_parts, cut
from ropewalk_server.stores.records import OVERHEAD, BadRecord, Kind, decode, encode, expect
from ropewalk_server.stores.sqlite import bulk
from ropewalk_server.stores.sqlite.bulk import BYTES, NUMBERS

PIECE = 64 * 1024

# Of an index: the size of the snapshot and that of a piece; behind them the hash of each.
_INDEX = struct.Struct("<QI")
_HASH = 16

_INSERT = f"""
    INSERT INTO pieces (bytes, document, epoch, seq, number)
    SELECT {BYTES}, {NUMBERS[0]}, {NUMBERS[1]}, {NUMBERS[2]}, {NUMBERS[3]} FROM json_each(?2)"""
_OF = "document = ? AND epoch = ? AND seq = ?"
# Of so many each is a row; more are read so many by one statement, which is quicker under load and
# takes more memory: see bulk.py.
_FEW = 48
_AT_ONCE = 64


@dataclass(frozen=True, slots=True)
class Index:
    size: int
    piece: int
    hashes: bytes

    @property
    def count(self) -> int:
        return len(self.hashes) // _HASH

    def length(self, number: int) -> int:
        return min(self.piece, self.size - number * self.piece)


def write(
    connection: sqlite3.Connection, id: int, name: bytes, version: Version, snapshot: bytes
) -> None:
    """Adds a snapshot."""
    if len(snapshot) <= PIECE:
        record = encode(Kind.SNAPSHOT, name, version, snapshot)
    else:
        view = memoryview(snapshot)
        pieces = [view[at : at + PIECE] for at in range(0, len(snapshot), PIECE)]
        hashes = b"".join(xxhash.xxh3_128_digest(piece) for piece in pieces)
        record = encode(
            Kind.SNAPSHOT_INDEX, name, version, _INDEX.pack(len(snapshot), PIECE) + hashes
        )
        rows = ((piece, (id, *version, number)) for number, piece in enumerate(pieces))
        bulk.write(connection, _INSERT, rows)
    connection.execute(
        "INSERT INTO snapshots (document, epoch, seq, record) VALUES (?, ?, ?, ?)",
        (id, *version, record),
    )


def read(
    connection: sqlite3.Connection, id: int, doc: str, version: Version, record: bytes
) -> bytes:
    """The snapshot that a record of the table is, or is the index of. BadRecord: it is neither."""
    index = _index_of(doc, version, record)
    if index is None:
        return expect(record, Kind.SNAPSHOT, doc, version).payload
    found: list[bytes] = []
    for number, piece in _pieces(connection, id, version, 0, index.count):
        if number != len(found):
            break
        if xxhash.xxh3_128_digest(piece) != index.hashes[number * _HASH : (number + 1) * _HASH]:
            raise BadRecord(f"its piece {number} is not what was written")
        found.append(piece)
    if len(found) != index.count:
        raise BadRecord(f"its piece {len(found)} of {index.count} is gone")
    return b"".join(found)


def size(doc: str, version: Version, record: bytes) -> int:
    """Of the snapshot."""
    index = _index_of(doc, version, record)
    return len(record) - OVERHEAD - len(doc.encode()) if index is None else index.size


def read_parts(
    connection: sqlite3.Connection,
    id: int,
    doc: str,
    version: Version,
    record: bytes,
    parts: Sequence[Part],
) -> list[bytes]:
    """These parts of it, unproven. Damaged: they are not all there."""
    try:
        index = _index_of(doc, version, record)
        if index is None:
            return cut(expect(record, Kind.SNAPSHOT, doc, version).payload, parts)
        check_parts(parts, index.size)
        return [_part(connection, id, version, index, part) for part in parts]
    except BadRecord as error:
        where = Damage(f"snapshot {tuple(version)}", error.reason, doc)
        raise Damaged(f"{where.where} of {doc!r} {error.reason}", damaged=(where,)) from None


def _part(
    connection: sqlite3.Connection, id: int, version: Version, index: Index, part: Part
) -> bytes:
    if part.size == 0:
        return b""
    first = next_number = part.offset // index.piece
    end = (part.offset + part.size - 1) // index.piece + 1
    found = BytesIO()  # b"".join() would hold all of it twice
    for number, piece in _pieces(connection, id, version, first, end):
        if number != next_number or len(piece) != index.length(number):
            raise BadRecord(f"has another piece {number} than was written")
        next_number += 1
        begin = max(part.offset - number * index.piece, 0)
        found.write(memoryview(piece)[begin : part.offset + part.size - number * index.piece])
    if next_number != end:
        raise BadRecord(f"its piece {next_number} of {index.count} is gone")
    return found.getvalue()


def _pieces(
    connection: sqlite3.Connection, id: int, version: Version, first: int, end: int
) -> Iterator[tuple[int, bytes]]:
    """Numbers and bytes of the pieces from `first` to before `end` that are there, in order."""
    where = f"FROM pieces WHERE {_OF} AND number >= ? AND number < ? ORDER BY number"
    if end - first <= _FEW:
        yield from connection.execute(f"SELECT number, bytes {where}", (id, *version, first, end))
        return
    for begin in range(first, end, _AT_ONCE):
        numbers, pieces = connection.execute(
            "SELECT json_group_array(number), group_concat(hex(bytes))"
            f" FROM (SELECT number, bytes {where})",
            (id, *version, begin, min(begin + _AT_ONCE, end)),
        ).fetchone()
        page = zip(json.loads(numbers), (pieces or "").split(","), strict=False)
        for number, piece in sorted((number, bytes.fromhex(piece)) for number, piece in page):
            yield number, piece


def _index_of(doc: str, version: Version, record: bytes) -> Index | None:
    """None: it is none. BadRecord: it is a damaged one, or another's."""
    if decode(record).kind is not Kind.SNAPSHOT_INDEX:
        return None
    payload = expect(record, Kind.SNAPSHOT_INDEX, doc, version).payload
    if len(payload) < _INDEX.size:
        raise BadRecord("is an index that is too short")
    size, piece = _INDEX.unpack_from(payload)
    hashes = payload[_INDEX.size :]
    if piece == 0 or size == 0 or len(hashes) != _HASH * -(-size // piece):
        raise BadRecord(f"is an index of {len(hashes)} bytes for {size} bytes in pieces of {piece}")
    return Index(size, piece, hashes)


def take(connection: sqlite3.Connection, id: int, version: Version) -> bytes:
    """The bytes of all pieces there are of a snapshot, which are erased."""
    query = f"SELECT coalesce(max(number) + 1, 0) FROM pieces WHERE {_OF}"
    (end,) = connection.execute(query, (id, *version)).fetchone()
    found = [piece for _, piece in _pieces(connection, id, version, 0, end)]
    connection.execute(f"DELETE FROM pieces WHERE {_OF}", (id, *version))
    return b"".join(found)


def strays(connection: sqlite3.Connection, id: int) -> list[tuple[Version, int]]:
    """Pieces that belong to no index."""
    found = []
    rows = connection.execute(
        "SELECT DISTINCT p.epoch, p.seq, s.record FROM pieces p LEFT JOIN snapshots s"
        " ON s.document = p.document AND s.epoch = p.epoch AND s.seq = p.seq"
        " WHERE p.document = ?",
        (id,),
    ).fetchall()
    for epoch, seq, record in rows:
        count = _count_in(record)
        numbers = connection.execute(
            f"SELECT number FROM pieces WHERE {_OF} AND (number < 0 OR number >= ?)",
            (id, epoch, seq, count),
        )
        found += [(Version(epoch, seq), number) for (number,) in numbers]
    return found


def _count_in(record: bytes | None) -> int:
    """How many pieces an index speaks of; one that is damaged is set aside with all of its own."""
    if record is None:
        return 0
    try:
        known = decode(record)
        index = _index_of(known.doc, known.version, record)
    except BadRecord:
        return 1 << 40
    return 0 if index is None else index.count
