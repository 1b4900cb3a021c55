"""The table of connections, and all that is as short-lived as they are.

    pk              sk           what
    c#ID            -            a connection: its state `s`, and `v`, another one after each write
    d#DOCUMENT      ID           who is in a document, and what they show of themselves
    t#KEY           000000…      bytes of a long message on its way
    secret#KEY      -            a ticket that was not used

Connections of a document are asked for by its key, consistently: an index lags behind, and who
subscribes before reading would still miss something. Every row has a `ttl`; DynamoDB may take days
to drop what has expired, so whoever reads looks at it, too. The index `userId-index` is for those
who ask about a person.
"""

from __future__ import annotations

import asyncio
import base64
from dataclasses import dataclass
from typing import Any

from ..stores.contract import StoreError
from ..stores.dynamodb.calls import Calls, Refused
from . import clock

USER_INDEX = "userId-index"
# Of API Gateway a connection lives two hours; what is left of one goes soon after.
CONNECTION_SECONDS = 2 * 3600 + 600
# Part of a long message waits that long to be resumed.
TRANSFER_SECONDS = 3600
# A row of a long message. DynamoDB takes 400 KB; a window of frames is answered from one or two.
PIECE = 96_000
_BATCH = 20


@dataclass(frozen=True, slots=True)
class Seat:
    """Somebody in a document: one connection of theirs."""

    connection: str
    user: str
    tenant: str
    name: str
    extended: bool
    client: int | None = None  # of the awareness
    clock: int = 0
    state: bytes = b""
    heard: float = 0.0


class Gone(Exception):
    """There is no such connection, or somebody has written it meanwhile."""


