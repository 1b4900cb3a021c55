"""The contract on a table of rows and a place for blobs, for the event loop."""

from __future__ import annotations

import asyncio
import builtins
from collections.abc import Sequence
from typing import Protocol

from ropewalk_server.stores.arguments import (
    check_bytes,
    check_name,
    check_page,
    check_seal,
    check_updates,
)
from ropewalk_server.stores.chain import mending, verifying
from ropewalk_server.stores.chain.blobs import TableBlobs
from ropewalk_server.stores.chain.changing import Changer
from ropewalk_server.stores.chain.loading import load
from ropewalk_server.stores.chain.reading import Reader
from ropewalk_server.stores.chain.tables import Blobs, Table
from ropewalk_server.stores.chain.writing import Contention, Writer
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
from ropewalk_server.stores.watch import Watcher, Watchers

# How often heads are told how far their chains have come, in seconds.
_HINT_SECONDS = 5.0
# Documents of a list that are looked at together.
_TOGETHER = 16


class News(Protocol):
    """Where a store hears of what other processes write."""

    def watch(self, doc: str) -> None:
        """Somebody wants to hear of this document, from now on."""

    async def close(self) -> None: ...


class ChainStore:
    def __init__(
        self, table: Table, blobs: Blobs | None = None, *, contention: Contention | None = None
    ) -> None:
        self._table = table
        self._blobs = blobs or TableBlobs(table)
        self._watchers = Watchers()
        self._contention = contention
        self._news: News | None = None
        self._hinting: asyncio.Task[None] | None = None
        self._is_open = False
        self._make()

    def _make(self) -> None:
        self._writer = Writer(self._table, self._blobs, self._watchers.tell, self._contention)
        self._reader = Reader(self._table, self._blobs)
        self._changer = Changer(self._table, self._blobs, self._reader)

    def _open_news(self) -> News | None:
        """How others' news come here, if anybody asks."""
        return None

    async def open(self) -> None:
        if self._is_open:
            return
        await self._table.open()
        await self._blobs.open()
        self._make()
        self._news = self._open_news()
        self._hinting = asyncio.ensure_future(self._hint())
        self._is_open = True

    async def close(self) -> None:
        await self._watchers.close()
        if not self._is_open:
            return
        self._is_open = False
        if self._news is not None:
            await self._news.close()
        if self._hinting is not None:
            self._hinting.cancel()
            await asyncio.gather(self._hinting, return_exceptions=True)
        await self._writer.close()
        await self._blobs.close()
        await self._table.close()

    async def _hint(self) -> None:
        while True:
            await asyncio.sleep(_HINT_SECONDS)
            for doc, newest in self._writer.to_hint():
                try:
                    await self._writer.hint(doc, newest)
                except StoreError:
                    break

    async def look(self, doc: str) -> Version:
        """Finds out how far a document has come, and tells who watches it."""
        newest = self._writer.newest(doc)
        since = newest if self._writer.is_end(doc, newest) else None
        state = await load(self._table, self._blobs, doc, since=since, brief=True)
        self._writer.saw(doc, state.newest, has_head=state.row is not None)
        return state.newest

    def doubt(self) -> None:
        """For processes that are frozen: what was known of the ends of chains may be old."""
        self._writer.doubt()

    @property
    def tries(self) -> tuple[int, int]:
        """Rows of logs that were offered to the table, and those that it took."""
        return self._writer.attempts, self._writer.rows

    def _check_open(self) -> None:
        if not self._is_open:
            raise StoreError("the store is not open", transient=False)

    # -- the log -----------------------------------------------------------------------------------

    async def append(
        self, doc: str, updates: Sequence[bytes], *, epoch: int = 0, expected: Version | None = None
    ) -> Version:
        check_name(doc)
        check_updates(updates)
        self._check_open()
        return await self._writer.append(doc, updates, epoch, expected)

    async def read(self, doc: str, since: Version | None = None) -> History:
        check_name(doc)
        self._check_open()
        is_end = self._writer.is_end(doc, since)
        history, state = await self._reader.read(doc, since, is_end=is_end)
        self._writer.saw(doc, state.newest, has_head=state.row is not None)
        return history

    async def outline(self, doc: str, *, whole: int = 0) -> Outline:
        check_name(doc)
        self._check_open()
        return await self._reader.outline(doc, whole)

    async def read_parts(
        self, doc: str, snapshot: Version, parts: Sequence[Part]
    ) -> builtins.list[bytes]:
        check_name(doc)
        self._check_open()
        return await self._reader.read_parts(doc, snapshot, parts)

    async def compact(self, doc: str, upto: Version, snapshot: bytes) -> None:
        check_name(doc)
        check_bytes("a snapshot", snapshot)
        self._check_open()
        await self._changer.compact(doc, upto, bytes(snapshot))

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
        self._check_open()
        version = await self._changer.seal(doc, expected, bytes(snapshot), bytes(state), map)
        self._writer.saw(doc, version)
        return version

    async def epochs(self, doc: str) -> builtins.list[EndedEpoch]:
        check_name(doc)
        self._check_open()
        return await self._reader.epochs(doc)

    async def read_map(self, doc: str, epoch: int) -> bytes:
        check_name(doc)
        self._check_open()
        return await self._reader.read_map(doc, epoch)

    async def drop_epochs(self, doc: str, before: int, ended_before: float = 0.0) -> int:
        check_name(doc)
        self._check_open()
        return await self._changer.drop_epochs(doc, before, ended_before)

    def subscribe(self, doc: str) -> Watcher:
        check_name(doc)
        watcher = self._watchers.add(doc)
        if self._news is not None:
            self._news.watch(doc)
        return watcher

    # -- documents ---------------------------------------------------------------------------------

    async def list(
        self, prefix: str = "", after: str = "", limit: int = 100
    ) -> builtins.list[DocumentInfo]:
        check_page(limit)
        self._check_open()
        infos: builtins.list[DocumentInfo] = []
        waiting: builtins.list[str] = []
        async for name in self._table.names(prefix, after):
            waiting.append(name)
            if len(waiting) == min(_TOGETHER, limit - len(infos)):
                infos += await self._infos(waiting)
                waiting.clear()
                if len(infos) == limit:
                    return infos
        return infos + await self._infos(waiting)

    async def _infos(self, docs: Sequence[str]) -> builtins.list[DocumentInfo]:
        """Of those that exist. A head that is lost is an error of its document, not of the list."""
        found = await asyncio.gather(*map(self._info, docs), return_exceptions=True)
        infos = []
        for doc, info in zip(docs, found, strict=True):
            if isinstance(info, StoreError) and not info.transient:
                info = DocumentInfo(doc, Version(0, 0), Version(0, 0), 0, 0, 0, 0.0)
            if isinstance(info, BaseException):
                raise info
            if info is not None:
                infos.append(info)
        return infos

    async def _info(self, doc: str) -> DocumentInfo | None:
        state = await load(self._table, self._blobs, doc, brief=True)
        return state.info(doc) if state.live else None

    async def info(self, doc: str) -> DocumentInfo | None:
        check_name(doc)
        self._check_open()
        return await self._info(doc)

    async def delete(self, doc: str) -> bool:
        check_name(doc)
        self._check_open()
        version = await self._changer.delete(doc)
        if version is None:
            return False
        self._writer.saw(doc, version)
        return True

    # -- save points -------------------------------------------------------------------------------

    async def savepoint(
        self, doc: str, version: Version, state: bytes, *, label: str = "", author: str = ""
    ) -> SavePoint:
        check_name(doc)
        check_bytes("a state", state)
        self._check_open()
        return await self._changer.add_savepoint(doc, version, bytes(state), label, author)

    async def savepoints(self, doc: str) -> builtins.list[SavePoint]:
        check_name(doc)
        self._check_open()
        return await self._reader.savepoints(doc)

    async def read_savepoint(self, doc: str, id: int) -> bytes:
        check_name(doc)
        self._check_open()
        return await self._reader.read_savepoint(doc, id)

    async def delete_savepoint(self, doc: str, id: int) -> bool:
        check_name(doc)
        self._check_open()
        return await self._changer.delete_savepoint(doc, id)

    # -- damage ------------------------------------------------------------------------------------

    async def verify(self, doc: str) -> builtins.list[Damage]:
        check_name(doc)
        self._check_open()
        return await verifying.verify(self._table, self._blobs, self._reader, doc)

    async def damaged(self, doc: str | None = None) -> builtins.list[Damage]:
        self._check_open()
        return await mending.notes(self._table, doc)
