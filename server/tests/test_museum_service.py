"""Failures that other servers have had with documents and connections, one test each: here they do
not happen. Those about presence are in test_presence.py."""

from __future__ import annotations

import asyncio
import gc
from dataclasses import replace
from typing import Any

import pytest
from ropewalk import Doc, Map, Text, write_message

from harness.peers import Peer, awareness, make_rooms, stored_doc, stored_text, until
from harness.people import who
from ropewalk_server.limits import Limits
from ropewalk_server.protocol import frames
from ropewalk_server.protocol.messages import (
    Ack,
    Awareness,
    Denied,
    Event,
    Hello,
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


async def open_rooms(store: Any = None, **options: Any) -> Rooms:
    rooms = make_rooms(store, **options)
    await rooms.start()
    return rooms


class SlowToRead(MemoryStore):
    """Looks at documents wait until they are let through, and are counted."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = asyncio.Event()
        self.looks = 0

    async def outline(self, doc: str, **options: Any) -> Any:
        self.looks += 1
        await self.gate.wait()
        return await super().outline(doc, **options)


def letter(text: str) -> bytes:
    doc: Doc[Any] = Doc()
    doc["t"] = Text(text)
    return doc.get_update()


async def test_a_hook_that_fails_unloads_nothing() -> None:
    """hocuspocus 954, 971: a hook fails, the document is unloaded, updates are gone."""
    faults = FaultPlan([Fault("append", 1, "fail"), Fault("append", 2, "fail")])
    rooms = await open_rooms(MemoryStore(faults), limits=replace(Limits(), idle_seconds=0.02))

    def broken(*_: object) -> None:
        raise RuntimeError("the application has failed")

    rooms.on_change()(broken)
    rooms.on_store(broken)
    rooms.on_load(broken)
    rooms.on_disconnect(broken)
    ann = await Peer(rooms).hello()
    await ann.type_numbered("kept")
    await ann.leave()
    await until(lambda: not rooms.open_rooms)
    assert await stored_text(rooms) == "kept"
    await rooms.stop()


async def test_two_loads_of_one_document_at_once_are_one() -> None:
    """Two documents in memory, each with the changes of some."""
    store = SlowToRead()
    rooms = await open_rooms(store)
    peers = [Peer(rooms) for _ in range(10)]
    joining = [asyncio.ensure_future(peer.hello()) for peer in peers]
    await asyncio.sleep(0.01)
    store.gate.set()
    await asyncio.gather(*joining)
    for peer in peers:
        await peer.type_numbered("x")
    await until(lambda: all(peer.acked == 1 for peer in peers))
    assert store.looks == 1
    assert len(await stored_text(rooms)) == 10
    await rooms.stop()


async def test_nothing_is_answered_before_the_document_is_loaded() -> None:
    """y-websocket 39: sync before the load had ended gave an empty document."""
    store = SlowToRead()
    await store.append("firm/letter", [letter("not empty")])
    rooms = await open_rooms(store)
    peer = Peer(rooms)
    asking = asyncio.ensure_future(peer.sync())
    await asyncio.sleep(0.02)
    assert peer.received == []
    store.gate.set()
    await asking
    assert peer.text == "not empty"
    await rooms.stop()


async def test_content_is_not_doubled_by_a_reload() -> None:
    """jupyter-collaboration 621: the file was inserted into the document again."""
    rooms = await open_rooms(limits=replace(Limits(), idle_seconds=0.01))
    doc: Doc[Any] = Doc()
    for _ in range(4):
        peer = Peer(rooms, doc=doc)
        await peer.sync()
        await peer.say(Step2(peer.doc.get_update()))
        if not peer.text:
            await peer.type("once")
        await peer.leave()
        await until(lambda: not rooms.open_rooms)
    assert await stored_text(rooms) == str(doc.get("t", type=Text)) == "once"
    assert (await rooms.store.read("firm/letter")).version == Version(0, 1)
    await rooms.stop()


async def test_nobody_hears_synced_while_the_store_takes_nothing() -> None:
    """y-sweet 415: "synced" although the upload had failed."""
    faults = FaultPlan([Fault("append", n, "fail") for n in range(1, 500)])
    rooms = await open_rooms(MemoryStore(faults), limits=replace(Limits(), append_seconds=0.05))
    ann = await Peer(rooms).hello()
    await ann.type_numbered("x")
    await until(lambda: ann.all(State))
    late = await Peer(rooms).hello()
    assert [state.state for state in ann.all(State) + late.all(State)] == ["unsynced"] * 2
    assert ann.all(Ack) == late.all(Ack) == []
    assert late.last(Step1).state == b"\0"  # what the store has: nothing
    faults.stop()
    await until(lambda: ann.acked == 1)
    await rooms.stop()


async def test_what_is_sent_before_it_is_known_who_sends_it_is_never_used() -> None:
    """GHSA-xwhh-v746-pj9m: messages queued before authentication, handled after somebody else's."""
    waiting = asyncio.Event()

    async def slowly(token: str | None) -> Any:
        await waiting.wait()
        return who(token)

    rooms = await open_rooms(authenticate=slowly)
    peer = Peer(rooms, token="bad")
    handling = asyncio.ensure_future(peer.say(Update(letter("intruder"))))
    await asyncio.sleep(0.01)
    waiting.set()
    await handling
    await peer.say(Hello(token="editor:ann@firm"))
    assert peer.code == 4401
    assert [type(m) for _, m in peer.received] == [Denied]
    assert await rooms.store.list() == []
    await rooms.stop()


@pytest.mark.parametrize("kind", [4, 5, 6, 7, 8, 118, 119, 121, 123, 124, 125])
async def test_what_servers_say_to_each_other_is_not_taken_from_clients(kind: int) -> None:
    """hocuspocus 1103: a message meant for servers, from a read-only client, changed documents."""
    rooms = await open_rooms()
    owner, reader = await Peer(rooms).hello(), await Peer(rooms, token="reader:rod@firm").hello()
    await owner.type_numbered("mine")
    await until(lambda: owner.acked == 1)
    before = (await stored_doc(rooms)).get_canonical()
    heard = len(owner.received)
    for payload in (b"", letter("theirs"), write_message(letter("theirs")), b"\x02{}"):
        await reader.say_raw(bytes((kind,)) + payload)
        reader = (
            reader if reader.code is None else await Peer(rooms, token="reader:rod@firm").hello()
        )
    assert (await stored_doc(rooms)).get_canonical() == before
    assert not [m for _, m in owner.received[heard:] if not isinstance(m, Event)]
    await rooms.stop()


async def test_awareness_messages_leave_nothing_behind() -> None:
    """hocuspocus 1108: an object for each awareness message, for ever."""
    rooms = await open_rooms(limits=replace(Limits(), message_burst=10_000))
    ann = await Peer(rooms).hello()

    async def talk(first: int) -> int:
        for clock in range(first, first + 500):
            await ann.say(Awareness(awareness((1, clock, b'{"a":[1,2]}'))))
        ann.received.clear()
        gc.collect()
        return len(gc.get_objects())

    await talk(1)
    before = await talk(1000)
    after = await talk(2000)
    assert after - before < 50
    await rooms.stop()


async def test_sub_documents_are_documents_of_their_own() -> None:
    rooms = await open_rooms()
    peer = await Peer(rooms, None).hello()
    outer: Doc[Any] = Doc()
    inner: Doc[Any] = Doc(guid="inner")
    outer["m"] = Map({"sub": inner})
    inner["t"] = Text("within")
    await peer.say(Hello(), "outer")
    await peer.say(Hello(), "inner")
    await peer.say(Update(outer.get_update()), "outer")
    await peer.say(Update(inner.get_update()), "inner")
    assert (await Peer(rooms, "inner").sync()).doc.get("t", type=Text) is not None
    for name in ("outer", "inner"):
        await rooms.open_rooms[f"firm/{name}"].settled()
    assert await stored_text(rooms, "inner") == "within"
    assert (await stored_doc(rooms, "outer")).get_canonical() == outer.get_canonical()
    await rooms.stop()


async def test_text_where_binary_is_expected_closes_one_connection_only() -> None:
    """y-websocket 82, 95: the server went down."""
    rooms = await open_rooms()
    honest = await Peer(rooms).hello()
    for text in ("", "{", "\x00\x02", "ü" * 10, "\ud800"):
        await honest.session.receive(frames.encode(None, Step1(b"\0")))
        peer = await Peer(rooms).hello()
        await peer.say_raw(text)
        assert peer.code == 1007
    assert honest.code is None
    await rooms.stop()


async def test_an_update_cut_by_a_byte_is_no_update() -> None:
    """Yjs throws, and has applied it."""
    rooms = await open_rooms()
    ann, bob = await Peer(rooms).hello(), await Peer(rooms).hello()
    update = letter("abc")
    for size in range(len(update)):
        peer = Peer(rooms)
        await peer.say(Update(update[:size]))
        assert peer.code == 1007
    assert (await Peer(rooms).sync()).text == ""
    assert ann.all(Update) == bob.all(Update) == []
    await rooms.stop()
