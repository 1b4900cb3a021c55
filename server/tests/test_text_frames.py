"""Text frames: the vectors that TypeScript is tested with too, and any message through any
network."""

from __future__ import annotations

import json
from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from make_text_frames_vectors import pattern, plain, resumed
from ropewalk.text_frames import (
    MAX_TEXT,
    MOST_DATA,
    WINDOW,
    Begin,
    FrameError,
    Head,
    Message,
    Part,
    Received,
    cut,
    decode_frame,
    encode_frame,
)
from ropewalk.text_stream import TextStream
from ropewalk_server.protocol.text_frames import Answer, answer_source, read_answer_source
from ropewalk_server.stores.contract import Version

VECTORS: dict[str, Any] = json.loads(
    (Path(__file__).parent / "vectors/text_frames.json").read_text()
)


@pytest.mark.parametrize("vector", VECTORS["frames"], ids=lambda v: v["name"])
def test_frames_stand_for_their_items(vector: dict[str, Any]) -> None:
    frame = decode_frame(vector["text"])
    assert frame.stream == vector["stream"]
    assert [plain(item) for item in frame.items] == vector["items"]
    assert encode_frame(frame.stream, frame.items) == vector["text"]


@pytest.mark.parametrize("vector", VECTORS["refused"], ids=lambda v: v["name"])
def test_bad_frames_are_refused(vector: dict[str, Any]) -> None:
    with pytest.raises(FrameError) as error:
        decode_frame(vector["text"])
    assert error.value.code == vector["code"]


def test_a_recorded_conversation_gives_the_same_again() -> None:
    assert resumed() == VECTORS["resumed"]


def test_a_client_takes_what_was_recorded() -> None:
    """For clients that cut in another way: only what comes from the server is as recorded."""
    vector = VECTORS["resumed"]
    kept = None
    for stream in (11, 12):
        client = TextStream(stream, kept=kept)
        if stream == 11:
            client.send(b"ask")
        client.frames()
        for line in vector["lines"]:
            if line["stream"] == stream and line["from"] == "server":
                messages = client.receive(line["text"]).messages
                named = [f"pattern:{len(m)}" if len(m) > 100 else m.hex() for m in messages]
                assert named == line["brings"]
        kept = client.kept()


def exchange(a: TextStream, b: TextStream) -> tuple[list[bytes], list[bytes]]:
    """Until both have nothing to say: what has reached a, and b."""
    to_a: list[bytes] = []
    to_b: list[bytes] = []
    while True:
        from_a, from_b = a.frames(flush=True), b.frames(flush=True)
        for text in from_a:
            to_b += b.receive(text).messages
        for text in from_b:
            to_a += a.receive(text).messages
        if not from_a and not from_b:
            return to_a, to_b


@given(
    st.lists(st.one_of(st.binary(max_size=40), st.integers(0, 300_000).map(pattern)), max_size=12),
    st.lists(st.binary(max_size=3000), max_size=12),
)
@settings(max_examples=40, deadline=None)
def test_messages_arrive_in_order_and_nothing_is_left(up: list[bytes], down: list[bytes]) -> None:
    client, server = TextStream(1), TextStream(1)
    for message in up:
        client.send(message)
    for message in down:
        server.send(message)
    assert exchange(server, client) == (up, down)
    assert (client.queued, server.queued, client.waits, server.waits) == (0, 0, False, False)


class Network:
    """Loses, doubles and reorders frames as it is told to, for a while."""

    def __init__(self, faults: list[int]) -> None:
        self.faults = faults
        self.late: list[str] = []

    def carry(self, texts: list[str]) -> list[str]:
        out: list[str] = []
        for text in texts:
            fault = self.faults.pop() if self.faults else 0
            if fault == 1:
                continue
            if fault == 2:
                out.append(text)
            if fault == 3:
                self.late.append(text)
                continue
            if fault == 4:
                text = text[:-9] + ("A" if text[-9] != "A" else "B") + text[-8:]
            out.append(text)
        out += self.late
        self.late = []
        return out


