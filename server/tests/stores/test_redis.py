"""The store in Redis, by the contract of all stores."""

import asyncio
from contextlib import asynccontextmanager

import pytest
import redis.asyncio
from harness import services
from store_contract import SeveralProcesses, StoreContract, opening

from ropewalk_server.stores.contract import Version
from ropewalk_server.stores.redis import keys


@asynccontextmanager
async def commands(url):
    """Past the store."""
    client = redis.asyncio.Redis.from_url(url.partition("?")[0])
    try:
        yield client
    finally:
        await client.aclose()


async def spoil(url, doc, seq):
    """Flips a bit in the record of an entry, or of a snapshot if there is no such entry."""
    _, log, _, snapshots, _ = keys.of_document(doc.encode())
    async with commands(url) as client:
        entries = await client.xrange(log)
        found = [id for id, _ in entries if id.endswith(b"-%d" % seq)]
        if found:
            # Entries of a stream never change: another stream takes its place.
            await client.delete(log)
            for id, fields in entries:
                if id in found:
                    fields = {b"r": flipped(fields[b"r"])}
                await client.xadd(log, fields, id=id)
            return
        for version in await client.smembers(snapshots):
            if version.endswith(b"-%d" % seq):
                place = snapshots + b":" + version
                await client.set(place, flipped(await client.get(place)))


def flipped(record):
    return record[:-20] + bytes([record[-20] ^ 4]) + record[-19:]


class TestRedis(StoreContract, SeveralProcesses):
    @pytest.fixture
    async def make_store(self):
        # The one of these tests keeps nothing; test_services_fail.py has one that does.
        self.url = f"{services.redis().url()}?durable=none"
        async with commands(self.url) as client:
            await client.flushall()
        async with opening(self.url) as make:
            yield make

    async def spoil(self, store, doc, seq):
        await spoil(self.url, doc, seq)

    @asynccontextmanager
    async def fail(self, store):
        """Redis has no memory left: it says so, to whoever writes."""
        async with commands(self.url) as client:
            await client.config_set("maxmemory", "1")
            try:
                yield
            finally:
                await client.config_set("maxmemory", "0")


async def test_a_burst_of_updates_is_one_call():
    url = services.redis().url(services.redis().new_database())
    async with opening(f"{url}?durable=none") as make, commands(url) as client:
        store = await make()
        await store.append("a", [b"first"])
        counted = await calls(client)
        await asyncio.gather(*(store.append("a", [b"%d" % n]) for n in range(300)))
        assert (await store.read("a")).version == Version(0, 301)
        # One script for all of them, and the read.
        assert await calls(client) == counted + 2


async def calls(client):
    return (await client.info("commandstats")).get("cmdstat_evalsha", {}).get("calls", 0)
