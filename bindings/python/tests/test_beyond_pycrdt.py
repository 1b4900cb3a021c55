"""What the engine can do and pycrdt has no words for."""

from __future__ import annotations

import gc
import weakref
from typing import Any

import pytest
from ropewalk import (
    Array,
    Assoc,
    Doc,
    IdSet,
    Map,
    Snapshot,
    Text,
    UndoManager,
    XmlElement,
    XmlFragment,
    XmlHook,
    XmlText,
    decode_state_vector,
)


def replica_of(doc: Doc[Any], **options: Any) -> Doc[Any]:
    made: Doc[Any] = Doc(**options)
    made.apply_update(doc.get_update())
    return made


# -- documents -----------------------------------------------------------------------------------


def test_updates_are_told_in_the_format_that_is_asked_for() -> None:
    first: Doc[Any] = Doc()
    second: Doc[Any] = Doc()
    doc: Doc[Any] = Doc()
    doc.observe(lambda event: first.apply_update(event.update))
    kept: list[Any] = []
    with doc.observe(kept.append, v2=True):
        doc["text"] = Text("hello")
        doc["text"].clear()
    for event in kept:
        second.apply_update(event.update, v2=True)
    for other in (first, second):
        assert other.get_canonical() == doc.get_canonical()
    assert not any(decode_state_vector(kept[0].before_state).values())
    assert decode_state_vector(kept[1].before_state) == {doc.client_id: 5}
    assert IdSet.decode(kept[1].delete_set).ranges() == [(doc.client_id, 0, 5)]


def test_an_update_has_an_origin() -> None:
    doc: Doc[Any] = Doc({"text": Text()})
    origins: list[object] = []
    doc.observe(lambda event: origins.append(event.transaction.origin))
    undo = UndoManager(scopes=[doc["text"]])
    undo.include_origin("peer")
    for origin in ("peer", "other"):
        doc.apply_update(Doc({"text": Text(origin)}).get_update(), origin=origin)
    assert origins == ["peer", "other"] and len(undo.undo_stack) == 1
    with doc.transaction(origin="mine"):
        doc.apply_update(Doc({"text": Text("x")}).get_update(), origin="mine")
        with pytest.raises(RuntimeError, match="same origin"):
            doc.apply_update(Doc({"text": Text("y")}).get_update(), origin="peer")
    assert origins == ["peer", "other", "mine"]


def test_what_waits_for_an_update_that_has_not_come() -> None:
    source: Doc[Any] = Doc(client_id=1)
    updates: list[bytes] = []
    source.observe(lambda event: updates.append(event.update))
    source["text"] = text = Text("one")
    text += "two"
    del text[0]
    doc: Doc[Any] = Doc()
    assert not doc.has_pending and decode_state_vector(doc.get_missing()) == {}
    doc.apply_update(updates[-1])
    assert doc.has_pending and doc.get_pending_deletes().ranges() == [(1, 0, 1)]
    doc.apply_update(updates[-2])
    assert decode_state_vector(doc.get_missing()) == {1: 0}
    for v2 in (False, True):
        passed_on, kept = Doc[Any](), Doc[Any]()
        passed_on.apply_update(doc.get_update(v2=v2), v2=v2)
        kept.apply_update(doc.get_update(v2=v2, pending=False), v2=v2)
        assert (passed_on.has_pending, kept.has_pending) == (True, False)
    doc.apply_update(updates[0])
    assert doc.get_update(pending=False) == doc.get_update()
    assert not doc.has_pending and str(doc.get("text", type=Text)) == "netwo"
    assert doc.get_canonical() == source.get_canonical()


def test_offsets_as_javascript_has_them() -> None:
    doc: Doc[Any] = Doc({"text": Text("a🎈b")}, offsets="javascript")
    text = doc["text"]
    assert len(text) == 4
    text.insert(2, "-")
    assert str(text) == "a\ufffd-\ufffdb"
    strict = Doc({"text": Text("a🎈b")}, offsets="utf16")
    with pytest.raises(ValueError, match="inside"):
        strict["text"].insert(2, "-")


# -- sub-documents -------------------------------------------------------------------------------


def test_sub_documents_are_loaded_where_they_are_wanted() -> None:
    inner: Doc[Any] = Doc(guid="inner", meta={"title": "x"}, should_load=False)
    outer: Doc[Any] = Doc({"map": Map({"inner": inner, "auto": Doc(guid="auto", auto_load=True)})})
    assert not inner.should_load and inner.meta == {"title": "x"}
    other: Doc[Any] = Doc()
    told: list[Any] = []
    other.observe_subdocs(lambda event: told.append((event.added, event.removed, event.loaded)))
    other.apply_update(outer.get_update())
    entries = other.get("map", type=Map)
    found = entries["inner"]
    assert [sorted(names) for names in told.pop()] == [["auto", "inner"], [], ["auto"]]
    assert (found.meta, found.auto_load, found.should_load) == ({"title": "x"}, False, False)
    assert entries["auto"].auto_load and entries["auto"].should_load
    found.load()
    found.load()
    assert told == [([], [], ["inner"])] and found.should_load and not inner.should_load
    inner.load()
    assert inner.should_load


