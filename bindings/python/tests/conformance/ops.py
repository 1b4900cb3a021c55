"""The ops of a transaction."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ropewalk

from .content import make, to_delta
from .fixtures import Case, Json
from .values import pairs_to_python, units_of, whole


class OpFailed(Exception):
    """What fails in Yjs, too. `deviation`: the key of what is different on the way."""

    def __init__(self, what: object, deviation: str | None = None) -> None:
        super().__init__(str(what))
        self.deviation = deviation


# What the package raises at an edit that cannot be made. TypeError: a value that cannot be shared.
REFUSALS = (IndexError, ValueError, RuntimeError, TypeError)


def run_op(at: Any, op: Case) -> None:
    """One op on what its path leads to."""
    family, _, name = op["op"].partition(".")
    try:
        GROUPS[family](at, name, op)
    except REFUSALS as error:
        raise OpFailed(f"{type(error).__name__}: {error}") from error


def _text(text: ropewalk.Text, name: str, op: Case) -> None:
    """Yjs appends what is inserted past the end, and deletes no further than to the end; here
    both are refused, so the program in front clamps."""
    index = min(op.get("index", 0), len(text))
    attributes = pairs_to_python(op["attrs"]) if "attrs" in op else None
    if name == "insert":
        text.insert(index, op["text"], attributes)
    elif name == "embed":
        text.insert_embed(index, make(op["value"]), attributes)
    elif name == "delete":
        del text[index : min(index + op["length"], len(text))]
    elif name == "format" and not index < len(text) < index + op["length"]:
        text.format(index, index + op["length"], attributes or {})
    elif name == "format":
        # What reaches past the end formats newlines, which a delta makes; a slice ends there.
        text.apply_delta(
            [{"retain": index}, {"retain": op["length"], "attributes": attributes or {}}]
        )
    elif name == "applyDelta":
        text.apply_delta(to_delta(op["delta"]), sanitize=op.get("sanitize", True))
    else:
        raise LookupError(f"no op text.{name}")


def _delete(items: Any, op: Case) -> None:
    """Past the end of a list Yjs deletes what there is, as slices of Python do, and throws."""
    end = op["index"] + op["length"]
    is_past = end > len(items) and op["length"] > 0
    del items[op["index"] : end]
    if is_past:
        raise OpFailed("past the end", "array.delete")


def _insert(items: Any, index: int, values: list[Json]) -> None:
    for i, value in enumerate(values):
        items.insert(index + i, make(value))


def _array(array: ropewalk.Array[Any], name: str, op: Case) -> None:
    if name == "insert":
        _insert(array, op["index"], op["values"])
    elif name == "push":
        array.extend([make(value) for value in op["values"]])
    elif name == "delete":
        _delete(array, op)
    else:
        raise LookupError(f"no op array.{name}")


def _map(entries: ropewalk.Map[Any], name: str, op: Case) -> None:
    if name == "set":
        entries[whole(op["key"])] = make(op["value"])
    elif name == "delete":
        entries.pop(whole(op["key"]), None)
    elif name == "clear":
        entries.clear()
    else:
        raise LookupError(f"no op map.{name}")


def _xml(at: Any, name: str, op: Case) -> None:
    if name == "setAttribute":
        at.attributes[whole(op["key"])] = make(op["value"])
    elif name == "removeAttribute":
        key = whole(op["key"])
        if key in at.attributes:
            del at.attributes[key]
    elif name == "insert":
        _insert(at.children, op["index"], op["values"])
    elif name == "insertAfter":
        _insert(at.children, 0 if op["ref"] is None else op["ref"] + 1, op["values"])
    elif name == "push":
        _insert(at.children, len(at.children), op["values"])
    elif name == "delete":
        _delete(at.children, op)
    else:
        raise LookupError(f"no op xml.{name}")


def _doc(doc: ropewalk.Doc[Any], name: str, _: Case) -> None:
    if name == "load":
        doc.load()
    elif name == "destroy":
        doc.destroy()
    else:
        raise LookupError(f"no op doc.{name}")


GROUPS: dict[str, Callable[[Any, str, Case], None]] = {
    "text": _text,
    "array": _array,
    "map": _map,
    "xml": _xml,
    "doc": _doc,
}


# -- surrogate pairs -----------------------------------------------------------------------------


def leaves_pairs(text: ropewalk.Text, op: Case) -> bool:
    """Whether the op cut a surrogate pair that is whole still."""
    cuts = []
    if op["op"] == "text.format":
        cuts = [op["index"], op["index"] + op["length"]]
    elif op["op"] == "text.applyDelta":
        at = 0
        for step in op["delta"]:
            if "delete" in step:
                continue
            inserted = step.get("insert")
            if "retain" in step:
                at += step["retain"]
            else:
                at += units_of(inserted) if isinstance(inserted, str) else 1
            cuts.append(at)
    if not cuts:
        return False
    at = 0
    for one in text.to_delta():
        inserted = one["insert"]
        for character in inserted if isinstance(inserted, str) else "#":
            if character > "\uffff":
                if at + 1 in cuts:
                    return True
                at += 1
            at += 1
    return False
