"""Kill points for tests: the process ends by SIGKILL at a named moment of its work with SQLite.

install() is called by a test's own entry script before it uses a store; the server knows nothing of
it. ROPEWALK_KILL_AT=NAME[:N] names the moment, and which time it comes by (1: the first).
"""

from __future__ import annotations

import importlib
import os
import random
import signal
import sqlite3
import threading
import time
from collections.abc import Callable

# name -> (what the statement begins with, when: before it, inside it, after it)
POINTS = {
    "before-commit": ("COMMIT", "before"),
    "inside-commit": ("COMMIT", "inside"),
    "after-commit": ("COMMIT", "after"),
    "inside-group": ("UPDATE documents", "before"),
    "snapshot-written": ("INSERT INTO snapshots", "after"),
    "before-log-cut": ("DELETE FROM entries", "before"),
    "log-cut": ("DELETE FROM entries", "after"),
    "before-checkpoint": ("PRAGMA wal_checkpoint(PASSIVE)", "before"),
    "inside-checkpoint": ("PRAGMA wal_checkpoint(PASSIVE)", "inside"),
    "after-checkpoint": ("PRAGMA wal_checkpoint(PASSIVE)", "after"),
    "before-closing": ("PRAGMA wal_checkpoint(TRUNCATE)", "before"),
    "inside-closing": ("PRAGMA wal_checkpoint(TRUNCATE)", "inside"),
    "inside-migration": ("CREATE", "after"),
    "migration-counted": ("PRAGMA user_version =", "after"),
}
# name -> (module, class, method, when): moments of a server, not of its store.
METHODS = {
    "before-ack": ("ropewalk_server.rooms.room", "Room", "stored", "before"),
    "after-ack": ("ropewalk_server.rooms.room", "Room", "stored", "after"),
    "before-broadcast": ("ropewalk_server.rooms.room", "Room", "_passes_on", "before"),
    "before-unloading": ("ropewalk_server.rooms.room", "Room", "close", "before"),
    "after-unloading": ("ropewalk_server.rooms.room", "Room", "close", "after"),
    "loaded": ("ropewalk_server.rooms.room", "Room", "open", "before"),
    "before-draining": ("ropewalk_server.rooms.rooms", "Rooms", "drain", "before"),
}
# How long a statement that is killed inside may have gone on; its fsync takes about as long.
INSIDE_SECONDS = 0.003


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def die_soon() -> None:
    """From another thread, while SQLite works without the interpreter's lock."""

    def wait() -> None:
        time.sleep(random.SystemRandom().random() * INSIDE_SECONDS)
        die()

    threading.Thread(target=wait, daemon=True).start()


class Countdown:
    """Comes by `times` times and then happens."""

    def __init__(self, times: int) -> None:
        self._left = times
        self._lock = threading.Lock()

    def is_now(self) -> bool:
        with self._lock:
            self._left -= 1
            return self._left == 0


def install() -> None:
    name, _, times = os.environ.get("ROPEWALK_KILL_AT", "").partition(":")
    if not name:
        return
    countdown = Countdown(int(times or 1))
    if name in METHODS:
        _install_method(*METHODS[name], countdown)
        return
    prefix, when = POINTS[name]

    class Connection(sqlite3.Connection):
        def execute(self, sql: str, *arguments: object) -> sqlite3.Cursor:  # type: ignore[override]
            if not sql.lstrip().startswith(prefix) or not countdown.is_now():
                return super().execute(sql, *arguments)  # type: ignore[arg-type]
            if when == "before":
                die()
            if when == "inside":
                die_soon()
            result = super().execute(sql, *arguments)  # type: ignore[arg-type]
            if when == "inside":
                # It may have been quicker than its killer, who comes all the same.
                result.fetchall()
                time.sleep(INSIDE_SECONDS * 2)
            die()
            return result

    connect: Callable[..., sqlite3.Connection] = sqlite3.connect

    def connect_killing(*arguments: object, **options: object) -> sqlite3.Connection:
        return connect(*arguments, **{**options, "factory": Connection})

    sqlite3.connect = connect_killing  # type: ignore[assignment]


def _install_method(module: str, owner: str, name: str, when: str, countdown: Countdown) -> None:
    """Before it is called, or after it has returned."""
    cls = getattr(importlib.import_module(module), owner)
    method = getattr(cls, name)

    def killing(*arguments: object, **options: object) -> object:
        now = countdown.is_now()
        if now and when == "before":
            die()
        result = method(*arguments, **options)
        if now:
            die()
        return result

    setattr(cls, name, killing)
