"""The JSON dialects: the codec alone, then over a real connection."""

from __future__ import annotations

import asyncio
import json
from base64 import b64decode, b64encode
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect

from live import live_server
from ropewalk import Doc, Map, Text, create_update_message
from ropewalk_server.limits import Limits
from ropewalk_server.protocol.actions import (
    MAX_CHARACTERS,
    MAX_DOCUMENT_BYTES,
    MAX_UPDATES_BYTES,
)
from ropewalk_server.protocol.codec import Unreadable
from ropewalk_server.protocol.envelopes import EnvelopeCodec
from ropewalk_server.protocol.messages import (
    Ack,
    Awareness,
    Denied,
    Epoch,
    Event,
    Hello,
    Leave,
    Message,
    Numbered,
    QueryAwareness,
    Refusal,
    Renew,
    State,
    Step1,
    Step2,
    Unknown,
    Translate,
    Update,
    Welcome,
)


EMPTY = b"\x00\x00"


def b64(value: bytes) -> str:
    return b64encode(value).decode()


def codec() -> EnvelopeCodec:
    return EnvelopeCodec(Limits(), lambda: 0.0)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"type": "hello", "token": "t", "epoch": 3}, Hello(token="t", epoch=3)),
        ({"type": "sync", "step": "step1", "data": b64(b"\x00")}, Step1(b"\x00")),
        ({"type": "sync", "step": "step2", "data": b64(b"\x00\x00")}, Step2(b"\x00\x00")),
        ({"type": "sync", "step": "update", "data": b64(b"u")}, Update(b"u")),
        ({"type": "sync", "step": "update", "data": b64(b"u"), "n": 4}, Numbered(4, Update(b"u"))),
        (
            {"type": "sync", "step": "translate", "epoch": 3, "data": b64(b"u"), "n": 4},
            Numbered(4, Translate(3, b"u")),
        ),
        ({"type": "awareness", "data": b64(b"a")}, Awareness(b"a")),
        ({"type": "query-awareness"}, QueryAwareness()),
        ({"type": "comment", "text": "hm"}, Event({"type": "comment", "text": "hm"})),
        ({"type": "leave"}, Leave()),
        ({"type": "renew", "token": "t"}, Renew("t")),
        ({"type": "who-knows"}, Unknown(-1)),
    ],
)
def test_what_clients_say(fields: dict[str, Any], said: Message) -> None:
    document = None if isinstance(said, Renew) else "letter"
    assert list(codec().decode(json.dumps({**fields, "doc": "letter"}))) == [(document, said)]


@pytest.mark.parametrize(
    ("message", "fields"),
    [
        (Step1(b"\x00"), {"type": "sync", "step": "step1", "data": "AA=="}),
        (Step2(b"\x00\x00"), {"type": "sync", "step": "step2", "data": "AAA="}),
        (Update(b"u"), {"type": "sync", "step": "update", "data": "dQ=="}),
        (Awareness(b"a"), {"type": "awareness", "data": "YQ=="}),
        (Ack(3), {"type": "ack", "n": 3}),
        (
            Refusal(3, "invalid", "no"),
            {"type": "refused", "n": 3, "code": "invalid", "message": "no"},
        ),
        (Denied("no"), {"type": "denied", "reason": "no"}),
        (Epoch(2), {"type": "epoch", "epoch": 2}),
        (Epoch(2, b"sv"), {"type": "epoch", "epoch": 2, "had": b64(b"sv")}),
        (State("unsynced", "x"), {"type": "state", "state": "unsynced", "message": "x"}),
        (Welcome({"role": "editor"}), {"type": "welcome", "role": "editor"}),
        (Event({"type": "user-joined", "user": {}}), {"type": "user-joined", "user": {}}),
        (QueryAwareness(), {"type": "query-awareness"}),
    ],
)
def test_what_clients_are_told(message: Message, fields: dict[str, Any]) -> None:
    (text,) = codec().encode("letter", message)
    assert json.loads(text) == {**fields, "doc": "letter"}
    (text,) = codec().encode(None, message)
    assert json.loads(text) == fields


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{", "should be JSON"),
        ("[]", "object was expected"),
        ('{"type": 7}', "'type' is of type int, not str"),
        ('{"data": ""}', "without 'type'"),
        ('{"type": "sync", "data": ""}', "without 'step'"),
        ('{"type": "sync", "step": "four", "data": ""}', "step1, step2, update and translate are known"),
        ('{"type": "sync", "step": "translate", "data": "", "n": 1}', "'translate' has 'n' and 'epoch'"),
        ('{"type": "sync", "step": "update", "data": "%"}', "not base64"),
        ('{"type": "sync", "step": "update", "data": "AA==", "n": true}', "of type bool"),
        ('{"type": "sync", "step": "update"}', "without 'data'"),
        ('{"type": "hello", "epoch": "1"}', "'epoch' is of type str"),
        ('{"type": "hello", "epoch": NaN}', "NaN is not JSON"),
        ('{"action": "JOIN_DOC", "docId": 5}', "'docId' is of type int"),
        ('{"action": ["JOIN_DOC"]}', "'action' is of type list"),
    ],
)
def test_what_is_not_as_it_should_be_is_refused(text: str, reason: str) -> None:
    with pytest.raises(Unreadable, match=reason):
        codec().decode(text)


