"""Undo and redo; tests/programs/undo.py compares whole sessions with pycrdt's."""

from __future__ import annotations

import gc
import pickle
import weakref
from typing import Any

import pytest

from ropewalk import Array, Doc, IdSet, Map, StackItem, Text, UndoManager


class Clock:
    def __init__(self) -> None:
        self.now = 1_000_000

    def __call__(self) -> int:
        return self.now


def new_text(content: str = "", **options: Any) -> tuple[Doc, Text]:
    doc = Doc(client_id=1, **options)
    text = doc.get("text", type=Text)
    if content:
        text += content
    return doc, text


def test_what_was_done_last_is_undone_first() -> None:
    doc, text = new_text("0")
    undo = UndoManager(scopes=[text], capture_timeout_millis=0)
    assert not undo.can_undo() and not undo.undo()
    for word in ("1", "2", "3"):
        text += word
    assert len(undo.undo_stack) == 3
    assert undo.undo() and undo.undo()
    assert str(text) == "01" and undo.can_redo()
    assert undo.redo() and str(text) == "012"
    text += "x"
    assert not undo.can_redo() and not undo.redo()
    undo.clear()
    assert undo.undo_stack == [] == undo.redo_stack
    assert not undo.undo() and str(text) == "012x"


def test_changes_within_the_timeout_are_one() -> None:
    clock = Clock()
    doc, text = new_text()
    undo = UndoManager(scopes=[text], capture_timeout_millis=500, timestamp=clock)
    for _ in range(5):
        text += "a"
        clock.now += 100
    clock.now += 1000
    text += "b"
    assert len(undo.undo_stack) == 2
    undo.stop_capturing()
    text += "c"
    assert len(undo.undo_stack) == 3
    assert undo.undo() and undo.undo() and str(text) == "aaaaa"


def test_the_clock_of_the_system_is_the_default() -> None:
    doc, text = new_text()
    undo = UndoManager(scopes=[text])
    text += "a"
    text += "b"
    assert len(undo.undo_stack) == 1


def test_observers_see_who_undid() -> None:
    doc, text = new_text()
    undo = UndoManager(scopes=[text], capture_timeout_millis=0)
    seen: list[Any] = []
    text.observe(lambda event: seen.append(event.transaction.origin))
    doc.observe(lambda event: seen.append(event.transaction.origin))
    with doc.transaction(origin="me"):
        text += "not tracked"
    text += "x"
    undo.undo()
    undo.redo()
    assert seen == ["me", "me", None, None, *([undo.origin] * 4)]
    assert isinstance(undo.origin, int)
    assert undo.origin != UndoManager().origin


def test_origins_that_are_included_are_tracked_alone() -> None:
    doc, text = new_text()
    undo = UndoManager(scopes=[text], capture_timeout_millis=0)
    undo.include_origin("me")

    def write(origin: Any) -> int:
        with doc.transaction(origin=origin):
            text.insert(0, "x")
        return len(undo.undo_stack)

    assert [write(origin) for origin in ("me", "you", None)] == [1, 1, 1]
    undo.exclude_origin("me")
    assert [write(origin) for origin in ("me", None)] == [1, 2]
    for change in (undo.include_origin, undo.exclude_origin):
        with pytest.raises(TypeError, match="hashable"):
            change([])


def test_others_work_stays() -> None:
    doc, text = new_text("base ")
    other = Doc(client_id=2)
    other.apply_update(doc.get_update())
    undo = UndoManager(scopes=[text], capture_timeout_millis=0)
    text += "mine"
    theirs = other.get("text", type=Text)
    theirs += "theirs "
    with doc.transaction(origin="remote"):
        doc.apply_update(other.get_update())
    undo.undo()
    assert str(text) == "base theirs "


def test_undo_needs_its_own_transaction() -> None:
    doc, text = new_text()
    undo = UndoManager(scopes=[text], capture_timeout_millis=0)
    text += "x"
    with doc.transaction(), pytest.raises(RuntimeError, match="Cannot acquire transaction"):
        undo.undo()
    seen: list[str] = []

    def try_to(event: Any) -> None:
        with pytest.raises(RuntimeError):
            undo.undo()
        seen.append(str(text))

    text.observe(try_to)
    text += "y"
    assert seen == ["xy"]
    assert undo.undo() and str(text) == "x"


def test_types_of_several_documents_are_undone_in_order() -> None:
    one, first = new_text()
    two, second = new_text()
    undo = UndoManager(scopes=[first, second], capture_timeout_millis=0)
    first += "1"
    second += "2"
    first += "3"
    assert len(undo.undo_stack) == 3
    states = [(str(first), str(second)) for _ in range(3) if undo.undo()]
    assert states == [("1", "2"), ("1", ""), ("", "")]
    assert undo.redo() and (str(first), str(second)) == ("1", "")


