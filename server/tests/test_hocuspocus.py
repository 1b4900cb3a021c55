"""Hocuspocus' own provider, in Node, against our server; and the codec alone."""

from __future__ import annotations

import asyncio
import random
from typing import Any

import pytest

from harness.node import node
from live import live_server
from ropewalk import Doc, Text, create_update_message, write_message
from ropewalk_server.protocol.codec import Unreadable
from ropewalk_server.protocol.hocuspocus import HocuspocusCodec, begins_hocuspocus
from ropewalk_server.protocol.messages import (
    Ack,
    Denied,
    Hello,
    Leave,
    Message,
    Numbered,
    QueryAwareness,
    Refusal,
    Renew,
    Step1,
    Step2,
    Unknown,
    Update,
    Welcome,
)
from ropewalk_server.rooms.snapshots import as_update
from ropewalk_server.stores.faults import Fault, FaultPlan
from ropewalk_server.stores.memory import MemoryStore


def auth(address: str, token: str) -> bytes:
    return (
        write_message(address.encode()) + b"\x02\x00" + write_message(token.encode()) + write_message(b"4.8.0")
    )


def about(address: str, *payload: int) -> bytes:
    return write_message(address.encode()) + bytes(payload)


class Sent:
    """A link that remembers."""

    stock = False

    def __init__(self) -> None:
        self.sent: list[bytes | str] = []

    def send(self, message: bytes | str) -> None:
        self.sent.append(message)

    def close(self, code: int, reason: str) -> None:
        self.sent.append(f"{code} {reason}")


# -- the codec -----------------------------------------------------------------------------------


def test_the_first_message_is_recognised_and_no_other_protocol_s_is() -> None:
    doc: Doc[Any] = Doc({"t": Text("x" * 300)})
    assert begins_hocuspocus(auth("letter", "token"))
    assert begins_hocuspocus(auth("letter\0session", ""))
    for other in (
        b"\x00\x00\x01\x00",
        create_update_message(doc.get_update()),
        b"\x78\x0a" + b'{"v":1}   ',
        b"\x01\x06\x02\x00\x02ab\x00",
        auth("letter", "token") + b"\x00",
        auth("", "token"),
        b"",
    ):
        assert not begins_hocuspocus(other)


def test_a_token_is_said_once_and_each_document_is_joined() -> None:
    codec = HocuspocusCodec()
    assert codec.decode(auth("a", "t")) == [(None, Hello(token="t")), ("a", Hello())]
    assert codec.decode(auth("b", "t")) == [("b", Hello())]
    assert codec.decode(auth("b", "newer")) == [(None, Renew("newer"))]
    welcome = codec.encode("a", Welcome({"role": "editor"}))
    assert welcome == [about("a", 2, 2) + write_message(b"read-write")]
    assert codec.encode("b", Welcome({"role": "commenter"})) == [
        about("b", 2, 2) + write_message(b"readonly")
    ]
    assert codec.encode("a", Welcome({"role": "editor"})) == ()


def test_a_status_follows_each_change_when_it_is_durable() -> None:
    codec = HocuspocusCodec()
    codec.decode(auth("a", "t"))
    change = about("a", 0, 2, 3, 1, 2, 3)
    assert codec.decode(change) == (("a", Numbered(1, Update(b"\x01\x02\x03"))),)
    assert codec.decode(change)[0][1] == Numbered(2, Update(b"\x01\x02\x03"))
    assert codec.decode(change)[0][1] == Numbered(3, Update(b"\x01\x02\x03"))
    assert codec.encode("a", Refusal(2, "invalid", "")) == [about("a", 8, 0)]
    assert codec.encode("a", Ack(3)) == [about("a", 8, 1)] * 2
    assert codec.encode("a", Ack(3)) == []


def test_sessions_share_a_document_and_keep_their_statuses_apart() -> None:
    codec, link = HocuspocusCodec(), Sent()
    codec.attach(link)
    assert len(codec.decode(auth("a\0one", "t"))) == 2
    codec.encode("a", Welcome({"role": "editor"}))
    codec.encode("a", Step1(b"\x00"))
    assert codec.decode(auth("a\0two", "t")) == [("a", QueryAwareness())]
    assert link.sent == [
        about("a\0two", 2, 2) + write_message(b"read-write"),
        about("a\0two", 0, 0, 1, 0),
    ]
    codec.decode(about("a\0two", 0, 2, 1, 9))
    assert codec.encode("a", Ack(1)) == [about("a\0two", 8, 1)]
    assert codec.encode("a", Update(b"u")) == [
        about("a\0one", 0, 2, 1, 117),
        about("a\0two", 0, 2, 1, 117),
    ]
    assert codec.decode(about("a\0one", 7)) == ()
    assert codec.decode(about("a\0two", 7)) == (("a", Leave()),)


def test_asking_again_is_answered_by_a_question_too() -> None:
    codec = HocuspocusCodec()
    codec.decode(auth("a", "t"))
    assert codec.encode("a", Step1(b"\x00")) == [about("a", 0, 0, 1, 0)]
    codec.decode(about("a", 0, 0, 1, 0))
    assert codec.encode("a", Step2(b"\x00\x00")) == [
        about("a", 0, 1, 2, 0, 0),
        about("a", 0, 0, 1, 0),
    ]
    assert codec.encode("a", Step2(b"\x00\x00")) == [about("a", 0, 1, 2, 0, 0)]


