"""Several processes that write one document all the time, on stores where each write is a compare-and-set:
nobody is left behind. (Who waited before trying again with the head of before lost for seconds to who
did not.)"""

import asyncio

import pytest
from harness import services

from ropewalk_server.stores import open_store

URLS = {
    "postgresql": lambda: services.postgresql().url(services.postgresql().new_database()),
    "redis": lambda: f"{services.redis().url(services.redis().new_database())}?durable=none",
}
WRITERS = 5
EACH = 5
# How often the luckiest may have had its turn, of that of the unluckiest: chance, and how processors are
# shared, bring 20; who waited with an old head had none at all.
MOST = 150


@pytest.mark.parametrize("kind", URLS)
async def test_nobody_is_left_behind(kind):
    url = URLS[kind]()
    stores = [open_store(url) for _ in range(WRITERS)]
    for store in stores:
        await store.open()
    counts = [0] * WRITERS

    async def write(number):
        # On, until everybody has had enough: who is behind has all the others against it.
        while min(counts) < EACH:
            await stores[number].append("a", [b"%d" % number])
            counts[number] += 1
            assert max(counts) <= MOST * (min(counts) + 1), counts

    await asyncio.wait_for(asyncio.gather(*map(write, range(WRITERS))), 120)
    assert (await stores[0].read("a")).version.seq == sum(counts)
    for store in stores:
        await store.close()
