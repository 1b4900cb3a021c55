"""Connections and their settings, the schema and its migrations, the check at opening."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ropewalk_server.stores.contract import StoreError

# "RWLK": tells a database of ours from others'.
_APPLICATION = 0x52574C4B

# Each entry leads from the version before it to the next. Released ones never change.
MIGRATIONS: Sequence[str] = (
    """
    CREATE TABLE documents (
        id INTEGER PRIMARY KEY AUTOINCREMENT,  -- never given twice
        name BLOB NOT NULL UNIQUE,             -- UTF-8
        head BLOB NOT NULL                     -- a record, ../heads.py
    ) STRICT;
    CREATE TABLE entries (                     -- small and many: in order in one tree
        document INTEGER NOT NULL,
        epoch INTEGER NOT NULL,
        seq INTEGER NOT NULL,
        record BLOB NOT NULL,
        PRIMARY KEY (document, epoch, seq)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE snapshots (                   -- large and few
        document INTEGER NOT NULL,
        epoch INTEGER NOT NULL,
        seq INTEGER NOT NULL,
        record BLOB NOT NULL,
        UNIQUE (document, epoch, seq)
    ) STRICT;
    CREATE TABLE savepoints (
        document INTEGER NOT NULL,
        id INTEGER NOT NULL,
        label BLOB NOT NULL,                   -- a record
        state BLOB NOT NULL,                   -- a record
        UNIQUE (document, id)
    ) STRICT;
    CREATE TABLE damaged (                     -- what was set aside; only ever grows
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        name BLOB NOT NULL,
        place TEXT NOT NULL,
        reason TEXT NOT NULL,
        found_at REAL NOT NULL,
        record BLOB                            -- NULL where nothing was found at all
    ) STRICT;
    CREATE INDEX damaged_by_place ON damaged (name, place);
    CREATE TABLE changes (                     -- the newest changes, for other processes
        stamp INTEGER PRIMARY KEY,
        name BLOB NOT NULL,
        epoch INTEGER NOT NULL,
        seq INTEGER NOT NULL
    ) STRICT;
    """,
    """
    CREATE TABLE epochs (                      -- those that a snapshot has ended
        document INTEGER NOT NULL,
        epoch INTEGER NOT NULL,
        ending BLOB NOT NULL,                  -- a record, endings.py
        map BLOB,                              -- a record; NULL: none leads to the next
        UNIQUE (document, epoch)
    ) STRICT;
    """,
    """
    CREATE TABLE pieces (                      -- of snapshots whose record is an index
        document INTEGER NOT NULL,
        epoch INTEGER NOT NULL,
        seq INTEGER NOT NULL,
        number INTEGER NOT NULL,
        bytes BLOB NOT NULL,                   -- proven by the index
        UNIQUE (document, epoch, seq, number)
    ) STRICT;
    """,
    """
    CREATE TABLE collaboration (               -- who did what, ../audit.py
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        name BLOB NOT NULL,                    -- UTF-8
        at REAL NOT NULL,
        kind TEXT NOT NULL,
        person BLOB NOT NULL,                  -- UTF-8
        session TEXT NOT NULL,
        epoch INTEGER NOT NULL,
        seq INTEGER NOT NULL,
        detail TEXT NOT NULL                   -- JSON
    ) STRICT;
    CREATE TABLE erased (                      -- of which nothing is noted that was before
        name BLOB PRIMARY KEY,
        epoch INTEGER NOT NULL                 -- the first one behind the deletion
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX collaboration_by_name ON collaboration (name, number);
    CREATE INDEX collaboration_by_time ON collaboration (at);
    CREATE UNIQUE INDEX collaboration_ends ON collaboration (session, name)
        WHERE kind = 'session-end';
    CREATE TRIGGER collaboration_stays BEFORE UPDATE ON collaboration
        BEGIN SELECT RAISE(ABORT, 'rows of collaboration do not change'); END;
    """,
)


@dataclass(frozen=True, slots=True)
class Settings:
    path: str
    synchronous: str = "full"  # or "normal"
    busy_seconds: float = 5.0
    readers: int = 2
    waiting_bytes: int = 64 << 20  # of updates that wait for the writer; then append() waits
    poll_seconds: float = 0.05  # how often other processes' changes are looked for


# SQLite checks about 300 MB of a file in a second. Beyond this many bytes the start would wait too
# long for it; damage is then found where it is read, for every record proves itself.
_CHECKED_BYTES = 1 << 30
_PAGE = 4096
# What the write-ahead log shrinks to when it begins anew.
LOG_BYTES = 64 << 20


def create(path: str) -> None:
    """Makes the file, if there is none, so that only its owner reads it; SQLite gives what lies
    beside it the same rights. An error is left to SQLite, which says it better."""
    with suppress(OSError):
        Path(path).touch(mode=0o600, exist_ok=True)


def connect(settings: Settings) -> sqlite3.Connection:
    connection = sqlite3.connect(
        settings.path,
        timeout=settings.busy_seconds,
        isolation_level=None,  # transactions begin where we say so
        check_same_thread=False,  # one thread at a time, but another one closes
    )
    try:
        connection.execute(f"PRAGMA synchronous = {settings.synchronous}")
        # We run checkpoints ourselves, behind the acknowledgements.
        connection.execute("PRAGMA wal_autocheckpoint = 0")
        connection.execute(f"PRAGMA journal_size_limit = {LOG_BYTES}")
    except BaseException:
        connection.close()
        raise
    return connection


def prepare(connection: sqlite3.Connection, path: str) -> None:
    """Makes the file what this version needs. Ended at any moment it is what it was before, or
    done; several processes may do it at once."""
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    tables = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]
    if tables and application != _APPLICATION:
        raise StoreError(
            f"{path} is a SQLite database of another program: name another file", transient=False
        )
    if connection.execute("PRAGMA journal_mode = WAL").fetchone()[0] != "wal":
        raise StoreError(
            f"{path} lies where SQLite cannot keep a write-ahead log (a network drive?): "
            "put it on a local disk",
            transient=False,
        )
    migrate(connection, path, MIGRATIONS)


def migrate(connection: sqlite3.Connection, path: str, migrations: Sequence[str]) -> None:
    """Each step is one transaction that also counts it, so a crash leaves whole steps."""
    while True:
        connection.execute("BEGIN IMMEDIATE")
        try:
            version = connection.execute("PRAGMA user_version").fetchone()[0]
            if version > len(migrations):
                raise StoreError(
                    f"{path} was written by a newer version of the server (its schema is "
                    f"{version}, this one knows {len(migrations)}): update the server",
                    transient=False,
                )
            if version == len(migrations):
                connection.execute("ROLLBACK")
                return
            for statement in _statements(migrations[version]):
                connection.execute(statement)
            connection.execute(f"PRAGMA application_id = {_APPLICATION}")
            connection.execute(f"PRAGMA user_version = {version + 1}")
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise


def _statements(script: str) -> list[str]:
    """executescript() would commit what is open, so the script is cut here."""
    statements, begun = [], ""
    for line in script.splitlines(keepends=True):
        begun += line
        if sqlite3.complete_statement(begun):
            statements.append(begun)
            begun = ""
    return statements


def check(connection: sqlite3.Connection, path: str) -> None:
    """SQLite's own quick check of every page, and a full one of the table that all depends on."""
    size = connection.execute("PRAGMA page_count").fetchone()[0] * _PAGE
    problems = ["ok"]
    if size <= _CHECKED_BYTES:
        problems = [row[0] for row in connection.execute("PRAGMA quick_check(5)")]
    if problems == ["ok"]:
        problems = [row[0] for row in connection.execute("PRAGMA integrity_check(documents)")]
    if problems != ["ok"]:
        raise StoreError(
            f"{path} is damaged ({'; '.join(problems).replace(chr(10), ' ')[:500]}). Keep a copy, "
            f"and restore a backup or what `sqlite3 {path} .recover` saves",
            transient=False,
        )


def path_of(rest: str) -> str:
    """The path in a URL behind `sqlite:`; three slashes begin an absolute one, as elsewhere."""
    if rest.startswith("///"):
        return rest[2:]
    return str(Path(rest))
