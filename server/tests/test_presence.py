"""Awareness: who may say what of whom, when it ends, and how often it is told."""

from __future__ import annotations

import asyncio
import contextlib
import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ropewalk import Awareness as ClientAwareness

from harness.peers import Peer, awareness, make_rooms, until
from ropewalk_server.errors import Close
from ropewalk_server.limits import Limits
from ropewalk_server.protocol.codec import Unreadable
from ropewalk_server.protocol.messages import Awareness, QueryAwareness, Step1
from ropewalk_server.rooms.presence import read_entries, write_entries
from ropewalk_server.rooms.rooms import Rooms

pytestmark = pytest.mark.anyio


async def open_rooms(**limits: Any) -> Rooms:
    rooms = make_rooms(limits=replace(Limits(), **{"awareness_interval": 0.01, **limits}))
    await rooms.start()
    return rooms


async def enter(rooms: Rooms, token: str | None = None) -> Peer:
    peer = Peer(rooms, token=token)
    await peer.sync()
    return peer


async def test_a_state_is_shown_to_those_here_and_those_who_come() -> None:
    rooms = await open_rooms()
    ann, bob = await enter(rooms), await enter(rooms)
    await ann.show(b'{"name":"Ann"}')
    await until(lambda: bob.seen())
    late = await enter(rooms)
    assert bob.seen() == late.seen() == {ann.doc.client_id: b'{"name":"Ann"}'}
    bob.received.clear()
    await bob.say(QueryAwareness())
    assert bob.seen() == late.seen()
    await rooms.stop()


async def test_it_is_understood_by_clients() -> None:
    rooms = await open_rooms()
    ann, bob = await enter(rooms), await enter(rooms)
    here, there = ClientAwareness(ann.doc), ClientAwareness(bob.doc)
    here.set_local_state({"name": "Ann", "at": [1, 2.5, None, "ü"]})
    await ann.say(Awareness(here.encode_awareness_update([ann.doc.client_id])))
    await until(lambda: bob.all(Awareness))
    there.apply_awareness_update(bob.last(Awareness).update, "server")
    assert there.states[ann.doc.client_id] == {"name": "Ann", "at": [1, 2.5, None, "ü"]}
    await ann.leave()
    await until(lambda: len(bob.all(Awareness)) > 1)
    there.apply_awareness_update(bob.last(Awareness).update, "server")
    assert ann.doc.client_id not in there.states
    await rooms.stop()


async def test_a_state_goes_with_its_connection() -> None:
    rooms = await open_rooms()
    ann, bob = await enter(rooms), await enter(rooms)
    await ann.show(b"{}")
    await until(lambda: bob.seen())
    await ann.leave()
    await until(lambda: not bob.seen())
    assert len(rooms.open_rooms["firm/letter"].presences) == 0
    await rooms.stop()


async def test_a_state_goes_when_nothing_is_heard_of_it() -> None:
    rooms = await open_rooms(awareness_seconds=0.1)
    ann, bob, eve = await enter(rooms), await enter(rooms), await enter(rooms)
    await ann.show(b"{}", clock=1)
    await eve.show(b"{}", clock=1)
    for clock in range(2, 10):
        await asyncio.sleep(0.03)
        await ann.show(b"{}", clock=clock)
    await until(lambda: list(bob.seen()) == [ann.doc.client_id])
    await until(lambda: not bob.seen())
    await ann.show(b"{}", clock=20)
    await until(lambda: bob.seen())
    await rooms.stop()


async def test_museum_a_remote_null_does_not_wipe_somebody_elses_presence() -> None:
    """ygo 73; stock clients send such a null when they have not heard of somebody for a while."""
    rooms = await open_rooms()
    ann, bob = await enter(rooms), await enter(rooms)
    await ann.show(b"{}", clock=5)
    await bob.say(Awareness(awareness((ann.doc.client_id, 6, b"null"))))
    await asyncio.sleep(0.05)
    assert ann.doc.client_id in (await enter(rooms)).seen()
    await rooms.stop()


async def test_museum_a_presence_is_nobody_elses() -> None:
    """outline 13804: the state of another client, and a state that names another user."""
    rooms = await open_rooms()
    ann = await enter(rooms, "editor:ann@firm")
    mallory = await enter(rooms, "editor:mallory@firm")
    await ann.show(b'{"user":{"id":"ann"}}', clock=5)
    await mallory.say(Awareness(awareness((ann.doc.client_id, 9, b'{"user":{"name":"X"}}'))))
    await mallory.show(b'{"user":{"id":"ann"}}')
    await asyncio.sleep(0.05)
    assert (await enter(rooms)).seen() == {ann.doc.client_id: b'{"user":{"id":"ann"}}'}
    assert mallory.code is None
    await rooms.stop()


