"""Damages a store's file on purpose: one mutation of one record, row or byte, by a seed."""

from __future__ import annotations

import random
import sqlite3
from dataclasses import dataclass
from pathlib import Path

# table -> (columns of its key, columns that hold records)
TABLES = {
    "documents": (("id",), ("head",)),
    "entries": (("document", "epoch", "seq"), ("record",)),
    "snapshots": (("document", "epoch", "seq"), ("record",)),
    "pieces": (("document", "epoch", "seq", "number"), ("bytes",)),
    "savepoints": (("document", "id"), ("label", "state")),
    "epochs": (("document", "epoch"), ("ending", "map")),
}


@dataclass
class Mutation:
    what: str
    table: str
    key: tuple
    column: str
    other: tuple | None = None  # the second row of a swap

    def __str__(self) -> str:
        return f"{self.what} in {self.table} {self.key} {self.column}"


def changed_bytes(data: bytes, what: str, rng: random.Random) -> bytes:
    size = len(data)
    start = rng.randrange(size)
    end = rng.randint(start + 1, min(size, start + 40))
    piece = data[start:end]
    if what == "flip":
        return data[:start] + bytes([data[start] ^ (1 << rng.randrange(8))]) + data[start + 1 :]
    if what == "cut":
        return data[:start] + data[end:]
    if what == "cut the end":
        return data[:start]
    if what == "zero":
        return data[:start] + bytes(len(piece)) + data[end:]
    if what == "repeat":
        return data[:end] + piece + data[end:]
    middle = rng.randint(start, end)
    return data[:start] + data[middle:end] + data[start:middle] + data[end:]  # swap


BYTES = ("flip", "cut", "cut the end", "zero", "repeat", "swap")
ROWS = ("row lost", "row of another", "two rows swapped", "row moved", "row repeated")


def mutate(path: Path, rng: random.Random) -> Mutation:
    """Changes one thing in the tables, so that it differs from what was there."""
    database = sqlite3.connect(path, isolation_level=None)
    try:
        while True:
            table = rng.choice([*TABLES, "entries", "snapshots"])
            keys, columns = TABLES[table]
            column = rng.choice(columns)
            rows = database.execute(f"SELECT {', '.join(keys)}, {column} FROM {table}").fetchall()
            *key, data = rng.choice(rows)
            where = " AND ".join(f"{name} = ?" for name in keys)
            what = rng.choice((*BYTES, *ROWS))
            mutation = Mutation(what, table, tuple(key), column)
            if what in BYTES:
                changed = changed_bytes(data, what, rng)
                if changed == data:
                    continue
                update = f"UPDATE {table} SET {column} = ? WHERE {where}"
                database.execute(update, (changed, *key))
                return mutation
            others = [row for row in rows if list(row[:-1]) != key and row[-1] != data]
            if what == "row lost":
                if table == "epochs":
                    continue  # as if it had been dropped: nobody is told of a map that is not there
                database.execute(f"DELETE FROM {table} WHERE {where}", key)
                return mutation
            if not others:
                continue
            *other, theirs = rng.choice(others)
            update = f"UPDATE {table} SET {column} = ? WHERE {where}"
            if what in ("row of another", "two rows swapped"):
                database.execute(update, (theirs, *key))
                if what == "two rows swapped":
                    database.execute(update, (data, *other))
                    mutation.other = tuple(other)
                return mutation
            if table == "documents":
                continue  # its key is the name, and an index knows it: see the bytes of the file
            beyond = [*key[:-1], key[-1] + rng.randint(1, 50)]
            if [row for row in rows if list(row[:-1]) == beyond]:
                continue
            if what == "row moved":
                sets = ", ".join(f"{name} = ?" for name in keys)
                database.execute(f"UPDATE {table} SET {sets} WHERE {where}", (*beyond, *key))
                return mutation
            names = [row[1] for row in database.execute(f"PRAGMA table_info({table})")]
            rest = ", ".join(name for name in names if name not in keys)
            marks = ", ".join("?" for _ in keys)
            database.execute(
                f"INSERT INTO {table} ({', '.join(keys)}, {rest})"
                f" SELECT {marks}, {rest} FROM {table} WHERE {where}",
                (*beyond, *key),
            )
            return mutation
    finally:
        database.close()


def mutate_file(path: Path, rng: random.Random) -> str:
    """Flips a bit, or zeroes or repeats some bytes, anywhere in the file."""
    data = bytearray(path.read_bytes())
    start = rng.randrange(len(data))
    what = rng.choice(("flip", "zero", "copy"))
    if what == "flip":
        data[start] ^= 1 << rng.randrange(8)
    else:
        length = min(rng.choice((8, 64, 512, 4096)), len(data) - start)
        source = rng.randrange(len(data) - length + 1)
        piece = bytes(length) if what == "zero" else data[source : source + length]
        data[start : start + length] = piece
    path.write_bytes(data)
    return f"{what} at {start}"
