"""The contract on one SQLite file, for the event loop."""

from __future__ import annotations

import asyncio
import builtins
import logging
import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TypeVar
from urllib.parse import parse_qsl

from ropewalk_server.stores.arguments import (
    check_bytes,
    check_name,
    check_page,
    check_seal,
    check_updates,
)
from ropewalk_server.stores.audit import AuditRow
from ropewalk_server.stores.contract import (
    NO_STATE,
    Damage,
    DocumentInfo,
    EndedEpoch,
    History,
    Outline,
    Part,
    SavePoint,
    StoreError,
    Version,
)
from ropewalk_server.stores.parts import outline_of
from ropewalk_server.stores.records import BadRecord
from ropewalk_server.stores.sqlite import audit, changes, endings, files, mending, reads, verifying
from ropewalk_server.stores.sqlite.errors import ERRORS, store_error
from ropewalk_server.stores.sqlite.reads import Findings, LostBase
from ropewalk_server.stores.sqlite.transaction import Operation
from ropewalk_server.stores.sqlite.writer import Writer
from ropewalk_server.stores.watch import Watcher, Watchers

logger = logging.getLogger(__name__)

T = TypeVar("T")


class SqliteStore:
    def __init__(self, path: str, *, settings: files.Settings | None = None) -> None:
        self._settings = replace(settings or files.Settings(path), path=path)
        self._watchers = Watchers()
        self._writer: Writer | None = None
        self._readers: ThreadPoolExecutor | None = None
        self._local = threading.local()
        self._connections: builtins.list[sqlite3.Connection] = []

    @classmethod
    def from_url(cls, rest: str) -> SqliteStore:
        """From what stands behind `sqlite:` in a URL: a path, `?sync=full` or `?sync=normal`."""
        path, _, query = rest.partition("?")
        if not path.strip("/"):
            raise ValueError("sqlite: needs a path: sqlite:rooms.db")
        settings = files.Settings(files.path_of(path))
        for key, value in parse_qsl(query, keep_blank_values=True):
            if key != "sync" or value not in ("full", "normal"):
                raise ValueError(
                    f"sqlite: knows sync=full and sync=normal, not {key}={value} (docs: stores)"
                )
            settings = replace(settings, synchronous=value)
        return cls(settings.path, settings=settings)

    async def open(self) -> None:
        if self._writer is not None:
            return
        connection = await asyncio.to_thread(self._prepare)
        self._readers = ThreadPoolExecutor(self._settings.readers, "ropewalk-read")
        self._writer = Writer(self._settings, connection, self._tell, self._watchers.documents)

    def _prepare(self) -> sqlite3.Connection:
        path = self._settings.path
        connection = None
        try:
            files.create(path)
            connection = files.connect(self._settings)
            files.prepare(connection, path)
            files.check(connection, path)
            connection.execute("BEGIN")
            mending.mend_all_heads(connection, time.time())
            connection.execute("COMMIT")
        except BaseException as error:
            if connection is not None:
                connection.close()
            if isinstance(error, ERRORS):
                raise store_error(path, error) from error
            raise
        return connection

    async def close(self) -> None:
        await self._watchers.close()
        if self._readers is not None:
            readers, self._readers = self._readers, None
            await asyncio.to_thread(readers.shutdown)
            for connection in self._connections:
                connection.close()
            self._connections.clear()
            self._local = threading.local()
        if self._writer is not None:
            writer, self._writer = self._writer, None
            await writer.close()

    # -- the log -----------------------------------------------------------------------------------

    async def append(
        self, doc: str, updates: Sequence[bytes], *, epoch: int = 0, expected: Version | None = None
    ) -> Version:
        check_name(doc)
        check_updates(updates)
        size = sum(map(len, updates))
        return await self._write(changes.append(doc, tuple(updates), epoch, expected), size)

    async def read(self, doc: str, since: Version | None = None) -> History:
        check_name(doc)
        return await self._read_soundly(doc, lambda db: reads.read(db, doc, since))

    async def outline(self, doc: str, *, whole: int = 0) -> Outline:
        check_name(doc)
        found = await self._read_mended(doc, lambda db: reads.outline(db, doc, whole))
        # What is not as it should be is found and set aside by read().
        return found[0] if found is not None else outline_of(await self.read(doc))

    async def read_parts(
        self, doc: str, snapshot: Version, parts: Sequence[Part]
    ) -> builtins.list[bytes]:
        check_name(doc)
        return await self._read(lambda db: reads.read_parts(db, doc, snapshot, parts))

    async def compact(self, doc: str, upto: Version, snapshot: bytes) -> None:
        check_name(doc)
        check_bytes("a snapshot", snapshot)
        await self._write(changes.compact(doc, upto, snapshot), len(snapshot))

    async def seal(
        self,
        doc: str,
        expected: Version,
        snapshot: bytes,
        *,
        state: bytes = NO_STATE,
        map: bytes | None = None,
    ) -> Version:
        check_name(doc)
        check_seal(snapshot, state, map)
        size = len(snapshot) + len(state) + len(map or b"")
        return await self._write(changes.seal(doc, expected, snapshot, state, map), size)

    async def epochs(self, doc: str) -> builtins.list[EndedEpoch]:
        check_name(doc)
        return await self._read_soundly(doc, lambda db: endings.list_epochs(db, doc))

    async def read_map(self, doc: str, epoch: int) -> bytes:
        check_name(doc)
        map = await self._read_soundly(doc, lambda db: endings.read_map(db, doc, epoch))
        assert map is not None  # a damaged one was set aside, and then there is none
        return map

    async def drop_epochs(self, doc: str, before: int, ended_before: float = 0.0) -> int:
        check_name(doc)
        return await self._write(endings.drop(doc, before, ended_before))

    def subscribe(self, doc: str) -> Watcher:
        check_name(doc)
        return self._watchers.add(doc)

    # -- documents ---------------------------------------------------------------------------------

    async def list(
        self, prefix: str = "", after: str = "", limit: int = 100
    ) -> builtins.list[DocumentInfo]:
        check_page(limit)
        return await self._read(lambda db: reads.list_documents(db, prefix, after, limit))

    async def info(self, doc: str) -> DocumentInfo | None:
        check_name(doc)
        found = await self._read_mended(doc, lambda db: reads.find(db, doc))
        if found is None or not found[1].live:
            return None
        return found[1].info(doc)

    async def delete(self, doc: str) -> bool:
        check_name(doc)
        return await self._write(changes.delete(doc))

    # -- save points -------------------------------------------------------------------------------

    async def savepoint(
        self, doc: str, version: Version, state: bytes, *, label: str = "", author: str = ""
    ) -> SavePoint:
        check_name(doc)
        check_bytes("a state", state)
        return await self._write(
            changes.add_savepoint(doc, version, state, label, author), len(state)
        )

    async def savepoints(self, doc: str) -> builtins.list[SavePoint]:
        check_name(doc)
        return await self._read_soundly(doc, lambda db: reads.list_savepoints(db, doc))

    async def read_savepoint(self, doc: str, id: int) -> bytes:
        check_name(doc)
        state = await self._read_soundly(doc, lambda db: reads.read_savepoint(db, doc, id))
        assert state is not None  # a damaged one was set aside, and then there is none
        return state

    async def delete_savepoint(self, doc: str, id: int) -> bool:
        check_name(doc)
        return await self._write(changes.delete_savepoint(doc, id))

    # -- damage ------------------------------------------------------------------------------------

    async def verify(self, doc: str) -> builtins.list[Damage]:
        check_name(doc)
        damaged, findings = await self._read_mended(doc, lambda db: verifying.verify(db, doc))
        if findings.fresh:
            await self._set_aside(doc, findings)
        return damaged

    async def damaged(self, doc: str | None = None) -> builtins.list[Damage]:
        return await self._read(lambda db: reads.list_damaged(db, doc))

    # -- the audit trail ---------------------------------------------------------------------------

    @property
    def audit_trail(self) -> SqliteStore:
        """As audit.AuditTrail."""
        return self

    async def record(self, rows: Sequence[AuditRow]) -> None:
        for row in rows:
            check_name(row.doc)
        await self._write(audit.record(rows))

    async def audit(self, doc: str, after: int = 0, limit: int = 100) -> builtins.list[AuditRow]:
        check_name(doc)
        return await self._read(lambda db: audit.audit(db, doc, after, limit))

    async def forget_audit(self, before: float) -> int:
        return await self._write(audit.forget(before))

    # -- inside ------------------------------------------------------------------------------------

    def _tell(self, news: dict[str, Version]) -> None:
        for doc, version in news.items():
            self._watchers.tell(doc, version)

    async def _write(self, work: Operation[T], size: int = 0) -> T:
        if self._writer is None:
            raise StoreError("the store is not open", transient=False)
        return await self._writer.do(work, size)

    async def _read(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Runs it in a reader thread, on a connection of that thread."""
        if self._readers is None:
            raise StoreError("the store is not open", transient=False)

        def run() -> T:
            connection = getattr(self._local, "connection", None)
            if connection is None:
                connection = files.connect(self._settings)
                connection.execute("PRAGMA query_only = ON")
                # What is read is large and rarely wanted twice; the system keeps it, too.
                connection.execute("PRAGMA cache_size = -512")
                self._local.connection = connection
                self._connections.append(connection)
            return work(connection)

        try:
            return await asyncio.get_running_loop().run_in_executor(self._readers, run)
        except ERRORS as error:
            raise store_error(self._settings.path, error) from error

    async def _read_mended(self, doc: str, work: Callable[[sqlite3.Connection], T]) -> T:
        """A damaged head is mended by the writer, or it raises Damaged; then it is read again."""
        try:
            return await self._read(work)
        except BadRecord:
            await self._write(changes.mend(doc))
            return await self._read(work)

    async def _read_soundly(
        self, doc: str, work: Callable[[sqlite3.Connection], tuple[T, Findings]]
    ) -> T:
        """What is found damaged is set aside before the answer is given, and then the answer is
        read again: it names what it could not give."""
        try:
            answer, findings = await self._read_mended(doc, work)
        except LostBase as lost:
            if not lost.findings.fresh or not await self._set_aside(doc, lost.findings):
                raise
            answer, findings = await self._read_mended(doc, work)
        if findings.fresh and await self._set_aside(doc, findings):
            answer, _ = await self._read_mended(doc, work)
        return answer

    async def _set_aside(self, doc: str, findings: Findings) -> bool:
        """False if that could not be written now: the records stay where they are, and the next
        read finds them again."""
        fresh = findings.fresh
        first = ", ".join(f"{place} ({findings.bad[place] or 'is gone'})" for place in fresh[:5])
        logger.error("%r: %d records are damaged: %s", doc, len(fresh), first)
        try:
            await self._write(changes.set_aside(doc, fresh))
        except StoreError as error:
            if not error.transient:
                raise
            return False
        return True
