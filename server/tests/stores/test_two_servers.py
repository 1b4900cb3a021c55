"""Two servers on one SQLite file: who writes at one is seen at the other, and both store it once."""

import asyncio

import pytest
from harness.peers import Peer, make_rooms, stored_text, until

from ropewalk_server.stores import open_store


@pytest.fixture
async def servers(tmp_path):
    servers = [make_rooms(open_store(f"sqlite:{tmp_path / 'rooms.db'}")) for _ in range(2)]
    for rooms in servers:
        await rooms.start()
    yield servers
    for rooms in servers:
        await rooms.stop()


def caught_up(peer, words):
    peer.merge()
    return sorted(peer.text.split()) == sorted(words)


async def test_what_is_written_at_one_is_seen_at_the_other(servers):
    ann = await (await Peer(servers[0]).hello(token="ann")).sync()
    bob = await (await Peer(servers[1]).hello(token="bob")).sync()
    await ann.type_numbered("hello ")
    await until(lambda: caught_up(bob, ["hello"]), 10)
    await bob.type_numbered("world ")
    await until(lambda: caught_up(ann, ["hello", "world"]), 10)
    assert ann.text == bob.text == "hello world "


async def test_many_write_at_both_at_once(servers):
    peers = [await (await Peer(servers[n % 2]).hello(token=f"user{n}")).sync() for n in range(6)]
    words = [f"{n}:{number}" for n in range(6) for number in range(25)]

    async def write(n):
        for number in range(25):
            await peers[n].type_numbered(f"{n}:{number} ")
            await asyncio.sleep(0)

    await asyncio.gather(*map(write, range(6)))
    await until(lambda: all(peer.acked == 25 for peer in peers), 20)
    await until(lambda: all([caught_up(peer, words) for peer in peers]), 20)
    assert len({peer.text for peer in peers}) == 1
    assert await stored_text(servers[0]) == peers[0].text
    # Each change was stored once: nobody writes what came from the other.
    entries = (await servers[0].store.read("firm/letter")).entries
    assert len(entries) == 150
