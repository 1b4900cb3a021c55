"""Files of other collaboration servers, read document by document: Hocuspocus's and pycrdt's in
SQLite, pycrdt's in files, y-websocket's in LevelDB. The source is only read, or copied first.

Each reader gives names and the stored updates (format V1) of that name, in no order of names."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Generator
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

Document = tuple[str, list[bytes]]


class ForeignStoreError(ValueError):
    """The source is not what its URL says, or cannot be read."""


def read_foreign(url: str) -> Generator[Document]:
    """The documents of a source: SCHEME:PATH. ForeignStoreError at once, if that names nothing."""
    scheme, _, rest = url.partition(":")
    if scheme not in _READERS:
        known = ", ".join(f"{name}:PATH" for name in _READERS)
        raise ForeignStoreError(f"{url!r} is no source to import from; known are {known}")
    path = Path(rest)
    if not rest or not path.exists():
        raise ForeignStoreError(f"{url!r}: there is no {rest!r}")
    return _READERS[scheme](path)


def _open_sqlite(path: Path, tables: dict[str, set[str]]) -> sqlite3.Connection:
    """Read-only, and with a look whether the tables are there."""
    # Whoever reads on may be another thread each time, one after another.
    url = f"file:{quote(str(path))}?mode=ro"
    connection = sqlite3.connect(url, uri=True, check_same_thread=False)
    try:
        for table, columns in tables.items():
            there = {row[1] for row in connection.execute(f"PRAGMA table_info({table})")}
            if not columns <= there:
                raise ForeignStoreError(
                    f"{path} has no table {table!r} with {', '.join(sorted(columns))}: "
                    "was it written by another program, or version?"
                )
    except sqlite3.Error as error:
        connection.close()
        raise ForeignStoreError(f"{path}: {error}") from error
    except ForeignStoreError:
        connection.close()
        raise
    return connection


def _read_hocuspocus(path: Path) -> Generator[Document]:
    """One row a document: its whole state."""
    connection = _open_sqlite(path, {"documents": {"name", "data"}})
    with closing(connection):
        for name, data in connection.execute("SELECT name, data FROM documents ORDER BY name"):
            yield name, [bytes(data)]


def _read_pycrdt_sqlite(path: Path) -> Generator[Document]:
    """Updates in rows, and checkpoints that stand for some of them. Both are given: to merge the
    same twice changes nothing, and a checkpoint may be all that is left."""
    connection = _open_sqlite(path, {"yupdates": {"path", "yupdate", "timestamp"}})
    with closing(connection):
        tables = "SELECT count(*) FROM sqlite_schema WHERE name = 'ycheckpoints'"
        checkpoints = connection.execute(tables).fetchone()[0]
        names = "SELECT path FROM yupdates"
        if checkpoints:
            names += " UNION SELECT path FROM ycheckpoints"
        for (name,) in connection.execute(f"{names} GROUP BY path ORDER BY path").fetchall():
            query = "SELECT yupdate FROM yupdates WHERE path = ? ORDER BY timestamp, rowid"
            updates = [bytes(row[0]) for row in connection.execute(query, (name,))]
            if checkpoints:
                query = "SELECT checkpoint FROM ycheckpoints WHERE path = ?"
                updates[:0] = [bytes(row[0]) for row in connection.execute(query, (name,))]
            yield name, updates


def _read_pycrdt_files(path: Path) -> Generator[Document]:
    """A file a document: "VERSION:2", and then update, metadata, time, again and again. Names are
    the paths below the directory."""
    files = sorted(file for file in path.rglob("*") if file.is_file()) if path.is_dir() else [path]
    base = path if path.is_dir() else path.parent
    for file in files:
        name = file.relative_to(base).as_posix()
        data = file.read_bytes()
        header, newline, rest = data.partition(b"\n")
        if not newline or header != b"VERSION:2":
            raise ForeignStoreError(f"{file} is no file of pycrdt's FileYStore (version 2)")
        messages = _strings(rest, str(file))
        if len(messages) % 3:
            raise ForeignStoreError(f"{file} ends inside an entry; was it cut?")
        yield name, messages[::3]


def _strings(data: bytes, where: str) -> list[bytes]:
    """Byte strings one after another, each behind its length as lib0 writes numbers."""
    strings, place = [], 0
    while place < len(data):
        length, place = _number(data, place, where)
        if length > len(data) - place:
            raise ForeignStoreError(f"{where} ends inside a string at byte {len(data)}")
        strings.append(data[place : place + length])
        place += length
    return strings


def _number(data: bytes, place: int, where: str) -> tuple[int, int]:
    number = shift = 0
    while True:
        if place >= len(data) or shift > 56:
            raise ForeignStoreError(f"{where} has no number at byte {place}")
        byte = data[place]
        number |= (byte & 0x7F) << shift
        shift += 7
        place += 1
        if byte < 0x80:
            return number, place


def _read_leveldb(path: Path) -> Generator[Document]:
    """Keys are ["v1", document, "update", number]. LevelDB writes when it opens, so a copy is
    opened."""
    try:
        import plyvel  # type: ignore[import-untyped]
    except ImportError as error:
        raise ForeignStoreError(
            "to read LevelDB: pip install 'ropewalk-server[leveldb]' (the package plyvel)"
        ) from error
    with tempfile.TemporaryDirectory() as directory:
        copy = Path(directory) / "copy"
        try:
            shutil.copytree(path, copy)
            database = plyvel.DB(str(copy), create_if_missing=False)
        except (OSError, plyvel.Error) as error:
            raise ForeignStoreError(f"{path} is no LevelDB: {error}") from error
        with closing(database):
            name: str | None = None
            updates: list[bytes] = []
            for key, value in database:
                parts = _level_key(key)
                if len(parts) != 4 or parts[0] != "v1" or parts[2] != "update":
                    continue
                if parts[1] != name:
                    if name is not None:
                        yield name, updates
                    name, updates = str(parts[1]), []
                updates.append(bytes(value))
            if name is not None:
                yield name, updates


def _level_key(key: bytes) -> list[str | int]:
    """A list of strings (0, length, UTF-8) and numbers (1, four bytes, the largest first)."""
    parts: list[str | int] = []
    place = 0
    while place < len(key):
        kind = key[place]
        place += 1
        if kind == 0:
            length, place = _number(key, place, "a key")
            parts.append(key[place : place + length].decode(errors="replace"))
            place += length
        elif kind == 1:
            parts.append(int.from_bytes(key[place : place + 4], "big"))
            place += 4
        else:
            return []
    return parts


_READERS: dict[str, Callable[[Path], Generator[Document]]] = {
    "hocuspocus": _read_hocuspocus,
    "pycrdt-sqlite": _read_pycrdt_sqlite,
    "pycrdt-files": _read_pycrdt_files,
    "y-leveldb": _read_leveldb,
}
