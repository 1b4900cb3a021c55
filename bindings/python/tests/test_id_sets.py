"""Sets and maps of ids, against a model of single ids and against pycrdt."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ropewalk import AttrRange, ContentAttribute, DecodeError, IdMap, IdSet

Ranges = list[tuple[int, int, int]]
Model = dict[tuple[int, int], frozenset[str]]

RANGES = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 30), st.integers(0, 8)), max_size=8)
MARKED = st.lists(
    st.tuples(
        st.integers(0, 3),
        st.integers(0, 30),
        st.integers(0, 8),
        st.lists(st.sampled_from("abc"), max_size=3),
    ),
    max_size=8,
)


def set_of(ranges: Ranges) -> tuple[IdSet, set[tuple[int, int]]]:
    made, model = IdSet(), set()
    for client, start, length in ranges:
        made.insert(client, start, length)
        model |= {(client, clock) for clock in range(start, start + length)}
    return made, model


def ids_of(ids: IdSet) -> set[tuple[int, int]]:
    return {(client, clock) for client, start, end in ids for clock in range(start, end)}


def attribute(name: str) -> ContentAttribute:
    return ContentAttribute(name, f"value of {name}")


def map_of(marked: list[tuple[int, int, int, list[str]]]) -> tuple[IdMap, Model]:
    made = IdMap()
    model: Model = {}
    for client, start, length, names in marked:
        made.insert(client, start, length, [attribute(name) for name in names])
        for clock in range(start, start + length) if names else ():
            model[client, clock] = model.get((client, clock), frozenset()) | frozenset(names)
    return made, model


def model_of(ids: IdMap) -> Model:
    return {
        (client, clock): frozenset(one.name for one in stretch.attributes)
        for client, stretch in ids
        for clock in range(stretch.start, stretch.end)
    }


def sound(ids: IdMap) -> bool:
    """Ascending and disjoint; what touches differs."""
    entries = ids.entries()
    for (client, a), (next_client, b) in zip(entries, entries[1:], strict=False):
        if client > next_client or (client == next_client and a.end > b.start):
            return False
        if client == next_client and a.end == b.start:
            names = [{one.name for one in stretch.attributes} for stretch in (a, b)]
            if names[0] == names[1]:
                return False
    return True


# -- sets ----------------------------------------------------------------------------------------


@given(RANGES, RANGES)
def test_the_algebra_of_sets(first: Ranges, second: Ranges) -> None:
    (a, model_a), (b, model_b) = set_of(first), set_of(second)
    assert ids_of(a) == model_a
    assert ids_of(a | b) == model_a | model_b
    assert ids_of(a & b) == model_a & model_b
    assert ids_of(a - b) == model_a - model_b
    assert ids_of(a) == model_a, "operators leave their operands alone"
    assert (a == b) == (model_a == model_b)
    assert bool(a) == bool(model_a) == (not a.is_empty())
    for made in (IdSet.decode(a.encode()), IdSet.decode_v2(a.encode_v2()), copy.deepcopy(a)):
        assert made == a
    c = copy.copy(a)
    c |= b
    c -= b
    c &= a
    assert ids_of(c) == model_a - model_b
    for client, start, length in second:
        a.remove(client, start, length)
    assert a == c
    assert all(a.contains(*one) for one in ids_of(a)) and not a.contains(9, 9)


@given(RANGES)
def test_sets_are_written_as_pycrdt_writes_them(ranges: Ranges) -> None:
    pycrdt = pytest.importorskip("pycrdt")
    ids, _ = set_of([(client, start, length) for client, start, length in ranges if client == 1])
    assert pycrdt.IdSet.decode(ids.encode()).encode() == ids.encode()


def test_sets_are_values() -> None:
    ids, _ = set_of([(1, 0, 5), (2, 3, 4)])
    assert repr(ids) == "IdSet(2: 3..7, 1: 0..5)"
    assert pickle.loads(pickle.dumps(ids)) == ids
    assert ids != 3
    with pytest.raises(TypeError):
        hash(ids)
    with pytest.raises(TypeError):
        ids | 3  # type: ignore[operator]


@pytest.mark.parametrize("given", [(2**53, 0, 1), (1, 2**31, 1), (1, 0, 2**31), (1, 2**60, 2**60)])
def test_ids_end_somewhere(given: tuple[int, int, int]) -> None:
    for ids in (IdSet(), IdMap()):
        with pytest.raises(ValueError):
            ids.insert(*given) if isinstance(ids, IdSet) else ids.insert(*given, [attribute("a")])
        with pytest.raises(ValueError):
            ids.remove(*given)
        assert not ids.contains(*given[:2])
        assert not ids


# -- maps ----------------------------------------------------------------------------------------


@given(MARKED, MARKED)
def test_the_algebra_of_maps(first: Any, second: Any) -> None:
    (a, model_a), (b, model_b) = map_of(first), map_of(second)
    nobody: frozenset[str] = frozenset()
    union = {id: model_a.get(id, nobody) | model_b.get(id, nobody) for id in model_a | model_b}
    common = {id: model_a[id] | model_b[id] for id in model_a if id in model_b}
    rest = {id: model_a[id] for id in model_a if id not in model_b}
    assert model_of(a) == model_a
    for made, model in ((a | b, union), (a & b, common), (a - b, rest)):
        assert model_of(made) == model and sound(made)
    assert model_of(a - b.as_id_set()) == rest
    assert model_of(IdMap.merge_many([a, b])) == union
    for change, model in (
        (IdMap.merge_with, union),
        (IdMap.intersect_with, common),
        (IdMap.diff_with, rest),
    ):
        changed = copy.copy(a)
        change(changed, b)
        assert model_of(changed) == model
    own = copy.copy(a)
    own.merge_with(own)
    assert own == a == IdMap.decode(a.encode()) == copy.deepcopy(a) == (a | IdMap())
    assert bool(a) == bool(model_a) == (not a.is_empty())
    assert ids_of(a.as_id_set()) == set(model_a)
    assert model_of(a.filter(lambda marks: any(mark.name == "a" for mark in marks))) == {
        id: names for id, names in model_a.items() if "a" in names
    }
    for client, start, length, _ in second:
        a.remove(client, start, length)
        assert sound(a)
    gone = {(c, k) for c, start, length, _ in second for k in range(start, start + length)}
    assert model_of(a) == {id: names for id, names in model_a.items() if id not in gone}


@given(MARKED)
def test_maps_are_the_same_as_in_pycrdt(marked: Any) -> None:
    """Attributes named once a range: pycrdt keeps those that are named twice."""
    pycrdt = pytest.importorskip("pycrdt")
    marks = {name: pycrdt.ContentAttribute(name, f"value of {name}") for name in "abc"}
    theirs = pycrdt.IdMap()
    marked = [(c, start, n, list(dict.fromkeys(names))) for c, start, n, names in marked]
    ours, _ = map_of(marked)
    for client, start, length, names in marked:
        theirs.insert(client, start, length, [marks[name] for name in names])
    assert model_of(ours) == {
        (client, clock): frozenset(one.name for one in stretch.attributes)
        for client, stretch in theirs
        for clock in range(stretch.start, stretch.end)
    }
    assert model_of(IdMap.decode(theirs.encode())) == model_of(ours)
    assert model_of(pycrdt.IdMap.decode(ours.encode())) == model_of(ours)
    if len(marked) <= 1:
        assert ours.encode() == theirs.encode()


def test_attributions_cover_what_was_asked() -> None:
    ids, _ = map_of([(1, 2, 3, ["a"]), (1, 7, 1, ["b"])])
    found = [(one.start, one.end, [mark.name for mark in one.attributes]) for one in
             ids.attributions(1, 0, 10)]
    assert found == [(0, 2, []), (2, 5, ["a"]), (5, 7, []), (7, 8, ["b"]), (8, 10, [])]
    assert [(one.start, one.end) for one in ids.attributions(5, 1, 2)] == [(1, 3)]
    assert [(one.start, one.end) for one in ids.attributions(1, 3, 0)] == [(3, 3)]


def test_the_bytes_of_a_map() -> None:
    ids = IdMap()
    ids.insert(1, 0, 5, [ContentAttribute("a", "x")])
    ids.insert(1, 1, 3, [ContentAttribute("b", "x")])
    assert ids.encode() == (
        b"\x01\x01\x03\x00\x01\x01\x00\x00\x01aw\x01x"
        b"\x01\x03\x02\x00\x01\x01\x01bw\x01x\x04\x01\x01\x00"
    )


def test_attributes_are_values() -> None:
    for value in (None, True, 3, 2.5, "s", [1, {"k": None}], {"a": [1]}, 2**60):
        made = ContentAttribute("name", value)
        assert (made.name, made.value) == ("name", value)
        assert made == ContentAttribute("name", value)
        assert hash(made) == hash(ContentAttribute("name", value))
    assert made != ContentAttribute("other", 2**60) and made != "name"
    assert repr(ContentAttribute("a", "x")) == "ContentAttribute(name='a', value='x')"
    for bad in (object(), {1: 2}):
        with pytest.raises(TypeError):
            ContentAttribute("a", bad)
    with pytest.raises(TypeError):
        AttrRange()  # type: ignore[call-arg]
    ids, _ = map_of([(1, 0, 2, ["a"])])
    assert repr(ids) == (
        "IdMap([(1, AttrRange(start=0, end=2, "
        "attributes=[ContentAttribute(name='a', value='value of a')]))])"
    )
    assert pickle.loads(pickle.dumps(ids)) == ids


def test_a_predicate_may_fail_or_change_the_map() -> None:
    ids, _ = map_of([(1, 0, 2, ["a"]), (2, 0, 2, ["b"])])
    with pytest.raises(ZeroDivisionError):
        ids.filter(lambda marks: bool(1 / 0))

    def clear(marks: list[ContentAttribute]) -> bool:
        ids.remove(1, 0, 10)
        ids.remove(2, 0, 10)
        return True

    assert len(ids.filter(clear).entries()) == 2
    assert not ids
    with pytest.raises(TypeError):
        ids.diff_with(3)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x01",
        b"\xff\xff",
        b"\x01\x01\x01\x00\x01\x01\x05",  # an attribute that was never named
        b"\x01\x01\x01\x00\x01\x01\x00\x03",  # a name that was never given
        b"\x01\x01\x01\x00\x00\x00",  # a range of nothing
        b"\x01\x01\x02\x05\x02\x00\x00\x02\x00",  # ranges that go back
        b"\x01\x01\xff\xff\xff\xff\x0f",
        b"\x01\x01\x01\x00\x01\x01\x00\x00\x01a" + b"\x75\x01" * 100_000,
    ],
)
def test_bytes_that_are_no_map(data: bytes) -> None:
    with pytest.raises(DecodeError):
        IdMap.decode(data)
    for cut in range(min(len(data), 20)):
        with pytest.raises(DecodeError):
            IdMap.decode(data[:cut])


@given(st.binary(max_size=40))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    for kind in (IdSet, IdMap):
        try:
            made = kind.decode(data)
        except DecodeError:
            continue
        assert kind.decode(made.encode()) == made
