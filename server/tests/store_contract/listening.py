"""S5: who listens hears of every version."""

import asyncio

import pytest

from ropewalk_server.stores.contract import Version

from .harness import ContractTests, soon


class Listening(ContractTests):
    async def test_a_subscription_tells_of_what_lands_after_the_call(self, make_store):
        store, other = await make_store(), await make_store()
        await store.append("a", [b"before"])
        news = store.subscribe("a")
        await store.append("a", [b"1"])
        assert await soon(anext(news)) == Version(0, 2)
        await other.append("a", [b"2"])
        assert await self.hear(news, Version(0, 3)) == Version(0, 3)
        await other.seal("a", Version(0, 3), b"new")
        assert await self.hear(news, Version(1, 0)) == Version(1, 0)
        await other.delete("a")
        assert await self.hear(news, Version(2, 0)) == Version(2, 0)
        await news.aclose()

    async def test_news_of_one_document_only_in_order_and_with_the_newest_last(self, make_store):
        store, other = await make_store(), await make_store()
        news = store.subscribe("a")
        heard = []

        async def listen():
            async for version in news:
                heard.append(version)
                if version.seq == 60:
                    return

        async def write(writer):
            for _ in range(30):
                await (store, other)[writer].append("a", [b"x"])
                await store.append("b", [b"y"])

        await soon(asyncio.gather(listen(), write(0), write(1)), 60)
        assert heard == sorted(heard)
        await news.aclose()

    async def test_a_subscription_that_is_closed_ends(self, store):
        news = store.subscribe("a")
        waiting = asyncio.ensure_future(anext(news, None))
        await asyncio.sleep(0)
        await news.aclose()
        assert await soon(waiting) is None
        await store.append("a", [b"1"])
        assert await soon(anext(news, None)) is None

    async def test_waiting_for_news_may_be_given_up_and_begun_again(self, store):
        news = store.subscribe("a")
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(anext(news), 0.01)
        await store.append("a", [b"1"])
        assert await soon(anext(news)) == Version(0, 1)
        await news.aclose()

    async def test_a_listener_that_sleeps_holds_one_version(self, store):
        news = store.subscribe("a")
        for _ in range(100):
            await store.append("a", [b"x"])
        assert await soon(anext(news)) == Version(0, 100)
        await news.aclose()
