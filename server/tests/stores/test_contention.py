"""T12 and T13 on DynamoDB: writers that all append to one document, each as a process of its own would.
Every update is there once, the log has no gap, and writers offer each row at most five times, on
average. A soak: 100 writers x 20 in 100 processes, ROPEWALK_RUNS=10 times.

An append that had no turn within its budget of 10 s is told so (StoreError, transient) and is written
again by its writer, as rooms do: that is no failure, its tries count among the five, and how many
there were is printed. What must never be is that such an append was done nevertheless: then its
update would be there twice."""

import asyncio
import os
import random
import sys
from pathlib import Path

import pytest
from harness.cloud import DynamoDB, dynamodb, dynamodb_url, new_name
from harness.proxy import Proxy
from harness.soaking import SOAK, say, times

from ropewalk_server.stores import open_store
from ropewalk_server.stores.contract import NOTHING, Conflict, StoreError

RUNS = times("RUNS", 1, 10)
PROCESSES = times("PROCESSES", 2, 100)
WRITERS = times("WRITERS", 20, 100)
UPDATES = 20 if SOAK else 10
SEED = int(os.environ.get("ROPEWALK_SEED", "1"))


async def read_all(url, doc):
    store = open_store(url)
    await store.open()
    history = await store.read(doc)
    await store.close()
    return history


def check_exact(history, names, updates):
    """Each update once, each writer's in its order, no number left out."""
    assert not history.damaged
    assert [entry.version.seq for entry in history.entries] == list(
        range(1, len(history.entries) + 1)
    )
    written = [entry.update.decode() for entry in history.entries]
    assert len(written) == len(set(written)) == len(names) * updates
    for name in names:
        own = [update for update in written if update.startswith(f"{name}:")]
        assert own == [f"{name}:{number}" for number in range(updates)]


@pytest.fixture
def table():
    """A soak has a service for each run: one that has taken some of them answers slower and slower, and
    tries are counted, not its garbage."""
    if not SOAK:
        yield dynamodb_url(new_name())
        return
    service = DynamoDB()
    yield service.url(new_name())
    service.remove()


@pytest.mark.parametrize("run", range(RUNS))
async def test_many_writers_of_one_document_lose_and_double_nothing(run, table):
    url = table
    await open_store(url).create()
    each = WRITERS // PROCESSES
    processes = [
        await asyncio.create_subprocess_exec(
            sys.executable,
            str(Path(__file__).parent / "contending.py"),
            *(url, "a", str(n * each), str((n + 1) * each), str(UPDATES)),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        for n in range(PROCESSES)
    ]
    for process in processes:
        assert await process.stdout.readline() == b"ready\n"
    for process in processes:
        process.stdin.write(b"go\n")
    offered, again = 0, 0
    for process in processes:
        line = await process.stdout.readline()
        offered, again = offered + int(line.split()[0]), again + int(line.split()[1])
        assert await process.wait() == 0
    check_exact(await read_all(url, "a"), range(WRITERS), UPDATES)
    rate = offered / (WRITERS * UPDATES)
    say(
        f"T12 run {run}: {WRITERS} x {UPDATES} in {PROCESSES} processes, each there once, no gap; "
        f"{rate:.2f} tries for each, {again} appends without a turn in 10 s, written again"
    )
    assert rate <= 5


async def test_compare_and_set_by_many_is_exact():
    """A counter: each reads it, adds one, and writes it on condition that it is still that."""
    url = dynamodb_url(new_name())
    await open_store(url).create()
    stores = [open_store(url) for _ in range(8)]
    for store in stores:
        await store.open()

    async def count(store):
        for _ in range(5):
            while True:
                history = await store.read("counter")
                value = int(history.entries[-1].update) if history.entries else 0
                try:
                    update = str(value + 1).encode()
                    await store.append("counter", [update], expected=history.version)
                    break
                except Conflict:
                    await asyncio.sleep(random.random() * 0.05)

    await asyncio.gather(*map(count, stores))
    history = await stores[0].read("counter")
    assert [int(entry.update) for entry in history.entries] == list(range(1, 41))
    for store in stores:
        await store.close()


async def test_an_append_whose_answer_was_lost_is_there_once():
    """Connections are cut at random: what the store sends again it recognises as its own."""
    rng = random.Random(SEED)
    name = new_name()
    await open_store(dynamodb_url(name)).create()
    async with Proxy(dynamodb()) as proxy:
        stores = [open_store(dynamodb_url(name, proxy.port)) for _ in range(4)]
        for store in stores:
            await store.open()
        unknown = set()

        async def write(writer, store):
            for number in range(40 if SOAK else 12):
                try:
                    await store.append("a", [f"{writer}:{number}".encode()])
                except StoreError:
                    unknown.add(f"{writer}:{number}")

        async def cut():
            while True:
                await asyncio.sleep(rng.random() * 0.04)
                proxy.cut()

        cutting = asyncio.ensure_future(cut())
        await asyncio.gather(*(write(*each) for each in enumerate(stores)))
        cutting.cancel()
        proxy.heal()
        for store in stores:
            await store.close()
    history = await read_all(dynamodb_url(name), "a")
    written = [entry.update.decode() for entry in history.entries]
    assert len(written) == len(set(written))
    acked = {f"{w}:{n}" for w in range(4) for n in range(40 if SOAK else 12)} - unknown
    assert acked <= set(written)
    assert history.version.seq == len(written)
    assert history.version > NOTHING
