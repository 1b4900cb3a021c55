"""Who is in the room of another process is seen as if they were in this one."""

import json

import pytest
from harness import services
from harness.peers import Peer, make_rooms, until

from ropewalk_server.limits import Limits
from ropewalk_server.stores import open_store

URLS = {
    "postgresql": lambda: services.postgresql().url(services.postgresql().new_database()),
    "redis": lambda: f"{services.redis().url(services.redis().new_database())}?durable=none",
}
LARGE = json.dumps({"user": {"id": "ann"}, "text": "x" * 30_000}).encode()


@pytest.fixture(params=URLS)
async def servers(request):
    url = URLS[request.param]()
    servers = [
        make_rooms(open_store(url), limits=Limits(awareness_interval=0.01, awareness_seconds=600))
        for _ in range(2)
    ]
    for rooms in servers:
        await rooms.start()
    yield servers
    for rooms in servers:
        await rooms.stop()


async def join(rooms, who):
    return await (await Peer(rooms).hello(token=who)).sync()


async def test_states_are_seen_in_all_processes_and_go_with_their_connection(servers):
    ann = await join(servers[0], "ann")
    bob = await join(servers[1], "bob")
    await ann.show(b'{"cursor": 1}')
    await until(lambda: bob.seen() == {ann.doc.client_id: b'{"cursor": 1}'}, 20)
    await bob.show(LARGE.replace(b"ann", b"bob"))
    await until(lambda: bob.doc.client_id in ann.seen(), 20)
    assert ann.seen()[bob.doc.client_id] == LARGE.replace(b"ann", b"bob")
    # Whoever comes later is told of all.
    cid = await join(servers[1], "cid")
    await until(lambda: len(cid.seen()) == 2, 20)
    await ann.leave()
    await until(lambda: set(cid.seen()) == {bob.doc.client_id}, 20)


async def test_a_process_that_opens_a_room_asks_who_is_there(servers):
    ann = await join(servers[0], "ann")
    await ann.show(b'{"cursor": 1}')
    await until(lambda: ann.seen(), 20)
    bob = await join(servers[1], "bob")
    await until(lambda: bob.seen() == {ann.doc.client_id: b'{"cursor": 1}'}, 20)


async def test_who_reconnects_elsewhere_is_there_once(servers):
    ann, bob = await join(servers[0], "ann"), await join(servers[0], "bob")
    await ann.show(b'{"cursor": 1}', clock=1)
    await until(lambda: bob.seen(), 20)
    again = await join(servers[1], "ann")
    await again.show(b'{"cursor": 2}', client=ann.doc.client_id, clock=2)
    await until(lambda: bob.seen() == {ann.doc.client_id: b'{"cursor": 2}'}, 20)
    # The old connection ends at last, and takes nobody with it.
    await ann.leave()
    await bob.show(b'{"cursor": 3}')
    await until(lambda: len(again.seen()) == 2, 20)
    assert ann.doc.client_id in bob.seen()
    # Nobody else speaks for a client of another process.
    thief = await join(servers[0], "thief")
    await thief.show(b'{"cursor": 9}', client=ann.doc.client_id, clock=9)
    await thief.show(b'{"cursor": 4}')
    await until(lambda: thief.doc.client_id in again.seen(), 20)
    assert again.seen()[ann.doc.client_id] == b'{"cursor": 2}'


async def test_a_server_that_goes_away_takes_its_people_with_it(servers):
    ann, bob = await join(servers[0], "ann"), await join(servers[1], "bob")
    await ann.show(b'{"cursor": 1}')
    await until(lambda: bob.seen(), 20)
    await servers[0].stop()
    await until(lambda: not bob.seen(), 20)
