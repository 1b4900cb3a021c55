"""A document in its next epoch, through rooms and sessions: who has a copy of an old one brings what
they wrote, once, and a copy is never merged."""

from __future__ import annotations

from typing import Any

import pytest
from ropewalk import Doc, Text

from harness.peers import Peer, make_rooms, stored_doc, stored_text, until
from ropewalk_server.limits import Limits
from ropewalk_server.ops.documents import Documents
from ropewalk_server.ops.metrics import PrometheusMetrics
from ropewalk_server.protocol.messages import Denied, Epoch, Numbered, Step2, Translate, Welcome
from ropewalk_server.rooms.policy import DocumentPolicy, stock_rules
from ropewalk_server.rooms.renumbering import NotRenumbered
from ropewalk_server.rooms.rooms import Rooms
from ropewalk_server.stores.contract import StoreError
from ropewalk_server.stores.faults import Fault, FaultPlan
from ropewalk_server.stores.memory import MemoryStore

pytestmark = pytest.mark.anyio

POLICY = DocumentPolicy(stock=(("*", False),))
NAME = "firm/letter"


async def open_rooms(**options: Any) -> Rooms:
    rooms = make_rooms(**{"policy": POLICY, **options})
    await rooms.start()
    return rooms


def documents(rooms: Rooms) -> Documents:
    return Documents(rooms.store, policy=rooms.policy)


async def renumber(rooms: Rooms) -> int:
    """The new epoch; whoever has the old one open knows."""
    done = await documents(rooms).renumber(NAME)
    assert done is not None
    await until(lambda: NAME not in rooms.open_rooms)
    return done.version.epoch


async def write(rooms: Rooms, text: str) -> Peer:
    """Somebody who writes, and is told that it is stored."""
    peer = await (await Peer(rooms).hello(epoch=None)).sync()
    number = await peer.type_numbered(text)
    await until(lambda: peer.acked == number)
    return peer


async def bring(peer: Peer, epoch: int, number: int | None = None) -> int:
    """Brings what a copy has beyond what its epoch had."""
    had = peer.last(Epoch).had
    assert had is not None
    peer.number = peer.number + 1 if number is None else number
    await peer.say(Numbered(peer.number, Translate(epoch, peer.doc.get_update(had))))
    return peer.number


async def come_back(rooms: Rooms, peer: Peer, epoch: int) -> Peer:
    """The same copy over a new connection."""
    again = Peer(rooms, doc=peer.doc)
    return await again.hello(epoch=epoch)


async def fresh(rooms: Rooms) -> str:
    peer = await Peer(rooms).hello()
    await peer.sync()
    return peer.text


async def test_what_was_written_offline_is_there_once_after_three_epochs() -> None:
    rooms = await open_rooms()
    away = await write(rooms, "one two three")
    await away.leave()
    for epoch, gone in enumerate(("one", "two", "three"), 1):
        other = await (await Peer(rooms).hello()).sync()
        text = other.doc.get("t", type=Text)
        before = other.doc.get_state()
        at = str(text).index(gone)
        del text[at + 1 : at + len(gone)]
        text.insert(0, f"<{epoch}>")
        other.number += 1
        await other.say(Numbered(other.number, Step2(other.doc.get_update(before))))
        await until(lambda other=other: other.acked == other.number)
        assert (await renumber(rooms)) == epoch
        await until(lambda other=other: other.all(Epoch))
        await other.leave()
    away.write("AWAY", 4)  # before "two", of which a "t" is left
    back = await come_back(rooms, away, 0)
    assert (back.last(Epoch).epoch, back.all(Welcome)) == (3, [])
    number = await bring(back, 0)
    await until(lambda: back.acked == number)
    assert await stored_text(rooms) == "<3><2><1>o AWAYt t" == await fresh(rooms)
    # The ack was lost: it is brought again, over another connection, and changes nothing.
    again = await come_back(rooms, away, 0)
    number = await bring(again, 0)
    await until(lambda: again.acked == number)
    assert await stored_text(rooms) == "<3><2><1>o AWAYt t"
    await rooms.stop()


