"""A document of a case: its roots, what it has told, and its state."""

from __future__ import annotations

from typing import Any, NamedTuple

import ropewalk

from .content import TYPES, read
from .events import EventLog
from .fixtures import Case, Json
from .ops import leaves_pairs, run_op
from .values import from_id_set, from_state, units_of, whole

# Nobody writes under these, so that reading does not change a document.
READER = 0x1FABCDEF012345


class Told(NamedTuple):
    """An update that a document has told its listeners."""

    v1: bytes
    v2: bytes


class Replica:
    def __init__(self, client: int, collect: bool, observed: bool = False) -> None:
        self.doc: ropewalk.Doc[Any] = ropewalk.Doc(
            client_id=client, skip_gc=not collect, offsets="javascript"
        )
        self.collect = collect
        self.deviations: set[str] = set()
        self.left_pairs = False
        self.types: dict[str, str] = {}
        self._events = EventLog() if observed else None
        self._told_v1: list[bytes] = []
        self._told_v2: list[bytes] = []
        self._subdocs: list[Json] = []
        self.doc.observe(lambda event: self._told_v1.append(event.update))
        self.doc.observe(lambda event: self._told_v2.append(event.update), v2=True)
        self.doc.observe_subdocs(self._hear_subdocs)

    def _hear_subdocs(self, event: ropewalk.SubdocsEvent) -> None:
        names = ("added", "removed", "loaded")
        self._subdocs.append({name: sorted(getattr(event, name)) for name in names})

    # -- roots and paths -------------------------------------------------------------------------

    def define(self, root: str, kind: str) -> None:
        shared: Any = self.doc.get(whole(root), type=TYPES[kind])
        self.types[root] = kind
        if self._events is not None:
            self._events.observe(root, shared)

    def find(self, path: list[Any]) -> Any:
        """What a path leads to."""
        at: Any = self.doc.get(whole(path[0]), type=TYPES[self.types[path[0]]])
        for step in path[1:]:
            if isinstance(at, ropewalk.Map):
                at = at[whole(step)]
            elif isinstance(step, str):
                at = at.attributes[whole(step)]
            elif isinstance(at, ropewalk.Array):
                at = at[step]
            elif isinstance(at, (ropewalk.Text, ropewalk.XmlText)):
                at = embed_at(at, step)
            else:
                at = at.children[step]
        return at

    def run(self, op: Case) -> None:
        at = self.find(op["path"])
        run_op(at, op)
        if op["op"] in ("text.format", "text.applyDelta"):
            self.left_pairs = self.left_pairs or leaves_pairs(at, op)

    def fails_by_accident(self, op: Case) -> bool:
        """For ops that fail in Yjs by accident only: would this one, here?"""
        return op["op"] == "text.delete" and len(self.find(op["path"])) == 0

    def slice(self, path: list[Any], start: int, end: int | None) -> Json:
        array = self.find(path)
        return [read(value) for value in list(array)[start:end]]

    def get(self, path: list[Any], at: int) -> Json:
        array = self.find(path)
        return read(array[at]) if at < len(array) else None

    # -- state -----------------------------------------------------------------------------------

    def content(self) -> Json:
        roots = {}
        for name in self.doc.keys():  # noqa: SIM118 - a document is no mapping of all its roots
            root = self.doc[name]
            roots[name] = {"$type": "undefined"} if root is None else read(root)
        return roots

    def state_vector(self) -> Json:
        return from_state(self.doc.get_state())

    def state(self) -> Json:
        """Without its bytes."""
        strings = {
            name: str(self.find([name]))
            for name, kind in self.types.items()
            if kind not in ("array", "map")
        }
        state = {"roots": self.content(), "strings": strings, "sv": self.state_vector()}
        missing = from_state(self.doc.get_missing())
        deletes = from_id_set(self.doc.get_pending_deletes())
        if self.doc.has_pending != bool(missing or deletes):
            raise AssertionError("has_pending contradicts what is missing and pending")
        if missing:
            state["pendingMissing"] = missing
        if deletes:
            state["pendingDeletes"] = deletes
        return state

    def update(self, v2: bool = False, known: bytes | None = None) -> bytes:
        return self.doc.get_update(known, v2=v2)

    # -- updates ---------------------------------------------------------------------------------

    def apply(self, update: bytes, v2: bool = False) -> None:
        self.doc.apply_update(update, v2=v2, origin="remote")

    def take_told(self) -> list[Told]:
        """Changes that the document has told since the last call."""
        if len(self._told_v1) != len(self._told_v2):
            raise AssertionError("one format was told more often than the other")
        told = [Told(*both) for both in zip(self._told_v1, self._told_v2, strict=True)]
        self._told_v1.clear()
        self._told_v2.clear()
        return told

    def take_subdocs(self) -> list[Json]:
        told, self._subdocs = self._subdocs, []
        return told

    def take_events(self) -> list[Json]:
        return [] if self._events is None else self._events.take()


def embed_at(text: ropewalk.Text | ropewalk.XmlText, index: int) -> Any:
    at = 0
    for op in text.to_delta():
        inserted = op["insert"]
        length = units_of(inserted) if isinstance(inserted, str) else 1
        if at <= index < at + length:
            return inserted
        at += length
    raise IndexError(f"nothing is embedded at {index}")
