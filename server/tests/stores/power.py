"""The loss of power for SQLite: everything it writes, syncs, truncates and deletes is recorded by a
shim below it, and images are made of what a disk may hold if the power fails between any two.

The stdlib's sqlite3 takes no such shim, APSW does: Connection makes one look like the other, as far
as the store uses it.
"""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import apsw

SECTOR = 512


@dataclass(frozen=True)
class Op:
    """One thing that was done to a file, in the order of all."""

    what: str  # write, truncate, sync, delete, delete for good (the directory was synced)
    file: str
    offset: int = 0  # of truncate: the new size
    data: bytes = b""


class Recorder:
    def __init__(self) -> None:
        self.ops: list[Op] = []
        self._vfs = _RecordingVfs(self)  # registered as long as this lives

    def connect(self, path: str, *, timeout: float, **_options: object) -> Connection:
        """In the place of sqlite3.connect."""
        connection = apsw.Connection(path, vfs=self._vfs.name)
        connection.set_busy_timeout(int(timeout * 1000))
        return Connection(connection)


class _RecordingVfs(apsw.VFS):
    def __init__(self, recorder: Recorder) -> None:
        self.name = f"recording-{id(recorder)}"
        self._recorder = recorder
        super().__init__(self.name, "unix", maxpathname=1024)

    def xOpen(self, name: object, flags: list[int]) -> _RecordingFile:
        return _RecordingFile(self._recorder.ops, name, flags)

    def xDelete(self, name: str, sync_directory: bool) -> None:
        super().xDelete(name, sync_directory)
        what = "delete for good" if sync_directory else "delete"
        self._recorder.ops.append(Op(what, Path(name).name))


class _RecordingFile(apsw.VFSFile):
    def __init__(self, ops: list[Op], name: object, flags: list[int]) -> None:
        path = name.filename() if isinstance(name, apsw.URIFilename) else name
        self._ops = ops
        self._name = Path(str(path)).name
        super().__init__("unix", name, flags)

    # Recorded before they are done: whoever is told of a commit is told behind all its records.

    def xWrite(self, data: bytes, offset: int) -> None:
        self._ops.append(Op("write", self._name, offset, bytes(data)))
        super().xWrite(data, offset)

    def xTruncate(self, size: int) -> None:
        self._ops.append(Op("truncate", self._name, size))
        super().xTruncate(size)

    def xSync(self, flags: int) -> None:
        super().xSync(flags)
        self._ops.append(Op("sync", self._name))


class Connection:
    """An APSW connection as one of sqlite3."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection

    def execute(self, sql: str, values: object = ()) -> Cursor:
        try:
            return Cursor(self._connection, self._connection.execute(sql, values))
        except apsw.Error as error:
            raise sqlite3.OperationalError(str(error)) from error

    def executemany(self, sql: str, rows: Sequence[object]) -> None:
        self._connection.executemany(sql, rows)

    @property
    def in_transaction(self) -> bool:
        return bool(self._connection.in_transaction)

    def close(self) -> None:
        self._connection.close()


class Cursor:
    def __init__(self, connection: apsw.Connection, cursor: apsw.Cursor) -> None:
        self._cursor = cursor
        self.rowcount = connection.changes()
        self.lastrowid = connection.last_insert_rowid()

    def fetchone(self) -> object:
        return self._cursor.fetchone()

    def fetchall(self) -> list[object]:
        return self._cursor.fetchall()

    def __iter__(self) -> Iterator[object]:
        return iter(self._cursor)


@dataclass
class _File:
    durable: bytearray | None = None  # None: it does not exist
    pending: list[Op] = field(default_factory=list)  # done since the last sync, and in no order


class Disk:
    """What is on the disk after so many operations, for certain and perhaps."""

    def __init__(self) -> None:
        self._files: dict[str, _File] = {}

    def do(self, op: Op) -> None:
        file = self._files.setdefault(op.file, _File())
        if op.what == "sync":
            if file.durable is None and op.file.endswith(("-journal", "-wal")):
                # The first sync of a new journal or log syncs its directory, too (SQLite's unix
                # VFS): what was deleted before stays deleted.
                self._sync_directory()
            for pending in file.pending:
                file.durable = _applied(file.durable, pending)
            file.pending = []
        elif op.what == "delete for good":
            self._files[op.file] = _File()
        else:
            file.pending.append(op)

    def _sync_directory(self) -> None:
        for file in self._files.values():
            deletions = [n for n, op in enumerate(file.pending) if op.what == "delete"]
            if deletions:
                file.durable, file.pending = None, file.pending[deletions[-1] + 1 :]

    def image(self, directory: Path, rng: random.Random, in_flight: Op | None) -> None:
        """Writes files as they may be after the power failed: of what was not synced some is there,
        some not, and some in part. What was in flight is like that, too."""
        kept = rng.choice((0.0, 0.2, 0.5, 0.8, 1.0))
        names = {*self._files, *([in_flight.file] if in_flight else [])}
        for name in names:
            file = self._files.get(name, _File())
            content = None if file.durable is None else bytearray(file.durable)
            pending = list(file.pending)
            if in_flight is not None and in_flight.file == name:
                pending.append(in_flight)
            for op in pending:
                if op.what == "write" and rng.random() < 0.3:
                    for piece in _sectors(op):
                        if rng.random() < 0.5:
                            content = _applied(content, piece)
                elif op.what != "sync" and rng.random() < kept:
                    content = _applied(content, op)
            if content is not None:
                (directory / name).write_bytes(content)


def _applied(content: bytearray | None, op: Op) -> bytearray | None:
    if op.what.startswith("delete"):
        return None
    content = bytearray() if content is None else content
    if op.what == "truncate":
        del content[op.offset :]
        return content
    end = op.offset + len(op.data)
    if len(content) < end:
        content.extend(bytes(end - len(content)))
    content[op.offset : end] = op.data
    return content


def _sectors(op: Op) -> Iterator[Op]:
    """A write in the pieces that a disk writes at once."""
    start, end = op.offset, op.offset + len(op.data)
    while start < end:
        stop = min(end, (start // SECTOR + 1) * SECTOR)
        yield Op("write", op.file, start, op.data[start - op.offset : stop - op.offset])
        start = stop
