"""What other processes write, from the streams of the tables: one reader for each stream that
somebody wants news of, one task for each of its shards.

A stream gives records at least once, in order for each item, for 24 hours, from shards that end and
have children. Nothing here relies on more than that: a record says how far a chain has come, and
who hears it reads the chain. Whenever it is not certain that nothing was missed (at the beginning,
behind a place that was trimmed, after an iterator has expired), every watched document is looked
at.

More than two readers at a shard are throttled. Each reader then asks less often, by itself."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Collection
from contextlib import suppress
from typing import Any

from ropewalk_server.stores.chain.forms import decode_control, head_of, version_of
from ropewalk_server.stores.contract import StoreError, Version
from ropewalk_server.stores.dynamodb.calls import Calls, Refused
from ropewalk_server.stores.dynamodb.table import row_of_item
from ropewalk_server.stores.records import BadRecord

logger = logging.getLogger(__name__)

# Between two questions to a shard: DynamoDB's own triggers ask four times a second, too.
_QUICKEST = 0.25
_SLOWEST = 2.0
# How often it is looked for shards that have no parent known here.
_DISCOVER_SECONDS = 10.0
# And each watched document is looked at so often, whatever the stream says or leaves out.
_LOOK_SECONDS = 4.0
_LOOKS_TOGETHER = 8
_LOST = ("TrimmedDataAccessException", "ExpiredIteratorException")


def version_in(item: dict[str, Any]) -> tuple[str, Version] | None:
    """The document, and how far its chain reaches with this item; None if it is no row of a log."""
    partition, key = item["pk"]["S"], item["sk"]["S"]
    if not partition.startswith("doc#") or not key.startswith("u#"):
        return None
    doc, row = partition[4:], row_of_item(item)
    if not row.fields:
        return None
    first = version_of(key)
    try:
        control = decode_control(doc, first, row.fields[0])
    except BadRecord:
        return None  # how far it reaches nobody can say; who looks finds it
    if control.head is not None:
        return doc, head_of(control.head).version
    return doc, Version(first.epoch, first.seq + len(control.l) - 1)


class Streams:
    def __init__(
        self,
        calls: Calls,
        stream_calls: Calls,
        table_of: Callable[[str], str],
        *,
        saw: Callable[[str, Version], None],
        look: Callable[[str], Awaitable[object]],
        watched: Callable[[], Collection[str]],
    ) -> None:
        """`saw` is told how far a chain has come, `look` finds that out; `watched` names the
        documents that somebody still wants news of."""
        self._calls = calls
        self._stream_calls = stream_calls
        self._table_of = table_of
        self._watched = watched
        self._saw = saw
        self._look = look
        self._readers: dict[str, _Reader] = {}

    def watch(self, doc: str) -> None:
        table = self._table_of(doc)
        reader = self._readers.get(table)
        if reader is None:
            reader = _Reader(
                self._calls, self._stream_calls, table, self._saw, self._look, self._watched
            )
            self._readers[table] = reader
        reader.watch(doc)

    async def close(self) -> None:
        await asyncio.gather(*(reader.close() for reader in self._readers.values()))
        self._readers.clear()


class _Reader:
    """Of one stream."""

    def __init__(
        self,
        calls: Calls,
        stream_calls: Calls,
        table: str,
        saw: Callable[[str, Version], None],
        look: Callable[[str], Awaitable[object]],
        watched: Callable[[], Collection[str]],
    ) -> None:
        self._calls = calls
        self._stream_calls = stream_calls
        self._watched = watched
        self._table = table
        self._saw = saw
        self._look = look
        self._docs: set[str] = set()
        self._unsure: set[str] = set()  # documents of which something may have been missed
        self._shards: dict[str, asyncio.Task[None]] = {}
        self._pause = _QUICKEST
        self._is_placed = False  # there is an iterator for each shard that is open
        self._arn = ""
        self._due: dict[str, float] = {}  # when a document is looked at next
        self._tasks = [asyncio.ensure_future(work()) for work in (self._run, self._look_around)]

    def watch(self, doc: str) -> None:
        self._docs.add(doc)
        self._due[doc] = asyncio.get_running_loop().time() + _LOOK_SECONDS
        if not self._is_placed:
            self._unsure.add(doc)

    async def close(self) -> None:
        tasks = [*self._tasks, *self._shards.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _run(self) -> None:
        begun = False
        while True:
            try:
                if not self._arn:
                    self._arn = await self._find()
                # What is there when it begins was written before; later shards are new.
                await self._discover("TRIM_HORIZON" if begun else "LATEST")
                begun = self._is_placed = True
                await self._look_at_the_unsure()
            except StoreError as error:
                logger.warning("no news from the stream of %s: %s", self._table, error)
                await asyncio.sleep(_SLOWEST * random.random())
                continue
            await asyncio.sleep(_QUICKEST if self._unsure else _DISCOVER_SECONDS)

    async def _look_around(self) -> None:
        """Records that never come are no news; this is."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(_LOOK_SECONDS / 8)
            self._forget()
            now = loop.time()
            due = [doc for doc, when in self._due.items() if when <= now]
            for start in range(0, len(due), _LOOKS_TOGETHER):
                docs = due[start : start + _LOOKS_TOGETHER]
                await asyncio.gather(*map(self._look, docs), return_exceptions=True)
                for doc in docs:
                    self._due[doc] = loop.time() + _LOOK_SECONDS * (0.7 + 0.3 * random.random())

    def _forget(self) -> None:
        """Documents that nobody watches any more."""
        watched = set(self._watched())
        for doc in [doc for doc in self._docs if doc not in watched]:
            self._docs.discard(doc)
            self._unsure.discard(doc)
            self._due.pop(doc, None)

    async def _find(self) -> str:
        try:
            answer = await self._calls("DescribeTable", TableName=self._table)
        except Refused as refused:
            raise StoreError(str(refused)) from refused
        arn = answer["Table"].get("LatestStreamArn")
        if not arn:
            raise StoreError(
                f"the table {self._table} has no stream: ropewalk store create makes one"
            )
        return str(arn)

    async def _discover(self, kind: str) -> None:
        """Begins to read every shard that is not read yet. Shards that had ended when the first
        look was taken are of the past."""
        last = None
        while True:
            more: dict[str, str] = {"ExclusiveStartShardId": last} if last else {}
            answer = await self._stream_calls("DescribeStream", StreamArn=self._arn, **more)
            description = answer["StreamDescription"]
            for shard in description["Shards"]:
                id = shard["ShardId"]
                ended = "EndingSequenceNumber" in shard["SequenceNumberRange"]
                if id not in self._shards and not (ended and kind == "LATEST"):
                    iterator = await self._iterator(id, kind)
                    self._shards[id] = asyncio.ensure_future(self._read(id, iterator))
            last = description.get("LastEvaluatedShardId")
            if not last:
                return

    async def _iterator(self, shard: str, kind: str, behind: str = "") -> str:
        place = {"SequenceNumber": behind} if behind else {}
        answer = await self._stream_calls(
            "GetShardIterator",
            StreamArn=self._arn,
            ShardId=shard,
            ShardIteratorType="AFTER_SEQUENCE_NUMBER" if behind else kind,
            **place,
        )
        return str(answer["ShardIterator"])

    async def _look_at_the_unsure(self) -> None:
        while self._unsure:
            doc = self._unsure.pop()
            try:
                await self._look(doc)
            except StoreError as error:
                if error.transient:
                    self._unsure.add(doc)
                    raise

    async def _read(self, shard: str, iterator: str | None) -> None:
        """Until the shard ends. Its children are found by the next discovery."""
        behind = ""
        while iterator:
            await asyncio.sleep(self._pause)
            try:
                answer = await self._stream_calls("GetRecords", ShardIterator=iterator)
            except Refused as refused:
                if refused.kind == "LimitExceededException":
                    self._pause = min(self._pause * 2 * (0.5 + random.random()), _SLOWEST)
                    continue
                iterator = await self._place_again(shard, refused, behind)
                continue
            except StoreError:
                continue  # the service had its time and its tries; the iterator is still good
            self._pause = max(self._pause * 0.98, _QUICKEST)
            for record in answer["Records"]:
                behind = record["dynamodb"]["SequenceNumber"]
                self._take(record)
            iterator = answer.get("NextShardIterator")
        with suppress(StoreError):
            await self._discover("TRIM_HORIZON")

    async def _place_again(self, shard: str, refused: Refused, behind: str) -> str | None:
        """An iterator behind what was read last, or at the newest if that is gone. None: the shard
        is gone, too."""
        logger.warning("the stream of %s: %s", self._table, refused)
        # After this all documents are looked at: nothing of what was missed is of interest.
        lost = refused.kind == "TrimmedDataAccessException"
        if refused.kind not in _LOST:
            await asyncio.sleep(_SLOWEST * random.random())
        while True:
            try:
                iterator = await self._iterator(shard, "LATEST", "" if lost else behind)
            except Refused as again:
                if again.kind == "ResourceNotFoundException" or lost:
                    iterator = None
                    self._shards.pop(shard, None)
                else:
                    lost = True
                    continue
            except StoreError:
                await asyncio.sleep(_SLOWEST * random.random())
                continue
            self._unsure |= self._docs
            with suppress(StoreError):
                await self._look_at_the_unsure()
            return iterator

    def _take(self, record: dict[str, Any]) -> None:
        """Only what was inserted is news, not burials, nor what its time to live removed."""
        item = record["dynamodb"].get("NewImage")
        if record["eventName"] != "INSERT" or item is None:
            return
        found = version_in(item)
        if found is not None and found[0] in self._docs:
            self._saw(*found)
