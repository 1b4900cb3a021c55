"""The steps of relative positions, which Python calls sticky indexes: relpos, relpos.resolve."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from ropewalk import Assoc, StickyIndex

from .fixtures import Case, Json
from .values import base64, blob

if TYPE_CHECKING:
    from .script import Script


class Kept(NamedTuple):
    data: bytes
    json: Json


class PositionSteps:
    def __init__(self, script: Script) -> None:
        self._script = script
        self._kept: dict[str, Kept] = {}

    def run(self, step: Case, expect: Case) -> None:
        if step["do"] == "relpos":
            self._make(step, expect)
        else:
            self._resolve(step, expect)

    def _make(self, step: Case, expect: Case) -> None:
        sequence = self._script.replicas[step["doc"]].find(step["path"])
        assoc = Assoc.BEFORE if step["assoc"] < 0 else Assoc.AFTER
        position = sequence.sticky_index(step["index"], assoc)
        data, as_json = position.encode(), position.to_json(full=True)
        # Yjs keeps a number of which only the sign counts.
        if step["assoc"] <= 0:
            self._script.check("bytes", expect["bytes"], base64(data))
            self._script.check("json", expect["json"], as_json)
        else:
            data, recorded = blob(expect["bytes"]), expect["json"]
            self._script.check("item", recorded.get("item"), as_json.get("item"))
            as_json = recorded
        self._kept[step["id"]] = Kept(data, as_json)

    def _resolve(self, step: Case, expect: Case) -> None:
        kept = self._kept[step["id"]]
        doc = self._script.replicas[step["doc"]].doc
        expected = expect["position"]
        if expected is not None:
            expected = {**expected, "assoc": min(expected["assoc"], 0)}
        both = (StickyIndex.decode(kept.data), StickyIndex.from_json(kept.json))
        if both[0].encode() != both[1].encode():
            raise AssertionError("bytes and JSON name different positions")
        for position in both:
            place = position.resolve(doc, follow_undone=step.get("followUndone", True))
            got = None if place is None else from_place(place)
            self._script.check("position", expected, got)


def from_place(place: Any) -> Json:
    # The start of a sequence names the sequence.
    start = place.type.sticky_index(0, Assoc.BEFORE).to_json(full=True)
    if "tname" in start:
        kind = {"root": start["tname"]}
    else:
        kind = {"id": [start["type"]["client"], start["type"]["clock"]]}
    return {"type": kind, "index": place.index, "assoc": int(place.assoc)}


# -- calls ---------------------------------------------------------------------------------------


def decode_relative_position(args: Case) -> Json:
    return StickyIndex.decode(blob(args["bytes"])).to_json()


def relative_position_from_json(args: Case) -> Json:
    return base64(StickyIndex.from_json(json.loads(json.dumps(args["json"]))).encode())
