"""Shared types: made as arguments describe them, and read in the notation of the fixtures."""

from __future__ import annotations

from typing import Any

import ropewalk

from .fixtures import Json
from .values import from_python, pairs_from_python, pairs_to_python, to_python, whole

KINDS: dict[type, str] = {
    ropewalk.Text: "text",
    ropewalk.Array: "array",
    ropewalk.Map: "map",
    ropewalk.XmlFragment: "xmlFragment",
    ropewalk.XmlElement: "xmlElement",
    ropewalk.XmlText: "xmlText",
    ropewalk.XmlHook: "xmlHook",
}
TYPES = {kind: made for made, kind in KINDS.items()}

# -- to Python -----------------------------------------------------------------------------------


def make(value: Json) -> Any:
    """A value that an op inserts: plain, or a new shared type."""
    kind = value.get("$type") if isinstance(value, dict) else None
    if kind is None:
        return to_python(value)
    if kind in ("text", "xmlText"):
        return TYPES[kind](to_delta(value["delta"]), attributes=entries(value.get("attrs", [])))
    if kind == "array":
        return ropewalk.Array([make(element) for element in value["content"]])
    if kind == "map":
        return ropewalk.Map(entries(value["entries"]))
    if kind == "doc":
        return make_document(value)
    if kind == "xmlHook":
        return ropewalk.XmlHook(whole(value["name"]), entries(value.get("entries", [])))
    children = [make(child) for child in value["children"]]
    if kind == "xmlFragment":
        return ropewalk.XmlFragment(children)
    attributes = entries(value.get("attrs", []))
    return ropewalk.XmlElement(whole(value["name"]), attributes, children)


def entries(pairs: Json) -> dict[str, Any]:
    return {whole(key): make(value) for key, value in pairs}


def make_document(value: Json) -> ropewalk.Doc[Any]:
    options = {name: to_python(option) for name, option in value["opts"]}
    return ropewalk.Doc(
        guid=whole(value["guid"]),
        skip_gc=not options.get("gc", True),
        auto_load=options.get("autoLoad", False),
        should_load=options.get("shouldLoad", True),
        meta=options.get("meta"),
    )


def to_delta(delta: Json) -> list[dict[str, Any]]:
    """Text keeps halves of surrogate pairs: others in the delta may complete them."""
    made = []
    for op in delta:
        one: dict[str, Any] = {}
        if "insert" in op:
            inserted = op["insert"]
            one["insert"] = inserted if isinstance(inserted, str) else make(inserted)
        for count in ("retain", "delete"):
            if count in op:
                one[count] = op[count]
        if "attributes" in op:
            one["attributes"] = pairs_to_python(op["attributes"])
        made.append(one)
    return made


# -- from Python ---------------------------------------------------------------------------------


def read(value: Any) -> Json:
    """A value of a document with all that is in it."""
    kind = KINDS.get(type(value))
    if kind is None:
        return read_document(value) if isinstance(value, ropewalk.Doc) else from_python(value)
    made: dict[str, Json] = {"$type": kind}
    if kind in ("text", "xmlText"):
        made["delta"] = from_delta(value.to_delta())
    elif kind == "array":
        made["content"] = [read(element) for element in value]
    elif kind in ("map", "xmlHook"):
        made["entries"] = [[key, read(entry)] for key, entry in value.items()]
    else:
        made["children"] = [read(child) for child in value.children]
    if kind == "xmlElement":
        made["name"] = value.tag
    if kind == "xmlHook":
        made["name"] = value.name
    if kind in ("text", "xmlText", "xmlElement"):
        attributes = [[key, read(attribute)] for key, attribute in value.attributes]
        if attributes:
            made["attrs"] = attributes
    return made


def read_document(doc: ropewalk.Doc[Any]) -> Json:
    options = {}
    if doc.skip_gc:
        options["gc"] = False
    if doc.auto_load:
        options["autoLoad"] = True
    if doc.meta is not None:
        options["meta"] = doc.meta
    return {
        "$type": "doc",
        "guid": doc.guid,
        "opts": pairs_from_python(options),
        "shouldLoad": doc.should_load,
    }


def from_delta(delta: list[dict[str, Any]]) -> Json:
    made = []
    for op in delta:
        one: dict[str, Json] = {}
        if "insert" in op:
            one["insert"] = read(op["insert"])
        for count in ("retain", "delete"):
            if count in op:
                one[count] = op[count]
        if op.get("attributes"):
            one["attributes"] = pairs_from_python(op["attributes"])
        made.append(one)
    return made


def type_name(value: Any) -> str:
    return KINDS.get(type(value), "undefined")
