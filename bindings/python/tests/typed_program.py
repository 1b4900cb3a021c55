"""A program of a user who checks types: `mypy --strict` finds nothing wrong in it, and it runs."""

from __future__ import annotations

import asyncio
from typing import Any

from typing_extensions import assert_type

from ropewalk import (
    Array,
    Assoc,
    Awareness,
    Decoder,
    Doc,
    Encoder,
    IdSet,
    Map,
    Snapshot,
    StackItem,
    StickyIndex,
    Subscription,
    Text,
    TextEvent,
    TransactionEvent,
    TypedArray,
    TypedDoc,
    TypedMap,
    UndoManager,
    XmlElement,
    XmlFragment,
    XmlText,
    YMessageType,
    create_sync_message,
    handle_sync_message,
    inspect_update,
    merge_updates,
)


def texts() -> None:
    doc: Doc[Text] = Doc({"letter": Text("Dear Sir")})
    letter = assert_type(doc.get("letter", type=Text), Text)
    letter += " or Madam"
    letter.insert(0, "My ")
    letter.insert(len(letter), "!", {"bold": True})
    assert_type(letter[3:7], str)
    assert_type(len(letter), int)
    assert_type(letter.to_py(), "str | None")
    assert_type(letter.diff(), "list[tuple[Any, dict[str, Any] | None]]")
    assert_type(letter.to_delta(), "list[dict[str, Any]]")
    assert_type(doc["letter"], Text)

    deltas: list[dict[str, Any]] = []

    def changed(event: TextEvent) -> None:
        deltas.extend(event.delta)

    subscription = assert_type(letter.observe(changed), Subscription)
    del letter[:3]
    letter.unobserve(subscription)
    assert deltas == [{"delete": 3}]

    index = assert_type(letter.sticky_index(4, Assoc.BEFORE), StickyIndex)
    assert_type(index.get_index(), int)
    assert_type(index.assoc, Assoc)


def collections() -> None:
    doc: Doc[Any] = Doc()
    numbers = Array([1, 2, 3])
    doc["numbers"] = numbers
    assert_type(numbers, "Array[int]")
    assert_type(numbers[0], int)
    assert_type(numbers[1:], "list[int]")
    assert_type(numbers.pop(), int)
    numbers[0:1] = [7, 8]
    for number in numbers:
        assert_type(number, int)

    ages = Map({"Ann": 30})
    doc["ages"] = ages
    assert_type(ages["Ann"], int)
    assert_type(ages.get("Bob"), "int | None")
    assert_type(ages.get("Bob", ""), "int | str")
    for name, age in ages.items():
        assert_type(name, str)
        assert_type(age, int)
    assert_type(ages.to_py(), "dict[str, int] | None")

    page = doc.get("page", type=XmlFragment)
    paragraph = page.children.append(XmlElement("p", {"class": "lead"}))
    assert_type(paragraph, XmlElement)
    assert_type(paragraph.children.append("Hello"), XmlText)
    assert_type(paragraph.tag, "str | None")
    assert str(page) == '<p class="lead">Hello</p>'


class Person(TypedMap):
    name: str
    age: int


class Letter(TypedDoc):
    head: Map[str]
    people: TypedArray[Person]


def typed() -> None:
    letter = Letter()
    letter.head["to"] = "Ann"
    letter.people = TypedArray[Person]()
    person = Person()
    letter.people.append(person)
    person.name = "Ann"
    assert_type(letter.people[0].name, str)


def replicas() -> None:
    doc: Doc[Text] = Doc(client_id=1, skip_gc=True)
    other: Doc[Text] = Doc(client_id=2)
    updates: list[bytes] = []

    def sent(event: TransactionEvent) -> None:
        updates.append(event.update)

    with doc.observe(sent), doc.transaction(origin="keyboard") as transaction:
        assert_type(transaction.origin, Any)
        doc.get("letter", type=Text).insert(0, "Hello")
    other.apply_update(merge_updates(*updates))
    assert_type(inspect_update(updates[0])["items"], int)
    assert_type(other.get_update(doc.get_state()), bytes)
    assert_type(handle_sync_message(create_sync_message(doc)[1:], other), "bytes | None")

    snapshot = assert_type(Snapshot.from_doc(doc), Snapshot)
    assert_type(Doc.from_snapshot(snapshot, doc), "Doc[Any]")

    undo = UndoManager(scopes=[doc["letter"]])
    assert_type(undo.undo_stack, "list[StackItem[Any]]")
    assert_type(undo.can_undo(), bool)
    ids = IdSet()
    ids |= IdSet()
    assert_type(ids, IdSet)

    encoder = Encoder()
    encoder.write_var_uint(YMessageType.AWARENESS)
    assert_type(Decoder(encoder.to_bytes()).read_var_uint(), int)


async def streams() -> None:
    doc: Doc[Text] = Doc()
    letter = doc.get("letter", type=Text)
    awareness = Awareness(doc)
    assert_type(awareness.meta, "dict[int, dict[str, Any]]")
    async with doc.events() as events:
        async with doc.new_transaction():
            letter.insert(0, "a")
        async for event in events:
            assert_type(event, TransactionEvent)
            break


if __name__ == "__main__":
    texts()
    collections()
    typed()
    replicas()
    asyncio.run(streams())
    assert isinstance(StackItem, type)
