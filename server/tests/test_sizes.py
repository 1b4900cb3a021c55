"""What travels is as large as docs/formats/sync-protocol.md says: the table of its section on sizes
is measured here, line by line; and a change costs the same in a long document as in a short one."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from harness.peers import Peer, awareness, make_rooms, until
from ropewalk import Doc, Text
from ropewalk.text_frames import Message as TextMessage
from ropewalk.text_frames import encode_frame
from ropewalk_server.limits import Limits
from ropewalk_server.protocol import frames
from ropewalk_server.protocol.envelopes import EnvelopeCodec
from ropewalk_server.protocol.messages import Ack, Awareness, Message, Numbered, Step2, Update

pytestmark = pytest.mark.anyio

PAGE = Path(__file__).parents[2] / "docs/formats/sync-protocol.md"

# As long as most are.
ANN, BEN = 2_871_046_533, 1_604_220_719
SENTENCE = (
    "Payment is due thirty days after delivery, "
    "unless both of us have agreed in writing on another day."
)
CARET = {
    "user": {"id": "ann", "name": "Ann", "color": "#1d4ed8"},
    "cursor": {
        "anchor": {"item": {"client": ANN, "clock": 412}, "assoc": 0},
        "head": {"item": {"client": ANN, "clock": 412}, "assoc": 0},
    },
    "status": "typing",
    "lastActivity": 1_790_000_000_000,
}


def letter() -> tuple[Doc[Any], Text]:
    """200 paragraphs, in turns by two people."""
    ann: Doc[Any] = Doc(client_id=ANN)
    ben: Doc[Any] = Doc(client_id=BEN)
    for number in range(200):
        one, other = (ann, ben) if number % 2 else (ben, ann)
        text = one.get("t", type=Text)
        text.insert(len(text), f"{number} {SENTENCE}"[:100])
        other.apply_update(one.get_update(other.get_state()))
    return ann, ann.get("t", type=Text)


def written(text: str) -> tuple[bytes, list[dict[str, str]]]:
    """The update when this is written into the letter; and as operations, one a character."""
    doc, root = letter()
    before = doc.get_state()
    root.insert(10_000, text)
    operations = [
        {
            "type": "insert",
            "id": f"ann-{1_790_000_000_000 + n}",
            "char": char,
            "left": f"ann-{1_790_000_000_000 + n - 1}",
        }
        for n, char in enumerate(text)
    ]
    return doc.get_update(before), operations


def erased() -> tuple[bytes, list[dict[str, str]]]:
    doc, root = letter()
    updates: list[bytes] = []
    subscription = doc.observe(lambda event: updates.append(event.update))
    del root[10_000]
    doc.unobserve(subscription)
    return updates[0], [{"type": "delete", "id": "ann-1790000000000"}]


def samples() -> dict[str, tuple[Message, object]]:
    """What each line of the table is about: the message, and the same as JSON operations."""
    key, one = written("x")
    sentence, many = written(SENTENCE)
    gone, deletion = erased()
    doc, root = letter()
    caret = json.dumps(CARET, separators=(",", ":")).encode()
    return {
        "a key": (Update(key), {"action": "SEND_OP", "op": one[0]}),
        "a sentence of 100 characters": (Update(sentence), {"action": "SEND_OP", "ops": many}),
        "a deletion": (Update(gone), {"action": "SEND_OP", "op": deletion[0]}),
        "a caret": (Awareness(awareness((ANN, 57, caret))), None),
        "an acknowledgement": (Ack(57), {"action": "ACK", "id": "ann-1790000000000", "seq": 57}),
        "a letter of 20,000 characters": (Step2(doc.get_update()), None),
    }


def sizes(message: Message, operations: object) -> tuple[int, int, int, int | None]:
    binary = frames.encode(None, message)
    (envelope,) = EnvelopeCodec(Limits(), lambda: 0.0).encode(None, message)
    frame = encode_frame(7, [TextMessage(57, binary)])
    as_operations = None
    if operations is not None:
        as_operations = len(json.dumps(operations, separators=(",", ":")))
    return len(binary), len(frame), len(envelope), as_operations


def table() -> dict[str, tuple[int, int, int, int | None]]:
    section = PAGE.read_text().split("## 7. Sizes", 1)[1]
    cell = r" ([^|]+?) \|"
    lines = re.findall(rf"^\| (a[^|]+?) \|{cell * 4}", section, re.M)

    def number(cell: str) -> int | None:
        return None if cell.strip() == "-" else int(cell.replace(",", ""))

    return {line[0]: tuple(map(number, line[1:])) for line in lines}  # type: ignore[misc]


def test_the_table_says_what_is_measured() -> None:
    measured = {what: sizes(*sample) for what, sample in samples().items()}
    assert table() == measured


def test_binary_saves_half_of_json_and_more_where_it_counts() -> None:
    for what in ("a key", "a sentence of 100 characters", "a deletion", "an acknowledgement"):
        binary, frame, envelope, operations = sizes(*samples()[what])
        assert operations is not None
        assert binary <= 0.5 * operations
        if what != "a sentence of 100 characters":
            assert binary <= 0.5 * envelope
        # Base64, and what makes it numbered and checked.
        assert frame <= 4 * ((binary + 16 + 2) // 3) + 4


# Of a key: its message, numbered or not.
KEY_BYTES = 36


@pytest.mark.parametrize("characters", [100, 200_000])
async def test_a_key_costs_the_same_in_any_document(characters: int) -> None:
    """Up, and down to everybody else; and after the join nobody gets the document again."""
    rooms = make_rooms()
    await rooms.start()
    ann, ben = Peer(rooms, doc=Doc(client_id=ANN)), Peer(rooms, doc=Doc(client_id=BEN))
    await (await ann.hello()).sync()
    await ann.type_numbered("a" * characters)
    await (await ben.hello()).sync()
    assert len(ben.text) == characters
    await until(lambda: ann.acked == ann.number)
    for peer in (ann, ben):
        peer.received.clear()
    for n in range(50):
        message = Numbered(ann.number + 1, Update(ann.write("k", at=characters // 2 + n)))
        ann.number += 1
        assert len(frames.encode(None, message)) <= KEY_BYTES
        await ann.say(message)
    await until(lambda: ann.acked == ann.number)
    ben.merge()
    assert ben.text == ann.text
    assert [type(message) for _, message in ben.received] == [Update] * 50
    assert max(len(frames.encode(None, message)) for _, message in ben.received) <= KEY_BYTES
    assert {type(message) for _, message in ann.received} == {Ack}
    await rooms.stop()