async def test_who_is_there_when_it_happens_brings_what_was_not_stored() -> None:
    rooms = await open_rooms(store=MemoryStore(FaultPlan()))
    peer = await write(rooms, "stored")
    writes = rooms.store.append
    failing = True

    async def append(*arguments: Any, **named: Any) -> Any:
        if failing:
            raise StoreError("not now")
        return await writes(*arguments, **named)

    rooms.store.append = append  # type: ignore[method-assign]
    await peer.type_numbered(" and not")
    await documents(rooms).renumber(NAME)
    failing = False
    await peer.type_numbered(" at all")
    await until(lambda: peer.all(Epoch))
    number = await bring(peer, 0)
    await until(lambda: peer.acked == number)
    assert await stored_text(rooms) == "stored and not at all" == await fresh(rooms)
    await rooms.stop()


async def test_others_see_what_is_brought() -> None:
    rooms = await open_rooms()
    away = await write(rooms, "ab")
    await away.leave()
    await renumber(rooms)
    here = await (await Peer(rooms).hello(epoch=1)).sync()
    away.write("-", 1)
    back = await come_back(rooms, away, 0)
    await bring(back, 0)
    await until(lambda: here.merge() or here.text == "a-b")
    # Who has brought something is not in the document as long as they have not said hello to it.
    assert len(rooms.open_rooms[NAME].members) == 1
    await rooms.stop()


async def test_a_reader_brings_nothing() -> None:
    rooms = await open_rooms()
    away = await write(rooms, "ab")
    await away.leave()
    await renumber(rooms)
    away.write("-", 1)
    reader = Peer(rooms, token="reader:rita@firm", doc=away.doc)
    await reader.hello(epoch=0)
    number = await bring(reader, 0)
    assert reader.refused == {number: "forbidden"}
    assert await stored_text(rooms) == "ab"
    await rooms.stop()


async def test_what_is_older_than_the_kept_maps_is_refused() -> None:
    rooms = await open_rooms(policy=DocumentPolicy(stock=(("*", False),), kept_epochs=2))
    away = await write(rooms, "ab")
    await away.leave()
    for _ in range(3):
        await renumber(rooms)
    assert [one.epoch for one in await rooms.store.epochs(NAME)] == [1, 2]
    away.write("-", 1)
    back = await come_back(rooms, away, 0)
    assert (back.last(Epoch).epoch, back.last(Epoch).had) == (3, None)
    await back.say(Numbered(1, Translate(0, away.doc.get_update())))
    assert back.refused == {1: "untranslatable"}
    assert await stored_text(rooms) == "ab"
    await rooms.stop()


async def test_what_cannot_be_translated_changes_nothing() -> None:
    rooms = await open_rooms()
    away = await write(rooms, "ab")
    await away.leave()
    await renumber(rooms)
    away.write("1")
    before = away.doc.get_state()
    away.write("2")
    back = await come_back(rooms, away, 0)
    parts = {
        1: away.doc.get_update(before),  # what it builds on is nowhere
        2: b"rubbish",
        3: b"",
    }
    for number, update in parts.items():
        await back.say(Numbered(number, Translate(0, update)))
    for number, epoch in ((4, 7), (5, 2)):
        await back.say(Numbered(number, Translate(epoch, away.doc.get_update())))
    assert back.refused == dict.fromkeys(range(1, 6), "untranslatable")
    assert back.closed is None and await stored_text(rooms) == "ab"
    await rooms.stop()


async def test_a_store_that_gives_no_map_makes_the_client_come_back() -> None:
    rooms = await open_rooms(store=MemoryStore(FaultPlan()))
    away = await write(rooms, "ab")
    await away.leave()
    await renumber(rooms)
    away.write("-", 1)
    back = await come_back(rooms, away, 0)
    rooms.store._faults = FaultPlan([Fault("read_map", 1, "fail")])  # type: ignore[attr-defined]
    await bring(back, 0)
    assert back.code == 1011
    again = await come_back(rooms, away, 0)
    number = await bring(again, 0)
    await until(lambda: again.acked == number)
    assert await stored_text(rooms) == "a-b"
    await rooms.stop()


# -- clients that know no epochs -----------------------------------------------------------------------


async def test_a_document_that_admits_stock_clients_is_not_renumbered() -> None:
    rooms = await open_rooms(policy=DocumentPolicy(stock=stock_rules(["private/*=refuse"])))
    await write(rooms, "ab")
    with pytest.raises(NotRenumbered, match=r"admits stock clients.*documents\.stock"):
        await documents(rooms).renumber(NAME)
    assert (await rooms.store.read(NAME)).version.epoch == 0
    stock = await Peer(rooms).sync()
    assert stock.text == "ab"
    await rooms.stop()


