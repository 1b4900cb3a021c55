"""Operations on the characters of a text as JSON, and the engine's updates: to and fro.

    {"type": "insert", "id": ID, "char": one character, "left": ID or null}
    {"type": "delete", "id": ID of the character}

An ID of an insert is what the client likes, by custom `user-ts`. It is turned into a client id of
the engine by a hash, with clock 0: so the same operation sent twice, by whatever connection, is one
operation, and no table of names has to be kept. Its price is an entry in state vectors for each
character that is inserted so. Characters that others wrote have ids `client-clock`, as the engine
names them, and so has everything once the connection that named it is gone; both name the same
character.

Assumed, since the list of operations that this follows breaks off after "insert": a delete names
the character in `id` (or in `target`, where `id` is then its own and says nothing), and is no error
when that is deleted already. Where an operation comes to lie is decided by the document, with all
that others did in between: `left` of what clients are told is the neighbour at that moment, so a
client that puts each character right behind `left` has the document's order.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import xxhash

from ropewalk import Assoc, Doc, StickyIndex, Text, decode_state_vector, decode_update

Id = tuple[int, int]
EMPTY_UPDATE = b"\x00\x00"
MAX_ID = 200
# Characters that one update may change as operations; more is told as the whole text.
MAX_OPERATIONS = 2_000
_MAX_NAMES = 10_000


@dataclass
class BadOperation(ValueError):
    """An operation that changes nothing."""

    code: str
    reason: str

    def __str__(self) -> str:
        return self.reason


class TextMirror:
    """A replica of the document, and the names by which one client calls its characters."""

    def __init__(self, root: str, limits: Mapping[str, int]) -> None:
        self._root = root
        self._limits = limits
        self._doc: Doc[Any] = Doc(limits=limits)
        self._text = self._doc.get(root, type=Text)
        self._names: OrderedDict[Id, str] = OrderedDict()

    # -- from the client -------------------------------------------------------------------------

    def update_of(self, operation: object) -> bytes:
        """Applies an operation; the update that says the same, empty if it is known already.
        BadOperation: it changes nothing."""
        if not isinstance(operation, dict):
            raise BadOperation("invalid", "an operation is an object")
        kind = operation.get("type")
        if kind == "insert":
            return self._insert(operation)
        if kind == "delete":
            return self._delete(_text_of(operation, "target" if "target" in operation else "id"))
        raise BadOperation("invalid", f"an operation of type {kind!r}; insert and delete are known")

    def _insert(self, operation: dict[str, Any]) -> bytes:
        name = _text_of(operation, "id")
        char = operation.get("char")
        if not isinstance(char, str) or len(char) != 1:
            raise BadOperation("invalid", "'char' is one character")
        own = _hashed(name)
        if own[0] in self._clocks():
            return EMPTY_UPDATE
        index = 0
        if operation.get("left") is not None:
            index = self._place(_text_of(operation, "left"), Assoc.BEFORE)
        # The engine finds both neighbours, deleted ones too, as for anybody who types there.
        writer: Doc[Any] = Doc(client_id=own[0], limits=self._limits)
        writer.apply_update(self._doc.get_update())
        writer.get(self._root, type=Text).insert(index, char)
        update = writer.get_update(self._doc.get_state())
        self._doc.apply_update(update)
        self._remember(own, name)
        return update

    def _delete(self, name: str) -> bytes:
        begin, end = self._place(name, Assoc.AFTER), self._place(name, Assoc.BEFORE)
        if begin == end:
            return EMPTY_UPDATE
        before = self._doc.get_state()
        with self._doc.transaction():
            del self._text[begin:end]
        return self._doc.get_update(before)

    def _place(self, name: str, side: Assoc) -> int:
        """The index in front of the character, or behind it; both are one when it is deleted."""
        client, clock = self._id_of(name)
        if self._clocks().get(client, 0) <= clock:
            raise BadOperation("unknown", f"nothing is known of a character {name!r}")
        place = self._sticky(client, clock, side).resolve(self._doc)
        if place is None or place.type != self._text:
            raise BadOperation("unknown", f"{name!r} is no character of this text")
        return place.index

    def _id_of(self, name: str) -> Id:
        own = _hashed(name)
        client, _, clock = name.rpartition("-")
        if own not in self._names and name.isascii() and client.isdecimal() and clock.isdecimal():
            named = (int(client), int(clock))
            if named[1] < self._clocks().get(named[0], 0):
                return named
        return own

    # -- to the client ---------------------------------------------------------------------------

    def apply(self, update: bytes) -> list[dict[str, Any]] | None:
        """Takes an update of the document; the operations that do the same to what the client has.
        None: too many, or not to be said so."""
        parts = decode_update(update)
        # Counted before they are listed: an update of some bytes may delete a million characters.
        strings = [struct for struct in parts["structs"] if struct["kind"] == "string"]
        changes = sum(struct["length"] for struct in strings)
        changes += sum(end - start for _, start, end in parts["deletes"])
        if changes > MAX_OPERATIONS:
            self._doc.apply_update(update)
            return None
        deletes = [
            (client, clock)
            for client, start, end in parts["deletes"]
            for clock in range(start, end)
        ]
        inserts = [
            (struct["id"][0], struct["id"][1] + unit)
            for struct in strings
            for unit in range(struct["length"])
        ]
        clocks = self._clocks()
        gone = [own for own in deletes if clocks.get(own[0], 0) > own[1] and self._is_visible(own)]
        self._doc.apply_update(update)
        operations: list[dict[str, Any]] = [
            {"type": "delete", "id": self._name(own)} for own in gone if not self._is_visible(own)
        ]
        new = [own for own in inserts if clocks.get(own[0], 0) <= own[1] and self._is_visible(own)]
        content = str(self._text)
        for index, own in sorted((self._index(own), own) for own in new):
            left = self._name(self._id_at(index - 1)) if index else None
            operations.append(
                {"type": "insert", "id": self._name(own), "char": content[index], "left": left}
            )
        return operations

    @property
    def length(self) -> int:
        """Characters of the text."""
        return len(self._text)

    def state(self) -> dict[str, Any]:
        """The text, and the ids of its characters in runs whose clocks count up."""
        content = str(self._text)
        runs: list[tuple[Id, int, int]] = []
        clock_after: Id | None = None
        for index, char in enumerate(content):
            own = self._id_at(index)
            if own != clock_after or own in self._names:
                runs.append((own, index, index))
            runs[-1] = (*runs[-1][:2], index + 1)
            # A character beyond the first 65,536 has two clocks.
            clock_after = (own[0], own[1] + (2 if ord(char) > 0xFFFF else 1))
        return {
            "text": content,
            "runs": [{"id": self._name(own), "text": content[a:b]} for own, a, b in runs],
        }

    def diff(self, state: bytes) -> bytes:
        """What somebody in this state lacks."""
        return self._doc.get_update(state)

    def _id_at(self, index: int) -> Id:
        item = self._text.sticky_index(index, Assoc.AFTER).to_json()["item"]
        return (item["client"], item["clock"])

    def _index(self, own: Id) -> int:
        place = self._sticky(*own, Assoc.AFTER).resolve(self._doc)
        assert place is not None
        return place.index

    def _is_visible(self, own: Id) -> bool:
        before = self._sticky(*own, Assoc.AFTER).resolve(self._doc)
        after = self._sticky(*own, Assoc.BEFORE).resolve(self._doc)
        if before is None or after is None or before.type != self._text:
            return False
        return before.index < after.index

    def _sticky(self, client: int, clock: int, side: Assoc) -> StickyIndex:
        item = {"client": client, "clock": clock}
        return StickyIndex.from_json({"item": item, "assoc": int(side)}, self._text)

    def _clocks(self) -> dict[int, int]:
        return decode_state_vector(self._doc.get_state())

    def _remember(self, own: Id, name: str) -> None:
        self._names[own] = name
        while len(self._names) > _MAX_NAMES:
            self._names.popitem(last=False)

    def _name(self, own: Id) -> str:
        return self._names.get(own) or f"{own[0]}-{own[1]}"


def _hashed(name: str) -> Id:
    return (xxhash.xxh3_64_intdigest(name.encode()) >> 11, 0)


def _text_of(operation: dict[str, Any], field: str) -> str:
    value = operation.get(field)
    if not isinstance(value, str) or not value or len(value) > MAX_ID:
        raise BadOperation("invalid", f"{field!r} is a text of 1 to {MAX_ID} characters")
    return value
