"""Documents: roots, updates, options, transactions, models."""

from __future__ import annotations

import gc
import weakref
from typing import Any

import pytest

import ropewalk
from ropewalk import (
    Array,
    DecodeError,
    Doc,
    LimitError,
    Map,
    NewTransaction,
    ReadTransaction,
    Text,
    Transaction,
    XmlFragment,
)

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def test_roots() -> None:
    doc = Doc({"text": Text("a")})
    doc["array"] = array = Array([1])
    doc["map"] = Map({"b": 2})
    doc["page"] = XmlFragment()
    assert list(doc) == list(doc.keys()) == ["text", "array", "map", "page"]
    assert doc["array"] == array and "map" in doc and "none" not in doc and len(doc) == 4
    assert {name: type(root) for name, root in doc.items()} == {
        "text": Text, "array": Array, "map": Map, "page": XmlFragment,
    }  # fmt: skip
    assert list(doc.values())[0] == doc["text"]
    with pytest.raises(KeyError, match="none"):
        doc["none"]
    with pytest.raises(RuntimeError, match="Key must be of type string"):
        doc[3] = Text()  # type: ignore[index]
    with pytest.raises(TypeError):
        doc["plain"] = 3  # type: ignore[assignment]
    assert Doc() and len(Doc()) == 0


def test_a_root_that_is_there_gets_more() -> None:
    doc = Doc({"text": Text("world"), "array": Array([2]), "map": Map({"a": 1})})
    doc["text"] = Text("Hello ")
    doc["array"] = Array([1])
    doc["map"] = Map({"b": 2})
    assert doc.to_py() == {"text": "Hello world", "array": [1, 2], "map": {"a": 1, "b": 2}}


def test_roots_can_be_edited_in_place() -> None:
    doc = Doc({"text": Text("a"), "array": Array([1])})
    doc["text"] += "b"
    doc["array"] += [2]
    assert doc.to_py() == {"text": "ab", "array": [1, 2]}


def test_a_root_is_of_one_document() -> None:
    doc = Doc({"a": Text("x")})
    for put in (lambda: doc.__setitem__("b", doc["a"]), lambda: Doc({"a": doc["a"]})):
        with pytest.raises(ValueError, match="Cannot insert an integrated Text"):
            put()
    assert list(doc) == ["a"] and str(doc["a"]) == "x"


def test_roots_that_came_in_an_update() -> None:
    doc = Doc({"text": Text("a")})
    other = Doc()
    other.apply_update(doc.get_update())
    assert list(other) == ["text"] and other["text"] is None and other.to_py() == {}
    assert str(other.get("text", type=Text)) == "a"
    assert isinstance(other["text"], Text)
    with pytest.raises(TypeError, match="another kind"):
        other.get("text", type=Array)


def test_updates() -> None:
    doc, other = Doc(), Doc()
    text = doc.get("text", type=Text)
    text += "Hello"
    first = doc.get_update()
    state = doc.get_state()
    text += " World"
    rest = doc.get_update(state)
    assert len(rest) < len(doc.get_update())
    other.apply_update(rest)
    assert str(other.get("text", type=Text)) == ""
    assert other.has_pending
    other.apply_update(bytearray(first))
    other.apply_update(memoryview(first))
    assert str(other["text"]) == "Hello World" and other.get_state() == doc.get_state()
    third = Doc()
    third.apply_update(doc.get_update(v2=True), v2=True)
    assert third.get_update() == doc.get_update()
    assert doc.get_update(third.get_state(), v2=True) == Doc().get_update(v2=True)


def test_bad_updates_change_nothing() -> None:
    doc = Doc({"text": Text("Hello")})
    before = doc.get_update()
    for bad in (b"", b"\xff", before[:-1], b"\x7f" * 20):
        with pytest.raises(ValueError) as raised:
            doc.apply_update(bad)
        assert isinstance(raised.value, DecodeError)
    with pytest.raises(DecodeError):
        doc.get_update(b"\xff")
    for wrong in ("text", None, 3):
        with pytest.raises(TypeError):
            doc.apply_update(wrong)  # type: ignore[arg-type]
    assert doc.get_update() == before


