"""Malformed input (README of the fixtures, section 5): whatever the bytes are, an error leaves the
document as it was."""

from __future__ import annotations

from typing import NamedTuple

import ropewalk

from .compare import compare
from .fixtures import Case, Json
from .replica import Replica
from .script import holds_half
from .states import compare_state
from .updates import Found
from .values import blob, plain

ROOTS = {"t": "text", "a": "array", "m": "map", "x": "xmlFragment"}


class Picture(NamedTuple):
    update: bytes
    canonical: bytes
    vector: bytes
    state: Json


def picture_of(replica: Replica) -> Picture:
    doc = replica.doc
    return Picture(replica.update(), doc.get_canonical(), doc.get_state(), plain(replica.state()))


def run_malformed(case: Case) -> tuple[list[str], set[str]]:
    """What differs, and which deviations there were."""
    replica = Replica(4242, True)
    for root, kind in ROOTS.items():
        replica.define(root, kind)
    if "base" in case:
        replica.doc.apply_update(blob(case["base"]))
    replica.take_told()
    before = picture_of(replica)
    lines: list[str] = []
    deviations: set[str] = set()
    try:
        replica.apply(blob(case["bytes"]), case.get("format", "v1") == "v2")
    except ValueError as error:
        if case["contract"] == "accept":
            lines.append(f"expected success, got: {error}")
        if replica.take_told():
            lines.append("a refused update was told")
        require_unchanged(before, replica, lines)
    else:
        accepted(case, before, replica, lines, deviations)
    return lines, deviations


def require_unchanged(before: Picture, replica: Replica, lines: list[str]) -> None:
    after = picture_of(replica)
    for part, was, now in zip(Picture._fields, before, after, strict=True):
        if difference := compare(was if part == "state" else list(was),
                                 now if part == "state" else list(now), part):  # fmt: skip
            lines.append(f"unchanged {difference}")


def holds_equal_origins(case: Case) -> bool:
    """Is one unit the origin and the right origin of an item?"""
    update = ropewalk.decode_update(blob(case["bytes"]), v2=case.get("format", "v1") == "v2")
    origins = ((one.get("origin"), one.get("right_origin")) for one in update["structs"])
    return any(left is not None and left == right for left, right in origins)


def accepted(
    case: Case, before: Picture, replica: Replica, lines: list[str], deviations: set[str]
) -> None:
    contract, expect = case["contract"], case["expect"]
    if contract == "error":
        lines.append("expected an error, got none")
        return
    # It must be possible to write what has been read.
    reader = Replica(4243, replica.collect)
    try:
        reader.doc.apply_update(replica.update())
        reader.apply(replica.update(v2=True), v2=True)
    except ValueError as error:
        lines.append(f"the document writes an update that it refuses: {error}")
    if contract == "any":
        return
    if not expect["changed"]:
        require_unchanged(before, replica, lines)
    if "state" in expect:
        if holds_half(expect["state"]):
            deviations.add("text.halves")
        found: Found = []
        compare_state("state", expect["state"], replica, found, with_bytes=False)
        if found and holds_equal_origins(case):
            deviations.add("origins.equal")
            return
        lines += map(str, found)
