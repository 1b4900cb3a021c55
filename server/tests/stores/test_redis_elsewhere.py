"""Redis in other shapes: a node of a cluster, where all keys of a document lie in one slot (S3-64), and
one with a replica, which WAIT asks."""

import asyncio
import time

import pytest
from harness.proxy import Proxy
from harness.services import Redis, free_port
from hypothesis import given
from hypothesis import strategies as st
from redis.crc import key_slot
from store_contract import opening, updates_of
from store_contract.appending import Appending
from store_contract.documents import Documents
from store_contract.ending import Ending
from store_contract.listening import Listening
from store_contract.parts import Parts
from store_contract.replacing import Replacing
from test_redis import TestRedis as OnRedis
from test_redis import commands

from ropewalk_server.stores import open_store
from ropewalk_server.stores.contract import StoreError, Version
from ropewalk_server.stores.redis import keys
from ropewalk_server.stores.redis.connections import RedisConnections


@given(st.text(min_size=1).map(lambda text: text.encode("utf-8", "replace")))
def test_all_keys_of_a_document_lie_in_one_slot(name):
    head, log, rows, snapshots, aside = keys.of_document(name)
    found = [head, log, rows, snapshots, aside, snapshots + b":0-7"]
    found += [keys.snapshot(name), keys.connections(name), keys.presence(name)]
    assert len({key_slot(key) for key in found}) == 1
    assert len(set(found)) == len(found)


def test_documents_are_spread():
    """And those of one tenant, too."""
    slots = {key_slot(keys.of_document(b"firm/letters/%d" % n)[0]) for n in range(1000)}
    assert len(slots) > 900


@pytest.fixture(scope="module")
def node():
    """All slots are its own; what touches two of them at once is refused as in any cluster."""
    made = Redis("--cluster-enabled", "yes", "--cluster-port", str(free_port()))

    async def begin():
        async with commands(made.url()) as client:
            await client.execute_command("CLUSTER", "ADDSLOTSRANGE", 0, 16383)
            end = time.monotonic() + 60
            while b"cluster_state:ok" not in await client.execute_command("CLUSTER", "INFO"):
                assert time.monotonic() < end, "the cluster does not begin"
                await asyncio.sleep(0.05)

    asyncio.run(begin())
    yield made
    made.remove()


class TestANodeOfACluster(Appending, Replacing, Parts, Ending, Listening, Documents):
    share = 0.2

    @pytest.fixture
    async def make_store(self, node):
        self.url = f"{node.url()}?durable=none"
        async with commands(self.url) as client:
            await client.flushall()
        async with opening(self.url) as make:
            yield make

    spoil, fail = OnRedis.spoil, OnRedis.fail

    async def test_it_refuses_what_does_not_lie_together(self, make_store):
        """Or this would show nothing."""
        async with commands(self.url) as client:
            with pytest.raises(Exception, match="hash to the same slot"):
                await client.mget("a", "b")

    async def test_who_is_connected(self, make_store):
        store = await make_store()
        connections = store.connections
        assert isinstance(connections, RedisConnections)
        connections.start()
        for doc in ("firm/a", "firm/b"):
            connections.joined(doc, f"p-{doc}", "ada", 1.0)
            connections.shown(doc, f"p-{doc}", b"{}")
        await connections.close()
        assert await connections.connected("firm/a") == []


async def replicates(redis):
    async with commands(redis.url()) as client:
        end = time.monotonic() + 60
        while (known := await client.info("replication")).get("slave0", {}).get("state") != "online":
            assert time.monotonic() < end, f"the replica does not come: {known}"
            await asyncio.sleep(0.05)


async def test_a_write_is_acknowledged_when_so_many_replicas_have_it():
    redis = Redis("--repl-diskless-sync-delay", "0")
    replica = Redis("--replicaof", f"127.0.0.1 {redis.port}")
    try:
        await replicates(redis)
        # So patient that a busy machine is no replica that is gone.
        store = open_store(f"{redis.url()}?durable=none&replicas=1&timeout=30")
        await store.open()
        for number in range(20):
            await store.append("a", [b"%d" % number])
            # Not soon: now.
            copy = open_store(f"{replica.url()}?durable=none")
            await copy.open()
            assert (await copy.read("a")).version == Version(0, number + 1)
            await copy.close()
        # A connection that breaks between the write and the answer: whether it was done is not known,
        # and that it is there does not say that the replica has it.
        async with Proxy(redis.port) as proxy:
            url = redis.url(port=proxy.port)
            remote = open_store(f"{url}?durable=none&replicas=1&timeout=5")
            await remote.open()
            await remote.append("a", [b"there"])
            replica.kill()
            writing = asyncio.ensure_future(remote.append("a", [b"written"]))
            while updates_of(await store.read("a"))[-1] != b"written":
                await asyncio.sleep(0.01)
            proxy.cut()
            with pytest.raises(StoreError, match="0 of 1 replicas have it; it is not acknowledged"):
                await writing
            await remote.close()
        hasty = open_store(f"{redis.url()}?durable=none&replicas=1&timeout=1")
        await hasty.open()
        with pytest.raises(StoreError, match="0 of 1 replicas have it; it is not acknowledged"):
            await hasty.append("a", [b"late"])
        await hasty.close()
        replica.start()
        await replicates(redis)
        version = await store.append("a", [b"again"])
        assert updates_of(await store.read("a"))[-1] == b"again"
        await store.close()
        # What was acknowledged outlives the machine that it was written to.
        redis.kill()
        copy = open_store(f"{replica.url()}?durable=none&timeout=5")
        await copy.open()
        assert (await copy.read("a")).version == version
        await copy.close()
    finally:
        redis.remove()
        replica.remove()
