"""The one thread that writes.

Group commit: whatever waits while a transaction is being made durable becomes the next transaction,
so one fsync serves many updates and none waits for a timer. Results go to the event loop in one
wake-up for each group, after its commit and before anything else is done. Checkpoints are run here,
behind the acknowledgements: in this thread they never meet a write of the same process.
"""

from __future__ import annotations

import asyncio
import logging
import os
import queue
import sqlite3
import threading
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from ropewalk_server.stores.contract import StoreError, Version
from ropewalk_server.stores.records import BadRecord
from ropewalk_server.stores.sqlite import files
from ropewalk_server.stores.sqlite.errors import is_of_one_operation, store_error
from ropewalk_server.stores.sqlite.reads import find
from ropewalk_server.stores.sqlite.transaction import Heads, Operation, Transaction

logger = logging.getLogger(__name__)

T = TypeVar("T")

# A group ends when it has as many operations or bytes as this: a commit should not take long.
_GROUP_OPERATIONS = 1000
_GROUP_BYTES = 8 << 20
# A checkpoint follows when so much was written, as far as we can tell without asking the disk.
_CHECKPOINT_BYTES = 4 << 20
# A log that is longer than this should begin anew.
_LONG_LOG_BYTES = files.LOG_BYTES
_WAIT_FOR_READERS_MS = 200
_PAGES_PER_OPERATION = 2
_PAGE = 4096
# How many changes are kept for other processes to notice, at least; who is further behind looks at
# all heads.
_CHANGES_KEPT = 1 << 14
# Heads that are known without asking the database.
_HEADS_KEPT = 1 << 14


@dataclass(slots=True)
class _Job:
    work: Operation[Any]
    size: int
    future: asyncio.Future[Any]


@dataclass(slots=True)
class _Outcome:
    future: asyncio.Future[Any]
    size: int
    result: Any = None
    error: BaseException | None = None


def _identity(path: str) -> tuple[int, int] | None:
    try:
        file = os.stat(path)  # noqa: PTH116 - a third of the time of Path.stat(), once a group
    except OSError:
        return None
    return file.st_dev, file.st_ino


