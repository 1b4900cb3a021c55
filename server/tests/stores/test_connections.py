"""Who is connected, as Redis has it (S3-25, -26, -51, -52, -54): keys, what is in them, how long they live;
and that it is right again after whatever has happened to Redis or to a process."""

import asyncio
import json
import time

import pytest
from harness import services
from test_redis import commands

from ropewalk_server.stores import open_store
from ropewalk_server.stores.connected import STALE_SECONDS
from ropewalk_server.stores.redis import connections as module
from ropewalk_server.stores.redis.cache import LIFETIME

DOC = "acme%20inc/letters/7"
SET, PRESENCE = "letter:{acme%2520inc/letters/7}:connections", "presence:{acme%2520inc/letters/7}"


@pytest.fixture
async def redis():
    url = services.redis().url(services.redis().new_database())
    async with commands(url) as client:
        client.url = url
        yield client


class Process:
    """One that has the store open."""

    def __init__(self, url):
        self.store = open_store(f"{url}?durable=none")
        self.connections = self.store.connections

    async def __aenter__(self):
        await self.store.open()
        self.connections.start()
        return self.connections

    async def __aexit__(self, *error):
        await self.connections.close()
        await self.store.close()


async def until(check, seconds=20):
    """The last value, as soon as it is true."""
    end = time.monotonic() + seconds
    while not (found := await check()):
        assert time.monotonic() < end, f"{found!r}, still"
        await asyncio.sleep(0.02)
    return found


def members(redis):
    async def check():
        return sorted(id.decode() for id in await redis.smembers(SET))

    return check


def are(redis, *ids):
    async def check():
        return await members(redis)() == sorted(ids)

    return check


async def test_a_connection_has_a_hash_and_a_place_in_the_set_of_its_letter(redis):
    async with Process(redis.url) as here:
        here.joined(DOC, "p-c1", "ada", 1234.5)
        here.joined("acme%20inc/other", "p-c2", "ada", 1235.0)
        await until(are(redis, "p-c1"))
        found = await redis.hgetall("connection:p-c1")
        assert abs(int(found.pop(b"seen")) - time.time()) < 60
        assert found == {
            b"userId": b"ada",
            b"letterId": b"letters/7",
            b"firmId": b"acme inc",
            b"connectedAt": b"1234.5",
        }
        for key in ("connection:p-c1", SET):
            assert LIFETIME - 60 < await redis.ttl(key) <= LIFETIME == 24 * 3600
        here.left(DOC, "p-c1")
        await until(are(redis))
        assert not await redis.exists("connection:p-c1", PRESENCE)
        assert await redis.exists("connection:p-c2")
    assert not await redis.exists("connection:p-c2")  # it ended well


async def test_what_people_show_is_a_hash_by_person(redis):
    async with Process(redis.url) as here:
        here.joined(DOC, "p-c1", "ada", 1.0)
        here.joined(DOC, "p-c2", "ada", 2.0)
        here.joined(DOC, "p-c3", "bob", 3.0)
        here.shown(DOC, "p-c1", b'{"cursor": 1}')
        here.shown(DOC, "p-c3", b'{"cursor": 3}')

        async def shown():
            found = await redis.hgetall(PRESENCE)
            return {user: json.loads(value)["state"] for user, value in found.items()}

        async def both():
            return await shown() == {b"ada": '{"cursor": 1}', b"bob": '{"cursor": 3}'}

        await until(both)
        assert LIFETIME - 60 < await redis.ttl(PRESENCE) <= LIFETIME
        people = await here.connected(DOC)
        assert [(one.id, one.user, one.since, one.shown) for one in people] == [
            ("p-c1", "ada", 1.0, {"cursor": 1}),
            ("p-c2", "ada", 2.0, {"cursor": 1}),
            ("p-c3", "bob", 3.0, {"cursor": 3}),
        ]
        # Another window of the same person has the last word, and only that one takes it back.
        here.shown(DOC, "p-c2", b'{"cursor": 2}')
        here.left(DOC, "p-c1")
        await until(are(redis, "p-c2", "p-c3"))
        assert (await shown())[b"ada"] == '{"cursor": 2}'
        here.left(DOC, "p-c2")
        await until(are(redis, "p-c3"))
        assert set(await shown()) == {b"bob"}