def test_a_sub_document_that_is_destroyed_makes_room_for_another() -> None:
    inner: Doc[Any] = Doc({"text": Text("kept")}, guid="inner")
    outer: Doc[Any] = Doc({"map": Map({"inner": inner})})
    told: list[Any] = []
    outer.observe_subdocs(lambda event: told.append((event.added, event.removed, event.loaded)))
    inner.destroy()
    assert told == [(["inner"], ["inner"], [])]
    found = outer["map"]["inner"]
    assert found is not inner and found.guid == "inner" and not found.should_load
    assert str(inner["text"]) == "kept"
    inner.destroy()  # it is in no document any more
    inner.load()
    assert len(told) == 1


def test_a_document_and_what_is_in_it_are_collected() -> None:
    inner: Doc[Any] = Doc()
    outer: Doc[Any] = Doc({"map": Map({"inner": inner})})
    gone = [weakref.ref(inner), weakref.ref(outer)]
    del inner, outer
    gc.collect()
    assert [ref() for ref in gone] == [None, None]


# -- text ----------------------------------------------------------------------------------------


def test_a_text_starts_with_a_delta_and_attributes() -> None:
    embedded = Map({"x": 1})
    delta: list[dict[str, Any]] = [
        {"insert": "a🎈", "attributes": {"bold": True}},
        {"insert": embedded},
        {"insert": {"img": 1}, "attributes": {"w": 2}},
    ]
    note = Text("about it")
    text = Text(delta, attributes={"lang": "en", "note": note})
    doc: Doc[Any] = Doc({"list": Array([text])})
    assert text.to_delta() == [
        {"insert": "a🎈", "attributes": {"bold": True}},
        {"insert": embedded},
        {"insert": {"img": 1}, "attributes": {"w": 2}},
    ]
    embedded["x"] = 2
    note += "!"
    assert dict(text.attributes) == {"lang": "en", "note": note}
    other = replica_of(doc).get("list", type=Array)[0]
    assert other.to_delta()[1]["insert"].to_py() == {"x": 2}
    assert str(other.attributes["note"]) == "about it!"


def test_a_root_text_starts_so_too() -> None:
    doc: Doc[Any] = Doc()
    doc["text"] = text = Text([{"insert": "a", "attributes": {"b": 1}}], attributes={"k": 1})
    assert text.to_delta() == [{"insert": "a", "attributes": {"b": 1}}]
    assert dict(text.attributes) == {"k": 1}
    doc["xml"] = xml = XmlText([{"insert": "a", "attributes": {"b": {}}}])
    assert str(xml) == "<b>a</b>"
    for bad in ([{"retain": 1}], ["a"]):
        with pytest.raises(ValueError, match="inserts"):
            doc["list"] = Array()
            doc["list"].append(Text(bad))  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        Text(3)  # type: ignore[arg-type]


def test_attributes_of_a_text_are_told() -> None:
    doc: Doc[Any] = Doc({"text": Text("x")})
    events: list[Any] = []
    doc["text"].observe(events.append)
    doc["text"].attributes["lang"] = "en"
    assert events[0].keys == {"lang": {"action": "add", "newValue": "en"}}
    assert "keys" in str(events[0])
    doc["text"] += "y"
    assert events[1].keys == {} and "keys" not in str(events[1])


# -- XML -----------------------------------------------------------------------------------------


def test_hooks() -> None:
    hook = XmlHook("video", {"src": "a.mp4", "marks": Array([1])})
    assert hook.to_py() == {"src": "a.mp4", "marks": [1]}
    doc: Doc[Any] = Doc({"page": XmlFragment([hook])})
    hook["width"] = 3
    assert hook.name == "video" and hook.to_py() == {"src": "a.mp4", "marks": [1], "width": 3}
    found = replica_of(doc).get("page", type=XmlFragment).children[0]
    assert type(found) is XmlHook and found.name == "video" and found["width"] == 3
    doc["page"].children.append(XmlHook("empty"))
    assert len(doc["page"].children) == 2
    del hook["width"]
    assert "width" not in hook


def test_fragments_and_shared_values_in_xml() -> None:
    author, inner = Map({"name": "Ann"}), XmlFragment([XmlElement("b", contents=["x"])])
    element = XmlElement("p", {"n": 3, "flags": [True, None], "author": author}, [inner])
    doc: Doc[Any] = Doc({"page": XmlFragment([element])})
    assert dict(element.attributes) == {"n": 3, "flags": [True, None], "author": author}
    author["name"] = "Bob"
    inner.children.append(XmlElement("i"))
    found: Any = replica_of(doc).get("page", type=XmlFragment).children[0]
    assert found.attributes["author"].to_py() == {"name": "Bob"}
    assert type(found.children[0]) is XmlFragment
    assert str(found.children[0]) == "<b>x</b><i></i>"


def test_a_root_may_be_an_element() -> None:
    doc: Doc[Any] = Doc()
    root = doc.get("root", type=XmlElement)
    root.attributes["a"] = "1"
    root.children.append(XmlText("x"))
    other = replica_of(doc)
    assert str(other.get("root", type=XmlElement)) == str(root)
    assert doc.to_py() == {"root": str(root)}
    with pytest.raises(ValueError, match="XmlFragment"):
        doc["other"] = XmlElement("p")