def take(end: TextStream, texts: list[str]) -> list[bytes]:
    messages: list[bytes] = []
    for text in texts:
        try:
            messages += end.receive(text).messages
        except FrameError as error:
            assert error.code == "damaged"
    return messages


FAULTS = st.lists(st.sampled_from([0, 0, 0, 1, 2, 3, 4]), max_size=60)


@given(st.lists(st.integers(0, 120_000).map(pattern), max_size=8), FAULTS, FAULTS)
@settings(max_examples=60, deadline=None)
def test_any_loss_within_a_connection_is_made_good(
    messages: list[bytes], forth: list[int], back: list[int]
) -> None:
    sender, receiver = TextStream(5), TextStream(5)
    there, here = Network(forth), Network(back)
    for message in messages:
        sender.send(message)
    got: list[bytes] = []
    for _ in range(400):
        got += take(receiver, there.carry(sender.frames()))
        take(sender, here.carry(receiver.frames(flush=True)))
        if not sender.queued:
            break
        sender.repeat()
    assert got == messages
    assert sender.queued == 0


@given(
    st.integers(MOST_DATA + 1, 600_000),
    st.lists(st.integers(0, 7), max_size=8),
    st.booleans(),
    st.booleans(),
)
@settings(max_examples=60, deadline=None)
def test_a_long_message_survives_any_cuts(
    length: int, cuts: list[int], sender_remembers: bool, sender_asks: bool
) -> None:
    """Each connection carries some frames and is cut; nobody sends again what the other one has."""
    content = pattern(length)
    kept = None
    carried = 0
    for stream, frames_before_cut in enumerate([*cuts, 10_000]):
        receiver = TextStream(stream, kept=kept)
        sender = TextStream(stream)
        if stream == 0:
            sender.send(content, b"source")
        elif sender_remembers:
            sender.send(content, b"source", offer=sender_asks)
        left = frames_before_cut
        got: list[bytes] = []
        while left > 0 and not got:
            for text in receiver.frames(flush=True):
                for wanted in sender.receive(text).wanted:
                    assert wanted.head.source == b"source"
                    sender.resume(wanted, content)
            texts = sender.frames()
            if not texts and stream > 0 and kept is None and not sender_remembers:
                sender.send(content, b"source")  # nothing was kept: the receiver has asked anew
                continue
            for text in texts[:left]:
                carried += sum(len(i.data) for i in decode_frame(text).items if isinstance(i, Part))
                got += receiver.receive(text).messages
            left -= len(texts)
        if got:
            break
        kept = receiver.kept()
    assert got == [content]
    if not sender_remembers or sender_asks:
        assert carried == length


