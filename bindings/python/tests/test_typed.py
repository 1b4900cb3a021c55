"""Typed documents, maps and arrays."""

from __future__ import annotations

import copy
import typing
from typing import Any, Literal, Optional

import pytest

from ropewalk import Array, Doc, Map, Text, TypedArray, TypedDoc, TypedMap


class Address(TypedMap):
    city: str
    lines: Array[str]


class Person(TypedMap):
    name: str
    age: int
    height: float
    known: bool
    mail: str | None
    tags: Optional[list[str]]  # noqa: UP045
    role: Literal["reader", "writer"]
    note: Any
    address: Address
    second: Address | None
    annotations: str


class Friend(Person):
    since: int


class People(TypedArray[Person]):
    type: Person


class Numbers(TypedArray[int]):
    type: int


class Names(TypedArray[str]):
    """Without an annotation of its own."""


class Town(TypedDoc):
    mayor: Person
    people: People
    numbers: Numbers
    names: Names
    guests: TypedArray[Person]
    title: Text
    counts: Map[int]
    flags: Array[bool]


def test_roots_are_made_and_belong_to_the_document() -> None:
    town = Town()
    town.title += "Little"
    town.title += " Snoring"
    town.counts["cats"] = 3
    town.flags.append(True)
    assert isinstance(town._, Doc)
    assert str(town._["title"]) == "Little Snoring"
    assert town._["counts"].to_py() == {"cats": 3}
    assert town.flags.to_py() == [True]
    assert sorted(town._.keys()) == sorted(typing.get_type_hints(Town).keys() - {"_"})


def test_roots_of_a_document_that_has_them() -> None:
    doc = Doc()
    doc["title"] = Text("there")
    assert str(Town(doc).title) == "there"
    assert str(Town(Town(doc)).title) == "there"
    other = Doc()
    other.apply_update(Town(doc)._.get_update())
    assert str(Town(other).title) == "there"


@pytest.mark.parametrize(
    ("container", "wrong"), [(Town, Map()), (Person, Array()), (People, Map()), (Town, 3)]
)
def test_a_container_of_something_else_is_refused(container: Any, wrong: object) -> None:
    with pytest.raises(TypeError):
        container(wrong)


def test_members_of_maps() -> None:
    town = Town()
    town.mayor.name = "Ann"
    town.mayor.known = True
    town.mayor.mail = None
    town.mayor.annotations = "none"
    assert town.mayor.name == "Ann"
    assert town.mayor.known is True
    assert town.mayor.mail is None
    assert town.mayor.annotations == "none"
    assert town._["mayor"].to_py() == {
        "name": "Ann",
        "known": True,
        "mail": None,
        "annotations": "none",
    }
    town.mayor.mail = "ann@example.org"
    assert town.mayor.mail == "ann@example.org"


def test_containers_within_containers() -> None:
    town = Town()
    address = Address()
    town.mayor.address = address
    address.city = "Snoring"
    town.mayor.address.lines = Array(["High Street"])
    assert isinstance(town.mayor.address, Address)
    assert town.mayor.address.city == "Snoring"
    assert town.mayor.address.lines.to_py() == ["High Street"]
    town.mayor.second = None
    assert town.mayor.second is None
    town.mayor.second = Address()
    assert isinstance(town.mayor.second, Address)
    town.mayor.second.city = "Great Snoring"
    assert town._["mayor"].to_py()["second"] == {"city": "Great Snoring"}


