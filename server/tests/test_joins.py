"""Joins to large documents: answered from the packed form in the store, with no document built."""

from __future__ import annotations

import random
import tracemalloc
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from harness.peers import Peer, make_rooms, stored_text, until

from ropewalk import (
    Container,
    Doc,
    Text,
    decode_state_vector,
    encode_state_vector,
    is_container,
)
from ropewalk_server.limits import Limits
from ropewalk_server.ops.metrics import PrometheusMetrics
from ropewalk_server.protocol.frames import encode
from ropewalk_server.protocol.messages import MadeStep2, Step2, Update
from ropewalk_server.rooms.compaction import compact
from ropewalk_server.rooms.ports import at_once
from ropewalk_server.rooms.rooms import Rooms
from ropewalk_server.stores import open_store
from ropewalk_server.stores.contract import NOTHING, Store, Version
from ropewalk_server.stores.memory import MemoryStore

pytestmark = pytest.mark.anyio

NAME = "firm/letter"
# Every snapshot counts as large.
PACKED = replace(Limits(), packed_bytes=0)


async def open_rooms(store: Any, **options: Any) -> Rooms:
    rooms = make_rooms(store, **options)
    await rooms.start()
    return rooms


def seen_by(peer: Peer) -> str:
    """What somebody has on the screen, of all that was sent to them."""
    peer.merge()
    return peer.text


