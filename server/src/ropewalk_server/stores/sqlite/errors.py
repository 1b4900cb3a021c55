"""SQLite's errors in words that say what to do."""

from __future__ import annotations

import sqlite3

from ropewalk_server.stores.contract import StoreError

# Result code -> (what to say, whether the same call may succeed later).
_SENTENCES = {
    sqlite3.SQLITE_FULL: (
        "the disk that holds {path} is full: free some space; what was acknowledged is safe",
        True,
    ),
    sqlite3.SQLITE_BUSY: (
        "another program keeps {path} locked (a backup, or a shell with an open transaction?): end "
        "it; what waits is written as soon as the lock is gone",
        True,
    ),
    sqlite3.SQLITE_READONLY: (
        "{path} cannot be written: check the owner and the rights of the file and of its directory",
        True,
    ),
    sqlite3.SQLITE_IOERR: (
        "the disk that holds {path} reports an error: look into the system's log and save the file",
        True,
    ),
    sqlite3.SQLITE_CANTOPEN: (
        "{path} cannot be opened: is there such a directory, and may this user write there?",
        False,
    ),
    sqlite3.SQLITE_NOTADB: (
        "{path} is no SQLite database, or its first page is damaged: restore a backup",
        False,
    ),
    sqlite3.SQLITE_CORRUPT: (
        "{path} is damaged: stop the server, keep a copy, and restore a backup or what "
        "`sqlite3 {path} .recover` saves",
        False,
    ),
}


# SQLite quotes what it finds, and Python reads its sentence as UTF-8: where the schema is damaged
# that fails, and this is the error.
ERRORS = (sqlite3.Error, UnicodeDecodeError)


def store_error(path: str, error: Exception) -> StoreError:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # the primary code of an extended one
    if isinstance(error, UnicodeDecodeError):
        code = sqlite3.SQLITE_CORRUPT
    sentence, transient = _SENTENCES.get(code, ("{path}: SQLite could not do it", False))
    return StoreError(f"{sentence.format(path=path)} (SQLite: {error})", transient=transient)


def is_of_one_operation(error: sqlite3.Error) -> bool:
    """Whether it may be the fault of one operation of a group; else all of them would meet it."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF not in _SENTENCES
