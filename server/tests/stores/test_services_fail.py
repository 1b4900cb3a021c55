"""The real PostgreSQL, Redis and DynamoDB Local die under load, and connections to them are cut, half open and slow
(T9); and processes that write to them die (T7). Nothing that was acknowledged is lost, errors say
what is wrong, and writing goes on within ten seconds. ROPEWALK_SOAK=1 runs 20 cycles of each."""

import asyncio
import os
import random
import signal

import pytest
from harness.cloud import DynamoDB
from harness.proxy import Proxy
from harness.services import PostgreSQL, Redis
from load import Load
from test_kill import Journal, check, run_victim

from ropewalk_server.stores import open_store

SOAK = os.environ.get("ROPEWALK_SOAK") == "1"
CYCLES = int(os.environ.get("ROPEWALK_KILLS", "20" if SOAK else "1"))
SEED = int(os.environ.get("ROPEWALK_SEED", "1"))
# Of a machine that does nothing else; on a busy one this says little.
READY_SECONDS = 10 if SOAK else 60
SERVICES = {"postgresql": PostgreSQL, "redis": Redis, "dynamodb": DynamoDB}


@pytest.fixture(scope="module", params=SERVICES)
def service(request):
    """One that keeps what it has acknowledged, whatever happens to it."""
    made = SERVICES[request.param](durable=True)
    yield made
    made.remove()


@pytest.fixture
def database(service):
    return service.new_database()


async def opened(url):
    store = open_store(url)
    await store.open()
    return store


async def test_a_store_that_is_killed_and_comes_back_has_lost_nothing(service, database):
    url = service.url(database)
    store = await opened(f"{url}?{service.quick}")
    load = Load(store)
    rng = random.Random(SEED)
    for _ in range(CYCLES):
        await load.goes_on()
        await asyncio.sleep(rng.random() * 0.2)
        await asyncio.to_thread(service.kill)
        await load.fails()
        await asyncio.to_thread(service.start)
        assert await load.goes_on() < READY_SECONDS
        assert "does not answer" in str(load.errors[-1])
    await load.stop()
    await load.check(store)
    await store.close()
    fresh = await opened(url)
    await load.check(fresh)
    await fresh.close()


async def test_connections_that_are_cut_slow_and_half_open_lose_nothing(service, database):
    async with Proxy(service.port) as proxy:
        store = await opened(f"{service.url(database, proxy.port)}?{service.quick}")
        other = await opened(service.url(database))
        load = Load(store)
        for _ in range(CYCLES):
            await load.goes_on()
            proxy.cut()
            assert await load.goes_on() < READY_SECONDS
            proxy.refuse()
            await load.fails()
            proxy.heal()
            assert await load.goes_on() < READY_SECONDS
            proxy.half_open()
            await load.fails()
            proxy.heal()
            assert await load.goes_on() < READY_SECONDS
            proxy.delay = 0.02
            assert await load.goes_on() < READY_SECONDS
            proxy.delay = 0.0
        await load.stop()
        await load.check(other)
        # Whoever listened through the proxy hears again, also of what came meanwhile.
        news = store.subscribe("load/one")
        proxy.half_open()
        version = await other.append("load/one", [b"0 0"])
        proxy.heal()
        while await asyncio.wait_for(anext(news), 60) < version:
            pass
        await store.close()
        await other.close()


async def test_a_writer_that_is_killed_has_lost_nothing_acknowledged(service, database):
    url = service.url(database)
    rng = random.Random(SEED)
    journal = Journal()
    for cycle in range(CYCLES):
        before = sum(journal.acked.values())
        after = 0.2 + rng.random() * 0.4
        code = await run_victim(url, journal, 60, kill_after=after)
        assert code == -signal.SIGKILL, f"cycle {cycle} of seed {SEED} ended with {code}"
        await check(url, journal)
        assert sum(journal.acked.values()) >= before
    # And one that is left alone goes on and ends well.
    assert await run_victim(url, journal, 0.3) == 0
    assert journal.events[-1] == "closed"
    await check(url, journal)
