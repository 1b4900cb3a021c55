"""T19: every message type x role x own or other document x own or other tenant. Where it is not
allowed, the bytes of every document in the store, and what others see of it, are the same."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import pytest
from ropewalk import Doc, Text, write_message

from harness.peers import Peer, awareness, make_rooms, until
from ropewalk_server.protocol import frames
from ropewalk_server.protocol.messages import (
    Ack,
    Awareness,
    Denied,
    Epoch,
    Event,
    Hello,
    Numbered,
    QueryAwareness,
    Refusal,
    State,
    Step1,
    Step2,
    Update,
    Welcome,
)
from ropewalk_server.rooms.rooms import Rooms

pytestmark = pytest.mark.anyio

ROLES = ["nobody", "reader", "commenter", "editor", "owner"]
WRITERS = {"editor", "owner"}

# How a message is made of an update of the document it is sent to; whether it is a change.
KINDS: dict[str, tuple[Callable[[bytes], bytes], bool]] = {
    "step 1": (lambda u: frames.encode(None, Step1(b"\0")), False),
    "step 2": (lambda u: frames.encode(None, Step2(u)), True),
    "update": (lambda u: frames.encode(None, Update(u)), True),
    "numbered step 1": (lambda u: frames.encode(None, Numbered(1, Step1(b"\0"))), False),
    "numbered step 2": (lambda u: frames.encode(None, Numbered(1, Step2(u))), True),
    "numbered update": (lambda u: frames.encode(None, Numbered(1, Update(u))), True),
    "awareness": (lambda u: frames.encode(None, Awareness(awareness((9, 1, b"{}")))), False),
    "awareness of another": (
        lambda u: frames.encode(None, Awareness(awareness((77, 9, b'{"a":1}')))),
        False,
    ),
    "awareness null of another": (
        lambda u: frames.encode(None, Awareness(awareness((77, 9, b"null")))),
        False,
    ),
    "update as awareness": (lambda u: b"\x01" + write_message(u), False),
    "query awareness": (lambda u: frames.encode(None, QueryAwareness()), False),
    "auth": (lambda u: frames.encode(None, Denied("no")), False),
    "welcome": (lambda u: frames.encode(None, Welcome({"role": "owner"})), False),
    "hello again": (lambda u: frames.encode(None, Hello()), False),
    "ack": (lambda u: frames.encode(None, Ack(1)), False),
    "refusal": (lambda u: frames.encode(None, Refusal(1, "a", "b")), False),
    "epoch": (lambda u: frames.encode(None, Epoch(9)), False),
    "state": (lambda u: frames.encode(None, State("unsynced")), False),
    "event": (lambda u: frames.encode(None, Event({"type": "restore"})), False),
    "sync of an unknown step": (lambda u: b"\x00\x03" + write_message(u), False),
    "type 4 of Hocuspocus": (lambda u: b"\x04\x02" + write_message(u), False),
    "type 6 of Hocuspocus": (lambda u: b"\x06" + write_message(u), False),
    "an unknown type with an update": (lambda u: b"\x75\x02" + write_message(u), False),
}

# Where it is sent: the document of the connection, another of the tenant, and what might be taken
# for one of another tenant.
TARGETS: dict[str, str | None] = {
    "own document": None,
    "other document": "other",
    "other tenant": "rival/letter",
    "other tenant, up": "../rival/letter",
    "other tenant, escaped": "%2e%2e/rival/letter",
    "other tenant, rooted": "/rival/letter",
}

DOCUMENTS = ["firm/letter", "firm/other", "rival/letter", "rival/other"]


async def prepared() -> tuple[Rooms, dict[str, Doc[Any]]]:
    """Rooms with four documents, in each of which somebody is and shows something."""
    rooms = make_rooms()
    await rooms.start()
    docs = {}
    for name in DOCUMENTS:
        tenant, _, document = name.partition("/")
        peer = await Peer(rooms, document, f"editor:eve@{tenant}").hello()
        await peer.type_numbered(f"this is {name}")
        await until(lambda peer=peer: peer.acked == 1)
        await peer.show(b'{"here":1}', client=77)
        docs[name] = peer.doc
    return rooms, docs


async def stored_bytes(rooms: Rooms) -> dict[str, Any]:
    """All there is in the store."""
    states = {}
    for info in await rooms.store.list():
        history = await rooms.store.read(info.doc)
        states[info.doc] = tuple(entry.update for entry in history.entries)
    return states


async def shown(rooms: Rooms) -> dict[str, Any]:
    states = {}
    for name, room in rooms.open_rooms.items():
        if name in DOCUMENTS:
            doc: Doc[Any] = Doc()
            doc.apply_update(await room.state_as_update())
            states[name] = (room.presences._clients[77].state, doc.get_canonical())
    return states


TABLE = list(itertools.product(KINDS, TARGETS))


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("wrapped", [False, True], ids=["of one document", "of several"])
async def test_t19_rights(role: str, wrapped: bool) -> None:
    rooms, docs = await prepared()
    before, looks = await stored_bytes(rooms), await shown(rooms)
    wrong = []
    for kind, target in TABLE:
        make, changes = KINDS[kind]
        name = TARGETS[target]
        if not wrapped and name is not None:
            continue
        victim = docs["firm/other" if target == "other document" else "firm/letter"]
        writer = Doc()
        writer.apply_update(victim.get_update())
        writer.get("t", type=Text).insert(0, "INTRUDER")
        update = writer.get_update(victim.get_state())
        peer = Peer(rooms, None if wrapped else "letter", f"{role}:mallory@firm")
        if wrapped:
            document = name or "letter"
            await peer.hello()
            await peer.say(Hello(), document)
            message = make(update)
            await peer.say_raw(b"\x7e" + write_message(document.encode()) + message)
        else:
            await peer.hello()
            await peer.say_raw(make(update))
        await peer.leave()
        for room in list(rooms.open_rooms.values()):
            await room.settled()
        after = await stored_bytes(rooms)
        allowed = role in WRITERS and changes
        changed = {doc for doc in DOCUMENTS if after[doc] != before[doc]}
        expected = set()
        if allowed and target in ("own document", "other document"):
            expected = {"firm/other" if target == "other document" else "firm/letter"}
        tenants = {doc.partition("/")[0] for doc in after}
        visible = await shown(rooms)
        same_looks = all(
            visible[doc] == looks[doc] for doc in DOCUMENTS if doc not in expected
        ) and all(visible[doc][0] == looks[doc][0] for doc in DOCUMENTS)
        if changed != expected or not same_looks or tenants != {"firm", "rival"}:
            wrong.append((role, kind, target, changed))
        before, looks = after, visible
        for doc in expected:
            docs[doc].apply_update(update)
    assert wrong == []
    await rooms.stop()


async def test_t19_the_tenant_is_that_of_the_token() -> None:
    """Whatever the path says, and however the tenant is called."""
    rooms = make_rooms()
    await rooms.start()
    for tenant in ("firm", "firm/letter", "..", "%2F", "firm%2F", "ä b"):
        peer = await Peer(rooms, "letter", f"editor:ann@{tenant}").hello()
        await peer.type_numbered(tenant)
        await until(lambda peer=peer: peer.acked == 1)
        assert peer.text == tenant
    names = [info.doc for info in await rooms.store.list()]
    assert len(names) == len({name.partition("/")[0] for name in names}) == 6
    await rooms.stop()


async def test_t19_a_reader_who_changes_nothing_is_not_bothered() -> None:
    """A stock client answers step 1 whatever its role is."""
    rooms, docs = await prepared()
    reader = Peer(rooms, "letter", "reader:rod@firm")
    await reader.sync()
    await reader.say(Step2(docs["firm/letter"].get_update()))
    assert reader.code is None
    assert reader.all(Denied) == []
    await reader.say(Update(docs["firm/letter"].get_update()))
    await reader.say(Update(docs["firm/letter"].get_update()))
    assert len(reader.all(Denied)) == 1
    await rooms.stop()


async def test_t19_a_reader_s_numbered_answer_is_settled_if_it_brings_nothing() -> None:
    """Yjs names all that is deleted in every answer."""
    rooms, docs = await prepared()
    writer = await Peer(rooms, "letter", "editor:ann@firm").hello()
    await writer.sync()
    del writer.doc.get("t", type=Text)[1:3]
    await writer.say(Numbered(1, Update(writer.doc.get_update(writer.doc.get_state()))))
    await until(lambda: writer.acked == 1)
    reader = await Peer(rooms, "letter", "reader:rod@firm").hello()
    await reader.sync()
    answers = [
        reader.doc.get_update(reader.doc.get_state()),  # deletions and no more
        reader.doc.get_update(),
        docs["firm/letter"].get_update(),
    ]
    assert answers[0] != b"\0\0"
    for number, answer in enumerate(answers, 1):
        await reader.say(Numbered(number, Step2(answer)))
    await until(lambda: reader.acked == 3)
    assert reader.all(Refusal) == []
    # What is its own is refused: a deletion, and a text.
    del reader.doc.get("t", type=Text)[0:1]
    await reader.say(Numbered(4, Step2(reader.doc.get_update(reader.doc.get_state()))))
    await reader.say(Numbered(5, Step2(Doc({"t": Text("x")}).get_update())))
    await reader.say(Numbered(6, Step2(b"no update")))
    assert [(refusal.number, refusal.code) for refusal in reader.all(Refusal)] == [
        (number, "forbidden") for number in (4, 5, 6)
    ]
    assert reader.acked == 3
    await rooms.stop()