def test_inherited_members() -> None:
    doc = Doc()
    doc["map"] = friend = Map()
    Friend(friend).name = "Bob"
    Friend(Person(friend)).since = 1999
    assert doc["map"].to_py() == {"name": "Bob", "since": 1999}


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("name", 3),
        ("name", None),
        ("age", "3"),
        ("age", 3.5),
        ("age", True),
        ("known", 1),
        ("height", True),
        ("height", "1.8"),
        ("mail", 3),
        ("tags", "tag"),
        ("role", "owner"),
        ("address", Map()),
        ("address", None),
        ("second", Person()),
    ],
)
def test_values_of_the_wrong_type_are_refused(member: str, value: object) -> None:
    town = Town()
    with pytest.raises(TypeError, match=member):
        setattr(town.mayor, member, value)
    assert town._["mayor"].to_py() == {}


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("age", 3),
        ("height", 1.8),
        ("tags", ["a", "b"]),
        ("tags", None),
        ("role", "writer"),
        ("note", 3),
        ("note", {"a": [1, None]}),
        ("mail", "x"),
    ],
)
def test_values_of_the_right_type_come_back(member: str, value: object) -> None:
    town = Town()
    setattr(town.mayor, member, value)
    assert getattr(town.mayor, member) == value


def test_numbers_have_the_annotated_type() -> None:
    town = Town()
    town.mayor.height = 2
    town._["mayor"]["age"] = 41.0
    assert (type(town.mayor.height), town.mayor.height) == (float, 2.0)
    assert (type(town.mayor.age), town.mayor.age) == (int, 41)


def test_names_that_are_not_annotated_do_not_exist() -> None:
    town = Town()
    with pytest.raises(AttributeError, match="nmae"):
        town.mayor.nmae = "Ann"  # type: ignore[attr-defined]
    with pytest.raises(AttributeError, match="nmae"):
        town.mayor.nmae  # type: ignore[attr-defined]  # noqa: B018
    with pytest.raises(AttributeError):
        town.nowhere  # type: ignore[attr-defined]  # noqa: B018
    with pytest.raises(AttributeError):
        Town.__new__(Town)._  # noqa: B018


def test_a_member_that_was_never_set() -> None:
    town = Town()
    assert not hasattr(town.mayor, "name")
    assert getattr(town.mayor, "name", "nobody") == "nobody"
    with pytest.raises(KeyError):
        town.mayor.name  # noqa: B018
    with pytest.raises(AttributeError, match="'name' of Person is not set"):
        town.mayor.name  # noqa: B018


def test_arrays_of_containers() -> None:
    town = Town()
    ann = Person()
    town.people.append(ann)
    ann.name = "Ann"
    bob, eve = Person(), Person()
    town.people.extend([bob, eve])
    bob.name, eve.name = "Bob", "Eve"
    assert len(town.people) == 3
    assert [person.name for person in town.people] == ["Ann", "Bob", "Eve"]
    assert all(isinstance(person, Person) for person in town.people)
    assert town.people[-1].name == "Eve"
    assert [person.name for person in town.people[0:2]] == ["Ann", "Bob"]
    zoe = Person()
    town.people[0] = zoe
    zoe.name = "Zoe"
    assert town.people._.to_py() == [{"name": "Zoe"}, {"name": "Bob"}, {"name": "Eve"}]
    with pytest.raises(IndexError):
        town.people[3]


def test_arrays_of_values() -> None:
    town = Town()
    town.numbers.extend([1, 2])
    town.numbers._.append(3.0)
    assert [*town.numbers] == [1, 2, 3]
    assert type(town.numbers[2]) is int
    town.numbers[0] = 7
    assert town.numbers[0] == 7
    town.names.append("Ann")
    assert [*town.names] == ["Ann"]


def test_an_array_by_its_annotation_alone() -> None:
    town = Town()
    ann = Person()
    town.guests.append(ann)
    ann.name = "Ann"
    assert town.guests[0].name == "Ann"
    alone = TypedArray[Person](town.guests)
    assert alone[0].name == "Ann"


def test_arrays_of_shared_types_are_given_as_they_are() -> None:
    class Rows(TypedArray[Array[int]]):
        type: Array[int]

    doc = Doc()
    doc["rows"] = Array([Array([1, 2])])
    assert Rows(doc["rows"])[0].to_py() == [1, 2]


def test_containers_can_be_copied() -> None:
    town = Town()
    town.mayor.name = "Ann"
    assert copy.copy(town.mayor).name == "Ann"
    assert copy.copy(town)._ is town._
