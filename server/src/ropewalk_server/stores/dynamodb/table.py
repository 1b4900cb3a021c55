"""The rows of a chain as items.

    pk   S   doc#NAME, names, notes
    sk   S   the key of the row
    f    L   its fields, B; empty: it is buried
    t    S   another one after each write
    ttl  N   of buried rows: when DynamoDB may drop them, in seconds since 1970

With a table for each document its items are there; names and notes stay in the first."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import secrets
import time
from collections.abc import AsyncIterator, Sequence
from typing import Any

from ropewalk_server.stores.chain.tables import NOTES, Row, Taken
from ropewalk_server.stores.contract import StoreError
from ropewalk_server.stores.dynamodb.calls import Calls, Refused
from ropewalk_server.stores.dynamodb.creating import create_table

# DynamoDB's limit of an item is 400 KB, names of attributes and keys included.
_MOST = 350_000
# Keys of buried rows stay taken for so long at least.
_BURIED_SECONDS = 26 * 3600
# Of one request that writes several items; DynamoDB's limits are 25 and 16 MB.
_BATCH = 25
_BATCH_BYTES = 2_000_000
_FIRST_WAIT = 0.05
_LONGEST_WAIT = 1.0


class DynamoTable:
    most = _MOST

    def __init__(self, calls: Calls, name: str, *, each: bool = False) -> None:
        """`each`: documents have tables of their own, whose names begin with this one's."""
        self._calls = calls
        self._name = name
        self._each = each

    async def open(self) -> None:
        """Says at once what is wrong with the table or the rights to it."""
        await self._calls("GetItem", TableName=self._name, Key=_key("names", "-"))

    async def close(self) -> None:
        """Nothing of its own is open."""

    def table_of(self, doc: str) -> str:
        if not self._each or doc == NOTES:
            return self._name
        return f"{self._name}-{hashlib.sha256(doc.encode()).hexdigest()[:40]}"

    # -- reading -----------------------------------------------------------------------------------

    async def get(self, doc: str, key: str) -> Row | None:
        try:
            answer = await self._calls(
                "GetItem",
                TableName=self.table_of(doc),
                Key=_key(_partition(doc), key),
                ConsistentRead=True,
            )
        except Refused as refused:
            if self._is_no_table(doc, refused):
                return None
            raise
        return _row(answer["Item"]) if "Item" in answer else None

    async def rows(self, doc: str, first: str, last: str, *, brief: bool = False) -> list[Row]:
        shown = {"ProjectionExpression": "sk, t, f[0]"} if brief else {}
        return [_row(item) async for item in self._query(doc, first, last, **shown)]

    async def keys(self, doc: str, first: str, last: str) -> list[str]:
        items = self._query(doc, first, last, ProjectionExpression="sk")
        return [item["sk"]["S"] async for item in items]

    async def _query(
        self, doc: str, first: str, last: str, **options: Any
    ) -> AsyncIterator[dict[str, Any]]:
        async for item in self._pages(
            self.table_of(doc),
            KeyConditionExpression="pk = :p AND sk BETWEEN :a AND :z",
            ExpressionAttributeValues={
                ":p": {"S": _partition(doc)},
                ":a": {"S": first},
                ":z": {"S": last},
            },
            ConsistentRead=True,
            **options,
        ):
            yield item

    async def _pages(self, table: str, **question: Any) -> AsyncIterator[dict[str, Any]]:
        """A page has 1 MB at most."""
        while True:
            try:
                answer = await self._calls("Query", TableName=table, **question)
            except Refused as refused:
                if table != self._name and refused.kind == "ResourceNotFoundException":
                    return
                raise
            for item in answer["Items"]:
                yield item
            if "LastEvaluatedKey" not in answer:
                return
            question["ExclusiveStartKey"] = answer["LastEvaluatedKey"]

    def _is_no_table(self, doc: str, refused: Refused) -> bool:
        own = self.table_of(doc) != self._name
        return own and refused.kind == "ResourceNotFoundException"

    # -- writing -----------------------------------------------------------------------------------

    async def write(self, doc: str, key: str, fields: Sequence[bytes], old: Row | None) -> Row:
        tag = secrets.token_hex(8)
        condition: dict[str, Any] = {"ConditionExpression": "attribute_not_exists(pk)"}
        if old is not None:
            condition = {
                "ConditionExpression": "t = :t",
                "ExpressionAttributeValues": {":t": {"S": old.tag}},
            }
        try:
            await self._put(
                doc,
                Item=_item(_partition(doc), key, fields, tag),
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
                **condition,
            )
        except Refused as refused:
            if refused.kind != "ConditionalCheckFailedException":
                raise
            row = _row(refused.item) if refused.item else None
            # The answer to an earlier try of this very write may have been lost.
            if row is None or row.tag != tag:
                raise Taken(row) from None
        return Row(key, fields, tag)

    async def _put(self, doc: str, **arguments: Any) -> None:
        try:
            await self._calls("PutItem", TableName=self.table_of(doc), **arguments)
        except Refused as refused:
            if not self._is_no_table(doc, refused):
                raise
            await create_table(self._calls, self.table_of(doc), wait=True)
            await self._calls("PutItem", TableName=self.table_of(doc), **arguments)

    async def put(self, doc: str, rows: Sequence[tuple[str, Sequence[bytes]]]) -> None:
        partition = _partition(doc)
        puts = [
            (
                sum(map(len, fields)),
                {"PutRequest": {"Item": _item(partition, key, fields, secrets.token_hex(8))}},
            )
            for key, fields in rows
        ]
        await self._batches(doc, puts)

    async def bury(self, doc: str, keys: Sequence[str]) -> None:
        ttl = {"ttl": {"N": str(int(time.time()) + _BURIED_SECONDS)}}
        puts = []
        for key in keys:
            item = _item(_partition(doc), key, (), secrets.token_hex(8)) | ttl
            puts.append((0, {"PutRequest": {"Item": item}}))
        await self._batches(doc, puts)

    async def delete(self, doc: str, keys: Sequence[str]) -> None:
        deletes = [(0, {"DeleteRequest": {"Key": _key(_partition(doc), key)}}) for key in keys]
        await self._batches(doc, deletes)

    async def _batches(self, doc: str, requests: Sequence[tuple[int, dict[str, Any]]]) -> None:
        batch: list[dict[str, Any]] = []
        total = 0
        for size, request in requests:
            if len(batch) == _BATCH or (batch and total + size > _BATCH_BYTES):
                await self._batch(doc, batch)
                batch, total = [], 0
            batch.append(request)
            total += size
        if batch:
            await self._batch(doc, batch)

    async def _batch(self, doc: str, batch: list[dict[str, Any]]) -> None:
        """Of a batch DynamoDB may leave some undone, and wants to be asked again later."""
        table, wait = self.table_of(doc), _FIRST_WAIT
        while True:
            try:
                answer = await self._calls("BatchWriteItem", RequestItems={table: batch})
            except Refused as refused:
                if not self._is_no_table(doc, refused):
                    raise
                if not any("PutRequest" in request for request in batch):
                    return
                await create_table(self._calls, table, wait=True)
                continue
            batch = answer.get("UnprocessedItems", {}).get(table, [])
            if not batch:
                return
            if wait > _LONGEST_WAIT * 8:
                raise StoreError("DynamoDB leaves writes undone: its table has too little capacity")
            await asyncio.sleep(wait * secrets.randbelow(1000) / 1000)
            wait *= 2

    # -- the list of documents ---------------------------------------------------------------------

    async def add_name(self, doc: str) -> None:
        await self._calls(
            "PutItem", TableName=self._name, Item=_item("names", doc, (), secrets.token_hex(8))
        )

    async def names(self, prefix: str, after: str) -> AsyncIterator[str]:
        """From the greater of both on; DynamoDB sorts by UTF-8, as Python does by characters."""
        items = self._pages(
            self._name,
            KeyConditionExpression="pk = :p AND sk >= :a",
            ExpressionAttributeValues={
                ":p": {"S": "names"},
                ":a": {"S": max(prefix, after) or " "},
            },
            ConsistentRead=True,
            ProjectionExpression="sk",
        )
        async for item in items:
            name = item["sk"]["S"]
            if not name.startswith(prefix):
                if name > prefix:
                    return
            elif name > after:
                yield name


def _partition(doc: str) -> str:
    return f"doc#{doc}" if doc != NOTES else "notes"


def _key(partition: str, key: str) -> dict[str, Any]:
    return {"pk": {"S": partition}, "sk": {"S": key}}


def _item(partition: str, key: str, fields: Sequence[bytes], tag: str) -> dict[str, Any]:
    values = [{"B": base64.b64encode(field).decode()} for field in fields]
    return {**_key(partition, key), "f": {"L": values}, "t": {"S": tag}}


def _row(item: dict[str, Any]) -> Row:
    values = item.get("f", {}).get("L", [])
    fields = tuple(base64.b64decode(value["B"]) for value in values if "B" in value)
    return Row(item["sk"]["S"], fields, item.get("t", {}).get("S", ""))


row_of_item = _row
