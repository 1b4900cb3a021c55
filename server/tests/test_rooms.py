"""Rooms: caches of a store that lose nothing, double nothing and hide nothing."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from ropewalk import Doc, Text

from harness.peers import Peer, make_rooms, stored_doc, stored_text, until
from ropewalk_server.limits import Limits
from ropewalk_server.ops.metrics import PrometheusMetrics
from ropewalk_server.protocol.messages import (
    Ack,
    Numbered,
    State,
    Step1,
    Step2,
    Update,
)
from ropewalk_server.rooms.rooms import Rooms
from ropewalk_server.stores.contract import Version
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


# -- acknowledged means durable ------------------------------------------------------------------


class Gate(MemoryStore):
    """A store whose appends wait until they are let through; looks at documents are counted."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = asyncio.Event()
        self.gate.set()
        self.groups: list[int] = []
        self.looks = 0

    async def append(self, doc: str, updates: Any, **options: Any) -> Version:
        await self.gate.wait()
        self.groups.append(len(updates))
        return await super().append(doc, updates, **options)

    async def outline(self, doc: str, **options: Any) -> Any:
        self.looks += 1
        return await super().outline(doc, **options)


async def test_others_see_a_change_before_it_is_durable_and_its_author_waits() -> None:
    store = Gate()
    rooms = await open_rooms(store)
    ann, bob = await Peer(rooms).hello(), Peer(rooms)
    await bob.sync()
    store.gate.clear()
    await ann.type_numbered("x")
    await asyncio.sleep(0.02)
    assert len(bob.all(Update)) == 1
    assert ann.acked == 0
    store.gate.set()
    await until(lambda: ann.acked == 1)
    assert await stored_text(rooms) == "x"
    await rooms.stop()


async def test_what_waits_is_written_as_one_group_and_acknowledged_once() -> None:
    store = Gate()
    rooms = await open_rooms(store)
    ann = await Peer(rooms).hello()
    store.gate.clear()
    for _ in range(100):
        await ann.type_numbered("x")
        await asyncio.sleep(0)
    store.gate.set()
    await until(lambda: ann.acked == 100)
    assert sum(store.groups) == 100
    assert len(store.groups) <= 3
    assert len(ann.all(Ack)) <= 3
    await rooms.stop()


async def test_a_repeated_change_is_acknowledged_only_when_the_first_is_durable() -> None:
    store = Gate()
    rooms = await open_rooms(store)
    ann = await Peer(rooms).hello()
    store.gate.clear()
    await ann.type_numbered("x")
    again = await Peer(rooms).hello()
    await again.say(Numbered(1, Update(ann.doc.get_update())))
    await asyncio.sleep(0.02)
    assert (ann.acked, again.acked) == (0, 0)
    store.gate.set()
    await until(lambda: (ann.acked, again.acked) == (1, 1))
    assert store.groups == [1]
    await rooms.stop()


async def test_step_1_of_the_server_names_what_is_durable() -> None:
    store = Gate()
    rooms = await open_rooms(store)
    ann = await Peer(rooms).hello()
    await ann.type_numbered("ab")
    await until(lambda: ann.acked == 1)
    store.gate.clear()
    await ann.type_numbered("cd")
    late = await Peer(rooms).hello()
    doc: Doc[Any] = Doc()
    doc.apply_update(ann.doc.get_update())
    offered = Doc()
    offered.apply_update((await stored_doc(rooms)).get_update())
    assert late.last(Step1).state == offered.get_state()
    offered.apply_update(doc.get_update(late.last(Step1).state))
    assert str(offered.get("t", type=Text)) == "abcd"
    store.gate.set()
    await until(lambda: ann.acked == 2)
    assert (await Peer(rooms).hello()).last(Step1).state == ann.doc.get_state()
    await rooms.stop()


async def test_duplicates_have_no_effect() -> None:
    store = Gate()
    rooms = await open_rooms(store)
    ann, bob = await Peer(rooms).hello(), Peer(rooms)
    await bob.sync()
    await ann.type_numbered("abc")
    del ann.doc.get("t", type=Text)[1:2]
    await ann.say(Update(ann.doc.get_update()))
    heard = len(bob.all(Update))
    for _ in range(3):
        await ann.say(Step2(ann.doc.get_update()))
        await ann.say(Update(ann.doc.get_update()))
    assert len(bob.all(Update)) == heard
    await rooms.stop()
    assert sum(store.groups) == 2


