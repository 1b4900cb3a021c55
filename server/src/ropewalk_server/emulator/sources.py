"""DynamoDB's streams, to the function that reads them, as Lambda's event source mappings do it: four
questions a second to each shard, one batch at a time, at least once. A batch that fails is cut in
two until the record is found that it fails for, and what cannot be handled after some attempts goes
to a dead-letter queue, so that it does not hold up all behind it for a day."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Any

from ropewalk_server.stores.contract import StoreError
from ropewalk_server.stores.dynamodb.calls import Calls

from .clock import EmulatorClock
from .functions import FunctionError, Throttled
from .settings import Reading

Record = dict[str, Any]


class Faults:
    """What a stream may do beside giving each record once, at once, in order. None of it by default;
    `dropped` is more than AWS does."""

    def __init__(
        self,
        rng: random.Random | None = None,
        *,
        doubled: float = 0.0,
        late: float = 0.0,
        dropped: float = 0.0,
    ) -> None:
        self._rng = rng or random.Random()
        self.doubled, self.late, self.dropped = doubled, late, dropped
        self._held: list[Record] = []

    def heal(self) -> None:
        self.doubled = self.late = self.dropped = 0.0

    def change(self, records: Sequence[Record]) -> list[Record]:
        given: list[Record] = []
        held, self._held = self._held, []
        for record in [*held, *records]:
            if self._rng.random() < self.dropped:
                continue
            if self._rng.random() < self.late:
                self._held.append(record)
                continue
            given.append(record)
            if self._rng.random() < self.doubled:
                given.append(record)
        if self._rng.random() < self.doubled:
            given += given
        return given


class Source:
    """The stream of one table, to one function."""

    def __init__(
        self,
        calls: Calls,
        stream_calls: Calls,
        table: str,
        invoke: Callable[[dict[str, Any]], Awaitable[Any]],
        clock: EmulatorClock,
        reading: Reading,
        trace: Callable[..., None],
        faults: Faults | None = None,
    ) -> None:
        self._calls = calls
        self._stream_calls = stream_calls
        self._table = table
        self._invoke = invoke
        self._clock = clock
        self._reading = reading
        self._trace = trace
        self.faults = faults or Faults()
        self.dead_letters: list[Record] = []
        self.expired: set[tuple[str, str]] = set()
        self._arn = ""
        self._shards: dict[str, asyncio.Task[None]] = {}
        self.busy = 0
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """From here on every record is read."""
        described = await self._calls("DescribeTable", TableName=self._table)
        self._arn = described["Table"]["LatestStreamArn"]
        # What is there when it begins was written before; later shards are new.
        await self._discover("LATEST")
        self._task = asyncio.ensure_future(self._run())

    async def close(self) -> None:
        tasks = [*self._shards.values(), *([self._task] if self._task else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _run(self) -> None:
        while True:
            await self._clock.sleep(10.0)
            await self._discover("TRIM_HORIZON")

    async def _discover(self, kind: str) -> None:
        answer = await self._stream_calls("DescribeStream", StreamArn=self._arn)
        for shard in answer["StreamDescription"]["Shards"]:
            id = shard["ShardId"]
            if id not in self._shards:
                iterator = await self._iterator(id, ShardIteratorType=kind)
                self._shards[id] = asyncio.ensure_future(self._shard(id, iterator))

    async def _iterator(self, shard: str, **where: str) -> str:
        found = await self._stream_calls(
            "GetShardIterator", StreamArn=self._arn, ShardId=shard, **where
        )
        iterator: str = found["ShardIterator"]
        return iterator

    async def _shard(self, id: str, iterator: str | None) -> None:
        pause, last = 1 / self._reading.polls_per_second, ""
        while iterator is not None:
            self.busy += 1
            try:
                answer = await self._stream_calls(
                    "GetRecords", ShardIterator=iterator, Limit=1000
                )
                iterator = answer.get("NextShardIterator")
                for record in answer["Records"]:
                    last = record["dynamodb"]["SequenceNumber"]
                records = self.faults.change([self._made(one) for one in answer["Records"]])
                for start in range(0, len(records), self._reading.batch):
                    await self._batch(records[start : start + self._reading.batch])
            except StoreError as error:
                self._trace("stream not read", error=str(error))
                with suppress(StoreError):
                    iterator = await self._placed_again(id, last)
            finally:
                self.busy -= 1
            await self._clock.sleep(pause)

    async def _placed_again(self, shard: str, last: str) -> str:
        """An iterator is good for a quarter of an hour, and one of DynamoDB Local's to a shard without
        records not at all. What was read before is read again rather than passed by."""
        if last:
            return await self._iterator(
                shard, ShardIteratorType="AFTER_SEQUENCE_NUMBER", SequenceNumber=last
            )
        return await self._iterator(shard, ShardIteratorType="TRIM_HORIZON")

    def _made(self, record: Record) -> Record:
        keys = record["dynamodb"]["Keys"]
        made = {
            **record,
            "eventSource": "aws:dynamodb",
            "eventSourceARN": self._arn,
            "awsRegion": "local",
        }
        key = keys["pk"]["S"], keys["sk"]["S"]
        if record["eventName"] == "REMOVE" and key in self.expired:
            self.expired.discard(key)
            made["userIdentity"] = {"type": "Service", "principalId": "dynamodb.amazonaws.com"}
        return made

    async def _batch(self, records: list[Record]) -> None:
        """Until each was handled or given up."""
        attempts = 0
        while records:
            attempts += 1
            self._trace("stream", table=self._table, records=len(records))
            try:
                answer = await self._invoke({"Records": records})
            except (FunctionError, Throttled) as error:
                self._trace("stream failed", error=str(error), records=len(records))
                if len(records) > 1:
                    middle = len(records) // 2
                    await self._batch(records[:middle])
                    records, attempts = records[middle:], 0
                    continue
                rest = records
            else:
                rest = _rest(records, answer)
                if len(rest) < len(records):
                    attempts = 0
            if rest and attempts >= self._reading.attempts:
                self._trace("dead letter", records=1)
                self.dead_letters.append(rest[0])
                rest, attempts = rest[1:], 0
            records = rest


def _rest(records: list[Record], answer: Any) -> list[Record]:
    """From the first on that was not handled."""
    failed = {one["itemIdentifier"] for one in (answer or {}).get("batchItemFailures", ())}
    for index, record in enumerate(records):
        if record["dynamodb"]["SequenceNumber"] in failed:
            return records[index:]
    return []
