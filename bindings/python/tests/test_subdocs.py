"""Documents as values of others."""

from __future__ import annotations

import gc
import weakref
from typing import Any

import pytest

from ropewalk import Array, Doc, Map, Text


def test_a_document_in_an_array_and_a_map() -> None:
    inner, second = Doc({"text": Text("x")}, guid="inner"), Doc(guid="second")
    array: Array[Any] = Array([inner])
    Doc({"array": array})
    array.append(Map({"doc": second}))
    assert array[0] is inner and array[1]["doc"] is second and list(array)[0] is inner
    assert inner in array and array.to_py() == [inner, {"doc": second}]
    assert str(array) == '[{"guid":"inner"},{"doc":{"guid":"second"}}]'
    inner["text"] += "y"
    assert str(array[0]["text"]) == "xy"


def test_it_has_a_history_of_its_own() -> None:
    outer, inner = Doc(client_id=1), Doc(client_id=2)
    outer["map"] = Map({"inner": inner})
    state = outer.get_state()
    inner["text"] = Text("only here")
    assert outer.get_state() == state and b"only" not in outer.get_update()
    assert inner.client_id == 2


def test_a_replica_knows_its_guid() -> None:
    inner = Doc({"text": Text("x")}, guid="inner", skip_gc=True)
    outer = Doc({"map": Map({"inner": inner})})
    other = Doc(offsets="utf16", limits={"nesting": 9})
    other.apply_update(outer.get_update())
    found = other.get("map", type=Map)["inner"]
    assert found is other["map"]["inner"] and found is not inner
    assert found.guid == "inner" and found.offsets == "utf16" and list(found) == []
    found.apply_update(inner.get_update())
    assert str(found.get("text", type=Text)) == "x"
    text = found["text"]
    text.clear()
    assert b"x" in found.get_update()  # it does not forget either


def test_observers_are_told() -> None:
    outer = Doc({"map": Map()})
    told: list[Any] = []
    outer.observe_subdocs(lambda event: told.append((event.added, event.removed, event.loaded)))
    outer["map"]["inner"] = Doc(guid="inner")
    del outer["map"]["inner"]
    assert [sorted(map(list, lists)) for lists in told] == [
        [[], ["inner"], ["inner"]],
        [[], [], ["inner"]],
    ]


def test_editing_in_place_keeps_it() -> None:
    outer = Doc({"map": Map({"inner": Doc()}), "array": Array([Doc()])})
    before = outer.get_state()
    outer["map"]["inner"] = outer["map"]["inner"]
    outer["array"][0] = outer["array"][0]
    assert outer.get_state() == before


def test_one_document_in_two_places() -> None:
    inner = Doc(guid="inner")
    outer = Doc({"array": Array([inner, inner])})
    assert outer["array"][0] is outer["array"][1] is inner
    del outer["array"][0]
    assert outer["array"][0] is inner


def test_no_document_holds_itself() -> None:
    doc = Doc({"array": Array()})
    with pytest.raises(ValueError, match="cannot hold itself"):
        doc["array"].append(doc)
    assert len(doc["array"]) == 0


def test_plain_objects() -> None:
    outer = Doc({"map": Map({"inner": Doc({"text": Text("x")})})})
    assert outer.to_py() == {"map": {"inner": {"text": "x"}}}
    taken = Doc({"array": Array([Doc(guid="g")])})["array"].pop()
    assert isinstance(taken, Doc) and taken.guid == "g"


def test_it_lives_as_long_as_the_outer_one() -> None:
    outer = Doc({"map": Map({"inner": Doc({"text": Text("x")})})})
    gc.collect()
    assert str(outer["map"]["inner"]["text"]) == "x"
    inner = weakref.ref(outer["map"]["inner"])
    outer["map"]["inner"].outer = outer  # a cycle
    del outer
    gc.collect()
    assert inner() is None


def test_places_that_were_deleted_are_forgotten() -> None:
    outer = Doc({"map": Map()})
    seen = []
    for number in range(200):
        inner = Doc(guid=str(number))
        seen.append(weakref.ref(inner))
        outer["map"]["inner"] = inner
    del inner
    gc.collect()
    assert sum(one() is not None for one in seen) < 50
    assert outer["map"]["inner"].guid == "199"
