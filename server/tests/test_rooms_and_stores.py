"""Rooms beside others on one store: news, gaps, compaction and epochs."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from ropewalk import Doc, Text, decode_state_vector, inspect_update, merge_updates

from harness.peers import Peer, make_rooms, stored_text, until
from ropewalk_server.limits import Limits
from ropewalk_server.ops.metrics import PrometheusMetrics
from ropewalk_server.protocol.messages import (
    Numbered,
    Step1,
    Step2,
    Update,
)
from ropewalk_server.rooms.compaction import compact
from ropewalk_server.rooms.ports import at_once
from ropewalk_server.rooms.rooms import Rooms
from ropewalk_server.rooms.snapshots import as_update
from ropewalk_server.stores.contract import NOTHING, EndedEpoch, Version
from ropewalk_server.stores.faults import Fault, FaultPlan
from ropewalk_server.stores.memory import MemoryStore

pytestmark = pytest.mark.anyio

QUICK = replace(Limits(), idle_seconds=0.05, append_seconds=0.2)


async def open_rooms(store: Any = None, **options: Any) -> Rooms:
    rooms = make_rooms(store, **options)
    await rooms.start()
    return rooms


def a_document(text: str) -> Doc[Any]:
    doc: Doc[Any] = Doc()
    doc["t"] = Text(text)
    return doc


# -- other processes -----------------------------------------------------------------------------


async def test_two_processes_on_one_store_become_equal() -> None:
    store = MemoryStore()
    here, there = await open_rooms(store), await open_rooms(store.another())
    ann, bob = await Peer(here).hello(), await Peer(there).hello()
    await ann.type_numbered("from here ")
    await bob.type_numbered("from there ")
    await until(lambda: ann.all(Update) and bob.all(Update))
    ann.merge()
    bob.merge()
    assert ann.text == bob.text
    assert len(ann.all(Update)) == len(bob.all(Update)) == 1
    await until(lambda: here.open_rooms["firm/letter"].version == Version(0, 2))
    await until(lambda: there.open_rooms["firm/letter"].version == Version(0, 2))
    await here.stop()
    await there.stop()


class WrittenMeanwhile(MemoryStore):
    """Another process writes between a room's first look and the making of its document, and the
    room is told so."""

    written = False

    async def epochs(self, doc: str) -> Sequence[EndedEpoch]:
        if not self.written:
            self.written = True
            await self.another().append(doc, [a_document("new").get_update()], epoch=1)
            await asyncio.sleep(0.05)
        return await super().epochs(doc)


async def test_what_others_write_while_a_room_is_opened_is_in_it() -> None:
    store = WrittenMeanwhile()
    await store.seal("firm/letter", NOTHING, Doc().get_update())
    rooms = await open_rooms(store)
    ann = await (await Peer(rooms).hello()).sync()
    assert ann.text == await stored_text(rooms) == "new"
    await rooms.stop()


@pytest.mark.parametrize("seed", range(5))
async def test_news_that_come_late_twice_or_fail_lose_nothing(seed: int) -> None:
    chance = random.Random(seed)
    plans = [
        FaultPlan(
            random=random.Random(seed + n),
            rates={"fail": 0.1, "lose": 0.1, "delay": 0.1},
            longest_delay=0.01,
            news_twice=0.3,
            news_late=0.3,
        )
        for n in (100, 200)
    ]
    for plan in plans:
        plan._rates, plan.held = {}, plan._rates  # type: ignore[attr-defined]
    store = MemoryStore(plans[0])
    both = [await open_rooms(store), await open_rooms(store.another(plans[1]))]
    peers = [await Peer(rooms).hello() for rooms in both for _ in range(2)]
    for plan in plans:
        plan._rates = plan.held  # type: ignore[attr-defined]
    for _ in range(60):
        peer = chance.choice(peers)
        peer.merge()
        await peer.type_numbered(chance.choice("abcdef"))
        if chance.random() < 0.3:
            await asyncio.sleep(chance.random() * 0.005)
    await until(lambda: all(peer.acked == peer.number for peer in peers), 20)
    for plan in plans:
        plan.stop()
    await until(lambda: len({(r.open_rooms["firm/letter"].version) for r in both}) == 1, 10)
    for peer in peers:
        peer.merge()
    assert len({peer.text for peer in peers}) == 1
    assert await stored_text(both[0]) == peers[0].text
    assert len(peers[0].text) == 60
    for rooms in both:
        await rooms.stop()


async def test_news_of_what_cannot_be_read_keep_nobody_from_writing() -> None:
    store = MemoryStore()
    rooms = await open_rooms(store)
    ann = await Peer(rooms).hello()
    store._watchers.tell("firm/letter", Version(0, 40))
    await asyncio.sleep(0.01)
    await ann.type_numbered("x")
    await until(lambda: ann.acked == 1, 1)
    await rooms.stop()


async def test_a_document_deleted_elsewhere_is_gone_here() -> None:
    store = MemoryStore()
    rooms = await open_rooms(store)
    stock = Peer(rooms)
    await stock.type("x")
    await until(lambda: not rooms.open_rooms["firm/letter"]._log.waiting)
    await store.delete("firm/letter")
    await until(lambda: stock.closed)
    assert stock.code == 4409
    assert (await Peer(rooms).sync()).text == ""
    await rooms.stop()


# -- gaps ----------------------------------------------------------------------------------------


async def test_a_gap_is_asked_for_and_hidden_until_it_is_filled() -> None:
    rooms = await open_rooms()
    ann, bob = await Peer(rooms).hello(), Peer(rooms)
    await bob.sync()
    updates = [ann.write(letter) for letter in "abc"]
    await ann.say(Update(updates[0]))
    asked = len(ann.all(Step1))
    await ann.say(Update(updates[2]))
    assert len(ann.all(Step1)) == asked + 1
    await ann.say(Update(updates[2]))
    assert len(ann.all(Step1)) == asked + 1  # once for each gap
    assert (await Peer(rooms).sync()).text == "a"
    await ann.say(Step2(ann.doc.get_update(ann.last(Step1).state)))
    assert (await Peer(rooms).sync()).text == "abc"
    await rooms.stop()
    assert await stored_text(rooms) == "abc"


async def test_what_waits_for_a_gap_survives_a_restart_and_a_compaction() -> None:
    store = MemoryStore()
    rooms = await open_rooms(store)
    ann = await Peer(rooms).hello()
    updates = [ann.write(letter) for letter in "abc"]
    await ann.say(Numbered(1, Update(updates[2])))
    await until(lambda: ann.acked == 1)
    await rooms.stop()
    assert await compact(store, at_once, "firm/letter") == Version(0, 1)
    rooms = await open_rooms(store)
    bob = await Peer(rooms).hello()
    await bob.say(Update(updates[0]))
    await bob.say(Update(updates[1]))
    assert (await Peer(rooms).sync()).text == "abc"
    await rooms.stop()


async def test_while_something_waits_what_is_known_is_neither_stored_nor_sent_again() -> None:
    store = MemoryStore()
    rooms = await open_rooms(store)
    ann, bob = await Peer(rooms).hello(), await Peer(rooms).hello()
    updates = [ann.write(letter) for letter in "abcde"]
    del ann.doc.get("t", type=Text)[4:5]
    deletion = ann.doc.get_update(ann.doc.get_state())

    async def stored_after(*given: bytes) -> int:
        for update in given:
            ann.number += 1
            await ann.say(Numbered(ann.number, Update(update)))
        await until(lambda: ann.acked == ann.number)
        return (await store.read("firm/letter")).version.seq

    assert await stored_after(updates[0], updates[2], updates[0], updates[2]) == 2
    # Another gap, and one more behind the first; both again, and as one.
    assert await stored_after(updates[4], updates[3], deletion) == 5
    both = merge_updates(updates[3], updates[4])
    assert await stored_after(*updates[2:], deletion, both, updates[0]) == 5
    assert len(bob.all(Update)) == 5
    # A room that opens it with the gap knows what waits, too.
    await rooms.stop()
    rooms = await open_rooms(store)
    ann = await Peer(rooms, doc=ann.doc).hello()
    assert await stored_after(*updates[2:], deletion, both) == 5
    assert await stored_after(updates[1], updates[1], *updates) == 6
    assert (await Peer(rooms).sync()).text == "abcd"
    await rooms.stop()


# -- compaction ----------------------------------------------------------------------------------


async def test_a_long_log_is_put_together_and_loses_nothing() -> None:
    store = MemoryStore()
    rooms = await open_rooms(store, limits=replace(Limits(), compact_entries=20, message_burst=999))
    ann = await Peer(rooms).hello()
    for number in range(60):
        await ann.type_numbered(str(number % 10))
        await until(lambda: ann.acked == ann.number)
    info = await store.info("firm/letter")
    await until(lambda: not rooms.open_rooms["firm/letter"]._compaction._task)
    info = await store.info("firm/letter")
    assert info is not None
    assert info.snapshot.seq >= 20
    assert await stored_text(rooms) == ann.text
    await rooms.stop()


async def test_a_change_is_put_together_after_some_time() -> None:
    store = MemoryStore()
    rooms = await open_rooms(store, limits=replace(Limits(), compact_seconds=0.05))
    ann = await Peer(rooms).hello()
    await ann.type_numbered("x")
    await asyncio.sleep(0.2)
    info = await store.info("firm/letter")
    assert info is not None
    assert info.snapshot == Version(0, 1)
    await rooms.stop()


async def test_a_compaction_that_somebody_else_has_done_is_no_harm() -> None:
    store = MemoryStore(FaultPlan([Fault("compact", 1, "conflict"), Fault("compact", 2, "fail")]))
    rooms = await open_rooms(store, limits=replace(Limits(), compact_seconds=0.02))
    ann = await Peer(rooms).hello()
    await ann.type_numbered("x")
    await asyncio.sleep(0.1)
    await ann.type_numbered("y")
    await until(lambda: ann.acked == 2)
    await asyncio.sleep(0.1)
    assert ann.code is None
    assert await stored_text(rooms) == "xy"
    await rooms.stop()


async def test_what_was_deleted_is_forgotten_and_its_ids_are_not() -> None:
    store = MemoryStore()
    rooms = await open_rooms(store)
    ann, late = await Peer(rooms).hello(), Peer(rooms)
    await ann.type_numbered("secret words")
    await late.sync()
    del ann.doc.get("t", type=Text)[:]
    await ann.say(Update(ann.doc.get_update()))
    await until(lambda: not rooms.open_rooms["firm/letter"]._log.waiting)
    await compact(store, at_once, "firm/letter")
    history = await store.read("firm/letter")
    assert history.snapshot is not None
    assert b"secret" not in history.snapshot.data
    await rooms.stop()
    rooms = await open_rooms(store)
    # Somebody who has not heard of the deletion writes between units that are gone.
    offline = Peer(rooms, doc=late.doc)
    update = offline.write("!", at=6)
    await offline.sync()
    await offline.say(Update(update))
    assert offline.text == "!"
    assert (await Peer(rooms).sync()).text == "!"
    await rooms.stop()


async def test_a_damaged_entry_stops_no_compaction_and_stays_a_gap() -> None:
    store = MemoryStore()
    ann = Peer(await open_rooms())
    updates = [ann.write(letter) for letter in "abcd"]
    await store.append("firm/letter", updates)
    store.spoil("firm/letter", 2)
    counted = PrometheusMetrics(process=False)
    limits = replace(Limits(), compact_seconds=0.02)
    rooms = await open_rooms(store, limits=limits, metrics=counted)
    reader = await Peer(rooms).sync()
    assert reader.text == "a"
    await until(lambda: counted.value("compactions") == 1)
    assert [damage.where for damage in await store.damaged("firm/letter")] == ["entry (0, 2)"]
    await rooms.stop()
    # The gap is in the snapshot as it was in the log: whoever has the entry fills it.
    history = await store.read("firm/letter")
    assert history.snapshot is not None and not history.entries and not history.damaged
    assert inspect_update(as_update(history.snapshot.data))["skips"] == 1
    rooms = await open_rooms(store)
    ann = await Peer(rooms, doc=ann.doc).hello()
    assert decode_state_vector(ann.last(Step1).state) == {ann.doc.client_id: 1}
    await ann.say(Numbered(1, Step2(ann.doc.get_update(ann.last(Step1).state))))
    await until(lambda: ann.acked == 1)
    assert (await Peer(rooms).sync()).text == "abcd"
    await rooms.stop()
    assert await stored_text(rooms) == "abcd"