# -- a store that fails --------------------------------------------------------------------------


@pytest.mark.parametrize("what", ["fail", "lose", "conflict"])
async def test_a_failed_write_is_tried_again(what: Any) -> None:
    faults = FaultPlan([Fault("append", 1, what), Fault("append", 2, what)])
    rooms = await open_rooms(MemoryStore(faults))
    ann = await Peer(rooms).hello()
    await ann.type_numbered("x")
    await until(lambda: ann.acked == 1)
    assert ann.all(State) == []
    assert await stored_text(rooms) == "x"
    await rooms.stop()


async def test_clients_hear_when_nothing_is_stored_and_when_it_is_again() -> None:
    faults = FaultPlan([Fault("append", n, "fail") for n in range(1, 30)])
    rooms = await open_rooms(MemoryStore(faults), limits=QUICK)
    ann, stock = await Peer(rooms).hello(), Peer(rooms)
    await stock.sync()
    await ann.type_numbered("x")
    await until(lambda: ann.all(State))
    assert ann.last(State).state == "unsynced"
    late = await Peer(rooms).hello()
    assert late.last(State).state == "unsynced"
    assert ann.acked == 0
    faults.stop()
    await until(lambda: ann.acked == 1)
    assert ann.last(State).state == "syncing"
    assert stock.all(State) == []
    assert await stored_text(rooms) == "x"
    await rooms.stop()


async def test_a_document_that_is_not_stored_stays_in_memory() -> None:
    """hocuspocus 954, 971: a failed save, the document unloaded, changes gone."""
    faults = FaultPlan([Fault("append", n, "fail") for n in range(1, 1000)])
    rooms = await open_rooms(MemoryStore(faults), limits=QUICK)
    ann = await Peer(rooms).hello()
    await ann.type_numbered("x")
    await ann.leave()
    await asyncio.sleep(0.3)
    assert "firm/letter" in rooms.open_rooms
    assert (await Peer(rooms).sync()).text == "x"
    faults.stop()
    await until(lambda: not rooms.open_rooms["firm/letter"]._log.waiting)
    assert await stored_text(rooms) == "x"
    await rooms.stop()


async def test_too_much_that_waits_makes_clients_wait() -> None:
    store = Gate()
    rooms = await open_rooms(store, limits=replace(Limits(), backlog_bytes=1000))
    ann = await Peer(rooms).hello()
    store.gate.clear()
    await ann.type_numbered("x" * 2000)
    second = asyncio.ensure_future(ann.type_numbered("y"))
    await asyncio.sleep(0.02)
    assert not second.done()
    store.gate.set()
    await second
    await until(lambda: ann.acked == 2)
    await rooms.stop()


# -- loading -------------------------------------------------------------------------------------


async def test_joins_at_the_same_time_load_once() -> None:
    store = Gate()
    await store.append("firm/letter", [a_document("hello").get_update()])
    rooms = await open_rooms(store)
    peers = [Peer(rooms) for _ in range(20)]
    await asyncio.gather(*(peer.sync() for peer in peers))
    assert store.looks == 1
    assert {peer.text for peer in peers} == {"hello"}
    assert len({id(room) for room in rooms.open_rooms.values()}) == 1
    await rooms.stop()


async def test_a_failed_load_refuses_and_is_tried_again() -> None:
    store = MemoryStore(FaultPlan([Fault("outline", 1, "fail")]))
    await store.append("firm/letter", [a_document("hello").get_update()])
    rooms = await open_rooms(store)
    first = [Peer(rooms) for _ in range(3)]
    await asyncio.gather(*(peer.say(Step1(b"\0")) for peer in first))
    assert {peer.code for peer in first} == {1011}
    assert not any(peer.all(Step2) for peer in first)
    assert (await Peer(rooms).sync()).text == "hello"
    await rooms.stop()


async def test_a_store_that_holds_no_document_refuses() -> None:
    store = MemoryStore()
    await store.append("firm/letter", [b"this is no update"])
    rooms = await open_rooms(store)
    peer = Peer(rooms)
    await peer.say(Step1(b"\0"))
    assert peer.code == 1011
    assert rooms.open_rooms == {}
    await rooms.stop()


