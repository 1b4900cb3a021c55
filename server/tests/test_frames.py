"""Binary messages: there and back, as y-protocols writes them, and whatever bytes come."""

from __future__ import annotations

import contextlib

import pytest
import ropewalk
from hypothesis import given
from hypothesis import strategies as st

from ropewalk_server.protocol import frames
from ropewalk_server.protocol.codec import Unreadable
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
    Translate,
    Unknown,
    Update,
    Welcome,
)

numbers = st.integers(0, 2**53 - 1)
data = st.binary(max_size=300)
words = st.text(max_size=40)
objects = st.dictionaries(words, st.none() | st.booleans() | st.integers() | words, max_size=4)
syncs = st.one_of(st.builds(Step1, data), st.builds(Step2, data), st.builds(Update, data))
messages = st.one_of(
    syncs,
    st.builds(Awareness, data),
    st.builds(Denied, words),
    st.builds(QueryAwareness),
    st.builds(Hello, st.none() | words, st.none() | words, st.none() | numbers),
    st.builds(Welcome, objects),
    st.builds(Numbered, numbers, syncs | st.builds(Translate, numbers, data)),
    st.builds(Ack, numbers),
    st.builds(Refusal, numbers, words, words),
    st.builds(Epoch, numbers, st.none() | data),
    st.builds(Renew, words),
    st.builds(State, words, words),
    st.builds(Event, objects),
)


@given(messages, st.none() | st.text(min_size=1, max_size=60))
def test_what_is_written_is_read_again(message: Message, document: str | None) -> None:
    assert frames.decode(frames.encode(document, message)) == (document, message)


@given(messages, st.none() | st.text(min_size=1, max_size=10))
def test_a_message_that_is_cut_is_unreadable(message: Message, document: str | None) -> None:
    whole = frames.encode(document, message)
    for size in range(len(whole)):
        with pytest.raises(Unreadable):
            frames.decode(whole[:size])


@given(st.binary(max_size=200))
def test_any_bytes_are_a_message_or_unreadable(message: bytes) -> None:
    try:
        name, said = frames.decode(message)
    except Unreadable:
        return
    assert name is None or isinstance(name, str)
    assert type(said).__module__.endswith("messages")


@given(st.sampled_from([*range(0, 4), *range(118, 128)]), st.binary(max_size=60))
def test_any_payload_of_a_known_type_is_a_message_or_unreadable(kind: int, rest: bytes) -> None:
    with contextlib.suppress(Unreadable):
        assert frames.decode(bytes((kind,)) + rest)


@given(numbers)
def test_numbers_are_those_of_lib0(value: int) -> None:
    assert frames.read_number(b"x" + ropewalk.write_var_uint(value), 1)[0] == value


def test_sync_messages_are_those_of_y_protocols() -> None:
    doc = ropewalk.Doc()
    doc["t"] = ropewalk.Text("hello")
    assert frames.encode(None, Step1(doc.get_state())) == ropewalk.create_sync_message(doc)
    update = doc.get_update()
    assert frames.encode(None, Update(update)) == ropewalk.create_update_message(update)
    assert frames.encode(None, Awareness(b"\0")) == ropewalk.create_awareness_message(b"\0")
    denied = ropewalk.create_permission_denied_message("no")
    assert frames.encode(None, Denied("no")) == b"\x02" + denied


@pytest.mark.parametrize(
    ("message", "why"),
    [
        (b"", "nothing"),
        (b"\x00", "no step"),
        (b"\x00\x00\xff\xff\xff\xff\xff\xff\xff\xff\xff", "a length beyond 2^53"),
        (b"\x00\x02\xff\xff\xff\x7f", "a length beyond the end"),
        (b"\x80\x80\x80\x80\x80\x80\x80\x80\x80", "a type beyond 2^53"),
        (b"\x78\x02\xff\xfe", "a hello that is not UTF-8"),
        (b"\x78\x02[]", "a hello that is a list"),
        (b"\x78\x03NaN", "a hello that is no JSON"),
        (b"\x78\x0b" + b'{"epoch":""', "a hello that is cut inside"),
        (b"\x78\x0c" + b'{"epoch":"1"', "a hello that is cut at its brace"),
        (b"\x78\x0d" + b'{"epoch":"1"}', "an epoch that is text"),
        (b"\x78\x0e" + b'{"epoch":true}', "an epoch that is true"),
        (b"\x7a\x01\x01\x00", "a numbered message that is not sync"),
        (b"\x7a\x01\x00\x03\x00", "a numbered message of an unknown step"),
        (b"\x7a\x01\x7a\x01\x00\x02\x02\x00\x00", "a numbered message in a numbered message"),
        (b"\x7e\x01a\x7e\x01b\x03", "a document in a document"),
        (b"\x7d\x02{}", "an epoch without one"),
    ],
)
def test_what_cannot_be_read_is_unreadable(message: bytes, why: str) -> None:
    with pytest.raises(Unreadable):
        frames.decode(message)
    assert why


def test_json_nested_without_end_is_unreadable() -> None:
    deep = b'{"a":' + b"[" * 30_000
    with pytest.raises(Unreadable):
        frames.decode(bytes((frames.HELLO,)) + ropewalk.write_message(deep))


def test_a_hello_longer_than_any_is_unreadable() -> None:
    long = b'{"token":"' + b"a" * frames.MAX_JSON_BYTES + b'"}'
    with pytest.raises(Unreadable, match="allowed"):
        frames.decode(bytes((frames.HELLO,)) + ropewalk.write_message(long))


def test_types_that_are_not_known_are_told_as_such() -> None:
    assert frames.decode(b"\x63junk") == (None, Unknown(99))
    assert frames.decode(b"\x00\x07") == (None, Unknown(0))
    assert frames.decode(b"\x02\x05") == (None, Unknown(2))
    assert frames.decode(b"\x7e\x01a\x63") == ("a", Unknown(99))


def test_what_is_never_sent_is_an_error() -> None:
    for message in (Unknown(1), Leave()):
        with pytest.raises(ValueError, match="never sent"):
            frames.encode(None, message)


def test_a_binary_codec_refuses_text() -> None:
    codec = frames.BinaryCodec()
    with pytest.raises(Unreadable, match="binary"):
        codec.decode("\x00\x00")
    assert codec.decode(b"\x03") == ((None, QueryAwareness()),)
