"""Tables: keys, stream, time to live. Paid by request: an unused one costs what it stores."""

from __future__ import annotations

import asyncio

from ropewalk_server.stores.contract import StoreError
from ropewalk_server.stores.dynamodb.calls import Calls, Refused

_WAIT_SECONDS = 60.0
_LOOK_SECONDS = 0.25


async def create_table(calls: Calls, name: str, *, wait: bool = True) -> bool:
    """False if it was there already. `wait`: until it can be used."""
    is_new = True
    try:
        await calls(
            "CreateTable",
            TableName=name,
            AttributeDefinitions=[
                {"AttributeName": "pk", "AttributeType": "S"},
                {"AttributeName": "sk", "AttributeType": "S"},
            ],
            KeySchema=[
                {"AttributeName": "pk", "KeyType": "HASH"},
                {"AttributeName": "sk", "KeyType": "RANGE"},
            ],
            BillingMode="PAY_PER_REQUEST",
            StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
        )
    except Refused as refused:
        if refused.kind != "ResourceInUseException":
            raise
        is_new = False
    if not wait:
        return is_new
    waited = 0.0
    while True:
        answer = await calls("DescribeTable", TableName=name)
        if answer["Table"]["TableStatus"] == "ACTIVE":
            break
        if waited > _WAIT_SECONDS:
            raise StoreError(f"the table {name} is not active after {_WAIT_SECONDS:g} s")
        await asyncio.sleep(_LOOK_SECONDS)
        waited += _LOOK_SECONDS
    if is_new:
        await calls(
            "UpdateTimeToLive",
            TableName=name,
            TimeToLiveSpecification={"Enabled": True, "AttributeName": "ttl"},
        )
    return is_new
