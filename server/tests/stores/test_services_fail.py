"""The real PostgreSQL, Redis and DynamoDB Local die under load, and connections to them and to S3 are
cut, half open and slow (T9); and processes that write to them die (T7). Nothing that was acknowledged
is lost, errors say what is wrong, and writing goes on within ten seconds. A soak runs
ROPEWALK_RESTARTS=20 cycles of each of the first two, and ROPEWALK_KILLS=20 of the third."""

import asyncio
import os
import random
import signal

import pytest
from harness.cloud import Bucket, DynamoDB
from harness.proxy import Proxy
from harness.services import PostgreSQL, Redis
from harness.soaking import SOAK, counted, say, times
from load import Load
from test_kill import Journal, check, run_victim

from ropewalk_server.stores import open_store

CYCLES = times("RESTARTS", 1, 20)
KILLS = times("KILLS", 1, 20)
SEED = int(os.environ.get("ROPEWALK_SEED", "1"))
# Of a machine that does nothing else; on a busy one this says little.
READY_SECONDS = 10 if SOAK else 60
SERVICES = {"postgresql": PostgreSQL, "redis": Redis, "dynamodb": DynamoDB}
# What stands for S3 keeps nothing when it ends, so it is not killed.
CUT = {**SERVICES, "s3": Bucket}


@pytest.fixture(scope="module", params=SERVICES)
def service(request):
    """One that keeps what it has acknowledged, whatever happens to it."""
    made = SERVICES[request.param](durable=True)
    yield made
    made.remove()


@pytest.fixture(scope="module", params=CUT)
def reachable(request):
    made = CUT[request.param](durable=True)
    yield made
    made.remove()


async def opened(url):
    store = open_store(url)
    await store.open()
    return store


def quick(service, url):
    """With time-outs short enough for a half-open connection to be noticed while a test runs."""
    return f"{url}{'&' if '?' in url else '?'}{service.quick}"


class Ready:
    """How long it took until all could write again."""

    def __init__(self, what):
        self.what = what
        self.longest = 0.0

    async def again(self, load):
        took = await load.goes_on()
        self.longest = max(self.longest, took)
        assert took < READY_SECONDS, f"{self.what}: ready after {took:.1f} s"

    def say(self, load):
        say(
            f"T9 {self.what}: {CYCLES} cycles, {load.total} acknowledged, 0 lost, "
            f"{len(load.errors)} errors shown, ready within {self.longest:.1f} s"
        )


async def test_a_store_that_is_killed_and_comes_back_has_lost_nothing(service):
    url = service.url(service.new_database())
    store = await opened(quick(service, url))
    load = Load(store)
    rng = random.Random(SEED)
    ready = Ready(f"{service.name} killed")
    for _ in counted(ready.what, range(CYCLES)):
        await load.goes_on()
        await asyncio.sleep(rng.random() * 0.2)
        await asyncio.to_thread(service.kill)
        await load.fails()
        await asyncio.to_thread(service.start)
        await ready.again(load)
        assert "does not answer" in str(load.errors[-1])
    await load.stop()
    await load.check(store)
    await store.close()
    fresh = await opened(url)
    await load.check(fresh)
    await fresh.close()
    ready.say(load)


async def test_connections_that_are_cut_slow_and_half_open_lose_nothing(reachable):
    database = reachable.new_database()
    ready = Ready(f"{reachable.name} cut")
    async with Proxy(reachable.port) as proxy:
        store = await opened(quick(reachable, reachable.url(database, proxy.port)))
        other = await opened(reachable.url(database))
        load = Load(store)
        for _ in counted(ready.what, range(CYCLES)):
            await load.goes_on()
            proxy.cut()
            await ready.again(load)
            proxy.refuse()
            await load.fails()
            proxy.heal()
            await ready.again(load)
            proxy.half_open()
            await load.fails()
            proxy.heal()
            await ready.again(load)
            proxy.delay = 0.02
            await ready.again(load)
            proxy.delay = 0.0
            # So slow that a request may take longer than it has: what then is is not said here.
            proxy.rate = 1024
            await asyncio.sleep(0.5)
            proxy.rate = None
            await ready.again(load)
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
    ready.say(load)


async def test_a_writer_that_is_killed_has_lost_nothing_acknowledged(service):
    url = service.url(service.new_database())
    rng = random.Random(SEED)
    journal = Journal()
    for cycle in counted(f"T7 {service.name}", range(KILLS)):
        before = sum(journal.acked.values())
        after = 0.2 + rng.random() * 0.4
        code = await run_victim(url, journal, 60, kill_after=after)
        assert code == -signal.SIGKILL, f"cycle {cycle} of seed {SEED} ended with {code}"
        await check(url, journal)
        assert sum(journal.acked.values()) >= before
    say(f"T7 {service.name}: {KILLS} kills, {sum(journal.acked.values())} acknowledged, 0 lost")
    # And one that is left alone goes on and ends well.
    assert await run_victim(url, journal, 0.3) == 0
    assert journal.events[-1] == "closed"
    await check(url, journal)