@pytest.mark.parametrize(
    ("message", "said"),
    [
        (about("a", 6, 1, 65), [("a", Unknown(6))]),  # only servers broadcast
        (about("a", 99), [("a", Unknown(99))]),
        (about("a", 0, 7, 0), [("a", Unknown(0))]),
        (about("never-joined", 0, 0, 1, 0), [("never-joined", Unknown(0))]),
        (about("a", 2, 2) + write_message(b"read-write"), [("a", Unknown(2))]),
    ],
)
def test_what_a_client_may_not_say_is_counted(
    message: bytes, said: list[tuple[str, Message]]
) -> None:
    codec = HocuspocusCodec()
    codec.decode(auth("a", "t"))
    assert list(codec.decode(message)) == said


@pytest.mark.parametrize(
    "message", [b"", b"\x05ab", about("", 0, 0, 1, 0), about("a"), about("a", 0, 2, 9, 1), "text"]
)
def test_what_is_cut_is_unreadable(message: bytes | str) -> None:
    codec = HocuspocusCodec()
    codec.decode(auth("a", "t"))
    with pytest.raises(Unreadable):
        codec.decode(message)


def test_a_refusal_reaches_every_document() -> None:
    codec = HocuspocusCodec()
    codec.decode(auth("a", "t"))
    codec.decode(auth("b", "t"))
    assert codec.encode(None, Denied("no")) == [
        about("a", 2, 1) + write_message(b"no"),
        about("b", 2, 1) + write_message(b"no"),
    ]


# -- the real provider -----------------------------------------------------------------------------


def synced(seen: Any) -> bool:
    return bool(seen["synced"] and seen["unsynced"] == 0)


def test_providers_write_together_and_survive_restarts() -> None:
    async def run() -> None:
        chance = random.Random(7)
        async with live_server() as server, node("hocuspocus.mjs") as act:
            names = ["ann", "bob", "cyd"]
            for number, name in enumerate(names):
                await act("socket", socket=name, url=server.url + ("/hocuspocus" if number else ""))
                await act("join", **{"as": name}, socket=name, document="letter", token=name)
                seen = await act.until(name, synced)
                assert seen["events"] == ["authenticated read-write"]
                await act("present", **{"as": name}, name=name)
            for round_ in range(3):
                for step in range(30):
                    who = chance.choice(names)
                    size = len((await act("look", **{"as": who}))["text"])
                    at = chance.randint(0, size)
                    remove = min(size - at, 2) if chance.random() < 0.3 else 0
                    text = chr(97 + step % 26) * 3
                    await act("edit", **{"as": who}, at=at, text=text, remove=remove)
                    if step == 15 and round_ < 2:
                        await server.stop()
                    if step == 20 and round_ < 2:
                        await server.start()
                for name in names:
                    await act.until(name, synced)
            texts = {(await act.until(name, synced))["text"] for name in names}
            assert len(texts) == 1 and len(texts.pop()) > 50
            stored = (await server.store.read("tests/letter")).entries
            doc: Doc[Any] = Doc()
            for entry in stored:
                doc.apply_update(entry.update)
            snapshot = (await server.store.read("tests/letter")).snapshot
            if snapshot is not None:
                doc.apply_update(as_update(snapshot.data))
            assert str(doc.get("text", type=Text)) == (await act("look", **{"as": "ann"}))["text"]
            # Yjs' awareness takes what it has dropped at the cut only with a newer clock.
            for name in names:
                await act("present", **{"as": name}, name=name)
            await act.until("ann", lambda seen: seen["names"] == names)
            await act("leave", **{"as": "bob"})
            await act.until("ann", lambda seen: seen["names"] == ["ann", "cyd"])

    asyncio.run(run())


def test_a_change_counts_as_synced_only_when_it_is_durable() -> None:
    async def run() -> None:
        slow = FaultPlan([Fault("append", 1, "delay", 0.5)])
        async with live_server(MemoryStore(slow)) as server, node("hocuspocus.mjs") as act:
            await act("socket", socket="s", url=server.url)
            for name in ("ann", "bob"):
                await act(
                    "join", **{"as": name}, socket="s", document="letter", token="t", sessions=True
                )
                await act.until(name, synced)
            await act("edit", **{"as": "ann"}, at=0, text="slowly")
            await act("socket", socket="other", url=server.url)
            await act("join", **{"as": "cyd"}, socket="other", document="letter", token="t")
            await act.until("cyd", lambda seen: seen["text"] == "slowly")
            assert (await act("look", **{"as": "ann"}))["unsynced"] == 1
            await act.until("ann", synced)
            assert (await server.store.read("tests/letter")).version.seq == 1
            await act("sync", **{"as": "ann"})
            await act.until("ann", synced)

    asyncio.run(run())


def test_rights_are_told_in_the_provider_s_words() -> None:
    async def run() -> None:
        async with live_server() as server, node("hocuspocus.mjs") as act:
            for name, token in (("reader", "reader"), ("editor", "editor"), ("nobody", "bad")):
                await act("socket", socket=name, url=server.url)
                await act("join", **{"as": name}, socket=name, document="letter", token=token)
            await act("join", **{"as": "spy"}, socket="editor", document="secret", token="editor")
            assert (await act.until("reader", synced))["events"] == ["authenticated readonly"]
            await act.until("editor", synced)
            await act.until(
                "nobody", lambda seen: "refused this token is no good" in seen["events"]
            )
            await act.until(
                "spy", lambda seen: "refused no right to this document" in seen["events"]
            )
            await act("edit", **{"as": "reader"}, at=0, text="not allowed")
            await act("edit", **{"as": "editor"}, at=0, text="allowed")
            await act.until("editor", synced)
            seen = await act.until("reader", lambda seen: seen["text"].count("allowed") == 2)
            assert seen["unsynced"] == 1
            assert (await act("look", **{"as": "editor"}))["text"] == "allowed"

    asyncio.run(run())