class Connections:
    def __init__(self, calls: Calls, table: str) -> None:
        self._calls = calls
        self.table = table

    # -- connections -------------------------------------------------------------------------------

    async def get(self, connection: str) -> tuple[str, int] | None:
        """Its state and its version."""
        item = await self._get(f"c#{connection}", "-")
        return None if item is None else (item["s"]["S"], int(item["v"]["N"]))

    async def put(
        self, connection: str, state: str, version: int, *, user: str, connected: float
    ) -> bool:
        """Writes it if it still has this version (0: if there is none). False: it has not."""
        item = {
            **_key(f"c#{connection}", "-"),
            "connectionId": {"S": connection},
            "userId": {"S": user or "-"},
            "connectedAt": {"N": f"{connected:.3f}"},
            "s": {"S": state},
            "v": {"N": str(version + 1)},
            **_ttl(CONNECTION_SECONDS - max(0.0, clock.now() - connected)),
        }
        condition: dict[str, Any] = {"ConditionExpression": "attribute_not_exists(pk)"}
        if version:
            condition = {
                "ConditionExpression": "v = :v",
                "ExpressionAttributeValues": {":v": {"N": str(version)}},
            }
        try:
            await self._calls("PutItem", TableName=self.table, Item=item, **condition)
        except Refused as refused:
            if refused.kind == "ConditionalCheckFailedException":
                return False
            raise
        return True

    async def delete(self, connection: str) -> None:
        await self._delete(f"c#{connection}", "-")

    async def of_user(self, user: str) -> list[str]:
        """The connections of a person, as far as the index has heard."""
        answer = await self._calls(
            "Query",
            TableName=self.table,
            IndexName=USER_INDEX,
            KeyConditionExpression="userId = :u",
            ExpressionAttributeValues={":u": {"S": user}},
        )
        return [item["connectionId"]["S"] for item in answer["Items"] if _is_alive(item)]

    # -- who is in a document ----------------------------------------------------------------------

    async def seats(self, document: str) -> list[Seat]:
        """Everybody, as of now."""
        items = await self._query(f"d#{document}")
        return [_seat(item) for item in items]

    async def take_seat(self, document: str, seat: Seat) -> None:
        """What somebody shows is not written over by what they have shown before."""
        item = {
            **_key(f"d#{document}", seat.connection),
            "user": {"S": seat.user},
            "tenant": {"S": seat.tenant},
            "name": {"S": seat.name},
            "extended": {"BOOL": seat.extended},
            "heard": {"N": f"{seat.heard:.3f}"},
            **_ttl(CONNECTION_SECONDS),
        }
        if seat.client is not None:
            item |= {
                "client": {"N": str(seat.client)},
                "clock": {"N": str(seat.clock)},
                "state": {"B": base64.b64encode(seat.state).decode()},
            }
        condition: dict[str, Any] = {}
        if seat.client is not None:
            condition = {
                "ConditionExpression": "attribute_not_exists(#k) OR #k <= :k",
                "ExpressionAttributeNames": {"#k": "clock"},
                "ExpressionAttributeValues": {":k": {"N": str(seat.clock)}},
            }
        try:
            await self._calls("PutItem", TableName=self.table, Item=item, **condition)
        except Refused as refused:
            if refused.kind != "ConditionalCheckFailedException":
                raise

    async def leave_seat(self, document: str, connection: str) -> Seat | None:
        """What was there, if anything was."""
        answer = await self._calls(
            "DeleteItem",
            TableName=self.table,
            Key=_key(f"d#{document}", connection),
            ReturnValues="ALL_OLD",
        )
        return _seat(answer["Attributes"]) if "Attributes" in answer else None

    # -- long messages -----------------------------------------------------------------------------

    async def put_pieces(self, key: str, data: bytes, *, offset: int = 0) -> None:
        """Bytes of a message, from `offset` on. Pieces may be of any size up to PIECE."""
        puts = [
            {
                "PutRequest": {
                    "Item": {
                        **_key(f"t#{key}", f"{offset + start:012}"),
                        "d": {"B": base64.b64encode(data[start : start + PIECE]).decode()},
                        **_ttl(TRANSFER_SECONDS),
                    }
                }
            }
            for start in range(0, len(data), PIECE)
        ]
        for first in range(0, len(puts), _BATCH):
            await self._write(puts[first : first + _BATCH])

    async def get_pieces(self, key: str, start: int = 0, end: int | None = None) -> bytes | None:
        """The bytes from `start` to `end`; None, if one is not there."""
        first, last = max(0, start - PIECE + 1), 10**12 - 1 if end is None else end - 1
        items = await self._query(f"t#{key}", f"{first:012}", f"{last:012}")
        found, at = [], start
        for item in items:
            offset = int(item["sk"]["S"])
            data = base64.b64decode(item["d"]["B"])
            if offset + len(data) <= at:
                continue
            if offset > at:
                return None
            found.append(data[at - offset :])
            at = offset + len(data)
        data = b"".join(found)
        if end is None:
            return data
        return data[: end - start] if len(data) >= end - start else None

    async def drop_pieces(self, key: str) -> None:
        items = await self._query(f"t#{key}", keys_only=True)
        deletes = [{"DeleteRequest": {"Key": {"pk": i["pk"], "sk": i["sk"]}}} for i in items]
        for first in range(0, len(deletes), _BATCH):
            await self._write(deletes[first : first + _BATCH])

    # -- tickets (auth/shared.py) ------------------------------------------------------------------

    async def put_secret(self, key: str, value: bytes, ends_at: float) -> None:
        item = {
            **_key(f"secret#{key}", "-"),
            "d": {"B": base64.b64encode(value).decode()},
            **_ttl(ends_at - clock.now()),
        }
        await self._calls("PutItem", TableName=self.table, Item=item)

    async def take_secret(self, key: str) -> bytes | None:
        answer = await self._calls(
            "DeleteItem",
            TableName=self.table,
            Key=_key(f"secret#{key}", "-"),
            ReturnValues="ALL_OLD",
        )
        item = answer.get("Attributes")
        return base64.b64decode(item["d"]["B"]) if item and _is_alive(item) else None

    async def secrets(self, prefix: str) -> list[tuple[str, bytes]]:
        """None of them is listed: nobody here asks for that."""
        return []

    # -- cleaning ----------------------------------------------------------------------------------

    async def expired(self, limit: int) -> list[tuple[str, str]]:
        """Keys of rows whose time has come, and that are still there; a scan, for the clock."""
        found: list[tuple[str, str]] = []
        async for item in self._scan("#t < :now", {":now": {"N": str(int(clock.now()))}}):
            found.append((item["pk"]["S"], item["sk"]["S"]))
            if len(found) == limit:
                break
        return found

    async def orphans(self, limit: int) -> list[tuple[str, str]]:
        """Seats (document, connection) of connections that are not there any more."""
        seats: list[tuple[str, str]] = []
        alive: set[str] = set()
        async for item in self._scan(
            "begins_with(pk, :c) OR begins_with(pk, :d)", {":c": {"S": "c#"}, ":d": {"S": "d#"}}
        ):
            kind, _, rest = item["pk"]["S"].partition("#")
            if kind == "c":
                alive.add(rest)
            else:
                seats.append((rest, item["sk"]["S"]))
        return [seat for seat in seats if seat[1] not in alive][:limit]

    async def everybody(self) -> list[str]:
        """All connections; a scan, for the clock."""
        return [
            item["pk"]["S"][2:]
            async for item in self._scan("begins_with(pk, :c)", {":c": {"S": "c#"}})
        ]

    async def drop(self, pk: str, sk: str) -> None:
        """A row, if it has expired indeed."""
        try:
            await self._calls(
                "DeleteItem",
                TableName=self.table,
                Key=_key(pk, sk),
                ConditionExpression="#t < :now",
                ExpressionAttributeNames={"#t": "ttl"},
                ExpressionAttributeValues={":now": {"N": str(int(clock.now()))}},
            )
        except Refused as refused:
            if refused.kind != "ConditionalCheckFailedException":
                raise

    # -- calls -------------------------------------------------------------------------------------

    async def _get(self, pk: str, sk: str) -> dict[str, Any] | None:
        answer = await self._calls(
            "GetItem", TableName=self.table, Key=_key(pk, sk), ConsistentRead=True
        )
        item: dict[str, Any] | None = answer.get("Item")
        return item if item is not None and _is_alive(item) else None

    async def _delete(self, pk: str, sk: str) -> None:
        await self._calls("DeleteItem", TableName=self.table, Key=_key(pk, sk))

    async def _query(
        self, pk: str, first: str = "", last: str = "", *, keys_only: bool = False
    ) -> list[dict[str, Any]]:
        """A page has 1 MB at most."""
        question: dict[str, Any] = {
            "KeyConditionExpression": "pk = :p",
            "ExpressionAttributeValues": {":p": {"S": pk}},
        }
        if first:
            question["KeyConditionExpression"] += " AND sk BETWEEN :a AND :z"
            question["ExpressionAttributeValues"] |= {":a": {"S": first}, ":z": {"S": last}}
        if keys_only:
            question["ProjectionExpression"] = "pk, sk"
        found: list[dict[str, Any]] = []
        while True:
            answer = await self._calls(
                "Query", TableName=self.table, ConsistentRead=True, **question
            )
            found += [item for item in answer["Items"] if keys_only or _is_alive(item)]
            if "LastEvaluatedKey" not in answer:
                return found
            question["ExclusiveStartKey"] = answer["LastEvaluatedKey"]

    async def _scan(self, condition: str, values: dict[str, Any]) -> Any:
        question: dict[str, Any] = {
            "FilterExpression": condition,
            "ExpressionAttributeValues": values,
            "ProjectionExpression": "pk, sk, #t",
            "ExpressionAttributeNames": {"#t": "ttl"},
        }
        while True:
            answer = await self._calls("Scan", TableName=self.table, **question)
            for item in answer["Items"]:
                yield item
            if "LastEvaluatedKey" not in answer:
                return
            question["ExclusiveStartKey"] = answer["LastEvaluatedKey"]

    async def _write(self, batch: list[dict[str, Any]]) -> None:
        wait = 0.05
        while batch:
            answer = await self._calls("BatchWriteItem", RequestItems={self.table: batch})
            batch = answer.get("UnprocessedItems", {}).get(self.table, [])
            if batch:
                if wait > 5:
                    raise StoreError("DynamoDB leaves writes undone")
                await asyncio.sleep(wait)
                wait *= 2


