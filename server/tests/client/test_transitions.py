"""Each transition of a document's state, against a server that does what the test says."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from pathlib import Path
from random import Random
from typing import Any

import pytest

from client.fakes import FakeServer, FakeTransport, Longest
from ropewalk import Doc, Text
from ropewalk.client import (
    Backoff,
    ChangeRefused,
    Closed,
    Connection,
    FileOutbox,
    Forbidden,
    NotAuthenticated,
    ProtocolError,
    SharedDocument,
    State,
)
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
    Renew,
    Step1,
    Step2,
    Translate,
    Update,
    Welcome,
)
from ropewalk_server.protocol.messages import (
    State as ServerState,
)


def run(work: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(work, 10))


async def until(holds: Any) -> None:
    for _ in range(1000):
        if holds():
            return
        await asyncio.sleep(0.002)
    raise AssertionError("it has not come to that")


def write(document: SharedDocument, text: str) -> None:
    shared = document.doc.get("text", type=Text)
    shared.insert(len(shared), text)


async def greet(transport: FakeTransport, epoch: int = 0, durable: bytes = b"\x00") -> None:
    """What a server says to a client that has just come."""
    hello = await transport.hear(Hello)
    transport.say(Welcome({"user": {}, "limits": {}}), None)
    del hello
    await transport.hear(Step1)
    transport.say(Welcome({"role": "editor", "epoch": epoch}))
    transport.say(Step1(durable))
    transport.say(Step2(b"\x00\x00"))


async def joined(server: FakeServer, **options: Any) -> tuple[SharedDocument, FakeTransport]:
    connection = server.connection(**options)
    document = await connection.join("letter")
    transport = await server.next()
    await greet(transport)
    await document.synced()
    return document, transport


def test_offline_syncing_synced() -> None:
    async def work() -> None:
        server = FakeServer(refuse=2)
        connection = server.connection(token="me")
        seen: list[State] = []
        letter = await connection.join("letter")
        letter.on_state = seen.append
        assert letter.state is State.OFFLINE
        transport = await server.next()
        assert (await transport.hear(Hello)).token == "me"
        assert (await transport.hear(Hello)).epoch is None  # about the letter
        assert (await transport.hear(Step1)).state == b"\x00"
        await until(lambda: letter.state is State.SYNCING)
        transport.say(Welcome({"role": "commenter", "epoch": 4}))
        transport.say(Step1(b"\x00"))
        transport.say(Step2(b"\x00\x00"))
        await letter.synced()
        assert (letter.role, server.attempts) == ("commenter", 3)
        write(letter, "a")
        assert letter.state is State.SYNCING and letter.unsaved == 1
        sent = await transport.hear(Numbered)
        assert sent.number == 1 and isinstance(sent.message, Update)
        transport.say(Ack(1))
        await letter.durable()
        assert letter.state is State.SYNCED
        transport.cut()
        await until(lambda: letter.state is State.OFFLINE)
        again = await server.next()
        await again.hear(Hello)
        assert (await again.hear(Hello)).epoch == 4
        await connection.close()
        assert seen[:5] == [
            State.SYNCING,
            State.SYNCED,
            State.SYNCING,
            State.SYNCED,
            State.OFFLINE,
        ]

    run(work())


def test_what_is_not_acknowledged_is_offered_again() -> None:
    async def work() -> None:
        server = FakeServer()
        letter, transport = await joined(server)
        write(letter, "a")
        await transport.hear(Numbered)
        write(letter, "b")
        await transport.hear(Numbered)
        transport.say(Ack(1))
        await until(lambda: letter.unsaved == 1)
        transport.cut()
        await until(lambda: letter.state is State.OFFLINE)
        write(letter, "c")
        again = await server.next()
        await greet(again)
        offered = await again.hear(Numbered)
        doc: Doc[Any] = Doc()
        doc.apply_update(offered.message.update)
        assert offered.number == 1 and str(doc.get("text", type=Text)) == "abc"
        again.say(Ack(1))
        await letter.synced()

    run(work())


def test_nothing_is_sent_before_the_server_has_said_what_it_stores() -> None:
    async def work() -> None:
        server = FakeServer()
        connection = server.connection()
        letter = await connection.join("letter", Doc({"text": Text("before")}))
        assert letter.unsaved == 1
        transport = await server.next()
        await transport.hear(Step1)
        write(letter, "!")
        await asyncio.sleep(0.02)
        while not transport.heard.empty():
            assert not isinstance(transport.heard.get_nowait()[1], Numbered)
        transport.say(Step1(b"\x00"))
        assert isinstance((await transport.hear(Numbered)).message, Step2)
        transport.say(Ack(1))
        await letter.durable()
        assert letter.state is State.SYNCING  # the answer to our step 0 is still to come
        transport.say(Step2(b"\x00\x00"))
        await letter.synced()

    run(work())


def test_changes_of_one_turn_are_one_message() -> None:
    async def work() -> None:
        letter, transport = await joined(FakeServer())
        for char in "many":
            write(letter, char)
        sent = await transport.hear(Numbered)
        doc: Doc[Any] = Doc()
        doc.apply_update(sent.message.update)
        assert str(doc.get("text", type=Text)) == "many"
        transport.say(Ack(sent.number))
        await letter.durable()

    run(work())


def test_unsynced_while_the_server_stores_nothing() -> None:
    async def work() -> None:
        letter, transport = await joined(FakeServer())
        transport.say(ServerState("unsynced"))
        await until(lambda: letter.state is State.UNSYNCED)
        transport.say(ServerState("syncing"))
        await letter.synced()

    run(work())


def test_a_refusal_reaches_whoever_waits() -> None:
    async def work() -> None:
        letter, transport = await joined(FakeServer())
        write(letter, "x")
        waiting = asyncio.ensure_future(letter.durable())
        sent = await transport.hear(Numbered)
        transport.say(Refusal(sent.number, "forbidden", "you may read"))
        with pytest.raises(ChangeRefused, match=r"you may read \(forbidden\)") as error:
            await waiting
        assert error.value.code == "forbidden"
        assert letter.state is State.UNSYNCED and letter.unsaved == 0

    run(work())


def test_a_replaced_document_drops_the_local_copy(tmp_path: Path) -> None:
    async def work() -> None:
        server = FakeServer()
        connection = server.connection()
        file = tmp_path / "outbox"
        letter = await connection.join("letter", outbox=FileOutbox(file))
        replaced: list[tuple[str, int]] = []
        letter.on_replaced = lambda old, lost: replaced.append(
            (str(old.get("text", type=Text)), len(lost))
        )
        letter.awareness.set_local_state({"name": "me"})
        transport = await server.next()
        await greet(transport)
        write(letter, "old")
        await transport.hear(Numbered)
        transport.say(Epoch(1))
        assert (await transport.hear(Hello)).epoch == 1
        await transport.hear(Step1)
        assert (await transport.hear(Awareness)).update
        assert replaced == [("old", 1)] and str(letter.doc.get("text", type=Text)) == ""
        transport.say(Welcome({"role": "editor", "epoch": 1}))
        transport.say(Step1(b"\x00"))
        transport.say(Step2(Doc({"text": Text("new")}).get_update()))
        await letter.synced()
        assert str(letter.doc.get("text", type=Text)) == "new"
        assert (tmp_path / "outbox.epoch-0").exists()
        write(letter, "er")
        assert (await transport.hear(Numbered)).number == 1
        await connection.close()

    run(work())


@pytest.mark.parametrize(
    ("code", "error"),
    [(4400, ProtocolError), (1009, ProtocolError), (4403, Forbidden), (4404, Forbidden)],
)
def test_codes_that_end_it(code: int, error: type[Exception]) -> None:
    async def work() -> None:
        server = FakeServer()
        letter, transport = await joined(server)
        write(letter, "x")
        waiting = asyncio.ensure_future(letter.durable())
        transport.cut(code, "for this reason")
        with pytest.raises(error, match="for this reason"):
            await waiting
        await asyncio.sleep(0.03)
        assert server.attempts == 1 and letter.state is State.OFFLINE
        with pytest.raises(error):
            await letter.synced()

    run(work())


@pytest.mark.parametrize("code", [1001, 1006, 1007, 1011, 1013, 4408, 4409, 4429])
def test_codes_after_which_it_comes_back(code: int) -> None:
    async def work() -> None:
        server = FakeServer()
        letter, transport = await joined(server)
        transport.cut(code)
        await greet(await server.next())
        await letter.synced()

    run(work())


def test_a_token_that_is_refused_ends_it_unless_there_is_a_newer_one() -> None:
    async def work() -> None:
        server = FakeServer()
        letter, transport = await joined(server, token="old")
        transport.cut(4401, "expired")
        with pytest.raises(NotAuthenticated, match="expired"):
            await until(lambda: letter.error is not None)
            await letter.synced()

        tokens = iter(["first", "second"])

        async def fresh() -> str:
            return next(tokens)

        other = FakeServer()
        letter, transport = await joined(other, token=fresh)
        transport.cut(4401, "expired")
        again = await other.next()
        assert (await again.hear(Hello)).token == "second"

    run(work())


def test_a_token_is_renewed_before_it_expires() -> None:
    async def work() -> None:
        from time import time

        server = FakeServer()
        letter, transport = await joined(server, token=lambda: "fresh")
        transport.say(Welcome({"expires": time() + 0.05}), None)
        assert (await transport.hear(Renew)).token == "fresh"
        assert letter.state is State.SYNCED

    run(work())


def test_one_document_is_refused_and_the_others_go_on() -> None:
    async def work() -> None:
        server = FakeServer()
        letter, transport = await joined(server)
        connection: Connection = letter._carrier  # type: ignore[assignment]
        secret = await connection.join("secret")
        transport.say(Denied("no right to this document"), "secret")
        with pytest.raises(Forbidden, match="no right"):
            await secret.synced()
        assert letter.state is State.SYNCED and list(connection.documents) == ["letter"]
        with pytest.raises(ValueError, match="joined already"):
            await connection.join("letter")
        await connection.close()
        with pytest.raises(Closed):
            await letter.synced()
        with pytest.raises(Closed):
            await connection.join("late")

    run(work())


def test_presence_comes_goes_and_is_told_again() -> None:
    async def work() -> None:
        server = FakeServer()
        letter, transport = await joined(server)
        other: Doc[Any] = Doc()
        from ropewalk import Awareness as Presence

        theirs = Presence(other)
        theirs.set_local_state({"name": "other"})
        transport.say(Awareness(theirs.encode_awareness_update([other.client_id])))
        await until(lambda: len(letter.awareness.states) == 2)
        letter.awareness.set_local_state({"name": "me"})
        assert b"me" in (await transport.hear(Awareness)).update
        transport.say(QueryAwareness())
        assert b"me" in (await transport.hear(Awareness)).update
        transport.cut()
        await until(lambda: len(letter.awareness.states) == 1)
        again = await server.next()
        assert b"me" in (await again.hear(Awareness)).update

    run(work())


def test_events_go_both_ways() -> None:
    async def work() -> None:
        letter, transport = await joined(FakeServer())
        heard: list[dict[str, Any]] = []
        letter.on_event = heard.append
        transport.say(Event({"type": "user-joined", "user": {"id": "ann"}}))
        await until(lambda: heard)
        assert heard[0]["user"] == {"id": "ann"}
        letter.send_event({"type": "comment", "text": "hm"})
        assert (await transport.hear(Event)).fields == {"type": "comment", "text": "hm"}

    run(work())


def two_letters() -> tuple[bytes, bytes]:
    """What somebody else has written: "a" and behind it "b", an update each."""
    source: Doc[Any] = Doc(client_id=9)
    text = source.get("text", type=Text)
    updates: list[bytes] = []
    source.observe(lambda event: updates.append(event.update))
    text.insert(0, "a")
    text.insert(1, "b")
    first, second = updates
    return first, second


def test_a_gap_is_asked_for_and_hidden_until_it_is_closed() -> None:
    async def work() -> None:
        letter, transport = await joined(FakeServer())
        await until(lambda: transport.heard.empty())
        first, second = two_letters()
        transport.say(Update(second))
        assert (await transport.hear(Step1)).state == letter.doc.get_missing()
        assert str(letter.doc.get("text", type=Text)) == ""
        transport.say(Step2(first))
        await until(lambda: str(letter.doc.get("text", type=Text)) == "ab")

    run(work())


def text_of(*updates: bytes) -> tuple[str, bool]:
    """And whether something waits."""
    doc: Doc[Any] = Doc()
    for update in updates:
        doc.apply_update(update)
    return str(doc.get("text", type=Text)), doc.has_pending


def test_what_waits_for_others_is_offered_when_it_waits_no_more() -> None:
    async def work() -> None:
        server = FakeServer()
        letter, transport = await joined(server)
        first, second = two_letters()
        transport.say(Update(second))
        await until(lambda: letter.doc.has_pending)
        write(letter, "mine")
        transport.cut()
        await until(lambda: letter.state is State.OFFLINE)
        again = await server.next()
        await greet(again)  # the server has nothing
        offered = await again.hear(Numbered)
        assert text_of(offered.message.update) == ("mine", False)
        again.say(Update(first))
        more = await again.hear(Numbered)
        assert text_of(offered.message.update, first, more.message.update) == (
            str(letter.doc.get("text", type=Text)),
            False,
        )
        assert "b" in str(letter.doc.get("text", type=Text))
        again.say(Ack(2))
        await letter.synced()
        assert again.heard.empty()

    run(work())


def test_what_was_in_the_outbox_is_offered_whatever_it_waits_for(tmp_path: Path) -> None:
    async def work() -> None:
        first, second = two_letters()
        outbox = FileOutbox(tmp_path / "outbox")
        outbox.add(second)
        outbox.close()
        server = FakeServer()
        connection = server.connection()
        letter = await connection.join("letter", outbox=FileOutbox(tmp_path / "outbox"))
        assert letter.doc.has_pending
        transport = await server.next()
        await greet(transport)
        offered = await transport.hear(Numbered)
        assert text_of(offered.message.update) == ("", True)
        assert text_of(first, offered.message.update) == ("ab", False)

    run(work())


def test_what_waits_for_others_is_not_brought_into_the_next_epoch() -> None:
    async def work() -> None:
        letter, transport = await joined(FakeServer())
        _, second = two_letters()
        transport.say(Update(second))
        await until(lambda: letter.doc.has_pending)
        write(letter, "mine")
        transport.say(Epoch(1, had=b"\x00"))
        while not isinstance((brought := await transport.hear(Numbered)).message, Translate):
            pass
        assert text_of(brought.message.update) == ("mine", False)

    run(work())


@pytest.mark.parametrize(
    "message", [b"\x00\x02\x09\x01", b"", b"\x7e\x06letter\x00\x02\x03abc", "text"]
)
def test_what_can_not_be_read_cuts_the_connection(message: bytes | str) -> None:
    async def work() -> None:
        server = FakeServer()
        letter, transport = await joined(server)
        transport.say_bytes(message)
        await greet(await server.next())
        await letter.synced()
        assert transport.closed

    run(work())


def test_a_fault_of_the_opener_ends_it_with_its_reason() -> None:
    async def work() -> None:
        async def broken(_url: str) -> Any:
            raise RuntimeError("out of order")

        connection = Connection("ws://fake", opener=broken)
        letter = await connection.join("letter")
        with pytest.raises(Exception, match="out of order"):
            await letter.synced()

    run(work())


def test_pauses_are_drawn_up_to_a_longest_that_doubles() -> None:
    backoff = Backoff(0.5, 4, Longest())
    assert [backoff.next() for _ in range(6)] == [0.5, 1, 2, 4, 4, 4]
    backoff.reset()
    assert backoff.next() == 0.5
    drawn = [Backoff(1, 1, Random(seed)).next() for seed in range(200)]
    assert min(drawn) < 0.1 and max(drawn) > 0.9
    with pytest.raises(ValueError):
        Backoff(2, 1)