async def test_a_document_that_is_renumbered_has_no_stock_clients() -> None:
    rooms = await open_rooms()
    await write(rooms, "ab")
    stock = await Peer(rooms).sync()
    assert stock.code == 4410 and stock.closed is not None and "ropewalk/provider" in stock.closed[1]
    assert "know epochs" in stock.last(Denied).reason
    assert stock.text == ""
    await rooms.stop()


@pytest.mark.parametrize("rule", ["letters", "=admit", "letters/*=perhaps", ""])
def test_a_rule_that_is_none_is_refused(rule: str) -> None:
    with pytest.raises(ValueError, match="is no rule"):
        stock_rules([rule])


def test_the_first_rule_that_fits_counts() -> None:
    policy = DocumentPolicy(stock=stock_rules(["a/b=admit", "a/*=refuse", "c=d=refuse"]))
    assert [policy.admits_stock(f"firm/{name}") for name in ("a/b", "a/c", "c=d", "x")] == [
        True,
        False,
        False,
        True,
    ]


# -- documents that were replaced ------------------------------------------------------------------------


async def restored(rooms: Rooms) -> Peer:
    """A document that was restored to "ab", and a copy of what it was before."""
    peer = await write(rooms, "ab")
    kept = await documents(rooms).savepoint(NAME)
    text = peer.doc.get("t", type=Text)
    before = peer.doc.get_state()
    del text[0:1]
    text += "cd"
    peer.number += 1
    await peer.say(Numbered(peer.number, Step2(peer.doc.get_update(before))))
    await until(lambda: peer.acked == peer.number)
    await peer.leave()
    await documents(rooms).restore(NAME, kept.id)
    assert await stored_text(rooms) == "ab"
    return peer


async def test_a_stock_client_with_an_old_copy_is_sent_away_before_it_merges() -> None:
    rooms = await open_rooms(policy=DocumentPolicy())
    old = await restored(rooms)
    for deleted_only in (False, True):
        doc: Doc[Any] = Doc()
        doc.apply_update(old.doc.get_update())
        if deleted_only:  # nothing in its state vector tells it from the save point
            del doc.get("t", type=Text)[1:]
        stock = Peer(rooms, doc=doc)
        await stock.sync()
        assert stock.code == 4409
        await stock.say(Step2(doc.get_update()))
        assert stock.all(Step2) == []
    assert await stored_text(rooms) == "ab" == await fresh(rooms)
    await rooms.stop()


async def test_a_client_of_ours_that_has_forgotten_its_epoch_is_told() -> None:
    rooms = await open_rooms(policy=DocumentPolicy())
    old = await restored(rooms)
    ours = Peer(rooms, doc=old.doc)
    await ours.hello()
    await ours.sync()
    assert ours.last(Epoch) == Epoch(1) and ours.all(Step2) == []
    await ours.type_numbered("x")  # as it may, before it has read that
    assert await stored_text(rooms) == "ab"
    await rooms.stop()


async def test_nothing_leads_from_a_document_to_what_it_was_restored_to() -> None:
    rooms = await open_rooms()
    old = await restored(rooms)
    back = await come_back(rooms, old, 0)
    assert back.last(Epoch) == Epoch(1)
    await renumber(rooms)
    back = await come_back(rooms, old, 0)
    assert back.last(Epoch) == Epoch(2)
    await rooms.stop()


# -- by itself -----------------------------------------------------------------------------------------


async def test_a_document_of_which_much_is_deleted_is_renumbered_when_all_have_left() -> None:
    metrics = PrometheusMetrics(process=False)
    policy = DocumentPolicy(stock=(("*", False),), renumber_bytes=200, renumber_share=0.5)
    rooms = await open_rooms(policy=policy, limits=Limits(idle_seconds=0.05), metrics=metrics)
    peer = await write(rooms, "x" * 300)
    await peer.leave()
    await until(lambda: NAME not in rooms.open_rooms)
    assert (await rooms.store.read(NAME)).version.epoch == 0  # nothing is deleted
    peer = await (await Peer(rooms).hello(epoch=0)).sync()
    del peer.doc.get("t", type=Text)[10:]
    peer.number += 1
    await peer.say(Numbered(peer.number, Step2(peer.doc.get_update())))
    await until(lambda: peer.acked == peer.number)
    await peer.leave()
    await until(lambda: metrics.value("renumberings") == 1)
    assert (await rooms.store.read(NAME)).version.epoch == 1
    assert len((await stored_doc(rooms)).get_update()) < 60
    assert await fresh(rooms) == "x" * 10
    await rooms.stop()
