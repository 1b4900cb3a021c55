"""Comparing a document with an expected state."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .compare import Difference, compare, show
from .fixtures import Case, Json
from .replica import Replica
from .updates import Found, Update, compare_states
from .values import blob, broken, plain, whole

# Makes of two values that may differ on purpose equal ones.
Alike = Callable[[Json], Json]


def compare_state(
    where: str,
    expected: Case,
    replica: Replica,
    found: Found,
    with_bytes: bool = True,
    alike: Alike = plain,
) -> None:
    """Level 1 of what the state has, and level 3 of what bytes it has."""
    got = replica.state()
    compare_missing(where, expected, got, found)
    ours: dict[str, Any] = {
        part: value
        for part, value in got.items()
        if part in expected or part not in ("roots", "strings", "pendingMissing")
    }
    ours.pop("pendingMissing", None)
    theirs = {p: v for p, v in expected.items() if p not in ("v1", "v2", "pendingMissing")}
    if "strings" in theirs:
        ours["strings"] = without_hooks(theirs["strings"], got["strings"])
    if "roots" in theirs:
        theirs["roots"] = without_unused(theirs["roots"], got["roots"])
    if difference := compare(alike(theirs), alike(ours), where):
        found.append(difference)
    if not with_bytes:
        return
    for format in ("v1", "v2"):
        if format in expected:
            v2 = format == "v2"
            compare_states(
                f"{where}.{format}",
                replica.collect,
                Update(blob(expected[format]), v2),
                Update(replica.update(v2), v2),
                replica.doc.get_canonical(),
                found,
            )


def compare_missing(where: str, expected: Case, got: Case, found: Found) -> None:
    """What waits shows in the bytes, and deletes that wait are compared as they are. Which clients
    lack something is told differently: Yjs names a clock that it met and lacked, which need not be
    the first one, and keeps a client whose gap has been filled by what waits itself; we name the
    first clock of each client that still lacks one, and also where only deletes wait."""
    lacked = dict(expected.get("pendingMissing", []))
    deleted = dict(expected.get("pendingDeletes", []))
    named = dict(got.get("pendingMissing", []))
    good = all(
        clock <= lacked[client] if client in lacked else client in deleted
        for client, clock in named.items()
    )
    if not good or bool(named.keys() & lacked.keys()) != bool(lacked):
        found.append(Difference(f"{where}.pendingMissing", show(lacked), show(named)))


def without_unused(theirs: Case, ours: Case) -> Case:
    """Yjs makes a root even for a parent that only known items name."""
    return {
        name: root
        for name, root in theirs.items()
        if root.get("$type") != "undefined" or name in ours or whole(name) in ours
    }


def without_hooks(theirs: Case, ours: Case) -> Case:
    """No string was recorded of what holds a hook."""
    return {n: text for n, text in ours.items() if n in theirs or "[object Object]" not in text}


# -- where documents differ on purpose: see deviations.py ------------------------------------------


def with_broken_pairs(value: Json) -> Json:
    """U+FFFD for each half of a surrogate pair in any string."""
    return _with_broken_pairs(plain(value))


def _with_broken_pairs(value: Json) -> Json:
    if isinstance(value, str):
        return broken(value)
    if isinstance(value, list):
        return [_with_broken_pairs(element) for element in value]
    if isinstance(value, dict):
        return {key: _with_broken_pairs(member) for key, member in value.items()}
    return value


def with_joined_inserts(value: Json) -> Json:
    """That, and neighbouring text of equal attributes as one insert in any delta."""
    return _with_joined_inserts(plain(value))


def _with_joined_inserts(value: Json) -> Json:
    if isinstance(value, dict):
        return {key: _with_joined_inserts(member) for key, member in value.items()}
    if not isinstance(value, list):
        return _with_broken_pairs(value)
    joined: list[Json] = []
    for element in value:
        one = _with_joined_inserts(element)
        last = joined[-1] if joined else None
        if (
            isinstance(one, dict)
            and isinstance(last, dict)
            and isinstance(one.get("insert"), str)
            and isinstance(last.get("insert"), str)
            and one.get("attributes") == last.get("attributes")
        ):
            last["insert"] += one["insert"]
        else:
            joined.append(one)
    return joined
