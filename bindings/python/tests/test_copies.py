"""Copies of documents: copy, deepcopy and pickle."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest

from ropewalk import Array, Doc, Map, Text, XmlElement, XmlFragment, XmlText


def by_pickle(doc: Any) -> Any:
    return pickle.loads(pickle.dumps(doc))


WAYS = pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, by_pickle])


class Notes(Doc[Any]):
    """A class of a user's, whose constructor takes something else."""

    def __init__(self, name: str) -> None:
        super().__init__(guid=name)


@WAYS
def test_a_copy_has_the_content_and_the_options(copied: Any) -> None:
    doc = Doc(
        {"text": Text("é"), "map": Map({"a": Array([1])}), "page": XmlFragment(["x"])},
        guid="g", skip_gc=True, offsets="utf8", limits={"nesting": 20}, allow_multithreading=True,
    )  # fmt: skip
    doc["text"].clear()
    other = copied(doc)
    assert other is not doc and other.client_id != doc.client_id
    assert other.guid == "g" and other.offsets == "utf8" and other.get_update() == doc.get_update()
    assert {name: type(root) for name, root in other.items()} == {
        "text": Text, "map": Map, "page": XmlFragment,
    }  # fmt: skip
    assert other.to_py() == doc.to_py() == {"text": "", "map": {"a": [1]}, "page": "x"}
    assert other.get_canonical() == doc.get_canonical()
    again = copied(other)
    assert again.offsets == "utf8" and again._limits == {"nesting": 20}
    assert again._allow_multithreading


@WAYS
def test_a_copy_is_another_replica(copied: Any) -> None:
    doc = Doc({"text": Text("a")})
    other = copied(doc)
    doc["text"] += "b"
    other["text"] += "c"
    assert (str(doc["text"]), str(other["text"])) == ("ab", "ac")
    doc.apply_update(other.get_update())
    other.apply_update(doc.get_update())
    assert str(doc["text"]) == str(other["text"])
    assert sorted(str(doc["text"])) == ["a", "b", "c"]


@WAYS
def test_classes_of_users(copied: Any) -> None:
    notes = Notes("n")
    notes["text"] = Text("x")
    other = copied(notes)
    assert type(other) is Notes and other.guid == "n" and str(other["text"]) == "x"


def test_documents_within() -> None:
    inner = Doc({"text": Text("x")}, guid="inner")
    doc = Doc({"map": Map({"inner": inner})})
    assert copy.copy(doc)["map"]["inner"] is inner
    for other in (copy.deepcopy(doc), by_pickle(doc)):
        found = other["map"]["inner"]
        assert found is not inner and found.guid == "inner" and str(found["text"]) == "x"


def test_documents_of_one_list_stay_one() -> None:
    doc = Doc({"text": Text("x")})
    one, other = copy.deepcopy([doc, doc])
    assert one is other and one is not doc
    one, other = by_pickle([doc, doc])
    assert one is other


def test_what_waits_is_copied() -> None:
    source = Doc({"text": Text("a")})
    state = source.get_state()
    source["text"] += "b"
    doc = Doc()
    doc.apply_update(source.get_update(state))
    other = copy.copy(doc)
    assert other.has_pending
    other.apply_update(source.get_update())
    assert str(other.get("text", type=Text)) == "ab"


def test_shared_types() -> None:
    doc = Doc({"text": Text("x"), "page": XmlFragment([XmlElement("p")])})
    for node in (doc["text"], doc["page"], doc["page"].children[0]):
        with pytest.raises(TypeError, match="cannot be copied alone"):
            copy.copy(node)
        with pytest.raises(TypeError, match="cannot be copied alone"):
            pickle.dumps(node)
    for new in (Text("x"), Array([1, Text("y")]), Map({"a": 1}), XmlText("t")):
        assert copy.deepcopy(new).to_py() == by_pickle(new).to_py() == new.to_py()
    assert copy.deepcopy(XmlElement("p", {"a": "1"}, ["x"])).prelim == ("p", [("a", "1")], ["x"])
