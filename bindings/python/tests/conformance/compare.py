"""Comparison of values in the notation of the fixtures."""

from __future__ import annotations

import json
from typing import NamedTuple

from .fixtures import Json

# Lists of [key, value] whose order does not count.
UNORDERED = frozenset({"$obj", "entries", "attrs", "attributes", "keys"})
SHOWN = 100
_NOTHING = object()


class Difference(NamedTuple):
    where: str
    expected: str
    got: str

    def __str__(self) -> str:
        return f"{self.where}: expected {self.expected}, got {self.got}"


def show(value: object, most: int = SHOWN) -> str:
    if value is _NOTHING:
        return "nothing"
    text = json.dumps(value, ensure_ascii=True, separators=(",", ":"), default=repr)
    return text if len(text) <= most else text[:most] + "..."


def compare(expected: Json, got: Json, where: str = "") -> Difference | None:
    """The first difference. The order of an object's members does not count."""
    if isinstance(expected, dict) and isinstance(got, dict):
        return _compare_members(expected, got, where)
    if isinstance(expected, list) and isinstance(got, list):
        for i in range(max(len(expected), len(got))):
            theirs = expected[i] if i < len(expected) else _NOTHING
            ours = got[i] if i < len(got) else _NOTHING
            if difference := compare(theirs, ours, f"{where}[{i}]"):
                return difference
        return None
    same_kind = isinstance(expected, bool) == isinstance(got, bool)
    if same_kind and expected == got:
        return None
    if isinstance(expected, str) and isinstance(got, str):
        return _differ_in_text(expected, got, where)
    return Difference(where, show(expected), show(got))


def _compare_members(
    expected: dict[str, Json], got: dict[str, Json], where: str
) -> Difference | None:
    for key in sorted(expected.keys() | got.keys()):
        theirs, ours = expected.get(key, _NOTHING), got.get(key, _NOTHING)
        inner = where
        if key in UNORDERED and isinstance(theirs, list) and isinstance(ours, list):
            theirs, ours = dict(theirs), dict(ours)
        else:
            inner = f"{where}.{key}"
        if difference := compare(theirs, ours, inner):
            return difference
    return None


def _differ_in_text(expected: str, got: str, where: str) -> Difference:
    """Long texts are shown from shortly before the place where they part."""
    pairs = enumerate(zip(expected, got, strict=False))
    same = next((i for i, (a, b) in pairs if a != b), min(len(expected), len(got)))
    start = max(0, same - 20)
    if start:
        where += f" from character {start}"
    return Difference(where, show(expected[start:]), show(got[start:]))