def test_limits() -> None:
    doc = Doc(limits={"update_bytes": 100})
    with pytest.raises(LimitError):
        doc.apply_update(Doc({"text": Text("x" * 200)}).get_update())
    assert doc.get_update() == Doc().get_update()
    with pytest.raises(ValueError, match="update_bytes"):
        Doc(limits={"bytes": 1})
    for bad in ({"structs": -1}, {"structs": "x"}):
        with pytest.raises((TypeError, OverflowError)):
            Doc(limits=bad)  # type: ignore[arg-type]


def test_client_ids() -> None:
    assert Doc(client_id=5).client_id == 5
    assert Doc().client_id != Doc().client_id
    for bad in (2**53, 2**64, -1):
        with pytest.raises((ValueError, OverflowError)):
            Doc(client_id=bad)
    with pytest.raises(TypeError):
        Doc(client_id="1")  # type: ignore[arg-type]


def test_guids() -> None:
    import uuid

    assert Doc(guid="minutes").guid == "minutes"
    guid = uuid.UUID(Doc().guid)
    assert guid.version == 4 and guid.variant == uuid.RFC_4122
    assert Doc().guid != Doc().guid


def test_what_is_deleted_is_kept_on_request() -> None:
    sizes = []
    for skip_gc in (None, True):
        text = Text("x" * 1000)
        doc = Doc({"text": text}, skip_gc=skip_gc)
        text.clear()
        sizes.append(len(doc.get_update()))
    assert sizes[0] < 100 and sizes[1] > 1000


def test_a_document_instead_of_a_new_one() -> None:
    doc = Doc({"a": Text("x")}, guid="g")
    assert Doc(doc=doc) is doc and doc.guid == "g" and str(doc["a"]) == "x"
    assert Doc({"b": Text("y")}, doc=doc) is doc and list(doc) == ["a", "b"]
    with pytest.raises(TypeError):
        Doc(doc=3)  # type: ignore[arg-type]


def test_a_document_that_was_never_opened() -> None:
    class Hasty(Doc[Any]):
        def __init__(self) -> None:
            pass

    with pytest.raises(RuntimeError, match="never opened"):
        Hasty().get_state()


# -- transactions ----------------------------------------------------------------------------------


def test_a_transaction_is_one_update() -> None:
    doc = Doc({"text": Text()})
    told: list[Any] = []
    doc.observe(lambda event: told.append(event.update))
    with doc.transaction(origin="me") as transaction:
        assert isinstance(transaction, Transaction) and transaction.origin == "me"
        with doc.transaction() as inner, doc.transaction(origin="me"):
            assert inner is transaction
            doc["text"] += "a"
        doc["text"] += "b"
        assert not told
        with pytest.raises(RuntimeError, match="same origin"):
            doc.transaction(origin="you")
    assert len(told) == 1
    with pytest.raises(RuntimeError, match="No current transaction"):
        transaction.origin  # noqa: B018
    with pytest.raises(TypeError, match="hashable"):
        doc.transaction(origin=[])


def test_what_an_exception_leaves_behind() -> None:
    doc = Doc({"text": Text()})
    with pytest.raises(ZeroDivisionError), doc.transaction():
        doc["text"] += "a"
        1 / 0  # noqa: B018
    assert str(doc["text"]) == "a"
    with doc.transaction():
        doc["text"] += "b"
    assert str(doc["text"]) == "ab"


def test_a_new_transaction_joins_no_other() -> None:
    doc = Doc()
    with doc.new_transaction(origin=1) as transaction:
        assert isinstance(transaction, NewTransaction) and transaction.origin == 1
        with pytest.raises(RuntimeError, match="Already in a transaction"), doc.new_transaction():
            pass


def test_observers_cannot_write() -> None:
    doc = Doc({"text": Text()})
    seen: list[Any] = []

    def observer(event: Any, transaction: Any) -> None:
        seen.append((str(doc["text"]), isinstance(transaction, ReadTransaction)))
        doc["text"] += "x"

    doc["text"].observe(observer)
    with pytest.raises(Exception) as raised:  # noqa: B017, PT011
        doc["text"] += "a"
    assert type(raised.value).__name__ == "ExceptionGroup"
    (inner,) = raised.value.exceptions  # type: ignore[attr-defined]
    assert isinstance(inner, RuntimeError) and "Read-only" in str(inner)
    assert seen == [("a", True)] and str(doc["text"]) == "a"


