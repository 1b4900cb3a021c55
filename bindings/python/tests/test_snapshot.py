"""What a document looked like."""

from __future__ import annotations

import pickle

import pytest

from ropewalk import DecodeError, Doc, Map, Snapshot, Text


def edited() -> tuple[Doc, Text, Snapshot]:
    doc = Doc(client_id=1, skip_gc=True)
    text = doc.get("text", type=Text)
    text += "Dear Sir"
    snapshot = Snapshot.from_doc(doc)
    del text[5:8]
    text += "all\U0001f600"
    return doc, text, snapshot


def test_a_document_is_restored() -> None:
    doc, text, snapshot = edited()
    again = Doc.from_snapshot(snapshot, doc)
    assert str(again.get("text", type=Text)) == "Dear Sir"
    assert str(text) == "Dear all\U0001f600"
    assert again.guid == doc.guid
    assert again.client_id != doc.client_id, "or both would write under the same ids"
    copy = again.get("text", type=Text)
    copy += "!"
    assert str(copy) == "Dear Sir!"
    assert str(text) == "Dear all\U0001f600"


def test_a_snapshot_is_bytes_and_a_value() -> None:
    doc, _, snapshot = edited()
    for copy in (
        Snapshot.decode(snapshot.encode()),
        Snapshot.decode_v2(snapshot.encode_v2()),
        pickle.loads(pickle.dumps(snapshot)),
        eval(repr(snapshot)),
    ):
        assert copy == snapshot and hash(copy) == hash(snapshot)
    assert Snapshot.from_doc(doc) != snapshot
    assert snapshot != "snapshot"
    assert snapshot.state == b"\x01\x01\x08"
    assert not snapshot.deletions
    assert Snapshot.from_doc(doc).deletions.ranges() == [(1, 5, 8)]


def test_the_same_bytes_as_pycrdt() -> None:
    pycrdt = pytest.importorskip("pycrdt")
    doc, _, snapshot = edited()
    theirs = pycrdt.Doc(client_id=2, skip_gc=True)
    theirs.apply_update(doc.get_update())
    assert pycrdt.Snapshot.from_doc(theirs).encode() == Snapshot.from_doc(doc).encode()
    again = pycrdt.Doc.from_snapshot(pycrdt.Snapshot.decode(snapshot.encode()), theirs)
    assert str(again.get("text", type=pycrdt.Text)) == "Dear Sir"


def test_what_a_text_was_is_read_without_restoring() -> None:
    doc, text, snapshot = edited()
    now = Snapshot.from_doc(doc)
    assert snapshot.text(text) == "Dear Sir"
    assert now.text(text) == str(text)
    assert now.differences(snapshot, text) == [
        ("kept", "Dear "),
        ("removed", "Sir"),
        ("added", "all\U0001f600"),
    ]


def test_whether_an_update_is_in_it() -> None:
    doc, text, snapshot = edited()
    now = Snapshot.from_doc(doc)
    assert now.contains_update(doc.get_update())
    assert not snapshot.contains_update(doc.get_update())


def test_a_document_that_forgets_cannot_be_restored() -> None:
    doc = Doc()
    text = doc.get("text", type=Text)
    text += "abc"
    snapshot = Snapshot.from_doc(doc)
    del text[0]
    with pytest.raises(ValueError, match="skip_gc"):
        Doc.from_snapshot(snapshot, doc)
    with pytest.raises(ValueError):
        Doc.from_snapshot(snapshot, Doc(skip_gc=True))


def test_maps_are_restored() -> None:
    doc = Doc(skip_gc=True)
    book = doc.get("map", type=Map)
    book["a"] = {"b": [1, None]}
    snapshot = Snapshot.from_doc(doc)
    del book["a"]
    assert Doc.from_snapshot(snapshot, doc).get("map", type=Map).to_py() == {"a": {"b": [1, None]}}


@pytest.mark.parametrize("data", [b"", b"\x01", b"\xff\xff", b"\x00\x02\x01"])
def test_what_is_no_snapshot(data: bytes) -> None:
    with pytest.raises(DecodeError):
        Snapshot.decode(data)
