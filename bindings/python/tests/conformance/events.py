"""What observers are told, in the notation of the fixtures."""

from __future__ import annotations

from typing import Any

import ropewalk

from .compare import Difference, compare, show
from .content import from_delta, read, type_name
from .fixtures import Json
from .values import pairs_from_python


class EventLog:
    def __init__(self) -> None:
        self._told: list[Json] = []

    def observe(self, root: str, shared: Any) -> None:
        shared.observe_deep(
            lambda events: self._told.append(
                {"root": root, "events": [from_event(event) for event in events]}
            )
        )

    def take(self) -> list[Json]:
        told, self._told = self._told, []
        return told


def from_event(event: Any) -> Json:
    """As long as the observer is called: what was inserted shows its content of then."""
    told: dict[str, Json] = {"path": list(event.path), "type": type_name(event.target)}
    keys = getattr(event, "keys", None)
    if keys:
        told["keys"] = [[key, from_change(change)] for key, change in keys.items()]
    delta = getattr(event, "delta", None)
    if delta:
        text = isinstance(event.target, (ropewalk.Text, ropewalk.XmlText))
        told["delta"] = from_delta(delta) if text else from_list_delta(delta)
    return told


def from_change(change: dict[str, Any]) -> Json:
    told = {"action": change["action"]}
    if change["action"] != "add":
        old = change["oldValue"]
        kind = type_name(old)
        told["old"] = read(old) if kind == "undefined" else {"$type": kind}
    return told


def from_list_delta(delta: list[dict[str, Any]]) -> Json:
    made = []
    for op in delta:
        one: dict[str, Json] = dict(op)
        if "insert" in op:
            one["insert"] = [read(value) for value in op["insert"]]
        if "attributes" in op:
            one["attributes"] = pairs_from_python(op["attributes"])
        made.append(one)
    return made


def compare_events(expected: list[Json], got: list[Json]) -> Difference | None:
    """Per root, the events of each commit, as a set keyed by path."""
    theirs, ours = by_root(expected), by_root(got)
    for root in sorted(theirs.keys() | ours.keys()):
        commits, told = theirs.get(root, []), ours.get(root, [])
        if len(commits) != len(told):
            return Difference(root, show(commits, 400), show(told, 400))
        for a, b in zip(commits, told, strict=True):
            if len(a) != len(b):
                return Difference(root, show(a, 400), show(b, 400))
            if difference := compare(by_path(a), by_path(b), root):
                return difference
    return None


def by_root(commits: list[Json]) -> dict[str, list[Json]]:
    roots: dict[str, list[Json]] = {}
    for commit in commits:
        roots.setdefault(commit["root"], []).append(commit["events"])
    return roots


def by_path(events: list[Json]) -> dict[str, Json]:
    return {show(event["path"], 1000): event for event in events}
