"""The state machine of one connection: what each state answers to each message, and its bounds."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from typing import Any

import pytest
from ropewalk import write_message

from harness.peers import Peer, awareness, make_rooms, stored_text, until
from ropewalk_server.auth.identity import Identity, Refused, Role
from ropewalk_server.errors import CloseCode
from ropewalk_server.limits import Limits
from ropewalk_server.protocol import frames
from ropewalk_server.protocol.messages import (
    Ack,
    Awareness,
    Denied,
    Epoch,
    Event,
    Hello,
    Message,
    Numbered,
    QueryAwareness,
    Refusal,
    State,
    Step1,
    Step2,
    Update,
    Welcome,
)
from ropewalk_server.rooms.colors import color_of
from ropewalk_server.rooms.rooms import Rooms

pytestmark = pytest.mark.anyio

EMPTY = b"\x00\x00"
ONLY_SERVERS_SAY = [
    Denied("no"),
    Welcome({"v": 1}),
    Ack(1),
    Refusal(1, "x", "y"),
    Epoch(7),
    State("unsynced"),
    Event({"type": "user-joined"}),
]

# What is said in a new connection -> what it is answered, by kind, and the code it is closed with.
FIRST: list[tuple[str, bytes | str, list[type], int | None]] = [
    ("a hello", frames.encode(None, Hello()), [Welcome, Step1], None),
    ("step 1", frames.encode(None, Step1(b"\0")), [Step1, Step2], None),
    ("step 2", frames.encode(None, Step2(EMPTY)), [Step1], None),
    ("an update", frames.encode(None, Update(EMPTY)), [Step1], None),
    ("awareness", frames.encode(None, Awareness(awareness((1, 1, b"{}")))), None, None),  # type: ignore[list-item]
    ("a question", frames.encode(None, QueryAwareness()), [Step1], None),
    ("an unknown type", b"\x63junk", [], None),
    ("a number", frames.encode(None, Numbered(1, Update(EMPTY))), [Step1], 4400),
    ("nothing", b"", [], 1007),
    ("a message that is cut", b"\x00\x02\x05ab", [], 1007),
    ("text", "\x00\x02", [], 1007),
    *[(type(said).__name__, frames.encode(None, said), [Step1], None) for said in ONLY_SERVERS_SAY],
]


async def open_rooms(**options: Any) -> Rooms:
    rooms = make_rooms(**options)
    await rooms.start()
    return rooms


@pytest.mark.parametrize(
    ("said", "answers", "code"), [row[1:] for row in FIRST], ids=[r[0] for r in FIRST]
)
async def test_a_new_connection(
    said: bytes | str, answers: list[type] | None, code: int | None
) -> None:
    rooms = await open_rooms()
    peer = Peer(rooms)
    await peer.say_raw(said)
    if answers is not None:
        assert [type(message) for _, message in peer.received] == answers
    assert peer.code == code
    assert peer.session.is_closed == (code is not None)
    await rooms.stop()


@pytest.mark.parametrize("said", ONLY_SERVERS_SAY, ids=lambda said: type(said).__name__)
@pytest.mark.parametrize("extended", [False, True])
async def test_what_only_a_server_says_is_counted_and_ignored(
    said: Message, extended: bool
) -> None:
    rooms = await open_rooms()
    peer, other = Peer(rooms), await Peer(rooms).hello()
    await (peer.hello() if extended else peer.say(Step1(b"\0")))
    before = len(peer.received), len(other.received)
    await peer.say(said)
    assert (len(peer.received), len(other.received)) == before
    assert peer.code is None
    await rooms.stop()


async def test_a_closed_session_drops_what_comes() -> None:
    rooms = await open_rooms()
    peer = await Peer(rooms).hello()
    peer.session.end(CloseCode.TOO_MANY, "enough")
    said = len(peer.received)
    await peer.type("x")
    await peer.say(Hello())
    assert len(peer.received) == said
    assert peer.code == CloseCode.TOO_MANY
    assert await stored_text(rooms) == ""
    await rooms.stop()


async def test_the_welcome_says_who_one_is_and_what_is_allowed() -> None:
    rooms = await open_rooms()
    peer = await Peer(rooms).hello(token="commenter:ann@firm")
    fields = peer.last(Welcome).fields
    assert fields["v"] == 1
    assert fields["user"]["id"] == "ann"
    assert fields["user"]["name"] == "Ann"
    assert fields["role"] == "commenter"
    assert fields["epoch"] == 0
    assert fields["limits"] == {"message": 16 << 20, "document": 64 << 20}
    await rooms.stop()


# -- before it is known who it is ----------------------------------------------------------------


async def test_who_says_nothing_is_sent_away() -> None:
    rooms = await open_rooms(limits=replace(Limits(), handshake_seconds=0.05))
    peer = Peer(rooms)
    await until(lambda: peer.closed)
    assert peer.code == 4401
    assert "handshake_seconds" in peer.closed[1]
    await rooms.stop()


async def test_a_server_that_was_late_itself_looks_at_what_has_come_first() -> None:
    rooms = await open_rooms(limits=replace(Limits(), handshake_seconds=0.02))
    peer, silent = Peer(rooms), Peer(rooms)
    time.sleep(0.4)  # the whole server does something else
    await asyncio.sleep(0.01)
    await peer.hello()
    await until(lambda: silent.closed)
    assert peer.code is None
    assert silent.code == 4401
    await rooms.stop()


async def test_a_first_message_is_small() -> None:
    rooms = await open_rooms()
    peer = Peer(rooms)
    await peer.say_raw(b"\x00\x02" + write_message(bytes(64 << 10)))
    assert peer.code == 1009
    assert "handshake_bytes" in peer.closed[1]
    await rooms.stop()


async def test_messages_without_a_meaning_do_not_keep_a_connection_open() -> None:
    """A text codec may need several messages for its first; there are bounds for that."""
    rooms = await open_rooms()
    peer = Peer(rooms)
    peer.session._codec = Silent()
    for _ in range(33):
        await peer.say_raw("part")
    assert peer.code == 4429
    assert "handshake_messages" in peer.closed[1]
    await rooms.stop()


class Silent:
    family = None

    def decode(self, message: bytes | str) -> list[Any]:
        return []

    def encode(self, document: str | None, message: Message) -> list[bytes]:
        return []


async def test_nothing_is_loaded_before_it_is_known_who_asks() -> None:
    rooms = await open_rooms()
    peer = Peer(rooms, token="bad")
    await peer.say(Step1(b"\0"))
    assert peer.code == 4401
    assert rooms.open_rooms == {}
    assert [type(m) for _, m in peer.received] == [Denied]
    await rooms.stop()


async def test_a_hook_may_refuse() -> None:
    rooms = await open_rooms()

    @rooms.on_connect
    def not_today(connection: object) -> None:
        raise Refused("not today", "forbidden")

    peer = await Peer(rooms).hello()
    assert peer.closed == (4403, "not today")
    await rooms.stop()


async def test_whoever_has_no_right_hears_so() -> None:
    rooms = await open_rooms()
    peer = await Peer(rooms, "secret").hello()
    assert peer.code == 4403
    await rooms.stop()


@pytest.mark.parametrize(
    ("code", "closes"),
    [("not-found", 4404), ("forbidden", 4403), ("expired", 4401), ("unavailable", 1011)],
)
async def test_a_document_may_be_refused_in_several_ways(code: str, closes: int) -> None:
    def may(_: Identity, document: str) -> Role:
        if document == "letter":
            raise Refused("not this one", code)
        return Role.EDITOR

    rooms = await open_rooms(authorize=may)
    assert (await Peer(rooms).hello()).closed == (closes, "not this one")
    several = await Peer(rooms, None).hello()
    await several.say(Hello(), "letter")
    assert several.received[-1] == ("letter", Denied("not this one"))
    await several.say(Hello(), "other")
    assert several.code is None
    await rooms.stop()


async def test_a_ticket_for_one_document_opens_no_other() -> None:
    rooms = await open_rooms(
        authenticate=lambda _: Identity("ann", "firm", document="letter"), authorize=None
    )
    assert (await Peer(rooms, "letter").hello()).code is None
    assert (await Peer(rooms, "other").hello()).code == 4403
    await rooms.stop()


@pytest.mark.parametrize("name", ["", "a\x00b", "a" * 1100])
async def test_a_name_that_no_document_can_have_is_refused(name: str) -> None:
    rooms = await open_rooms()
    peer = await Peer(rooms, name).hello()
    assert peer.code == 4400
    await rooms.stop()


# -- bounds --------------------------------------------------------------------------------------


async def test_a_flood_of_messages_ends() -> None:
    rooms = await open_rooms(limits=replace(Limits(), messages_per_second=1, message_burst=20))
    peer = await Peer(rooms).hello()
    for _ in range(40):
        await peer.say(QueryAwareness())
    assert peer.code == 4429
    assert "messages_per_second" in peer.closed[1]
    await rooms.stop()


async def test_a_message_beyond_the_limit_is_told_the_setting() -> None:
    rooms = await open_rooms(limits=replace(Limits(), message_bytes=1000))
    peer = await Peer(rooms).hello()
    await peer.say(Update(bytes(1001)))
    assert peer.code == 1009
    assert "message_bytes" in peer.closed[1]
    await rooms.stop()


async def test_documents_of_one_connection_are_limited() -> None:
    rooms = await open_rooms()
    peer = await Peer(rooms, None).hello()
    for number in range(51):
        await peer.say(Step1(b"\0"), f"d{number}")
    assert peer.code == 4429
    assert "documents_per_connection" in peer.closed[1]
    await rooms.stop()


# -- several documents ---------------------------------------------------------------------------


async def test_several_documents_over_one_connection() -> None:
    rooms = await open_rooms()
    peer = await Peer(rooms, None).hello()
    assert "role" not in peer.last(Welcome).fields
    await peer.say(Hello(), "a")
    await peer.say(Hello(), "b")
    named = [(name, type(m)) for name, m in peer.received if name]
    assert named == [("a", Welcome), ("a", Step1), ("b", Welcome), ("b", Step1)]
    other = Peer(rooms, "b")
    await other.sync()
    await peer.type_numbered("to b", "b")
    assert other.all(Update)
    await until(lambda: ("b", Ack(1)) in peer.received)
    assert await stored_text(rooms, "a") == ""
    assert await stored_text(rooms, "b") == "to b"
    await other.type("!")
    assert peer.received[-1][0] == "b"
    await rooms.stop()


async def test_a_document_that_is_refused_leaves_the_others_open() -> None:
    rooms = await open_rooms()
    peer = await Peer(rooms, None).hello()
    await peer.say(Hello(), "secret")
    assert peer.received[-1] == ("secret", Denied("no right to this document"))
    await peer.say(Hello(), "a")
    assert peer.code is None
    assert peer.received[-1][0] == "a"
    await rooms.stop()


async def test_a_message_without_a_document_where_none_is_meant() -> None:
    rooms = await open_rooms()
    peer = await Peer(rooms, None).hello()
    await peer.say(Step1(b"\0"))
    assert peer.code == 4400
    await rooms.stop()


# -- numbers -------------------------------------------------------------------------------------


async def test_numbers_count_up_from_one() -> None:
    rooms = await open_rooms()
    for wrong in (0, 2, 2**53 - 1):
        peer = await Peer(rooms).hello()
        await peer.say(Numbered(wrong, Update(EMPTY)))
        assert peer.code == 4400
    peer = await Peer(rooms).hello()
    await peer.say(Numbered(1, Step1(b"\0")))
    await peer.say(Numbered(2, Step2(EMPTY)))
    await peer.say(Numbered(3, Update(EMPTY)))
    assert peer.acked == 3
    await peer.say(Numbered(3, Update(EMPTY)))
    assert peer.code == 4400
    await rooms.stop()


async def test_an_update_that_is_none_is_refused_and_changes_nothing() -> None:
    rooms = await open_rooms()
    peer, stock = await Peer(rooms).hello(), Peer(rooms)
    good = peer.write("good")
    await peer.say(Numbered(1, Update(good[:-1])))
    assert peer.refused == {1: "invalid"}
    await peer.say(Numbered(2, Update(good)))
    await until(lambda: peer.acked == 2)
    await stock.say(Update(good[:-1]))
    assert stock.code == 1007
    assert await stored_text(rooms) == "good"
    await rooms.stop()


# -- comments ------------------------------------------------------------------------------------


async def test_comments_are_passed_on_and_say_who_wrote_them() -> None:
    rooms = await open_rooms()
    ann = await Peer(rooms, token="commenter:ann@firm").hello()
    reader = await Peer(rooms, token="reader:rod@firm").hello()
    stock = Peer(rooms)
    await stock.sync()
    await ann.say(Event({"type": "comment", "text": "why?", "user": {"id": "bob"}}))
    event = reader.last(Event).fields
    assert (event["text"], event["user"]["id"]) == ("why?", "ann")
    assert stock.all(Event) == []
    before = len(ann.received)
    await reader.say(Event({"type": "comment", "text": "mine"}))
    assert len(ann.received) == before
    await rooms.stop()


async def test_members_hear_who_comes_and_goes() -> None:
    rooms = await open_rooms()
    ann = await Peer(rooms, token="editor:ann@firm").hello()
    bob = await Peer(rooms, token="editor:bob@firm").hello()
    assert ann.last(Event).fields["type"] == "user-joined"
    assert ann.last(Event).fields["user"]["id"] == "bob"
    await bob.leave()
    assert ann.last(Event).fields["type"] == "user-left"
    assert bob.all(Event) == []
    await rooms.stop()


async def test_a_person_comes_with_the_first_connection_and_leaves_with_the_last() -> None:
    rooms = await open_rooms()
    ann = await Peer(rooms, token="editor:ann@firm").hello()
    first = await Peer(rooms, token="editor:bob@firm").hello()
    second = await Peer(rooms, token="editor:bob@firm").hello()
    await first.leave()
    assert [event.fields["type"] for event in ann.all(Event)] == ["user-joined"]
    await second.leave()
    told = [(event.fields["type"], event.fields["user"]) for event in ann.all(Event)]
    bob = {"id": "bob", "name": "Bob", "color": color_of("bob")}
    assert told == [("user-joined", bob), ("user-left", bob)]
    assert first.all(Event) == second.all(Event) == []
    assert len(rooms.open_rooms["firm/letter"].members) == 1
    await rooms.stop()
