"""The store in DynamoDB, by the contract of all stores."""

import base64
import os
from contextlib import asynccontextmanager

import pytest
from harness.cloud import dynamodb_url, new_name
from store_contract import SeveralProcesses, StoreContract, opening
from store_contract.appending import Appending
from store_contract.harness import ContractTests
from store_contract.listening import Listening

from ropewalk_server.stores import open_store
from ropewalk_server.stores.aws.service import Unavailable
from ropewalk_server.stores.chain.forms import Head, decode_head, row_key, version_of
from ropewalk_server.stores.contract import Version

SOAK = os.environ.get("ROPEWALK_SOAK") == "1"
WRITING = ("PutItem", "BatchWriteItem")


class OnDynamoDB(ContractTests):
    tables = "shared"
    share = 0.2

    @pytest.fixture
    async def make_store(self):
        self.url = dynamodb_url(new_name(), tables=self.tables)
        await open_store(self.url).create()
        async with opening(self.url) as make:
            yield make

    async def spoil(self, store, doc, seq):
        await spoil(store, doc, seq)

    @asynccontextmanager
    async def fail(self, store):
        """DynamoDB reads, and does not write."""
        send = store._services[0].send

        async def refuse(method, path, headers, body=b"", query=None):
            if headers["x-amz-target"].rpartition(".")[2] in WRITING:
                raise Unavailable("the test says that DynamoDB takes no writes")
            return await send(method, path, headers, body, query)

        store._services[0].send = refuse
        yield
        store._services[0].send = send


class TestDynamoDB(OnDynamoDB, StoreContract, SeveralProcesses):
    """All documents in one table."""


PARTS = (StoreContract, SeveralProcesses) if SOAK else (Appending, Listening)


class TestATableForEach(OnDynamoDB, *PARTS):
    """Each document in a table of its own."""

    tables = "each"
    share = 0.05

    async def test_a_document_is_in_its_table_and_in_no_other(self, make_store):
        store = await make_store()
        await store.append("a", [b"of a"])
        await store.append("b", [b"of b"])
        # A list has a hundred at most, and other tests have tables, too.
        tables = (await store._calls("ListTables", ExclusiveStartTableName=store._settings.table))[
            "TableNames"
        ]
        ours = [name for name in tables if name.startswith(f"{store._settings.table}-")]
        assert sorted(ours) == sorted(store._dynamo.table_of(doc) for doc in "ab")
        found = await store._calls("Scan", TableName=store._dynamo.table_of("a"))
        assert {item["pk"]["S"] for item in found["Items"]} == {"doc#a"}
        assert [info.doc for info in await store.list()] == ["a", "b"]


async def spoil(store, doc, seq):
    """Flips a bit in the record of an entry, or of the newest snapshot if that is of this number."""
    table = store._dynamo
    row = await table.get(doc, "h")
    head = decode_head(doc, row.fields) if row else Head()
    key, field = None, 0
    for found in await table.rows(
        doc, row_key(Version(head.epoch, 0)), row_key(Version(head.epoch, seq))
    ):
        if found.fields and version_of(found.key).seq + len(found.fields) - 1 > seq:
            key, field = found.key, 1 + seq - version_of(found.key).seq
    if key is None:
        if hasattr(store._blobs, "objects"):
            await store._blobs.spoil(doc, head.base.ref)
            return
        key = f"b#{head.base.ref}#000000"
    await flip(store, doc, key, field)


async def flip(store, doc, key, field):
    """Past the store."""
    table = store._dynamo
    where = {"TableName": table.table_of(doc), "Key": {"pk": {"S": f"doc#{doc}"}, "sk": {"S": key}}}
    item = (await store._calls("GetItem", **where))["Item"]
    data = base64.b64decode(item["f"]["L"][field]["B"])
    data = data[:-20] + bytes([data[-20] ^ 4]) + data[-19:]
    item["f"]["L"][field] = {"B": base64.b64encode(data).decode()}
    await store._calls("PutItem", TableName=table.table_of(doc), Item=item)
