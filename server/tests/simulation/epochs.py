"""What the oracle knows of epochs: every map that ever was, and where what was acknowledged is now."""

from __future__ import annotations

from dataclasses import dataclass, field

from ropewalk import Doc, EpochMap, decode_state_vector, inspect_update, merge_updates
from ropewalk_server.rooms.contents import deletions_of
from ropewalk_server.stores.memory import MemoryStore

Ranges = dict[int, tuple[int, int]]
_NO_DELETIONS = b"\x00\x00"


@dataclass
class Acknowledged:
    """Something that a client was told is durable: its units, and what it deletes, as an update
    without units."""

    epoch: int
    units: Ranges
    deletes: bytes

    @classmethod
    def of(cls, epoch: int, update: bytes) -> Acknowledged:
        deletes = b"\x00" + deletions_of(update).encode()
        return cls(epoch, dict(inspect_update(update)["clients"]), deletes)

    def carry(self, map: EpochMap, had: dict[int, int]) -> None:
        """Into the next epoch. What the old one had is in it, or was deleted."""
        self.epoch += 1
        carried: Ranges = {}
        for client, (first, end) in self.units.items():
            known = had.get(client, 0)
            if end > known:
                carried[map.translate_client(client)] = (max(first, known) - known, end - known)
        self.units = carried
        self.deletes = map.translate_update(self.deletes)

    def is_in(self, doc: Doc) -> bool:  # type: ignore[type-arg]
        """Whether a document has all of it."""
        state = decode_state_vector(doc.get_state())
        if any(end > state.get(client, 0) for client, (_, end) in self.units.items()):
            return False
        if self.deletes == _NO_DELETIONS:
            return True
        before = doc.get_canonical()
        doc.apply_update(self.deletes)
        return bool(doc.get_canonical() == before) and not doc.has_pending

    def merge(self, other: Acknowledged) -> None:
        """Of the same epoch: what comes after it, in the order of the clients' clocks."""
        for client, (first, end) in other.units.items():
            begin, known = self.units.get(client, (first, end))
            self.units[client] = (min(begin, first), max(known, end))
        self.deletes = merge_updates(self.deletes, other.deletes)


@dataclass
class Ledger:
    """Of one document."""

    store: MemoryStore
    document: str
    maps: dict[int, tuple[EpochMap, dict[int, int]]] = field(default_factory=dict)
    acknowledged: Acknowledged | None = None

    def note(self, epoch: int, update: bytes, doc: Doc) -> bool:  # type: ignore[type-arg]
        """Whether the store has what a client was told is there."""
        new = Acknowledged.of(epoch, update)
        self._to_newest(new)
        present = new.is_in(doc)
        if self.acknowledged is None:
            self.acknowledged = new
        else:
            self._to_newest(self.acknowledged)
            self.acknowledged.merge(new)
        return present

    def holds(self, doc: Doc) -> bool:  # type: ignore[type-arg]
        """Whether all that was acknowledged is in the store."""
        if self.acknowledged is None:
            return True
        self._to_newest(self.acknowledged)
        return self.acknowledged.is_in(doc)

    def _to_newest(self, what: Acknowledged) -> None:
        self._learn()
        while what.epoch in self.maps:
            what.carry(*self.maps[what.epoch])

    def _learn(self) -> None:
        known = self.store._shared.documents.get(self.document)
        for epoch, (ended, map) in (known.ended if known else {}).items():
            if epoch not in self.maps and map is not None:
                self.maps[epoch] = EpochMap.decode(map), decode_state_vector(ended.state)


class Marks:
    """Characters of which each is written once, and which of them were taken away again."""

    def __init__(self, first: int) -> None:
        self.first = self._next = first
        self.gone: set[str] = set()

    def new(self) -> str:
        self._next += 1
        return chr(self._next - 1)

    def wrong(self, text: str, *, complete: bool) -> str:
        """What is wrong with a text of them. `complete`: all that was written has arrived."""
        written = {chr(code) for code in range(self.first, self._next)}
        if len(set(text)) < len(text):
            doubled = {char for char in text if text.count(char) > 1}
            return f"{len(doubled)} characters are doubled"
        if not set(text) <= written:
            return "characters that nobody wrote"
        if complete and set(text) != written - self.gone:
            lost = len(written - self.gone - set(text))
            return f"{lost} characters are lost, {len(set(text) & self.gone)} came back"
        return ""
