"""What people see of a damaged record: everything that is sound, and the rest again as soon as
somebody comes who still has it."""

import asyncio
import sqlite3
from dataclasses import replace

import pytest
from harness.peers import Peer, make_rooms, stored_text, until
from test_sqlite import spoil

from ropewalk import Text
from ropewalk_server.errors import LoadFailed
from ropewalk_server.limits import Limits
from ropewalk_server.ops.documents import Documents
from ropewalk_server.protocol.messages import Numbered, Step1, Step2, Update
from ropewalk_server.rooms.compaction import compact
from ropewalk_server.rooms.ports import at_once
from ropewalk_server.stores import open_store
from ropewalk_server.stores.contract import Version


@pytest.fixture
def path(tmp_path):
    return tmp_path / "rooms.db"


async def open_rooms(path):
    rooms = make_rooms(open_store(f"sqlite:{path}"))
    await rooms.start()
    return rooms


async def two_people_write(path):
    """Ann writes entries 1 to 3, Bob 4 and 5."""
    rooms = await open_rooms(path)
    ann = await (await Peer(rooms).hello(token="ann")).sync()
    bob = await (await Peer(rooms).hello(token="bob")).sync()
    for peer, words in ((ann, ("one ", "two ", "three ")), (bob, ("four ", "five "))):
        for word in words:
            peer.merge()
            number = await peer.type_numbered(word)
            await until(lambda peer=peer, number=number: peer.acked >= number)
    bob.merge()
    ann.merge()
    assert ann.text == bob.text == "one two three four five "
    await rooms.stop()
    return ann, bob


async def test_a_lost_change_comes_back_with_somebody_who_has_it(path):
    ann, _ = await two_people_write(path)
    spoil(path, "firm/letter", 2)
    rooms = await open_rooms(path)
    # Whoever knows nothing sees what does not depend on it, and never a hole.
    carl = await (await Peer(rooms).hello(token="carl")).sync()
    assert carl.text == "one "
    assert [damage.where for damage in await rooms.store.damaged()] == ["entry (0, 2)"]
    # Ann comes back. The server's first message shows what it lacks.
    ann_again = Peer(rooms, doc=ann.doc)
    await (await ann_again.hello(token="ann")).sync()
    step1 = ann_again.all(Step1)[0]
    await ann_again.say(Step2(ann.doc.get_update(step1.state)))
    carl.merge()
    assert carl.text == "one two three four five "
    await rooms.stop()
    # And it is there again for good.
    rooms = await open_rooms(path)
    assert await stored_text(rooms) == "one two three four five "
    await rooms.stop()


async def test_a_lost_snapshot_costs_nothing(path):
    await two_people_write(path)
    store = open_store(f"sqlite:{path}")
    await store.open()
    history = await store.read("firm/letter")
    await store.close()
    rooms = await open_rooms(path)
    room = await rooms.room("firm/letter")
    await rooms.store.compact("firm/letter", history.version, await room.state_as_update())
    await rooms.stop()
    assert history.version == Version(0, 5)
    spoil_snapshot(path)
    rooms = await open_rooms(path)
    assert await stored_text(rooms) == "one two three four five "
    dora = await (await Peer(rooms).hello(token="dora")).sync()
    assert dora.text == "one two three four five "
    await rooms.stop()


def spoil_snapshot(path):
    """The newest."""
    with sqlite3.connect(path) as database:
        query = "SELECT rowid, record FROM snapshots ORDER BY epoch DESC, seq DESC"
        row, record = database.execute(query).fetchone()
        record = record[:-20] + bytes([record[-20] ^ 1]) + record[-19:]
        database.execute("UPDATE snapshots SET record = ? WHERE rowid = ?", (record, row))
    database.close()


async def test_a_lost_snapshot_is_no_base_when_the_log_is_put_together(path):
    """The next one may be lost, too: the log leads to all of it from the base before."""
    ann, _ = await two_people_write(path)
    store = open_store(f"sqlite:{path}")
    await store.open()
    assert await compact(store, at_once, "firm/letter") == Version(0, 5)
    spoil_snapshot(path)
    await store.append("firm/letter", [ann.write("six")])
    assert await compact(store, at_once, "firm/letter") == Version(0, 6)
    spoil_snapshot(path)
    await store.close()
    rooms = await open_rooms(path)
    assert await stored_text(rooms) == "one two three four five six"
    assert [damage.where for damage in await rooms.store.damaged()] == [
        "snapshot (0, 5)",
        "snapshot (0, 6)",
    ]
    await rooms.stop()


async def test_a_document_without_its_base_is_not_served_as_an_empty_one(path):
    ann, _ = await two_people_write(path)
    store = open_store(f"sqlite:{path}")
    await store.open()
    await store.seal("firm/letter", Version(0, 5), ann.doc.get_update())
    await store.close()
    spoil_snapshot(path)
    rooms = await open_rooms(path)
    with pytest.raises(LoadFailed, match="no sound snapshot"):
        await rooms.room("firm/letter")
    carl = Peer(rooms)
    await carl.hello(token="carl")
    await until(lambda: carl.closed)
    assert carl.code == 1011
    assert carl.text == ""
    assert not carl.all(Step2)
    await rooms.stop()


async def test_a_document_without_its_base_can_be_restored(path):
    ann, _ = await two_people_write(path)
    store = open_store(f"sqlite:{path}")
    await store.open()
    documents = Documents(store)
    point = await documents.savepoint("firm/letter", label="good")
    await store.seal("firm/letter", Version(0, 5), ann.doc.get_update())
    await store.append("firm/letter", [ann.write("six ")], epoch=1)
    spoil_snapshot(path)
    version, kept = await documents.restore("firm/letter", point.id)
    assert version == Version(2, 0)
    assert (kept.version, kept.label) == (
        Version(1, 1),
        f"before save point {point.id} was restored, without its damaged snapshot",
    )
    await store.close()
    rooms = await open_rooms(path)
    assert await stored_text(rooms) == "one two three four five "
    await rooms.stop()


async def test_what_is_lost_while_the_document_is_open_is_written_anew(path):
    """The room has it in memory: when the log is put together the loss is met, and ends."""
    rooms = make_rooms(open_store(f"sqlite:{path}"), limits=replace(Limits(), compact_entries=4))
    await rooms.start()
    ann = await (await Peer(rooms).hello(token="ann")).sync()
    for word in ("one ", "two ", "three "):
        await ann.type_numbered(word)
    erased = ann.doc.get_state()
    del ann.doc.get("t", type=Text)[0]
    ann.number += 1
    await ann.say(Numbered(ann.number, Update(ann.doc.get_update(erased))))
    await until(lambda: ann.acked == ann.number)
    spoil(path, "firm/letter", 2)
    await ann.type_numbered("four ")  # and now there is enough to be put together
    assert await met(rooms) == ["entry (0, 2)"]
    room = rooms.open_rooms["firm/letter"]
    await until(lambda: room.version.seq == 6)
    await ann.leave()
    await rooms.stop()
    rooms = await open_rooms(path)
    assert await stored_text(rooms) == "ne two three four "
    carl = await (await Peer(rooms).hello(token="carl")).sync()
    assert carl.text == "ne two three four "
    await rooms.stop()


async def met(rooms):
    for _ in range(200):
        found = [damage.where for damage in await rooms.store.damaged()]
        if found:
            return found
        await asyncio.sleep(0.02)
    raise AssertionError("the damage was not met")
