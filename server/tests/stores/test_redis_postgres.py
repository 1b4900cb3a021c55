"""Redis beside PostgreSQL, by the contract of all stores; and what Redis may lose: everything."""

import pytest
from harness import services
from store_contract import opening, updates_of
from test_postgres import TestPostgres as OnPostgres
from test_redis import commands

from ropewalk_server.stores.contract import Version
from ropewalk_server.stores.records import Kind, encode
from ropewalk_server.stores.redis.cache import LIFETIME


class TestRedisBesidePostgres(OnPostgres):
    @pytest.fixture
    async def make_store(self):
        self.url = services.postgresql().empty_database()
        self.cache = services.redis().url()
        async with commands(self.cache) as client:
            await client.flushdb()
        async with opening(f"redis+{self.url}?redis={self.cache}") as make:
            yield make

    async def test_what_redis_has_is_used_and_may_be_lost_wrong_or_old(self, make_store):
        store = await make_store()
        await store.append("a", [b"1", b"2"])
        await store.compact("a", Version(0, 2), b"12")
        await store.append("a", [b"3"])
        await store.close()  # what goes to Redis beside the answer has gone there
        store = await make_store()
        async with commands(self.cache) as client:
            assert 0 < await client.ttl("ydoc:{a}") <= LIFETIME
            kept = await client.get("ydoc:{a}")

            async def check():
                history = await store.read("a")
                assert (history.version, history.snapshot.data) == (Version(0, 3), b"12")
                assert updates_of(history) == [b"3"]

            await check()
            # That it is used shows in what could be nowhere else.
            other = encode(Kind.SNAPSHOT, b"a", Version(0, 3), b"from Redis")
            await client.set("ydoc:{a}", other)
            assert (await store.read("a")).snapshot.data == b"from Redis"
            wrong = [
                kept[:-3],
                bytes([kept[0] ^ 1]) + kept[1:],
                b"",
                encode(Kind.SNAPSHOT, b"b", Version(0, 2), b"of another"),
                encode(Kind.UPDATE, b"a", Version(0, 2), b"no snapshot"),
                encode(Kind.SNAPSHOT, b"a", Version(0, 9), b"ahead"),
                encode(Kind.SNAPSHOT, b"a", Version(3, 0), b"another epoch"),
            ]
            for record in wrong:
                await client.set("ydoc:{a}", record)
                await check()
            await client.flushdb()
            await check()
            await store.delete("a")
            assert await client.get("ydoc:{a}") is None

    async def test_without_redis_documents_are_there(self, make_store):
        store = await make_store()
        await store.append("a", [b"1"])
        redis = services.redis()
        redis.kill()
        try:
            assert await store.append("a", [b"2"]) == Version(0, 2)
            assert updates_of(await store.read("a")) == [b"1", b"2"]
        finally:
            redis.start()