class Client:
    """Speaks JSON over a WebSocket."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket

    async def say(self, **fields: Any) -> None:
        await self._socket.send(json.dumps(fields))

    async def hear(self, **wanted: Any) -> dict[str, Any]:
        """The next message that has these members."""
        while True:
            text = await asyncio.wait_for(self._socket.recv(), 5)
            fields: dict[str, Any] = json.loads(text)
            if all(fields.get(name) == value for name, value in wanted.items()):
                return fields


def test_the_dialect_of_types_over_a_connection() -> None:
    async def run() -> None:
        doc: Doc[Any] = Doc({"text": Text("hello")})
        async with (
            live_server() as server,
            connect(f"{server.url}/letter") as one,
            connect(f"{server.url}/letter") as two,
        ):
            ann, bob = Client(one), Client(two)
            await ann.say(type="hello", token="ann")
            welcome = await ann.hear(type="welcome")
            assert welcome["user"]["id"] == "ann" and welcome["role"] == "editor"
            assert (await ann.hear(type="sync"))["step"] == "step1"
            await bob.say(type="hello", token="bob")
            assert (await ann.hear(type="user-joined"))["user"]["id"] == "bob"
            await ann.say(type="sync", step="update", data=b64(doc.get_update()), n=1)
            assert (await ann.hear(type="ack"))["n"] == 1
            assert (await bob.hear(step="update"))["data"] == b64(doc.get_update())
            await bob.say(type="sync", step="step1", data=b64(b"\x00"))
            assert (await bob.hear(step="step2"))["data"] == b64(doc.get_update())
            await bob.say(type="comment", text="nice", at=3)
            comment = await ann.hear(type="comment")
            assert (comment["text"], comment["at"], comment["user"]["id"]) == ("nice", 3, "bob")
            await bob.say(type="who-knows")
            assert "who-knows" in (await bob.hear(type="warning"))["message"]
            await two.close()
            assert (await ann.hear(type="user-left"))["user"]["id"] == "bob"

    asyncio.run(run())


def test_the_dialect_of_actions_over_a_connection() -> None:
    async def run() -> None:
        async with (
            live_server() as server,
            connect(f"{server.url}/") as one,
            connect(f"{server.url}/letter") as two,
            connect(f"{server.url}/letter") as three,
        ):
            ann, bob = Client(one), Client(two)
            await ann.say(action="JOIN_DOC", docId="letter", token="ann")
            joined = await ann.hear(action="JOIN_DOC")
            assert (joined["docId"], joined["text"], joined["role"]) == ("letter", "", "editor")
            await bob.say(action="JOIN_DOC", token="bob")
            await bob.hear(action="JOIN_DOC")
            first = {"type": "insert", "id": "ann-1", "char": "h", "left": None}
            await ann.say(action="SEND_OP", docId="letter", op=first)
            assert (await ann.hear(action="ACK"))["id"] == "ann-1"
            (told,) = (await bob.hear(action="OPS"))["ops"]
            await bob.say(
                action="SEND_OP",
                ops=[
                    {"type": "insert", "id": "bob-1", "char": "i", "left": told["id"]},
                    {"type": "insert", "id": "bob-2", "char": "?", "left": "bob-1"},
                    {"type": "delete", "id": "bob-2"},
                ],
            )
            assert [(await bob.hear(action="ACK"))["seq"] for _ in range(3)] == [1, 2, 3]
            await ann.say(action="SEND_OP", docId="letter", op=first)  # sent again
            assert (await ann.hear(action="ACK"))["seq"] == 2
            await ann.say(action="SYNC_STATE", docId="letter", stateVector="AA==")
            state = await ann.hear(action="SYNC_STATE")
            whole: Doc[Any] = Doc()
            whole.apply_update(b64decode(state["update"]))
            assert str(whole.get("text", type=Text)) == "hi"
            await ann.say(action="JOIN_DOC", docId="letter")
            state = await ann.hear(action="JOIN_DOC")
            assert state["text"] == "hi"
            assert [run["text"] for run in state["runs"]] == ["h", "i"]
            # A Yjs client sees and writes the same text.
            doc: Doc[Any] = Doc()
            await three.send(b"\x00\x00\x01\x00")
            while str(doc.get("text", type=Text)) != "hi":
                message = await asyncio.wait_for(three.recv(), 5)
                if isinstance(message, bytes) and message[:2] == b"\x00\x01":
                    doc.apply_update(message[3:] if message[2] < 128 else message[4:])
            before = doc.get_state()
            doc.get("text", type=Text).insert(2, "!")
            await three.send(create_update_message(doc.get_update(before)))
            (told,) = (
                await ann.hear(
                    action="OPS",
                    ops=[
                        {
                            "type": "insert",
                            "id": f"{doc.client_id}-0",
                            "char": "!",
                            "left": state["runs"][1]["id"],
                        }
                    ],
                )
            )["ops"]
            await ann.say(action="SEND_OP", docId="letter", op={"type": "delete", "id": "x-1"})
            assert (await ann.hear(action="ERROR"))["code"] == "unknown"
            await ann.say(action="DANCE")
            assert (await ann.hear(action="ERROR"))["code"] == "unknown-action"
            await ann.say(action="SEND_OP", docId="other", op=first)
            assert (await ann.hear(action="ERROR"))["code"] == "not-joined"

    asyncio.run(run())


def test_documents_too_large_for_operations_are_refused() -> None:
    moment = [0.0]
    spoken = EnvelopeCodec(Limits(), lambda: moment[0])
    join = json.dumps({"action": "JOIN_DOC", "docId": "d"})

    def told(message: Message) -> dict[str, Any]:
        (text,) = spoken.encode("d", message)
        return dict(json.loads(text))

    long = Doc({"text": Text("x" * (MAX_CHARACTERS + 1))}).get_update()
    large = Doc({"other": Text("x" * (MAX_DOCUMENT_BYTES + 1))}).get_update()
    for update in (long, large):
        spoken.decode(join)
        assert told(Step2(update))["code"] == "too-large"
        assert not spoken.encode("d", Update(update))
    spoken.decode(join)
    assert told(Step2(EMPTY))["text"] == ""
    assert told(Update(long))["code"] == "resync"
    for _ in range(7):
        assert len(spoken.decode(join)) == 2
    assert spoken.decode(join) == ()
    moment[0] = 1.0
    assert len(spoken.decode(join)) == 2
    assert told(Step2(EMPTY))["text"] == ""
    other = Doc({"other": Map({"data": b"x" * 1_000_000})}).get_update()
    answers = [
        spoken.encode("d", Update(other)) for _ in range(MAX_UPDATES_BYTES // len(other) + 2)
    ]
    codes = [json.loads(text)["code"] for (text,) in filter(None, answers)]
    assert codes == ["too-large"]


def test_a_reader_s_operations_are_refused_and_undone() -> None:
    async def run() -> None:
        async with live_server() as server, connect(f"{server.url}/letter") as socket:
            client = Client(socket)
            await client.say(action="JOIN_DOC", token="reader")
            assert (await client.hear(action="JOIN_DOC"))["role"] == "reader"
            op = {"type": "insert", "id": "r-1", "char": "x", "left": None}
            await client.say(action="SEND_OP", op=op)
            error = await client.hear(action="ERROR")
            assert (error["code"], error["id"]) == ("forbidden", "r-1")
            await client.say(action="SEND_OP", op=op)
            assert (await client.hear(action="ERROR"))["code"] == "not-joined"
            await client.say(action="JOIN_DOC", token="reader")
            assert (await client.hear(action="JOIN_DOC"))["text"] == ""

    asyncio.run(run())