# -- history -------------------------------------------------------------------------------------


def test_a_text_as_of_a_snapshot() -> None:
    doc: Doc[Any] = Doc({"text": Text("abc"), "map": Map({"k": 1})}, skip_gc=True)
    doc["text"].format(0, 1, {"bold": True})
    first = Snapshot.from_doc(doc)
    del doc["text"][1]
    doc["text"] += "d"
    doc["map"]["k"] = 2
    doc["map"]["new"] = 3
    second = Snapshot.from_doc(doc)
    doc["text"].clear()
    bold = {"bold": True}
    assert first.to_delta(doc["text"]) == [
        {"insert": "a", "attributes": bold},
        {"insert": "bc"},
    ]
    assert second.to_delta(doc["text"], first) == [
        {"insert": "a", "attributes": bold},
        {"insert": "b", "attributes": {"ychange": {"type": "removed"}}},
        {"insert": "c"},
        {"insert": "d", "attributes": {"ychange": {"type": "added"}}},
    ]
    assert first.entries(doc["map"]) == {"k": 1}
    assert second.entries(doc["map"]) == {"k": 2, "new": 3}


def test_where_a_sticky_index_is() -> None:
    doc: Doc[Any] = Doc({"text": Text("a🎈b"), "list": Array([Text("xyz")])}, client_id=1)
    index = doc["text"].sticky_index(2)
    place = index.resolve(doc)
    assert place is not None and tuple(place) == (doc["text"], 2, Assoc.AFTER)
    assert index.to_json() == {"item": {"client": 1, "clock": 3}, "assoc": 0}
    assert index.to_json(full=True) == {
        "item": {"client": 1, "clock": 3},
        "tname": "text",
        "assoc": 0,
    }
    nested = doc["list"][0].sticky_index(3, Assoc.BEFORE)
    other = replica_of(doc)
    other.get("list", type=Array)[0].insert(0, "--")
    found = nested.resolve(other)
    assert found is not None and (found.index, found.assoc) == (5, Assoc.BEFORE)
    assert str(found.type) == "--xyz"
    assert nested.resolve(Doc()) is None


def test_a_sticky_index_follows_what_undo_has_put_back() -> None:
    doc: Doc[Any] = Doc({"text": Text("abc")})
    undo = UndoManager(scopes=[doc["text"]])
    index = doc["text"].sticky_index(1)
    del doc["text"][1]
    doc["text"].insert(0, "--")
    undo.undo()
    doc["text"].insert(0, "+")
    places = [index.resolve(doc, follow_undone=follow) for follow in (True, False)]
    # "b" is there again, in front of where the deleted one was.
    assert [place.index for place in places if place is not None] == [2, 3]


def test_undo_of_a_whole_document() -> None:
    doc: Doc[Any] = Doc({"text": Text("a")})
    undo = UndoManager(doc=doc, capture_timeout_millis=0)
    doc["text"] += "b"
    doc["map"] = Map({"k": 1})
    assert len(undo.undo_stack) == 2
    assert undo.undo() and undo.undo()
    assert str(doc["text"]) == "a" and doc["map"].to_py() == {}


def test_undo_tracks_named_origins_and_those_without() -> None:
    doc: Doc[Any] = Doc({"text": Text()})
    undo = UndoManager(scopes=[doc["text"]], capture_timeout_millis=0)

    def sizes() -> list[int]:
        for origin in (None, "me"):
            with doc.transaction(origin=origin):
                doc["text"] += "x"
        size = len(undo.undo_stack)
        undo.clear()
        return [size]

    undo.include_origin("me")
    assert sizes() == [1]
    undo.include_origin(None)
    assert sizes() == [2]
    undo.exclude_origin(None)
    assert sizes() == [1]
    undo.exclude_origin("me")
    assert sizes() == [1]  # those without, as at first


def test_undo_stacks_are_cleared_one_by_one() -> None:
    doc: Doc[Any] = Doc({"text": Text()})
    undo = UndoManager(scopes=[doc["text"]], capture_timeout_millis=0)
    for letter in "abc":
        doc["text"] += letter
    undo.undo()
    undo.clear(undo=False)
    assert (len(undo.undo_stack), len(undo.redo_stack)) == (2, 0)
    undo.undo()
    undo.clear(redo=False)
    assert (len(undo.undo_stack), len(undo.redo_stack)) == (0, 1)


@pytest.mark.parametrize("ignores", [False, True])
def test_undo_and_what_others_have_set_since(ignores: bool) -> None:
    doc: Doc[Any] = Doc({"map": Map({"k": "old"})})
    undo = UndoManager(scopes=[doc["map"]], ignore_remote_map_changes=ignores)
    doc["map"]["k"] = "mine"
    other = replica_of(doc)
    other.get("map", type=Map)["k"] = "theirs"
    doc.apply_update(other.get_update(), origin="peer")
    undo.undo()
    assert doc["map"]["k"] == ("old" if ignores else "theirs")