def test_arrays_and_maps() -> None:
    doc = Doc()
    array, book = doc.get("array", type=Array), doc.get("map", type=Map)
    undo = UndoManager(scopes=[array], capture_timeout_millis=0)
    undo.expand_scope(book)
    array.extend([1, 2, 3])
    book["a"] = {"deep": [1]}
    del array[0]
    del book["a"]
    while undo.undo():
        pass
    assert array.to_py() == [] and book.to_py() == {}
    for _ in range(2):
        undo.redo()
    assert array.to_py() == [1, 2, 3] and book.to_py() == {"a": {"deep": [1]}}


def test_stacks_are_stored_with_the_document() -> None:
    doc, text = new_text("base", skip_gc=True)
    undo = UndoManager(scopes=[text], capture_timeout_millis=0)
    text += " one"
    text += " two"
    del text[0:4]
    stored = [pickle.dumps((item.deletions, item.insertions)) for item in undo.undo_stack]
    opened = Doc(client_id=2, skip_gc=True)
    opened.apply_update(doc.get_update())
    again = opened.get("text", type=Text)
    items = [
        StackItem(opened, *pickle.loads(item), meta=i) for i, item in enumerate(stored)
    ]
    restored = UndoManager(scopes=[again], capture_timeout_millis=0, undo_stack=items)
    assert [item.meta for item in restored.undo_stack] == [0, 1, 2]
    assert [item.insertions for item in restored.undo_stack] == [i.insertions for i in items]
    again += "!"
    assert [item.meta for item in restored.undo_stack] == [0, 1, 2, None]
    states = []
    while restored.undo():
        states.append(str(again))
    assert states == [" one two", "base one two", "base one", "base"]
    while restored.redo():
        pass
    assert str(again) == " one two!"


def test_items_of_clients_that_nobody_knows_have_no_effect() -> None:
    doc, text = new_text("abc")
    unknown = IdSet()
    unknown.insert(77, 5, 10)
    unknown.insert(1, 50, 1000)
    item: StackItem[str] = StackItem(doc, unknown, IdSet(), "odd")
    undo = UndoManager(scopes=[text], undo_stack=[item], redo_stack=[item])
    assert len(undo.undo_stack) == len(undo.redo_stack) == 1
    assert not undo.undo() and not undo.redo()
    assert str(text) == "abc"
    with pytest.raises(TypeError):
        StackItem(doc, b"", IdSet())  # type: ignore[arg-type]


def test_items_are_values() -> None:
    doc = Doc()
    deletions, insertions = IdSet(), IdSet()
    deletions.insert(1, 0, 5)
    item: StackItem[list[int]] = StackItem(doc, deletions, insertions, [1])
    deletions.insert(2, 0, 5)
    item.deletions.insert(3, 0, 5)
    assert item.deletions.ranges() == [(1, 0, 5)]
    other: StackItem[list[int]] = StackItem(doc, deletions, insertions, [2])
    assert StackItem.merge(item, other).meta == [1]
    both = StackItem.merge(item, other, lambda a, b: a + b)
    assert both.meta == [1, 2]
    assert both.deletions.ranges() == [(2, 0, 5), (1, 0, 5)]
    assert repr(item) == "StackItem(deletions=IdSet(1: 0..5), meta=[1])"
    assert StackItem[int] is not None


def test_a_clock_that_fails_does_so_to_the_writer() -> None:
    doc, text = new_text()

    def broken() -> int:
        raise ValueError("no time")

    undo = UndoManager(scopes=[text], timestamp=broken)
    with pytest.raises(BaseException, match="Observer callback error"):
        text += "x"
    assert str(text) == "x"
    assert undo.undo() and str(text) == ""


def test_managers_and_their_documents_are_freed() -> None:
    doc, text = new_text()
    held: list[Any] = []
    undo = UndoManager(scopes=[text], timestamp=lambda: len(held))
    held.append(undo)
    text += "x"
    alive = [weakref.ref(doc), weakref.ref(undo)]
    del doc, text
    gc.collect()
    assert alive[0]() is not None, "a manager keeps its document"
    assert undo.undo()
    del undo, held
    gc.collect()
    assert [one() for one in alive] == [None, None]


def test_a_manager_that_has_gone_records_no_longer() -> None:
    doc, text = new_text("abc")
    undo = UndoManager(scopes=[text])
    del text[0]
    del undo
    gc.collect()
    text += "d"
    assert str(text) == "bcd"