@pytest.fixture(params=["memory", "sqlite"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    url = "memory:" if request.param == "memory" else f"sqlite:{tmp_path / 'rooms.db'}?sync=normal"
    made = open_store(url)
    await made.open()
    yield made
    await made.close()


def written(lines: int = 3000) -> Doc[Any]:
    doc: Doc[Any] = Doc(client_id=1)
    doc["t"] = text = Text()
    with doc.transaction():
        for line in range(lines):
            text += f"line {line} of many, and none like another\n"
        for place in range(0, lines * 20, 50):
            del text[place : place + 3]
    return doc


async def put(store: Store, doc: Doc[Any]) -> None:
    await store.seal(NAME, NOTHING, Container.pack(doc.get_update()))


def behind(doc: Doc[Any], units: int) -> bytes:
    clocks = decode_state_vector(doc.get_state())
    return encode_state_vector({client: max(end - units, 0) for client, end in clocks.items()})


async def test_a_join_is_answered_without_a_document(store: Store) -> None:
    doc = written()
    await put(store, doc)
    rooms = await open_rooms(store, limits=PACKED)
    peer = await Peer(rooms, doc=doc).hello()
    known = behind(doc, 100)
    room = rooms.open_rooms[NAME]
    assert (await room.answer(known)).update == doc.get_update(known)
    assert await room.durable_state() == doc.get_state()
    # Everybody who joins answers with all that is deleted, at least.
    await peer.say(Step2(doc.get_update(doc.get_state())))
    assert (await Peer(rooms).sync()).text == peer.text
    assert room.is_packed
    # Whoever writes has the document built; nobody else notices.
    reader = await Peer(rooms).sync()
    await peer.type_numbered("!")
    await until(lambda: peer.acked == 1)
    assert not room.is_packed
    assert seen_by(reader) == peer.text == await stored_text(rooms)
    await rooms.stop()


async def test_what_came_after_the_snapshot_is_in_the_answer(store: Store) -> None:
    doc = written(300)
    await put(store, doc)
    for letter in "abc":
        before = doc.get_state()
        doc.get("t", type=Text).insert(5, letter)
        del doc.get("t", type=Text)[40:42]
        await store.append(NAME, [doc.get_update(before)], epoch=1)
    rooms = await open_rooms(store, limits=PACKED)
    peer = await Peer(rooms).sync()
    assert peer.text == str(doc.get("t", type=Text))
    assert rooms.open_rooms[NAME].is_packed
    # Others write to the store: it goes on without a document.
    before = doc.get_state()
    doc.get("t", type=Text).insert(0, "from elsewhere ")
    await store.append(NAME, [doc.get_update(before)], epoch=1)
    await until(lambda: seen_by(peer) == str(doc.get("t", type=Text)))
    assert rooms.open_rooms[NAME].is_packed
    assert (await Peer(rooms).sync()).text == peer.text
    await rooms.stop()


async def test_a_snapshot_that_is_replaced_under_a_room(store: Store) -> None:
    doc = written(300)
    await put(store, doc)
    rooms = await open_rooms(store, limits=PACKED)
    first = await Peer(rooms).sync()
    room = rooms.open_rooms[NAME]
    # Twice, so that the one that the room knows is gone.
    for letter in "xy":
        before = doc.get_state()
        doc.get("t", type=Text).insert(3, letter)
        version = await store.append(NAME, [doc.get_update(before)], epoch=1)
        await compact(store, at_once, NAME)
        await until(lambda version=version: room.version >= version)
    assert (await Peer(rooms).sync()).text == str(doc.get("t", type=Text))
    assert seen_by(first) == str(doc.get("t", type=Text))
    await rooms.stop()


async def test_what_waits_takes_a_document(store: Store) -> None:
    doc = written(300)
    await put(store, doc)
    updates: list[bytes] = []
    doc.observe(lambda event: updates.append(event.update))
    for letter in "abc":
        doc.get("t", type=Text).insert(5, letter)
    await store.append(NAME, [updates[0], updates[2]], epoch=1)
    rooms = await open_rooms(store, limits=PACKED)
    peer = await Peer(rooms, doc=doc).hello()
    assert not rooms.open_rooms[NAME].is_packed
    await peer.say(Update(updates[1]))
    assert (await Peer(rooms).sync()).text == str(doc.get("t", type=Text))
    await rooms.stop()


async def test_a_snapshot_from_before_containers_becomes_one(store: Store) -> None:
    doc = written(300)
    await store.seal(NAME, NOTHING, doc.get_update())
    rooms = await open_rooms(store, limits=PACKED)
    peer = await Peer(rooms).sync()
    assert peer.text == str(doc.get("t", type=Text))
    assert not rooms.open_rooms[NAME].is_packed
    await peer.say(Update(peer.write("!")))
    await rooms.stop()
    await store.open()
    await compact(store, at_once, NAME)
    history = await store.read(NAME)
    assert history.snapshot is not None
    assert is_container(history.snapshot.data)
    rooms = await open_rooms(store, limits=PACKED)
    assert (await Peer(rooms).sync()).text == peer.text
    assert rooms.open_rooms[NAME].is_packed
    await rooms.stop()


def typed_and_taken_back(words: int) -> Doc[Any]:
    """A document of which a quarter was deleted, a word here and a word there."""
    chance = random.Random(16)
    doc: Doc[Any] = Doc(client_id=1)
    text = doc.get("t", type=Text)
    length = 0
    with doc.transaction():
        for _ in range(words):
            word = chance.choice(("remember ", "the ", "milk ", "tomorrow\n"))
            text.insert(length, word)
            length += len(word)
            if chance.random() < 0.25:
                length -= len(word)
                del text[length : length + len(word)]
    return doc


class Counting(MemoryStore):
    """Counts how often, and how much of a snapshot, is read."""

    looks = 0
    size = 0

    async def read_parts(self, doc: str, snapshot: Version, parts: Any) -> Any:
        self.looks += 1
        self.size += sum(part.size for part in parts)
        return await super().read_parts(doc, snapshot, parts)


@pytest.mark.parametrize("logged", [0, 40])
async def test_a_join_takes_a_few_looks_and_no_copies(logged: int) -> None:
    """Counts, for times are measured elsewhere: bench/server/join.py."""
    doc = typed_and_taken_back(200_000)
    sealed = doc.get_update()
    store = Counting()
    await put(store, doc)
    text = doc.get("t", type=Text)
    updates: list[bytes] = []
    with doc.observe(lambda event: updates.append(event.update)):
        for place in range(logged):
            text.insert(len(text) - place, "x")
            del text[place : place + 1]
    if updates:
        await store.append(NAME, updates, epoch=1)
    rooms = await open_rooms(store, limits=PACKED)
    await Peer(rooms).hello()
    room = rooms.open_rooms[NAME]
    # Its beginning, and where everything is.
    assert store.looks == 2
    assert store.size < 32 * 1024
    store.looks = store.size = 0
    for units in (100, 200):
        known = behind(doc, units)
        expected = doc.get_update(known)
        tracemalloc.start()
        answer = await room.answer(known)
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert isinstance(answer, MadeStep2)
        if logged:  # it may be in more structs then
            away: Doc[Any] = Doc()
            away.apply_update(sealed)
            away.apply_update(answer.update)
            assert away.get_canonical() == doc.get_canonical()
        else:
            assert answer.update == expected
        # History and deletions, then text; who comes next needs other text alone.
        assert store.looks == (2 if units == 100 else 1)
        assert store.size < len(expected)
        # The answer, the deletions it is made of, and a page or two: no room for another answer.
        assert most < 1.5 * len(expected) + 2 * 65536
        # What goes out is what was made, and there is one of it however many ask.
        assert (await room.answer(known)) is answer
        assert encode(None, answer) is answer.message
        assert encode(None, Step2(answer.update)) == answer.message
        store.looks = store.size = 0
    assert room.is_packed
    await rooms.stop()


async def test_what_is_kept_for_the_next_one_is_bounded_and_proven() -> None:
    doc = typed_and_taken_back(20_000)
    store = Counting()
    await put(store, doc)
    limits = replace(PACKED, kept_parts_bytes=64 * 1024)
    rooms = await open_rooms(store, limits=limits)
    await Peer(rooms).hello()
    room = rooms.open_rooms[NAME]
    kept = rooms._around.kept_parts
    known = behind(doc, 10)
    expected = doc.get_update(known)
    assert (await room.answer(known)).update == expected
    ((version, parts),) = kept._parts.values()
    assert kept.size == sum(len(data) for _, data in parts) > 0
    # Of a document that had the name before: found out, and read again.
    kept.put(NAME, version, [(offset, bytes(len(data))) for offset, data in parts])
    room._answers = {}
    assert (await room.answer(known)).update == expected
    assert (kept.size, room.is_packed) == (0, True)
    # All together they are no more than they may be, and one is never most of it.
    kept.put("large", version, [(0, bytes(limits.kept_parts_bytes // 4 + 1))])
    assert kept.size == 0
    for number in range(9):
        kept.put(str(number), version, [(0, bytes(limits.kept_parts_bytes // 4))])
    assert kept.size == limits.kept_parts_bytes
    assert kept.get("0", version) == ()
    assert kept.get("8", version) != ()
    assert kept.get("8", Version(version.epoch, version.seq + 1)) == ()
    kept.drop("8")
    assert kept.size == limits.kept_parts_bytes * 3 // 4
    await rooms.stop()


async def test_one_who_has_typed_everywhere_takes_as_few_looks() -> None:
    doc = typed_and_taken_back(100_000)
    text = doc.get("t", type=Text)
    for place in range(0, len(text), len(text) // 100):
        text.insert(place, "x")
    store = Counting()
    await put(store, doc)
    rooms = await open_rooms(store, limits=PACKED)
    await Peer(rooms).hello()
    store.looks = 0
    known = behind(doc, 101)
    assert (await rooms.open_rooms[NAME].answer(known)).update == doc.get_update(known)
    assert store.looks == 2
    await rooms.stop()


class Spoiled(MemoryStore):
    """Gives wrong bytes when a part is read."""

    async def read_parts(self, doc: str, snapshot: Version, parts: Any) -> Any:
        found = await super().read_parts(doc, snapshot, parts)
        return [bytes(byte ^ 0x55 for byte in part[:9]) + part[9:] for part in found]


async def test_damaged_parts_lead_to_all_of_it() -> None:
    doc = written(300)
    store = Spoiled()
    await put(store, doc)
    metrics = PrometheusMetrics(process=False)
    rooms = await open_rooms(store, limits=PACKED, metrics=metrics)
    assert (await Peer(rooms).sync()).text == str(doc.get("t", type=Text))
    await rooms.stop()


async def test_packed_answers_are_those_of_documents(store: Store) -> None:
    chance = random.Random(5)
    doc: Doc[Any] = Doc(client_id=1)
    others = [Doc(client_id=client) for client in (2, 3)]
    log: list[bytes] = []
    for _ in range(80):
        one = chance.choice([doc, *others])
        before = one.get_state()
        text = one.get("t", type=Text)
        text.insert(chance.randint(0, len(text)), chance.choice(["a", "word ", "longer than that"]))
        if len(text) > 20 and chance.random() < 0.4:
            place = chance.randrange(len(text) - 5)
            del text[place : place + chance.randint(1, 5)]
        log.append(one.get_update(before))
        for other in (doc, *others):
            if other is doc or chance.random() < 0.5:
                other.apply_update(one.get_update())
    await store.seal(NAME, NOTHING, Container.pack(*log[:50]))
    await store.append(NAME, log[50:], epoch=1)
    rooms = await open_rooms(store, limits=PACKED)
    await Peer(rooms).sync()
    room = rooms.open_rooms[NAME]
    for upto in range(0, 80, 7):
        away: Doc[Any] = Doc()
        for update in log[:upto]:
            away.apply_update(update)
        away.apply_update((await room.answer(away.get_state())).update)
        assert away.get_canonical() == doc.get_canonical()
    assert await room.durable_state() == doc.get_state()
    await rooms.stop()
