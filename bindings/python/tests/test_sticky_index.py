"""Places that stay where they are while others edit."""

from __future__ import annotations

import pickle
from typing import Any

import pytest

from ropewalk import Array, Assoc, DecodeError, Doc, StickyIndex, Text


def new_text(content: str, **options: Any) -> tuple[Doc, Text]:
    doc = Doc(client_id=1, **options)
    text = doc.get("text", type=Text)
    text += content
    return doc, text


def test_a_place_moves_with_what_is_around_it() -> None:
    doc, text = new_text("ab\U0001f600cd")
    places = [StickyIndex.new(text, i, assoc) for i in range(6) for assoc in Assoc]
    assert [place.get_index() for place in places] == [i for i in range(6) for _ in Assoc]
    text.insert(0, "\U0001f600\U0001f600")
    assert [place.get_index() for place in places[2:]] == [i + 2 for i in range(1, 6) for _ in Assoc]
    del text[2:5]
    assert StickyIndex.new(text, 2, Assoc.AFTER).get_index() == 2
    assert places[-2].get_index() == 4


def test_what_is_inserted_at_a_place_comes_behind_or_in_front_of_it() -> None:
    doc, text = new_text("ab")
    after, before = (StickyIndex.new(text, 1, assoc) for assoc in (Assoc.AFTER, Assoc.BEFORE))
    text.insert(1, "xx")
    assert (after.get_index(), before.get_index()) == (3, 1)
    assert (after.assoc, before.assoc) == (Assoc.AFTER, Assoc.BEFORE)


@pytest.mark.parametrize(("offsets", "index"), [("unicode", 2), ("utf16", 3), ("utf8", 5)])
def test_places_are_counted_as_the_document_counts(offsets: str, index: int) -> None:
    doc, text = new_text("a\U0001f600b\U0001f600c", offsets=offsets)
    place = StickyIndex.new(text, index, Assoc.AFTER)
    assert place.get_index() == index
    assert place.encode() == b"\x00\x01\x03\x00"


def test_a_place_inside_a_character_or_past_the_end_is_none() -> None:
    doc, text = new_text("\U0001f600", offsets="utf8")
    with pytest.raises(ValueError, match="inside"):
        StickyIndex.new(text, 2, Assoc.AFTER)
    for index in (5, 2**40):
        with pytest.raises(IndexError):
            StickyIndex.new(text, index, Assoc.AFTER)
    with pytest.raises(IndexError):
        StickyIndex.new(text, -1, Assoc.AFTER)


def test_the_end_and_an_empty_text_have_a_place() -> None:
    doc, text = new_text("abc")
    end = StickyIndex.new(text, 3, Assoc.AFTER)
    text += "d"
    assert end.get_index() == 4
    empty = doc.get("empty", type=Text)
    place = StickyIndex.new(empty, 0, Assoc.BEFORE)
    empty += "x"
    assert place.get_index() == 0


def test_arrays_have_places() -> None:
    doc = Doc()
    array = doc.get("array", type=Array)
    array.extend([1, 2, 3])
    place = StickyIndex.new(array, 2, Assoc.AFTER)
    array.insert(0, 0)
    assert place.get_index() == 3
    assert array[place.get_index()] == 3


def test_bytes_and_json_carry_it_to_others() -> None:
    doc, text = new_text("abc")
    other = Doc(client_id=2)
    other.apply_update(doc.get_update())
    copy = other.get("text", type=Text)
    for assoc in Assoc:
        for index in range(4):
            place = StickyIndex.new(text, index, assoc)
            for made in (
                StickyIndex.decode(place.encode(), copy),
                StickyIndex.from_json(place.to_json(), copy),
            ):
                assert made == place and hash(made) == hash(place)
                assert (made.get_index(), made.assoc) == (index, assoc)
            assert pickle.loads(pickle.dumps(place)) == place
            assert eval(repr(place)) == place
    assert place != "place"


def test_without_a_sequence_it_takes_a_transaction() -> None:
    doc, text = new_text("abc")
    place = StickyIndex.decode(StickyIndex.new(text, 2, Assoc.AFTER).encode())
    with pytest.raises(RuntimeError, match="No transaction available"):
        place.get_index()
    with doc.transaction() as txn:
        assert place.get_index(txn) == 2


def test_a_place_that_the_document_does_not_know() -> None:
    doc, text = new_text("abc")
    with pytest.raises(RuntimeError):
        StickyIndex.decode(b"\x00\x05\x09\x00", text).get_index()


def test_the_same_bytes_and_json_as_pycrdt() -> None:
    pycrdt = pytest.importorskip("pycrdt")
    doc, text = new_text("abc")
    theirs = pycrdt.Doc(client_id=2)
    theirs.apply_update(doc.get_update())
    copy = theirs.get("text", type=pycrdt.Text)
    for index in range(4):
        for assoc, their_assoc in zip(Assoc, (pycrdt.Assoc.AFTER, pycrdt.Assoc.BEFORE), strict=True):
            place = StickyIndex.new(text, index, assoc)
            if index == 3 and assoc is Assoc.AFTER:
                continue  # pycrdt panics
            other = pycrdt.StickyIndex.new(copy, index, their_assoc)
            assert (place.encode(), place.to_json()) == (other.encode(), other.to_json())
            again = pycrdt.StickyIndex.from_json(place.to_json(), copy)
            assert again.get_index() == index


@pytest.mark.parametrize("data", [b"", b"\x01", b"\xff\xff", b"\x00\x01"])
def test_bytes_that_are_no_place(data: bytes) -> None:
    with pytest.raises(DecodeError):
        StickyIndex.decode(data)


@pytest.mark.parametrize("data", [{}, {"item": 5}, {"item": {"client": -1, "clock": 0}}, []])
def test_json_that_is_no_place(data: Any) -> None:
    with pytest.raises(ValueError):
        StickyIndex.from_json(data).encode()
