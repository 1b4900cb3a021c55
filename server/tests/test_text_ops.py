"""Operations as JSON, to updates and back: whatever is written, everybody has the same text."""

from __future__ import annotations

import random
from typing import Any

import pytest

from ropewalk import Doc, Text
from ropewalk_server.limits import Limits
from ropewalk_server.protocol.text_ops import EMPTY_UPDATE, MAX_OPERATIONS, BadOperation, TextMirror


def mirror() -> TextMirror:
    return TextMirror("text", Limits().for_documents())


def insert(id: str, char: str, left: str | None) -> dict[str, Any]:
    return {"type": "insert", "id": id, "char": char, "left": left}


class List:
    """A client of this dialect that knows no more than: put it behind `left`."""

    def __init__(self) -> None:
        self.chars: list[tuple[str, str]] = []

    def apply(self, operations: list[dict[str, Any]]) -> None:
        for operation in operations:
            ids = [id for id, _ in self.chars]
            if operation["type"] == "delete":
                del self.chars[ids.index(operation["id"])]
            else:
                left = operation["left"]
                at = 0 if left is None else ids.index(left) + 1
                self.chars.insert(at, (operation["id"], operation["char"]))

    @property
    def text(self) -> str:
        return "".join(char for _, char in self.chars)


def test_an_operation_goes_there_and_back() -> None:
    writer, reader = mirror(), mirror()
    client = List()
    for operation in (
        insert("alice-1700000000001", "a", None),
        insert("alice-1700000000002", "😀", "alice-1700000000001"),
        insert("alice-1700000000003", "c", "alice-1700000000002"),
        {"type": "delete", "id": "alice-1700000000002"},
        insert("bob-5", "b", "alice-1700000000002"),  # behind what is deleted
    ):
        told = reader.apply(writer.update_of(operation))
        assert told is not None and len(told) == 1 and told[0]["type"] == operation["type"]
        client.apply(told)
    assert client.text == writer.state()["text"] == "abc"
    assert [run["id"] for run in writer.state()["runs"]] == [
        "alice-1700000000001",
        "bob-5",
        "alice-1700000000003",
    ]


def test_the_same_operation_twice_is_one() -> None:
    one, other = mirror(), mirror()
    first = one.update_of(insert("alice-1", "a", None))
    assert one.update_of(insert("alice-1", "a", None)) == EMPTY_UPDATE
    assert other.update_of(insert("alice-1", "a", None)) == first
    assert one.update_of({"type": "delete", "id": "alice-1"}) != EMPTY_UPDATE
    assert one.update_of({"type": "delete", "id": "alice-1"}) == EMPTY_UPDATE


def test_another_connection_finds_a_character_by_either_name() -> None:
    first = mirror()
    update = first.update_of(insert("alice-1", "a", None))
    later = mirror()
    (told,) = later.apply(update) or []
    later.update_of(insert("x-1", "1", told["id"]))
    later.update_of(insert("x-2", "2", "alice-1"))
    assert later.state()["text"] == "a21"


@pytest.mark.parametrize("seed", range(20))
def test_random_writers_and_an_editor_agree(seed: int) -> None:
    """Two clients of this dialect, and one that edits with the engine; updates cross."""
    chance = random.Random(seed)
    mirrors = [mirror(), mirror()]
    clients = [List(), List()]
    editor: Doc[Any] = Doc(client_id=3)
    text = editor.get("text", type=Text)
    unseen: list[list[bytes]] = [[], [], []]  # for each of the three

    def tell(sender: int, update: bytes) -> None:
        for number in range(3):
            if number != sender:
                unseen[number].append(update)

    def catch_up(number: int) -> None:
        for update in unseen[number]:
            if number == 2:
                editor.apply_update(update)
            else:
                clients[number].apply(mirrors[number].apply(update) or [])
        unseen[number].clear()

    for step in range(60):
        number = chance.randrange(3)
        if chance.random() < 0.5:
            catch_up(number)
        if number == 2:
            before = editor.get_state()
            with editor.transaction():
                if len(text) > 4 and chance.random() < 0.4:
                    at = chance.randrange(len(text) - 2)
                    del text[at : at + 2]
                else:
                    text.insert(chance.randint(0, len(text)), "xyz"[: chance.randint(1, 3)])
            tell(2, editor.get_update(before))
            continue
        chars = clients[number].chars
        operation = insert(f"user{number}-{step}", chr(97 + step % 26), None)
        if chars and chance.random() < 0.3:
            operation = {"type": "delete", "id": chance.choice(chars)[0]}
        elif chars:
            operation["left"] = chance.choice([*chars, (None, "")])[0]
        tell(number, mirrors[number].update_of(operation))
        clients[number].apply([operation])
    for number in range(3):
        catch_up(number)
    assert mirrors[0].state()["text"] == mirrors[1].state()["text"] == str(text)
    assert [client.text for client in clients] == [str(text)] * 2


@pytest.mark.parametrize(
    ("operation", "code"),
    [
        (None, "invalid"),
        ({"type": "move"}, "invalid"),
        ({"type": "insert", "id": "a-1"}, "invalid"),
        ({"type": "insert", "id": "a-1", "char": "two", "left": None}, "invalid"),
        ({"type": "insert", "id": "", "char": "x", "left": None}, "invalid"),
        ({"type": "insert", "id": "a" * 201, "char": "x", "left": None}, "invalid"),
        ({"type": "insert", "id": "a-1", "char": "x", "left": 7}, "invalid"),
        ({"type": "insert", "id": "a-1", "char": "x", "left": "nobody-1"}, "unknown"),
        ({"type": "delete", "id": "nobody-1"}, "unknown"),
        ({"type": "delete", "id": "99999999999999999999-1"}, "unknown"),
    ],
)
def test_bad_operations_change_nothing(operation: Any, code: str) -> None:
    one = mirror()
    one.update_of(insert("a-0", "a", None))
    with pytest.raises(BadOperation) as error:
        one.update_of(operation)
    assert error.value.code == code and one.state()["text"] == "a"


def test_a_huge_change_is_not_told_in_operations() -> None:
    one = mirror()
    editor: Doc[Any] = Doc({"text": Text("x" * (MAX_OPERATIONS + 1))})
    assert one.apply(editor.get_update()) is None
    assert len(one.state()["text"]) == MAX_OPERATIONS + 1