class Writer:
    """Used from the event loop; tell() is called there with what has landed."""

    def __init__(
        self,
        settings: files.Settings,
        connection: sqlite3.Connection,
        tell: Callable[[dict[str, Version]], None],
        watched: Callable[[], Collection[str]],
    ) -> None:
        """`watched` names the documents whose changes by other processes somebody wants to know."""
        self._settings = settings
        self._connection = connection
        self._tell = tell
        self._watched = watched
        self._loop = asyncio.get_running_loop()
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._waiting_bytes = 0
        self._room: list[asyncio.Future[None]] = []
        self._unchecked_bytes = 0
        self._file = _identity(settings.path)
        self._data_version: int | None = None
        self._heads: Heads = {}
        self._stamp = connection.execute("SELECT max(stamp) FROM changes").fetchone()[0] or 0
        self._cut_at = 0
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="ropewalk-store", daemon=True)
        self._thread.start()

    # -- in the event loop -------------------------------------------------------------------------

    async def do(self, work: Operation[T], size: int = 0) -> T:
        """Runs an operation in the next group and returns when that is durable. Waits first if too
        much is waiting already."""
        limit = self._settings.waiting_bytes
        while self._waiting_bytes and self._waiting_bytes + size > limit and not self._closing:
            room = self._loop.create_future()
            self._room.append(room)
            await room
        if self._closing or not self._thread.is_alive():
            raise StoreError("the store is closed", transient=False)
        future: asyncio.Future[T] = self._loop.create_future()
        self._waiting_bytes += size
        self._jobs.put(_Job(work, size, future))
        return await future

    async def close(self) -> None:
        """Writes what waits, and ends the thread and its connection."""
        self._closing = True
        self._give_room()
        self._jobs.put(None)
        await asyncio.to_thread(self._thread.join)

    def _settle(self, outcomes: list[_Outcome], news: dict[str, Version]) -> None:
        for outcome in outcomes:
            self._waiting_bytes -= outcome.size
            if outcome.future.done():
                continue  # whoever asked was cancelled
            if outcome.error is not None:
                outcome.future.set_exception(outcome.error)
            else:
                outcome.future.set_result(outcome.result)
        if news:
            self._tell(news)
        self._give_room()

    def _give_room(self) -> None:
        waiting, self._room = self._room, []
        for room in waiting:
            if not room.done():
                room.set_result(None)

    # -- in the thread -----------------------------------------------------------------------------

    def _run(self) -> None:
        try:
            self._work()
        except Exception:
            logger.exception("the writer of %s has ended: restart the server", self._settings.path)
        finally:
            self._closing = True
            self._refuse_what_waits()
            self._connection.close()

    def _work(self) -> None:
        last = False
        while not last:
            jobs, last = self._take()
            if jobs:
                self._write(jobs)
                self._checkpoint_if_due()
            elif not last and self._watched():
                self._look_for_changes()
        with suppress(sqlite3.Error):
            self._checkpoint("TRUNCATE")

    def _refuse_what_waits(self) -> None:
        """Only after a fault of our own: close() comes behind everything that waits."""
        outcomes = []
        with suppress(queue.Empty):
            while True:
                job = self._jobs.get_nowait()
                if job is not None:
                    error = StoreError("the store has ended; see the log", transient=False)
                    outcomes.append(_Outcome(job.future, job.size, error=error))
        self._call_loop(outcomes, {})

    def _take(self) -> tuple[list[_Job], bool]:
        """Everything that waits, up to a bound; waits for the first as long as a look at other
        processes' changes may be late. The second is whether it was the last."""
        jobs: list[_Job] = []
        size = 0
        try:
            job = self._jobs.get(timeout=self._settings.poll_seconds)
            while job is not None:
                jobs.append(job)
                size += job.size
                if len(jobs) >= _GROUP_OPERATIONS or size >= _GROUP_BYTES:
                    return jobs, False
                job = self._jobs.get_nowait()
        except queue.Empty:
            return jobs, False
        return jobs, True

    def _write(self, jobs: list[_Job]) -> None:
        try:
            outcomes, news = self._group(jobs)
        except sqlite3.Error as error:
            if len(jobs) > 1 and is_of_one_operation(error):
                # One of them may be to blame; alone it harms nobody.
                for job in jobs:
                    self._write([job])
                return
            path = self._settings.path
            outcomes = [
                _Outcome(job.future, job.size, error=store_error(path, error)) for job in jobs
            ]
            news = {}
        except Exception as error:
            if len(jobs) > 1:
                for job in jobs:
                    self._write([job])
                return
            outcomes, news = [_Outcome(jobs[0].future, jobs[0].size, error=error)], {}
        self._call_loop(outcomes, news)

    def _group(self, jobs: list[_Job]) -> tuple[list[_Outcome], dict[str, Version]]:
        """One transaction; either all of it is durable when this returns, or nothing is."""
        connection = self._connection
        outcomes = []
        if _identity(self._settings.path) != self._file:
            # SQLite would go on writing into a file that has no name any more.
            raise StoreError(
                f"{self._settings.path} was moved, removed or replaced while the server runs: put "
                "it back, or restart the server; nothing is acknowledged until then"
            )
        try:
            connection.execute("BEGIN IMMEDIATE")
            news, stamp = self._foreign_changes() if self._others_wrote() else ({}, self._stamp)
            tx = Transaction(connection, self._heads)
            for job in jobs:
                outcome = _Outcome(job.future, job.size)
                try:
                    outcome.result = job.work(tx)
                except StoreError as error:
                    outcome.error = error
                outcomes.append(outcome)
            stamp = tx.finish() or stamp
            self._cut_changes(stamp)
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            self._data_version = None  # what others wrote is not told yet
            raise
        self._stamp = stamp
        if len(self._heads) > _HEADS_KEPT:
            self._heads.clear()
        self._heads.update(tx.heads())
        news.update(tx.news)
        self._unchecked_bytes += sum(job.size + _PAGES_PER_OPERATION * _PAGE for job in jobs)
        return outcomes, news

    def _others_wrote(self) -> bool:
        """Whether another connection has written since this was last asked, which SQLite tells for
        next to nothing. Then what we know of heads is not what there is."""
        version = self._connection.execute("PRAGMA data_version").fetchone()[0]
        if version == self._data_version:
            return False
        self._data_version = version
        self._heads.clear()
        return True

    def _cut_changes(self, stamp: int) -> None:
        """Not in every group."""
        if stamp - self._cut_at >= _CHANGES_KEPT:
            self._connection.execute(
                "DELETE FROM changes WHERE stamp <= ?", (stamp - _CHANGES_KEPT,)
            )
            self._cut_at = stamp

    def _foreign_changes(self) -> tuple[dict[str, Version], int]:
        """What other processes have written since we last looked, and where that ends."""
        rows = self._connection.execute(
            "SELECT stamp, name, epoch, seq FROM changes WHERE stamp > ? ORDER BY stamp",
            (self._stamp,),
        ).fetchall()
        if not rows:
            return {}, self._stamp
        if rows[0][0] > self._stamp + 1:
            # Some were cut off before we saw them.
            return self._newest_of_all_watched(), rows[-1][0]
        news = {name.decode(errors="replace"): Version(*numbers) for _, name, *numbers in rows}
        return news, rows[-1][0]

    def _newest_of_all_watched(self) -> dict[str, Version]:
        news = {}
        for doc in self._watched():
            with suppress(BadRecord):  # its readers will meet it
                found = find(self._connection, doc)
                if found is not None:
                    news[doc] = found[1].version
        return news

    def _look_for_changes(self) -> None:
        try:
            if not self._others_wrote():
                return
            news, self._stamp = self._foreign_changes()
        except sqlite3.Error:
            self._data_version = None
            return  # the next look will find it
        if news:
            self._call_loop([], news)

    def _checkpoint_if_due(self) -> None:
        if self._unchecked_bytes < _CHECKPOINT_BYTES:
            return
        # A failed one loses nothing: the log stays, and the next one does it all.
        with suppress(sqlite3.Error, OSError):
            self._checkpoint("PASSIVE")
            if Path(f"{self._settings.path}-wal").stat().st_size > _LONG_LOG_BYTES:
                self._wait_for_readers()
        self._unchecked_bytes = 0

    def _wait_for_readers(self) -> None:
        """They overlap, and keep the log from beginning anew: for a moment new ones are all that is
        let in. Not for long, since writers wait, too."""
        self._connection.execute(f"PRAGMA busy_timeout = {_WAIT_FOR_READERS_MS}")
        try:
            self._checkpoint("RESTART")
        finally:
            normal = int(self._settings.busy_seconds * 1000)
            self._connection.execute(f"PRAGMA busy_timeout = {normal}")

    def _checkpoint(self, mode: str) -> None:
        self._connection.execute(f"PRAGMA wal_checkpoint({mode})").fetchone()

    def _call_loop(self, outcomes: list[_Outcome], news: dict[str, Version]) -> None:
        with suppress(RuntimeError):  # the loop was closed under us: nobody is left to be told
            self._loop.call_soon_threadsafe(self._settle, outcomes, news)