async def test_damage_is_told_and_what_is_sound_is_served() -> None:
    store = MemoryStore()
    doc = a_document("a")
    await store.append("firm/letter", [doc.get_update()])
    other = a_document("b")
    await store.append("firm/letter", [other.get_update()])
    store.spoil("firm/letter", 2)
    rooms = await open_rooms(store)
    told: list[Any] = []
    rooms.on_load(lambda name, damaged: told.append((name, len(damaged))))
    assert (await Peer(rooms).sync()).text == "a"
    await until(lambda: told)
    assert told == [("firm/letter", 1)]
    await rooms.stop()


async def test_damage_is_counted_once_while_the_document_is_open() -> None:
    store, counted = MemoryStore(), PrometheusMetrics(process=False)
    doc = a_document("a")
    for _ in range(3):
        await store.append("firm/letter", [doc.get_update()])
    store.spoil("firm/letter", 2)
    limits = replace(Limits(), compact_seconds=0.02)
    rooms = await open_rooms(store, limits=limits, metrics=counted)
    ann = await Peer(rooms).hello()
    assert counted.value("damaged_records") == 1
    store.spoil("firm/letter", 3)
    # The log is put together: the newer damage is met, the other is met again.
    await until(lambda: counted.value("compactions"))
    assert counted.value("damaged_records") == 2
    assert b"ropewalk_damaged_records_total 2.0" in counted.text()
    await ann.leave()
    await rooms.stop()
    # Of the entries nothing is met any more; a snapshot that is lost opens no document.
    store.spoil("firm/letter", 3)
    counted = PrometheusMetrics(process=False)
    rooms = await open_rooms(store, metrics=counted)
    await Peer(rooms).hello()
    assert counted.value("damaged_records") == 1
    await rooms.stop()


async def test_a_store_without_a_sound_snapshot_refuses() -> None:
    store = MemoryStore()
    await store.append("firm/letter", [a_document("a").get_update()])
    await store.compact("firm/letter", Version(0, 1), a_document("a").get_update())
    store.spoil("firm/letter", 1)
    rooms = await open_rooms(store)
    peer = Peer(rooms)
    await peer.say(Step1(b"\0"))
    assert peer.code == 1011
    await rooms.stop()


# -- eviction ------------------------------------------------------------------------------------


async def test_a_room_that_nobody_is_in_is_closed_and_comes_back_with_all() -> None:
    rooms = await open_rooms(limits=QUICK)
    ann = await Peer(rooms).hello()
    await ann.type_numbered("kept")
    await ann.leave()
    await until(lambda: not rooms.open_rooms)
    assert (await Peer(rooms).sync()).text == "kept"
    await rooms.stop()


async def test_a_room_that_somebody_is_in_stays() -> None:
    rooms = await open_rooms(limits=QUICK)
    ann, bob = await Peer(rooms).hello(), await Peer(rooms).hello()
    await ann.leave()
    await asyncio.sleep(0.15)
    assert rooms.open_rooms
    await bob.type_numbered("x")
    await until(lambda: bob.acked == 1)
    await rooms.stop()


async def test_a_closed_room_leaves_no_task_behind() -> None:
    rooms = await open_rooms(limits=QUICK)
    for number in range(20):
        peer = await Peer(rooms, f"d{number}").hello()
        await peer.leave()
    await until(lambda: not rooms.open_rooms)
    await until(lambda: not rooms._tasks)
    await rooms.stop()


# -- bounds --------------------------------------------------------------------------------------


async def test_a_document_beyond_its_limit_takes_no_more() -> None:
    rooms = await open_rooms(limits=replace(Limits(), document_bytes=10_000))
    ann, stock = await Peer(rooms).hello(), Peer(rooms)
    await ann.type_numbered("x" * 9_000)
    await ann.type_numbered("y" * 2_000)
    assert ann.refused == {2: "too-large"}
    await stock.say(Update(stock.write("z" * 2_000)))
    assert stock.code == 1009
    assert "document_bytes" in stock.closed[1]
    await until(lambda: ann.acked == 1)
    assert await stored_text(rooms) == "x" * 9_000
    await rooms.stop()


