"""The store in S3, by the contract of all stores; and snapshots in S3 beside a log in DynamoDB."""

from contextlib import asynccontextmanager

import pytest
from harness import services
from harness.cloud import dynamodb_url, new_name, s3
from store_contract import SeveralProcesses, StoreContract, opening
from test_dynamodb import OnDynamoDB

from ropewalk_server.stores import open_store
from ropewalk_server.stores.aws.service import Unavailable
from ropewalk_server.stores.chain.forms import decode_head, row_key, version_of
from ropewalk_server.stores.contract import Version
from ropewalk_server.stores.s3.table import _key, frame, unframe


class TestS3(StoreContract, SeveralProcesses):
    share = 0.05

    @pytest.fixture
    async def make_store(self):
        self.url = f"s3://{new_name()}/rooms?endpoint=http://127.0.0.1:{s3()}"
        await open_store(self.url).create()
        async with opening(self.url) as make:
            yield make

    async def spoil(self, store, doc, seq):
        """Flips a bit in the record of an entry, or of the newest snapshot."""
        table = store._table
        head = decode_head(doc, (await table.get(doc, "h")).fields)
        first, last = Version(head.epoch, 0), Version(head.epoch, seq)
        for row in await table.rows(doc, row_key(first), row_key(last)):
            start = version_of(row.key).seq
            if row.fields and start + len(row.fields) - 1 > seq:
                fields, token = unframe((await store._objects.get(_key(doc, row.key))).data)
                fields[1 + seq - start] = flipped(fields[1 + seq - start])
                await store._objects.put(_key(doc, row.key), frame(fields, token))
                return
        await spoil_blob(store._blobs, doc, head.base.ref)

    @asynccontextmanager
    async def fail(self, store):
        """S3 reads, and does not write."""
        async with refusing(store._objects._service):
            yield


class TestRedisDynamoDBAndS3(OnDynamoDB, StoreContract, SeveralProcesses):
    """The combination for AWS: each process is told by Redis, the log is in DynamoDB, snapshots are
    in S3."""

    share = 0.05

    @pytest.fixture
    async def make_store(self):
        place = f"s3://{new_name()}/rooms?endpoint=http://127.0.0.1:{s3()}"
        redis = services.redis()
        self.url = "redis+" + dynamodb_url(
            new_name(),
            snapshots=place.replace("?", "%3F").replace("=", "%3D"),
            redis=redis.url(redis.new_database()),
        )
        await open_store(self.url).create()
        async with opening(self.url) as make:
            yield make

    async def spoil(self, store, doc, seq):
        head = decode_head(doc, (await store._table.get(doc, "h")).fields)
        if head.base.ref and seq == head.base.seq:
            await spoil_blob(store._blobs, doc, head.base.ref)
        else:
            await super().spoil(store, doc, seq)


def flipped(data):
    return data[:-20] + bytes([data[-20] ^ 4]) + data[-19:]


async def spoil_blob(blobs, doc, ref):
    await blobs.put(doc, ref, flipped(await blobs.get(doc, ref)))


@asynccontextmanager
async def refusing(service):
    send = service.send

    async def refuse(method, path, headers, body=b"", query=None):
        if method == "PUT":
            raise Unavailable("the test says that S3 takes no writes")
        return await send(method, path, headers, body, query)

    service.send = refuse
    yield
    service.send = send
