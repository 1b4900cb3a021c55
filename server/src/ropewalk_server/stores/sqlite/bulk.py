"""Many rows in one statement.

Python's sqlite3 gives the interpreter's one lock away at every row, and then waits for it behind
whatever another thread is doing: under load up to five milliseconds a row, which made reading a log
of 500 entries take a second. SQLite's own JSON functions take and give many rows in one step.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator
from typing import TypeAlias

# What a row holds: bytes, and numbers.
Row: TypeAlias = tuple[bytes | memoryview, tuple[int, ...]]

# For a statement that write() runs, FROM json_each(?2): the bytes of a row, and its numbers.
BYTES = "substr(?1, json_extract(value, '$[0]'), json_extract(value, '$[1]'))"
NUMBERS = tuple(f"json_extract(value, '$[{place}]')" for place in (2, 3, 4, 5))

# Rows are read in pages of about so many bytes and at most so many rows.
_PAGE_BYTES = 16 << 20
_PAGE_ROWS = 4096


def write(connection: sqlite3.Connection, statement: str, rows: Iterable[Row]) -> int | None:
    """?1 is the bytes of all rows one after another; ?2 says for each where its bytes begin and how
    many they are, and has its numbers. Returns the number of the last row that was inserted."""
    pieces: list[bytes | memoryview] = []
    places: list[tuple[int, ...]] = []
    begin = 1  # as substr() counts
    for data, numbers in rows:
        pieces.append(data)
        places.append((begin, len(data), *numbers))
        begin += len(data)
    if not pieces:
        return None
    return connection.execute(statement, (b"".join(pieces), json.dumps(places))).lastrowid


def entries(
    connection: sqlite3.Connection, document: int, epoch: int, after: int
) -> Iterator[tuple[int, bytes]]:
    """The numbers and records of a log behind `after`, in order."""
    behind = "FROM entries WHERE document = ? AND epoch = ? AND seq > ?"
    longest = connection.execute(
        f"SELECT max(length(record)) {behind}", (document, epoch, after)
    ).fetchone()[0]
    if longest is None:
        return
    rows = min(max(_PAGE_BYTES // max(longest, 1), 1), _PAGE_ROWS)
    while True:
        numbers, records = connection.execute(
            "SELECT json_group_array(seq), group_concat(hex(record))"
            f" FROM (SELECT seq, record {behind} ORDER BY seq LIMIT ?)",
            (document, epoch, after, rows),
        ).fetchone()
        page = zip(json.loads(numbers), (records or "").split(","), strict=False)
        found = sorted((seq, bytes.fromhex(record)) for seq, record in page)
        yield from found
        if len(found) < rows:
            return
        after = found[-1][0]