async def test_what_waits_for_gaps_is_bounded() -> None:
    rooms = await open_rooms(limits=replace(Limits(), pending_structs=10, message_burst=9999))
    ann = await Peer(rooms).hello()
    ann.write("first")
    for _ in range(40):
        await ann.type_numbered("x")
        ann.write("gap")
    assert "too-large" in set(ann.refused.values())
    await rooms.stop()


# -- long work -----------------------------------------------------------------------------------


async def test_long_work_keeps_the_loop_free_and_the_order() -> None:
    begun: list[int] = []
    let = asyncio.Event()

    async def slow(work: Any, *arguments: Any) -> Any:
        begun.append(1)
        await let.wait()
        return work(*arguments)

    rooms = await open_rooms(offload=slow)
    ann, bob = await Peer(rooms).hello(), await Peer(rooms).hello()
    large = asyncio.ensure_future(ann.type_numbered("x" * 100_000))
    await until(lambda: begun)
    small = asyncio.ensure_future(bob.type_numbered("y"))
    joining = asyncio.ensure_future(Peer(rooms).hello())
    await asyncio.sleep(0.02)
    assert not any(task.done() for task in (large, small, joining))
    let.set()
    await large
    await small
    sizes = [len(message.update) for message in bob.all(Update) + ann.all(Update)]
    assert sizes[0] > 100_000
    assert (await (await joining).sync()).text.count("x") == 100_000
    await until(lambda: ann.acked == bob.acked == 1)
    await rooms.stop()


async def test_a_large_change_is_kept_though_its_author_has_gone() -> None:
    let = asyncio.Event()

    async def slow(work: Any, *arguments: Any) -> Any:
        await let.wait()
        return work(*arguments)

    rooms = await open_rooms(offload=slow)
    ann = await Peer(rooms).hello()
    task = asyncio.ensure_future(ann.type_numbered("x" * 100_000))
    await asyncio.sleep(0.01)
    task.cancel()
    await asyncio.sleep(0)
    await ann.leave()
    let.set()
    await rooms.open_rooms["firm/letter"].settled()
    assert len(await stored_text(rooms)) == 100_000
    await rooms.stop()


# -- the end -------------------------------------------------------------------------------------


async def test_the_end_comes_when_all_is_durable() -> None:
    store = Gate()
    rooms = await open_rooms(store)
    ann = await Peer(rooms).hello()
    store.gate.clear()
    await ann.type_numbered("x")
    ending = asyncio.ensure_future(rooms.stop())
    await asyncio.sleep(0.02)
    assert ann.code is None
    await ann.type_numbered("not taken any more")
    store.gate.set()
    await ending
    assert ann.acked == 1
    assert ann.code == 1001
    assert await stored_text(rooms) == "x"


async def test_the_end_does_not_wait_for_a_store_that_never_answers() -> None:
    store = Gate()
    rooms = await open_rooms(store, limits=replace(Limits(), drain_seconds=0.1))
    ann = await Peer(rooms).hello()
    store.gate.clear()
    await ann.type_numbered("x")
    await asyncio.wait_for(rooms.stop(), 2)
    assert (ann.acked, ann.code) == (0, 1001)


async def test_hooks_hear_in_order_and_hurt_nobody() -> None:
    rooms = await open_rooms()
    heard: list[Any] = []

    @rooms.on_change("let*")
    async def changed(change: Any) -> None:
        heard.append(change)
        raise ValueError("the application is broken")

    @rooms.on_store
    def stored(document: str, version: Version, updates: int) -> None:
        heard.append((document, version, updates))

    @rooms.on_disconnect
    def gone(connection: Any, identity: Any) -> None:
        heard.append(identity.user)

    ann = await Peer(rooms, token="editor:ann@firm").hello()
    await ann.type_numbered("a")
    await ann.type_numbered("b")
    await until(lambda: ann.acked == 2)
    await asyncio.sleep(0.01)
    changes = [one for one in heard if hasattr(one, "update")]
    assert [change.user for change in changes] == ["ann", "ann"]
    assert [change.document for change in changes] == ["firm/letter"] * 2
    replayed: Doc[Any] = Doc()
    for change in changes:
        replayed.apply_update(change.update)
    assert str(replayed.get("t", type=Text)) == "ab"
    assert ("firm/letter", Version(0, 2), 2) in heard or len(
        [one for one in heard if isinstance(one, tuple)]
    ) == 2
    await ann.leave()
    assert heard[-1] == "ann"
    await rooms.stop()