async def test_museum_awareness_ids_without_end() -> None:
    """ygo 116: one client id for each connection, and a bounded number for each document."""
    rooms = await open_rooms(awareness_clients=5, message_burst=10_000)
    ann = await enter(rooms)
    await ann.say(Awareness(awareness(*((id, 1, b"{}") for id in range(1, 1000)))))
    presences = rooms.open_rooms["firm/letter"].presences
    assert len(presences) == 1
    for id in range(1000, 1100):
        await ann.say(Awareness(awareness((id, 1, b"{}"))))
        await ann.say(Awareness(awareness((id, 2, b"null"))))
    assert len(presences) == 1
    peers = [await enter(rooms) for _ in range(8)]
    for peer in peers:
        await peer.show(b"{}")
    assert len(presences) == 5
    await asyncio.sleep(0.03)
    assert not presences._changed
    await rooms.stop()


async def test_a_client_that_has_drawn_another_id_leaves_the_old_one_behind() -> None:
    """y-protocols 19: awareness follows a renewed id."""
    rooms = await open_rooms()
    ann, bob = await enter(rooms), await enter(rooms)
    await ann.show(b"{}", client=11)
    await until(lambda: bob.seen())
    await ann.say(Awareness(awareness((12, 1, b'{"a":1}'), (11, 2, b"null"))))
    await until(lambda: bob.seen() == {12: b'{"a":1}'})
    await rooms.stop()


async def test_the_same_person_comes_back_before_the_old_connection_is_gone() -> None:
    rooms = await open_rooms()
    old = await enter(rooms, "editor:ann@firm")
    await old.show(b"{}", client=11, clock=3)
    new, bob = await enter(rooms, "editor:ann@firm"), await enter(rooms)
    await new.show(b'{"back":1}', client=11, clock=4)
    await old.leave()
    await asyncio.sleep(0.05)
    assert bob.seen() == {11: b'{"back":1}'}
    await new.leave()
    await until(lambda: not bob.seen())
    await rooms.stop()


async def test_it_is_told_at_most_once_in_an_interval() -> None:
    rooms = await open_rooms(awareness_interval=0.1, message_burst=10_000)
    ann, bob = await enter(rooms), await enter(rooms)
    began = asyncio.get_running_loop().time()
    for clock in range(1, 200):
        await ann.show(str(clock).encode(), clock=clock)
        await asyncio.sleep(0.001)
    await until(lambda: bob.seen() == {ann.doc.client_id: b"199"})
    intervals = (asyncio.get_running_loop().time() - began) / 0.1
    assert 2 <= len(bob.all(Awareness)) <= intervals + 2
    await rooms.stop()


@pytest.mark.parametrize(
    "state",
    [
        b"{",
        b"NaN",
        b'{"a":Infinity}',
        b"\xff\xfe",
        b'"\xed\xa0\x80"',
        b"[" * 2000,
        b"[" * 200 + b"]" * 200,
    ],
    ids=["cut", "NaN", "Infinity", "no UTF-8", "surrogate", "deep and cut", "deep"],
)
async def test_what_browsers_cannot_read_reaches_none(state: bytes) -> None:
    rooms = await open_rooms()
    ann, bob = await enter(rooms), await enter(rooms)
    await ann.show(state)
    assert ann.code == 1007
    await asyncio.sleep(0.03)
    assert bob.all(Awareness) == []
    await rooms.stop()


async def test_a_state_beyond_the_limit_is_told_the_setting() -> None:
    rooms = await open_rooms()
    ann = await enter(rooms)
    await ann.show(json.dumps("x" * (64 << 10)).encode())
    assert ann.code == 1009
    assert "awareness_bytes" in ann.closed[1]
    await rooms.stop()


async def test_readers_are_seen() -> None:
    rooms = await open_rooms()
    reader, bob = await enter(rooms, "reader:rod@firm"), await enter(rooms)
    await reader.show(b"{}")
    await until(lambda: bob.seen())
    assert bob.all(Step1)
    await rooms.stop()


entries = st.lists(
    st.tuples(st.integers(0, 2**53 - 1), st.integers(0, 2**53 - 1), st.binary(max_size=20)),
    max_size=5,
)


@given(entries)
def test_entries_are_read_as_they_are_written(some: list[tuple[int, int, bytes]]) -> None:
    whole = write_entries(some)
    assert read_entries(whole, 100) == some
    for size in range(len(whole)):
        with pytest.raises(Unreadable):
            read_entries(whole[:size], 100)


@given(st.binary(max_size=100))
def test_any_bytes_are_entries_or_unreadable(update: bytes) -> None:
    with contextlib.suppress(Unreadable, Close):
        assert isinstance(read_entries(update, 50), list)
