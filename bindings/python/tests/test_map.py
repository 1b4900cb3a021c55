"""Map: like a dict that can be shared."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ropewalk import Array, Doc, Map, Text


def map_of(**entries: Any) -> Map[Any]:
    made: Map[Any] = Map(entries)
    Doc({"map": made})
    return made


def test_what_it_starts_with() -> None:
    made: Map[Any] = Map({"a": 1, "t": Text("x"), "l": Array([Map()])})
    assert made.is_prelim and made.to_py() == {"a": 1, "t": "x", "l": [None]}
    doc = Doc({"map": made})
    assert made.doc is doc and made.to_py() == {"a": 1, "t": "x", "l": [{}]}
    assert Map().to_py() is None
    with pytest.raises(RuntimeError, match="Not integrated"):
        made_new: Map[Any] = Map({"a": 1})
        made_new["a"]


def test_reading() -> None:
    made = map_of(a=1, b=None, c=[1])
    assert made["a"] == 1 and made["b"] is None and made["c"] == [1]
    assert "a" in made and "z" not in made and len(made) == 3
    assert made.get("a") == 1 and made.get("z") is None and made.get("z", 5) == 5
    assert made.get("b", 5) is None
    assert list(made) == list(made.keys()) == ["a", "b", "c"]
    assert list(made.values()) == [1, None, [1]] and dict(made.items()) == made.to_py()
    assert dict(made) == made.to_py()
    assert next(made.keys()) == "a"
    assert str(made) == '{"a":1,"b":null,"c":[1]}'


def test_writing() -> None:
    made = map_of()
    made["a"] = 1
    made["a"] = 2
    made["ключ 😀"] = "x"
    made[""] = "empty"
    made.update({"b": Text("t"), "c": 3})
    assert made.to_py() == {"a": 2, "ключ 😀": "x", "": "empty", "b": "t", "c": 3}
    del made["a"]
    assert made.pop("c") == 3 and made.pop("c", None) is None and made.pop("b") == "t"
    assert set(made) == {"ключ 😀", ""}
    made.clear()
    assert made.to_py() == {} and len(made) == 0


def test_keys_that_are_missing_or_no_str() -> None:
    made = map_of(a=1)
    for use in (lambda: made["z"], lambda: made.__delitem__("z"), lambda: made.pop("z")):
        with pytest.raises(KeyError, match="z"):
            use()
    for use in (lambda: made[1], lambda: made.__setitem__(1, 2), lambda: made.__delitem__(1)):
        with pytest.raises(RuntimeError, match="Key must be of type string"):
            use()
    for use in (lambda: 1 in made, lambda: made.get(1), lambda: made.get(), lambda: made.get(1, 2, 3)):
        with pytest.raises(TypeError):
            use()
    with pytest.raises(ValueError):
        made["\ud800"] = 1
    assert made.to_py() == {"a": 1}


def test_an_update_is_all_or_nothing() -> None:
    made = map_of(a=1)
    told: list[Any] = []
    made.observe(lambda event: told.append(dict(event.keys)))
    with pytest.raises(TypeError):
        made.update({"b": 1, "c": object()})
    with pytest.raises(RuntimeError, match="Key must be"):
        made.update({"b": 1, 2: 3})  # type: ignore[dict-item]
    assert made.to_py() == {"a": 1} and not told
    made.update({"b": 1, "c": 2})
    made.update([("d", 4)])  # type: ignore[arg-type]
    assert [sorted(keys) for keys in told] == [["b", "c"], ["d"]]


def test_new_types_become_what_was_set() -> None:
    made = map_of()
    text = Text("deep")
    inner: Map[Any] = Map({"list": Array([text])})
    made["inner"] = inner
    assert made["inner"] == inner
    text += "er"
    inner["list"].append(1)
    assert made.to_py() == {"inner": {"list": ["deeper", 1]}}
    with pytest.raises(ValueError, match="Cannot insert an integrated Map"):
        made["again"] = inner
    assert "again" not in made


def test_editing_in_place() -> None:
    made = map_of(text=Text("a"), list=Array([1]), n=1)
    before = made["text"]
    made["text"] += "b"
    made["list"] += [2]
    made["n"] += 1
    assert made["text"] == before and made.to_py() == {"text": "ab", "list": [1, 2], "n": 2}


def test_what_was_replaced_is_gone() -> None:
    made = map_of(text=Text("a"))
    text = made["text"]
    made["text"] = 1
    with pytest.raises(RuntimeError):
        text += "b"
    assert "deleted" in repr(text) or repr(text) == "<Text ''>"


def test_changing_it_while_iterating() -> None:
    made = map_of(a=1, b=2)
    for key in made:
        made[key + key] = 3
    assert sorted(made) == ["a", "aa", "b", "bb"]


def test_from_py() -> None:
    made = Map.from_py({"a": {"b": [1, {"c": 2}]}})
    Doc({"map": made})
    assert isinstance(made["a"]["b"][1], Map) and made.to_py() == {"a": {"b": [1, {"c": 2}]}}


def test_repr_and_equality() -> None:
    made = map_of(a=1)
    assert repr(made) == "<Map {'a': 1}>" and repr(Map({"a": 1})) == "Map({'a': 1})"
    assert made == made.doc["map"] and made != {"a": 1}


KEYS = st.sampled_from(["a", "b", "c", "é"])
VALUES = st.one_of(st.integers(-5, 5), st.text("ab", max_size=2), st.none(), st.booleans())


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(["set", "del", "pop", "update", "clear"]), KEYS, VALUES))
)
def test_it_is_a_dict(edits: Any) -> None:
    made, model = map_of(), dict[str, Any]()
    for kind, key, value in edits:
        if kind == "set":
            made[key] = model[key] = value
        elif kind == "del" and key in model:
            del made[key], model[key]
        elif kind == "pop":
            assert made.pop(key, "none") == model.pop(key, "none")
        elif kind == "update":
            made.update({key: value, "z": 1})
            model.update({key: value, "z": 1})
        elif kind == "clear":
            made.clear()
            model.clear()
        assert made.to_py() == model and len(made) == len(model)
        assert all(made[name] == model[name] for name in model)