def _key(pk: str, sk: str) -> dict[str, Any]:
    return {"pk": {"S": pk}, "sk": {"S": sk}}


def _ttl(seconds: float) -> dict[str, Any]:
    return {"ttl": {"N": str(int(clock.now() + max(1.0, seconds)) + 1)}}


def _is_alive(item: dict[str, Any]) -> bool:
    return "ttl" not in item or int(item["ttl"]["N"]) > clock.now()


def _seat(item: dict[str, Any]) -> Seat:
    shows = "client" in item
    return Seat(
        connection=item["sk"]["S"],
        user=item["user"]["S"],
        tenant=item["tenant"]["S"],
        name=item["name"]["S"],
        extended=item["extended"]["BOOL"],
        client=int(item["client"]["N"]) if shows else None,
        clock=int(item["clock"]["N"]) if shows else 0,
        state=base64.b64decode(item["state"]["B"]) if shows else b"",
        heard=float(item["heard"]["N"]),
    )


async def create_connections(calls: Calls, table: str) -> bool:
    """Makes the table; False if it was there."""
    try:
        await calls(
            "CreateTable",
            TableName=table,
            AttributeDefinitions=[
                {"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk", "userId")
            ],
            KeySchema=[
                {"AttributeName": "pk", "KeyType": "HASH"},
                {"AttributeName": "sk", "KeyType": "RANGE"},
            ],
            GlobalSecondaryIndexes=[
                {
                    "IndexName": USER_INDEX,
                    "KeySchema": [{"AttributeName": "userId", "KeyType": "HASH"}],
                    "Projection": {"ProjectionType": "ALL"},
                }
            ],
            BillingMode="PAY_PER_REQUEST",
        )
    except Refused as refused:
        if refused.kind != "ResourceInUseException":
            raise
        return False
    for _ in range(240):
        answer = await calls("DescribeTable", TableName=table)
        if answer["Table"]["TableStatus"] == "ACTIVE":
            break
        await asyncio.sleep(0.25)
    await calls(
        "UpdateTimeToLive",
        TableName=table,
        TimeToLiveSpecification={"Enabled": True, "AttributeName": "ttl"},
    )
    return True
