"""The store in memory, by the contract of all stores, and what its plan of faults does."""

import asyncio
from contextlib import asynccontextmanager
from random import Random

import pytest
from store_contract import StoreContract, updates_of

from ropewalk_server.stores import open_store
from ropewalk_server.stores.contract import Conflict, StoreError, Version
from ropewalk_server.stores.faults import Fault, FaultPlan
from ropewalk_server.stores.memory import MemoryStore


class TestMemoryStore(StoreContract):
    @pytest.fixture
    async def make_store(self):
        first = MemoryStore()

        async def make():
            store = first.another(FaultPlan())
            await store.open()
            return store

        return make

    async def spoil(self, store, doc, seq):
        store.spoil(doc, seq)

    @asynccontextmanager
    async def fail(self, store):
        store._faults = FaultPlan(
            [
                Fault(call, nth, "fail")
                for call in ("append", "compact", "seal", "savepoint")
                for nth in (1, 2)
            ]
        )
        yield
        store._faults.stop()


async def test_the_nth_call_fails_and_no_other():
    store = MemoryStore(FaultPlan([Fault("append", 2, "fail"), Fault("read", 1, "fail")]))
    await store.append("a", [b"1"])
    with pytest.raises(StoreError, match="append failed"):
        await store.append("a", [b"2"])
    await store.append("a", [b"3"])
    with pytest.raises(StoreError, match="read failed"):
        await store.read("a")
    assert updates_of(await store.read("a")) == [b"1", b"3"]


async def test_an_answer_that_is_lost_was_given():
    store = MemoryStore(FaultPlan([Fault("append", 1, "lose")]))
    with pytest.raises(StoreError, match="lost"):
        await store.append("a", [b"1"])
    assert updates_of(await store.read("a")) == [b"1"]


async def test_a_conflict_on_request_tells_the_newest():
    store = MemoryStore(FaultPlan([Fault("*", 2, "conflict")]))
    await store.append("a", [b"1"])
    with pytest.raises(Conflict) as caught:
        await store.append("a", [b"2"])
    assert caught.value.newest == Version(0, 1)


async def test_a_delayed_call_comes_behind_one_that_began_later():
    store = MemoryStore(FaultPlan([Fault("append", 1, "delay", 0.05)]))
    await asyncio.gather(store.append("a", [b"late"]), store.append("a", [b"early"]))
    assert updates_of(await store.read("a")) == [b"early", b"late"]


async def test_late_and_repeated_news_still_end_with_the_newest():
    plan = FaultPlan(random=Random(7), longest_delay=0.02, news_twice=0.5, news_late=0.8)
    store = MemoryStore(plan)
    news = store.subscribe("a")
    for _ in range(30):
        await store.append("a", [b"x"])
    heard = []
    while not heard or heard[-1].seq < 30:
        heard.append(await asyncio.wait_for(anext(news), 5))
    assert heard == sorted(heard)


async def test_random_faults_are_the_same_with_the_same_seed():
    async def run(seed):
        rates = {"fail": 0.2, "lose": 0.1, "conflict": 0.1}
        store = MemoryStore(FaultPlan(random=Random(seed), rates=rates))
        results = []
        for number in range(50):
            try:
                results.append(await store.append("a", [str(number).encode()]))
            except StoreError as error:
                results.append(str(error))
        return results

    assert await run(1) == await run(1) != await run(2)


async def test_urls_name_stores():
    assert isinstance(open_store("memory:"), MemoryStore)
    for url, reason in [
        ("", "not the URL"),
        ("rooms.db", "known are sqlite:PATH"),
        ("mysql://x", "no store is named 'mysql'; known are sqlite:PATH"),
        ("memory:x", "takes nothing"),
        ("sqlite:", "needs a path"),
        ("sqlite:x?sync=off", "knows sync=full and sync=normal"),
        ("sqlite:x?mode=ro", "not mode=ro"),
    ]:
        with pytest.raises(ValueError, match=reason.replace("?", r"\?")):
            open_store(url)