async def test_async_transactions() -> None:
    doc = Doc({"text": Text()})
    told: list[Any] = []

    async def observer(event: Any) -> None:
        told.append(event.update)

    doc.observe(observer)
    async with doc.transaction() as transaction:
        async with doc.transaction() as inner:
            assert inner is transaction
        doc["text"] += "a"
    assert len(told) == 1
    async with doc.new_transaction(timeout=1):
        doc["text"] += "b"
    assert len(told) == 2


async def test_new_async_transactions_take_turns() -> None:
    from anyio import create_task_group, sleep

    doc = Doc({"text": Text()})

    async def work(letter: str) -> None:
        async with doc.new_transaction():
            for _ in range(3):
                doc["text"] += letter
                await sleep(0.001)

    async with create_task_group() as group:
        for letter in "abc":
            group.start_soon(work, letter)
    assert sorted(str(doc["text"])[at : at + 3] for at in (0, 3, 6)) == ["aaa", "bbb", "ccc"]

    async with doc.new_transaction():
        async with create_task_group() as group:
            group.start_soon(refused, doc)


async def refused(doc: Doc[Any]) -> None:
    with pytest.raises(TimeoutError, match="Could not acquire transaction"):
        async with doc.new_transaction(timeout=0.01):
            pass


# -- models ----------------------------------------------------------------------------------------


class Model:
    """Checks as a class of pydantic's does."""

    model_fields = {"names": None, "title": None}

    def __init__(self, names: list[str], title: str = "") -> None:
        if not all(isinstance(name, str) for name in names):
            raise ValueError("names are str")
        if len(title) > 10:
            raise ValueError("too long")


def test_a_model_refuses_updates() -> None:
    doc = Doc({"names": Array(["Ann"])}, Model=Model)
    other = Doc()
    other.apply_update(doc.get_update())
    names = other.get("names", type=Array)
    names.append("Bob")
    doc.apply_update(other.get_update())
    assert doc["names"].to_py() == ["Ann", "Bob"]
    names.append(3)
    with pytest.raises(ValueError, match="names are str"):
        doc.apply_update(other.get_update())
    assert doc["names"].to_py() == ["Ann", "Bob"]
    names.pop()
    doc["names"].append("Cid")  # what is edited here counts as well
    other["title"] = Text("short")
    doc.get("title", type=Text)
    doc.apply_update(other.get_update())
    assert doc["names"].to_py() == ["Ann", "Bob", "Cid"] and str(doc["title"]) == "short"


# -- plain objects ---------------------------------------------------------------------------------


def test_to_py_and_from_py() -> None:
    content = {"title": "Letter", "people": [{"name": "Ann"}, 3], "meta": {"a": [None, b"x"]}}
    doc = Doc.from_py(content, guid="letter")
    assert doc.to_py() == content and doc.guid == "letter"
    assert isinstance(doc["title"], Text) and isinstance(doc["people"][0], Map)
    assert isinstance(doc["meta"]["a"], Array)
    assert Doc.from_py(doc.to_py()).to_py() == content
    with pytest.raises(TypeError):
        Doc.from_py({"number": 3})


def test_repr() -> None:
    doc = Doc({"a": Text("x")}, guid="g", client_id=7)
    assert repr(doc) == "<Doc g of client 7{a: Text}>"


def test_documents_go() -> None:
    doc = Doc({"a": Text("x")})
    text, seen = doc["a"], weakref.ref(doc)
    text.observe(lambda _event: text)
    doc.extra = text  # type: ignore[attr-defined]
    del doc, text
    gc.collect()
    assert seen() is None


def test_every_public_name_is_there() -> None:
    for name in ropewalk.__all__:
        assert getattr(ropewalk, name) is not None
    assert set(ropewalk.__all__) <= set(dir(ropewalk))
    with pytest.raises(AttributeError, match="no attribute 'Nothing'"):
        ropewalk.Nothing  # noqa: B018
