"""Messages of the sync protocol: what is written is read again, and nothing else gets through."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ropewalk import (
    DecodeError,
    Decoder,
    Doc,
    Encoder,
    Text,
    YMessageType,
    YSyncMessageType,
    create_awareness_message,
    create_sync_message,
    create_update_message,
    handle_sync_message,
    read_message,
    write_message,
    write_var_uint,
)

GREATEST = 2**53 - 1


def document(text: str) -> Doc:
    doc = Doc()
    doc["text"] = Text(text)
    return doc


def text_of(doc: Doc) -> str:
    return str(doc.get("text", type=Text))


@pytest.mark.parametrize(
    ("number", "encoded"),
    [
        (0, b"\x00"),
        (127, b"\x7f"),
        (128, b"\x80\x01"),
        (16383, b"\xff\x7f"),
        (16384, b"\x80\x80\x01"),
        (GREATEST, b"\xff\xff\xff\xff\xff\xff\xff\x0f"),
    ],
)
def test_numbers_as_lib0_writes_them(number: int, encoded: bytes) -> None:
    assert write_var_uint(number) == encoded
    assert Decoder(encoded).read_var_uint() == number


@pytest.mark.parametrize("number", [-1, 2**53, 2**64])
def test_numbers_that_no_peer_could_read_are_not_written(number: int) -> None:
    with pytest.raises(ValueError, match="2\\^53"):
        write_var_uint(number)


def test_only_integers_are_written() -> None:
    with pytest.raises(TypeError):
        write_var_uint(1.0)  # type: ignore[arg-type]


@given(st.lists(st.one_of(st.integers(0, GREATEST), st.text())))
def test_what_an_encoder_writes_a_decoder_reads(values: list[int | str]) -> None:
    encoder = Encoder()
    for value in values:
        if isinstance(value, int):
            encoder.write_var_uint(value)
        else:
            encoder.write_var_string(value)
    decoder = Decoder(encoder.to_bytes())
    for value in values:
        read = decoder.read_var_uint if isinstance(value, int) else decoder.read_var_string
        assert read() == value
    assert decoder.length == 0
    assert decoder.read_message() is None


def test_strings_are_counted_in_bytes() -> None:
    encoder = Encoder()
    encoder.write_var_string("naïve 🎈")
    encoder.write_var_uint(5)
    decoder = Decoder(encoder.to_bytes())
    assert decoder.read_var_string() == "naïve 🎈"
    assert decoder.read_var_uint() == 5


@given(st.lists(st.binary()))
def test_messages_follow_each_other(messages: list[bytes]) -> None:
    stream = b"".join(write_message(message) for message in messages)
    assert list(Decoder(stream).read_messages()) == messages
    if messages:
        assert read_message(stream) == messages[0]


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_any_buffer_is_read_and_written(kind: type) -> None:
    stream = kind(write_message(b"abc"))
    assert read_message(stream) == b"abc"
    assert type(read_message(stream)) is bytes
    assert write_message(kind(b"abc")) == b"\x03abc"
    source, target = document("hello"), Doc()
    assert handle_sync_message(kind(create_update_message(source.get_update())[1:]), target) is None
    assert text_of(target) == "hello"


def test_nothing_left_is_no_message_and_an_empty_string() -> None:
    assert Decoder(b"").read_message() is None
    assert Decoder(b"").read_var_string() == ""
    with pytest.raises(DecodeError):
        Decoder(b"").read_var_uint()
    with pytest.raises(DecodeError):
        read_message(b"")


def test_decode_error_is_a_value_error() -> None:
    assert issubclass(DecodeError, ValueError)


@pytest.mark.parametrize(
    "stream",
    [
        b"\x80",
        b"\xff\xff\xff",
        write_var_uint(GREATEST) + b"abc",
        b"\x80\x80\x80\x80\x80\x80\x80\x10",  # 2^53
        b"\xff" * 8,
        b"\xff" * 9 + b"\x7f",
        b"\xff" * 1000,
        b"\x04abc",
    ],
)
def test_a_length_that_is_cut_or_impossible_is_an_error(stream: bytes) -> None:
    decoder = Decoder(stream)
    with pytest.raises(DecodeError):
        decoder.read_message()
    assert (decoder.i0, decoder.length) == (0, len(stream))
    with pytest.raises(DecodeError):
        list(Decoder(stream).read_messages())
    with pytest.raises(DecodeError):
        read_message(stream)


@pytest.mark.parametrize("bad", [b"\xff", b"\xc3", b"ab\xed\xa0\x80", b"\xc0\x80"])
def test_a_string_that_is_not_utf8_is_an_error_and_is_not_taken(bad: bytes) -> None:
    decoder = Decoder(b"\x07" + write_message(bad))
    assert decoder.read_var_uint() == 7
    with pytest.raises(DecodeError, match="UTF-8 at byte"):
        decoder.read_var_string()
    assert decoder.i0 == 1
    assert decoder.read_message() == bad


def test_two_documents_meet_by_messages() -> None:
    ours, theirs = document("ours "), document("theirs ")
    for asking, answering in ((ours, theirs), (theirs, ours)):
        question = create_sync_message(asking)
        assert question[:2] == bytes([YMessageType.SYNC, YSyncMessageType.SYNC_STEP1])
        answer = handle_sync_message(question[1:], answering)
        assert answer is not None
        assert answer[:2] == bytes([YMessageType.SYNC, YSyncMessageType.SYNC_STEP2])
        assert handle_sync_message(answer[1:], asking) is None
    assert text_of(ours) == text_of(theirs)
    assert sorted(text_of(ours).split()) == ["ours", "theirs"]


def test_the_kinds_of_messages() -> None:
    assert create_awareness_message(b"abc") == b"\x01\x03abc"
    assert create_update_message(b"abc") == b"\x00\x02\x03abc"
    assert [*YMessageType] == [0, 1]
    assert [*YSyncMessageType] == [0, 1, 2]


def test_an_update_of_nothing_is_no_change() -> None:
    doc = document("text")
    told: list[object] = []
    doc.observe(told.append)
    assert handle_sync_message(create_update_message(b"\x00\x00")[1:], doc) is None
    assert told == []


@pytest.mark.parametrize("step", [3, 7, 128, 255])
def test_an_unknown_step_is_an_error(step: int) -> None:
    with pytest.raises(DecodeError, match="step"):
        handle_sync_message(bytes([step]) + write_message(b"\x00"), Doc())


def test_no_prefix_of_a_message_is_taken_for_one() -> None:
    source = document("hello")
    for whole in (create_sync_message(source), create_update_message(source.get_update())):
        message = whole[1:]
        for size in range(len(message)):
            target = Doc()
            with pytest.raises(DecodeError):
                handle_sync_message(message[:size], target)
            assert target.get_state() == b"\x00"


@given(st.binary(max_size=40))
def test_any_bytes_are_a_message_or_a_value_error(message: bytes) -> None:
    doc = document("hello")
    before = doc.get_update()
    try:
        handle_sync_message(message, doc)
    except ValueError:
        assert doc.get_update() == before