async def test_what_is_written_lets_them_live_on(redis):
    async with Process(redis.url) as here:
        here.joined(DOC, "p-c1", "ada", 1.0)
        here.shown(DOC, "p-c1", b"{}")

        async def there():
            return await redis.exists(SET, PRESENCE) == 2

        await until(there)
        for key in (SET, PRESENCE):
            await redis.expire(key, 100)
        here.touched(DOC)

        async def lives_on():
            return min(await redis.ttl(SET), await redis.ttl(PRESENCE)) > LIFETIME - 60

        await until(lives_on)


async def test_a_burst_is_one_call(redis):
    async with Process(redis.url) as here:
        for number in range(500):
            here.joined(DOC, f"p-c{number}", f"u{number}", 1.0)
            here.shown(DOC, f"p-c{number}", b"{}")
            here.touched(DOC)

        async def all_are_there():
            return await redis.scard(SET) == await redis.hlen(PRESENCE) == 500

        await until(all_are_there)
        assert here.calls == 1


async def test_redis_may_forget_everything(redis, monkeypatch):
    monkeypatch.setattr(module, "_REFRESH_SECONDS", 0.2)
    async with Process(redis.url) as here:
        here.joined(DOC, "p-c1", "ada", 1.0)
        here.shown(DOC, "p-c1", b'{"cursor": 1}')
        await until(are(redis, "p-c1"))
        await redis.flushdb()

        async def is_back():
            return [(one.user, one.shown) for one in await here.connected(DOC)] == [
                ("ada", {"cursor": 1})
            ]

        await until(is_back)


async def test_who_died_with_its_process_counts_for_nothing_and_is_erased(redis, monkeypatch):
    async with Process(redis.url) as here, Process(redis.url) as other:
        other.joined(DOC, "dead-c1", "eve", 1.0)
        other.shown(DOC, "dead-c1", b'{"cursor": 9}')
        here.joined(DOC, "p-c1", "ada", 2.0)
        await until(are(redis, "dead-c1", "p-c1"))
        assert [one.user for one in await here.connected(DOC)] == ["eve", "ada"]

        async def shown():
            return await redis.hget(PRESENCE, "eve")

        said = json.loads(await until(shown))
        # Nothing was heard of it for longer than that.
        long_ago = int(time.time() - STALE_SECONDS - 5)
        await redis.hset("connection:dead-c1", "seen", long_ago)
        await redis.hset(PRESENCE, "eve", json.dumps({**said, "seen": str(long_ago)}))
        assert [one.user for one in await here.connected(DOC)] == ["ada"]
        assert await members(redis)() == ["p-c1"]
        assert not await redis.exists("connection:dead-c1", PRESENCE)
        # It was only late: what it says next makes it known again.
        monkeypatch.setattr(module, "_REFRESH_SECONDS", 0.2)
        other.shown(DOC, "dead-c1", b'{"cursor": 10}')
        await until(shown)


async def test_who_is_erased_everywhere_is_erased_by_those_who_are_there(redis, monkeypatch):
    monkeypatch.setattr(module, "_REFRESH_SECONDS", 0.2)
    async with Process(redis.url) as here:
        await redis.sadd(SET, "dead-c1", "dead-c2")
        await redis.hset("connection:dead-c2", "seen", 5)
        await redis.hset(PRESENCE, "eve", "not JSON")
        here.joined(DOC, "p-c1", "ada", 2.0)
        await until(are(redis, "p-c1"))
        assert not await redis.exists("connection:dead-c2", PRESENCE)
