"""Random edits of a document with all shared types, made through the API that both modules have.

No object of a shared type is kept from one edit to the next: pycrdt reads freed memory through one
whose type was deleted meanwhile.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

from twin import plain

WORDS = ("a", "bc", "rope ", "Grüße", "日本", "🙂", "👩‍🚀 ", "x\u0301", "\n", "walk", "0123456789")
MARKS: tuple[dict[str, Any], ...] = (
    {"bold": True},
    {"bold": None},
    {"italic": True, "color": "#fa8072"},
    {"italic": None},
    {"link": {"href": "https://example.org/ä"}},
    {"size": 12},
    {"color": None, "size": None},
)
KEYS = ("a", "b", "key", "ключ", "🗝️", "")
TAGS = ("p", "div", "h1", "my-node")


class Replica:
    """A document of one module, and the updates that it has made since it was asked last."""

    def __init__(self, crdt: Any, client_id: int) -> None:
        self.crdt = crdt
        self.doc = crdt.Doc(client_id=client_id)
        self.text = self.doc.get("text", type=crdt.Text)
        self.array = self.doc.get("array", type=crdt.Array)
        self.map = self.doc.get("map", type=crdt.Map)
        self.xml = self.doc.get("xml", type=crdt.XmlFragment)
        self._made: list[bytes] = []
        self._counts_bytes = crdt.__name__ == "pycrdt"
        self._subscription = self.doc.observe(lambda event: self._made.append(event.update))

    def take_updates(self) -> list[bytes]:
        made, self._made = self._made, []
        return made

    # What is there.

    def walk(self) -> Iterator[Any]:
        """Every shared type that can be reached, freshly fetched."""
        waiting = [self.text, self.array, self.map, self.xml]
        while waiting:
            shared = waiting.pop()
            yield shared
            if isinstance(shared, self.crdt.Text | self.crdt.XmlText):
                waiting += [value for value, _ in shared.diff() if self.is_shared(value)]
            elif isinstance(shared, self.crdt.Array):
                waiting += [value for value in shared if self.is_shared(value)]
            elif isinstance(shared, self.crdt.Map):
                waiting += [shared[key] for key in sorted(shared) if self.is_shared(shared[key])]
            else:
                waiting += list(shared.children)

    def is_shared(self, value: object) -> bool:
        crdt = self.crdt
        xml = (crdt.XmlFragment, crdt.XmlElement, crdt.XmlText)
        return isinstance(value, (crdt.Text, crdt.Array, crdt.Map, *xml))

    def state(self) -> dict[str, Any]:
        roots = {"text": self.text, "array": self.array, "map": self.map, "xml": self.xml}
        return {name: self.describe(root) for name, root in roots.items()}

    def describe(self, value: Any) -> Any:
        """All that can be seen of a value, formats and kinds of types included."""
        crdt = self.crdt
        if isinstance(value, crdt.Text):
            return ("text", self.chunks(value))
        if isinstance(value, crdt.XmlText):
            return ("xmltext", self.attributes(value), self.chunks(value))
        if isinstance(value, crdt.Array):
            return ("array", [self.describe(item) for item in value])
        if isinstance(value, crdt.Map):
            return ("map", {key: self.describe(value[key]) for key in sorted(value)})
        if isinstance(value, crdt.XmlElement):
            children = [self.describe(child) for child in value.children]
            return ("element", value.tag, self.attributes(value), children)
        if isinstance(value, crdt.XmlFragment):
            return ("fragment", [self.describe(child) for child in value.children])
        return plain(value)

    def chunks(self, text: Any) -> list[Any]:
        """Neighbours of equal attributes are one chunk, however many the module makes of them."""
        found: list[Any] = []
        for value, attributes in text.diff():
            marks = plain(attributes) or {}
            is_text = isinstance(value, str)
            last = found[-1] if found else (None, {})
            if is_text and isinstance(last[0], str) and last[1] == marks:
                found[-1] = (last[0] + value, marks)
                continue
            found.append((value if is_text else ["embed", self.describe(value)], marks))
        return found

    @staticmethod
    def attributes(node: Any) -> dict[str, Any]:
        return {key: plain(value) for key, value in sorted(dict(node.attributes).items())}

    def state_vector(self) -> dict[int, int]:
        decoder = self.crdt.Decoder(self.doc.get_state())
        count = decoder.read_var_uint()
        return {decoder.read_var_uint(): decoder.read_var_uint() for _ in range(count)}

    # What is done to it.

    def edit(self, rng: random.Random) -> None:
        # The text that both write in more often than any other: there formats meet.
        shared = self.text if rng.random() < 0.3 else rng.choice(list(self.walk()))
        if isinstance(shared, self.crdt.Text | self.crdt.XmlText):
            self.edit_text(rng, shared)
        elif isinstance(shared, self.crdt.Array):
            self.edit_array(rng, shared)
        elif isinstance(shared, self.crdt.Map):
            self.edit_map(rng, shared)
        else:
            self.edit_xml(rng, shared)

    def places(self, text: Any) -> list[int]:
        """The index of each place between two characters or embeds, as the module counts."""
        places = [0]
        for value, _ in text.diff():
            for unit in value if isinstance(value, str) else [None]:
                width = len(unit.encode()) if unit and self._counts_bytes else 1
                places.append(places[-1] + width)
        return places

    def edit_text(self, rng: random.Random, text: Any) -> None:
        places = self.places(text)
        at = rng.randrange(len(places))
        stop = min(at + rng.choice((1, 2, 3, 8)), len(places) - 1)
        action = rng.random()
        if action < 0.45:
            text.insert(places[at], rng.choice(WORDS) * rng.choice((1, 1, 1, 3)))
        elif action < 0.55:
            marks = {key: value for key, value in rng.choice(MARKS).items() if value is not None}
            text.insert(places[at], rng.choice(WORDS), marks)
        elif action < 0.63:
            text.insert_embed(places[at], {"image": rng.choice(WORDS), "width": rng.randrange(99)})
        elif action < 0.66:
            text.insert_embed(places[at], self.crdt.Map({"kind": "note"}), {"bold": True})
        elif action < 0.83:
            text.format(places[at], places[stop], rng.choice(MARKS))
        elif stop > at:
            del text[places[at] : places[stop]]
        if isinstance(text, self.crdt.XmlText) and rng.random() < 0.1:
            text.attributes[rng.choice(KEYS[:4])] = rng.choice(WORDS)

    def edit_array(self, rng: random.Random, array: Any) -> None:
        length = len(array)
        at = rng.randrange(length + 1)
        if rng.random() < 0.65 or at == length:
            array.insert(at, self.value(rng))
        elif rng.random() < 0.3:
            array[at] = self.value(rng)
        else:
            del array[at : min(length, at + rng.choice((1, 1, 2, 5)))]

    def edit_map(self, rng: random.Random, shared: Any) -> None:
        key = rng.choice(KEYS)
        if rng.random() < 0.75 or key not in shared:
            shared[key] = self.value(rng)
        else:
            del shared[key]

    def edit_xml(self, rng: random.Random, node: Any) -> None:
        children = node.children
        at = rng.randrange(len(children) + 1)
        action = rng.random()
        if action < 0.3 and isinstance(node, self.crdt.XmlElement):
            key = rng.choice(KEYS[:4])
            if action < 0.2 or key not in node.attributes:
                node.attributes[key] = rng.choice(WORDS)
            else:
                del node.attributes[key]
        elif action < 0.5:
            children.insert(at, rng.choice(WORDS))
        elif action < 0.75:
            inside = [rng.choice(WORDS)] if rng.random() < 0.5 else []
            element = self.crdt.XmlElement(rng.choice(TAGS), {"id": rng.choice(WORDS)}, inside)
            children.insert(at, element)
        elif at < len(children):
            del children[at]

    def value(self, rng: random.Random) -> Any:
        crdt = self.crdt
        word, number = rng.choice(WORDS), rng.randrange(-(2**31), 2**31)
        return rng.choice(
            (
                lambda: word,
                lambda: number,
                lambda: number * 2**20,
                lambda: number + 2**60,
                lambda: number / 8,
                lambda: None,
                lambda: rng.random() < 0.5,
                lambda: word.encode(),
                lambda: [number, [word, None]],
                lambda: {word: number, "list": [True, {}]},
                lambda: crdt.Text(word),
                lambda: crdt.Array([word, crdt.Map({"in": number})]),
                lambda: crdt.Map({word: crdt.Text(word), "n": number}),
            )
        )()


def exchange(rng: random.Random, one: Replica, other: Replica) -> None:
    """Both learn what the other has done, in one of the ways that programs use."""
    way = rng.choice(("difference", "updates", "merged", "messages", "whole"))
    made = {one: one.take_updates(), other: other.take_updates()}
    for a, b in ((one, other), (other, one)):
        if way == "difference":
            b.doc.apply_update(a.doc.get_update(b.doc.get_state()))
        elif way == "updates":
            for update in made[a]:
                b.doc.apply_update(update)
        elif way == "merged" and made[a]:
            # Either module merges what either has made.
            merge = rng.choice((a.crdt, b.crdt)).merge_updates
            b.doc.apply_update(merge(*made[a]))
        elif way == "messages":
            question = b.crdt.create_sync_message(b.doc)
            answer = a.crdt.handle_sync_message(question[1:], a.doc)
            b.crdt.handle_sync_message(answer[1:], b.doc)
        elif way == "whole":
            b.doc.apply_update(a.doc.get_update())
