"""What DynamoDB drops when its time has come. It takes days for that; here a minute, so that a test
sees both: that what has expired is not used while it is there, and that nothing misses it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from ropewalk_server.stores.contract import StoreError
from ropewalk_server.stores.dynamodb.calls import Calls, Refused

from .clock import EmulatorClock

EVERY_SECONDS = 60.0


class Expiry:
    def __init__(
        self,
        calls: Calls,
        tables: Callable[[], Sequence[str]],
        clock: EmulatorClock,
        dropped: Callable[[str, str, str], None],
    ) -> None:
        """`dropped` hears of each (table, pk, sk) before it goes."""
        self._calls = calls
        self._tables = tables
        self._clock = clock
        self._dropped = dropped
        self._task: asyncio.Task[None] | None = None
        self.rows = 0

    def start(self) -> None:
        self._task = asyncio.ensure_future(self._run())

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        while True:
            await self._clock.sleep(EVERY_SECONDS)
            for table in self._tables():
                try:
                    await self.sweep(table)
                except StoreError:
                    continue  # next time

    async def sweep(self, table: str) -> None:
        now = {":now": {"N": str(int(self._clock.now()))}}
        names = {"#t": "ttl"}
        question: dict[str, Any] = {
            "FilterExpression": "#t < :now",
            "ProjectionExpression": "pk, sk",
            "ExpressionAttributeNames": names,
            "ExpressionAttributeValues": now,
        }
        while True:
            answer = await self._calls("Scan", TableName=table, **question)
            for key in answer["Items"]:
                self._dropped(table, key["pk"]["S"], key["sk"]["S"])
                try:
                    await self._calls(
                        "DeleteItem",
                        TableName=table,
                        Key=key,
                        ConditionExpression="#t < :now",
                        ExpressionAttributeNames=names,
                        ExpressionAttributeValues=now,
                    )
                    self.rows += 1
                except Refused:
                    continue  # it was written anew
            if "LastEvaluatedKey" not in answer:
                return
            question["ExclusiveStartKey"] = answer["LastEvaluatedKey"]