def test_a_process_without_state_goes_on_where_another_one_stopped() -> None:
    """The server here is a function of what the client sends and of what the store holds."""
    content = pattern(500_000)
    source = answer_source(Answer("tenant/letter", Version(2, 31), b"\x01\x05\x03"))
    client = TextStream(8)
    client.send(b"ask")
    got: list[bytes] = []
    client.frames()
    to_client = cut(8, 1, Head.of(content, source), content, 0)
    rounds = 0
    while not got:
        rounds += 1
        for text in to_client:
            got += client.receive(text).messages
        to_client = []
        for text in client.frames(flush=True):
            for item in decode_frame(text).items:
                if isinstance(item, Received) and item.head is not None:
                    assert read_answer_source(item.head.source) == Answer(
                        "tenant/letter", Version(2, 31), b"\x01\x05\x03"
                    )
                    to_client += cut(8, item.number, item.head, content, item.offset)
    assert got == [content] and rounds == -(-len(content) // WINDOW)


def test_who_is_stuck_in_a_long_message_asks_for_the_rest() -> None:
    """The sender has sent all, and does not know that the last parts got lost."""
    content = pattern(90_000)
    sender, receiver = TextStream(1), TextStream(1)
    sender.send(content)
    for text in sender.frames()[:2]:
        receiver.receive(text)
    assert receiver.waits
    receiver.repeat()
    (text,) = receiver.frames()
    sender.receive(text)
    got = [message for text in sender.frames() for message in receiver.receive(text).messages]
    assert got == [content] and not receiver.waits


@pytest.mark.parametrize("size", [10, 500_000])
def test_another_process_goes_on_with_what_was_saved(size: int) -> None:
    """After each frame the server's end is saved, and restored somewhere else."""
    up, down = pattern(size), pattern(size + 1)
    client, server = TextStream(3), TextStream(None)
    client.send(up)
    server_said, client_got, server_got = False, [], []
    for _ in range(200):
        for text in client.frames(flush=True):
            before = server._current
            fresh = TextStream(None)
            fresh.restore(server.save(), before.data if before is not None else None)
            server = fresh
            server_got += server.receive(text).messages
        if not server_said:
            server.send(down, b"source")
            server_said = True
        for text in server.frames(flush=True):
            client_got += client.receive(text).messages
        if client_got and server_got:
            break
    assert server_got == [up] and client_got == [down]


def test_who_can_not_make_it_again_says_so() -> None:
    content = pattern(90_000)
    first, receiver = TextStream(1), TextStream(1)
    first.send(content, b"old version")
    for text in first.frames()[:2]:
        receiver.receive(text)
    again = TextStream(2, kept=receiver.kept())
    sender = TextStream(2)
    (text,) = again.frames()
    (wanted,) = sender.receive(text).wanted
    sender.resume(wanted, pattern(90_001))
    assert again.waits
    (text,) = sender.frames(flush=True)
    assert [head.source for head in again.receive(text).gone] == [b"old version"]
    assert again.kept() is None and not again.waits


def test_a_sender_keeps_to_the_window_and_a_receiver_to_the_limit() -> None:
    sender = TextStream(1)
    sender.send(pattern(1_000_000))
    frames = sender.frames()
    data = [i for text in frames for i in decode_frame(text).items if isinstance(i, Part)]
    assert sum(len(part.data) for part in data) == WINDOW
    assert all(len(text) <= MAX_TEXT for text in frames) and not sender.frames()
    receiver = TextStream(1, max_message=999_999)
    with pytest.raises(FrameError) as error:
        receiver.receive(frames[0])
    assert error.value.code == "too_big" and receiver.kept() is None
    with pytest.raises(FrameError, match="wait already"):
        TextStream(1, max_queued=10).send(b"eleven bytes")


@pytest.mark.parametrize(
    ("items", "message"),
    [
        ([Begin(1, Head.of(b"0123456789" * 9, b""), 5)], "begins at byte 5"),
        ([Begin(1, Head(b"", 3, 0), 0), Part(1, 0, b"four")], "reaches beyond"),
        ([Begin(1, Head(b"", 3, 0), 0), Part(1, 0, b"abc")], "not what its beginning"),
        ([Begin(1, Head(b"", 3, 0), 0), Part(1, 0, b"")], "reaches beyond"),
        ([Received(2, 0, None, False)], "was not sent"),
        ([Received(1, 4, Head(b"", 9, 0), False)], "was not sent"),
    ],
)
def test_what_breaks_the_rules_is_refused(items: list[Any], message: str) -> None:
    with pytest.raises(FrameError, match=message) as error:
        TextStream(3).receive(encode_frame(3, items))
    assert error.value.code == "protocol"


def test_frames_of_another_stream_are_foreign() -> None:
    end = TextStream(3)
    with pytest.raises(FrameError) as error:
        end.receive(encode_frame(4, [Message(1, b"x")]))
    assert error.value.code == "foreign"
    assert end.receive(encode_frame(3, [Message(1, b"y")])).messages == [b"y"]


@given(st.text(max_size=200) | st.binary(max_size=200).map(lambda b: b64encode(b).decode()))
@settings(max_examples=300)
def test_any_text_is_taken_or_refused(text: str) -> None:
    end = TextStream(None)
    try:
        end.receive(text)
    except FrameError:
        assert end.kept() is None and end.queued == 0
