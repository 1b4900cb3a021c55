"""Array: like a list that can be shared."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ropewalk import Array, Doc, Map, Text, XmlElement, XmlFragment


def array_of(*values: Any) -> Array[Any]:
    array: Array[Any] = Array(list(values))
    Doc({"array": array})
    return array


def test_what_it_starts_with() -> None:
    array: Array[Any] = Array([1, Text("a"), Map({"b": Array([2])})])
    assert array.is_prelim and array.to_py() == [1, "a", {"b": [2]}]
    doc = Doc()
    doc["array"] = array
    assert array.is_integrated and array.prelim is None and array.doc is doc
    assert array.to_py() == [1, "a", {"b": [2]}]
    assert Array().to_py() is None and Array((1, 2)).to_py() == [1, 2]  # type: ignore[arg-type]
    with pytest.raises(RuntimeError, match="Not integrated"):
        len(Array([1]))


def test_values_come_back_as_they_were() -> None:
    values = [None, True, False, 0, -1, 2**53 - 1, 2**60, -(2**63), 1.5, -0.0, "", "é😀", b"", b"\0",
              [], [1, [2]], {}, {"a": {"b": [None]}}]  # fmt: skip
    array = array_of(*values)
    assert array.to_py() == values
    assert [type(value) for value in array] == [type(value) for value in values]
    array.append(math.nan)
    assert math.isnan(array[-1])
    array.append((1, 2))
    assert array[-1] == [1, 2]
    array.append(bytearray(b"ab"))
    array.append(memoryview(b"cd"))
    assert array[-2:] == [b"ab", b"cd"]
    array.append(3.0)
    assert type(array[-1]) is int


@pytest.mark.parametrize(
    ("value", "error"),
    [(object(), TypeError), ({1}, TypeError), ({1: 2}, TypeError), ([Text("x")], TypeError),
     (2**64, OverflowError), ("\ud800", ValueError), (1j, TypeError)],
)  # fmt: skip
def test_values_that_cannot_be_shared(value: Any, error: type[Exception]) -> None:
    array = array_of(1)
    for put in (array.append, lambda v: array.extend([2, v]), lambda v: array.insert(0, v)):
        with pytest.raises(error):
            put(value)
    assert array.to_py() == [1]


def test_a_value_that_nests_too_deep() -> None:
    value: Any = 1
    for _ in range(100_000):
        value = [value]
    with pytest.raises(ValueError, match="deep"):
        array_of().append(value)


def test_adding() -> None:
    array = array_of()
    array.append("b")
    array.insert(0, "a")
    array.insert(-1, "aa")
    array.extend(["c", "d"])
    array += ["e"]
    assert array.to_py() == ["a", "aa", "b", "c", "d", "e"]
    assert (array + ["f"]) is array and (["0"] + array) is array
    array.extend(letter for letter in "gh")
    assert str(array) == '["0","a","aa","b","c","d","e","f","g","h"]'
    for bad in (11, -11):
        with pytest.raises(IndexError):
            array.insert(bad, 1)
    assert len(array) == 10


def test_reading_is_as_of_a_list() -> None:
    model = [1, "two", None, [4], 5.5]
    array = array_of(*model)
    for key in (0, 4, -1, -5, slice(None), slice(1, 100), slice(-2, None), slice(None, None, -1),
                slice(4, 0, -2), slice(3, 1)):  # fmt: skip
        assert array[key] == model[key]
    for bad in (5, -6):
        with pytest.raises(IndexError):
            array[bad]
    with pytest.raises(TypeError):
        array["0"]  # type: ignore[call-overload]
    assert list(array) == model and "two" in array and "three" not in array
    assert str(array) == '[1,"two",null,[4],5.5]'


def test_replacing_and_deleting() -> None:
    array = array_of(*range(6))
    array[0] = "zero"
    array[-1] = "five"
    assert array.to_py() == ["zero", 1, 2, 3, 4, "five"]
    array[1:3] = ["a", "b", "c"]
    assert array.to_py() == ["zero", "a", "b", "c", 3, 4, "five"]
    array[2:2] = [None]
    del array[0]
    del array[-1]
    assert array.to_py() == ["a", None, "b", "c", 3, 4]
    del array[1:100]
    assert array.to_py() == ["a"]
    array.clear()
    assert array.to_py() == []
    with pytest.raises(IndexError):
        del array[0]
    with pytest.raises(IndexError):
        array[0] = 1
    with pytest.raises(RuntimeError, match="integer"):
        array["0"] = 1  # type: ignore[call-overload]
    with pytest.raises(RuntimeError, match="Step"):
        array[::2] = [1]


def test_taking_out() -> None:
    array = array_of(1, Map({"a": Text("b")}), 3)
    assert array.pop() == 3 and array.pop(0) == 1 and array.pop() == {"a": "b"}
    with pytest.raises(IndexError):
        array.pop()


def test_new_types_become_what_was_inserted() -> None:
    array = array_of("first")
    text = Text("deep")
    inner: Map[Any] = Map({"list": Array([0, text]), "xml": XmlFragment([XmlElement("p", {}, ["x"])])})
    array.insert(0, inner)
    assert inner == array[0] and inner["list"][1] == text
    text += "er"
    inner["list"].append(Text("!"))
    assert array.to_py() == [{"list": [0, "deeper", "!"], "xml": "<p>x</p>"}, "first"]
    array[1] = Array([Text("second")])
    array[1][0] += "!"
    assert array[1].to_py() == ["second!"]


def test_types_are_attached_before_observers_are_called() -> None:
    array = array_of()
    seen: list[str] = []
    text = Text("x")
    array.observe(lambda _event: seen.append(str(text)))
    array.append(text)
    assert seen == ["x"]


def test_a_type_has_one_place() -> None:
    array = array_of()
    text = Text("x")
    array.append(text)
    for put in (array.append, lambda v: array.append(Array([v])), lambda v: array.insert(0, v)):
        with pytest.raises(ValueError, match="Cannot insert an integrated Text"):
            put(text)
    twice = Text("y")
    with pytest.raises(ValueError, match="integrated"):
        array.extend([twice, twice])
    itself: Array[Any] = Array([])
    itself.prelim.append(itself)
    with pytest.raises(ValueError, match="integrated"):
        array.append(itself)
    assert array.to_py() == ["x"]
    array.append(twice)  # refused types can still be used
    assert str(twice) == "y"


def test_editing_in_place() -> None:
    array = array_of(Text("a"), 1)
    array[0] += "b"
    array[1] += 1
    assert array.to_py() == ["ab", 2]


def test_an_insert_is_one_change() -> None:
    array = array_of(1, 2, 3)
    told: list[Any] = []
    array.observe(lambda event: told.append(event.delta))
    array.extend([Map({"a": 1}), 4])
    array[0] = 0
    array[1:2] = [5, 6]
    array.clear()
    assert len(told) == 4


def test_iterating_while_it_changes() -> None:
    array = array_of(1, 2, 3)
    seen = []
    for value in array:
        seen.append(value)
        if value == 1:
            del array[1]
    assert seen == [1, 3]


def test_from_py() -> None:
    array = Array.from_py([1, {"a": [2]}, "x"])
    Doc({"array": array})
    assert isinstance(array[1], Map) and isinstance(array[1]["a"], Array)
    assert array.to_py() == [1, {"a": [2]}, "x"]


def test_json() -> None:
    array = array_of('"\n\\é\x01', 1e21, math.inf, b"\x01\xff", 2**60, Text("t"), [{"k": None}])
    assert str(array) == (
        '["\\"\\n\\\\é\\u0001",1e+21,null,[1,255],1152921504606846976,"t",[{"k":null}]]'
    )


def test_repr() -> None:
    assert repr(Array([1])) == "Array([1])" and repr(array_of(1, "x")) == "<Array [1, 'x']>"


def test_class_with_an_item_type() -> None:
    assert Array[int].__origin__ is Array  # type: ignore[attr-defined]


EDITS = st.lists(
    st.tuples(
        st.sampled_from(["insert", "append", "extend", "set", "del", "slice", "replace", "pop"]),
        st.integers(-8, 8),
        st.integers(-8, 8),
        st.lists(st.one_of(st.integers(-5, 5), st.text("ab", max_size=2), st.none()), max_size=4),
    ),
    max_size=25,
)


@settings(max_examples=150, deadline=None)
@given(edits=EDITS)
def test_it_is_a_list(edits: Any) -> None:
    array, model = array_of(), []

    def both(edit: Any) -> None:
        try:
            edit(model)
        except IndexError:
            with pytest.raises(IndexError):
                edit(array)
        else:
            edit(array)

    for kind, one, two, values in edits:
        value = values[0] if values else 0
        if kind == "insert":
            if -len(model) <= one <= len(model):
                both(lambda a: a.insert(one, value))  # noqa: B023
        elif kind == "append":
            both(lambda a: a.append(value))  # noqa: B023
        elif kind == "extend":
            both(lambda a: a.extend(values))  # noqa: B023
        elif kind == "set":
            both(lambda a: a.__setitem__(one, value))  # noqa: B023
        elif kind == "del":
            both(lambda a: a.__delitem__(one))  # noqa: B023
        elif kind == "slice":
            both(lambda a: a.__delitem__(slice(one, two)))  # noqa: B023
        elif kind == "replace":
            both(lambda a: a.__setitem__(slice(one, two), values))  # noqa: B023
        else:
            both(lambda a: a.pop(one))  # noqa: B023
        assert array.to_py() == model and len(array) == len(model)
    other = Doc()
    other.apply_update(array.doc.get_update())
    assert other.get("array", type=Array).to_py() == model
