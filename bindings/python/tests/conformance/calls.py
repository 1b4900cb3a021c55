"""Calls: cases that are one pure function (README of the fixtures, section 4)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ropewalk
from ropewalk import Decoder, Encoder

from .compare import Difference, compare
from .fixtures import Case, Json
from .positions import decode_relative_position, relative_position_from_json
from .protocols import auth_denied, read_auth
from .replica import Replica
from .snapshots import decode_snapshot
from .states import compare_state
from .updates import Found, Update, compare_updates
from .values import base64, blob, from_python, from_state, number, plain, to_python, whole

CLIENT = 999

# -- values ----------------------------------------------------------------------------------------


def _written(write: Callable[[Encoder], None]) -> Json:
    encoder = Encoder()
    write(encoder)
    return base64(encoder.to_bytes())


def write_var_uint(args: Case) -> Json:
    return _written(lambda out: out.write_var_uint(args["value"]))


def write_var_int(args: Case) -> Json:
    return _written(lambda out: out.write_var_int(number(args["value"])))


def write_var_string(args: Case) -> Json:
    return _written(lambda out: out.write_var_string(whole(args["value"])))


def write_any(args: Case) -> Json:
    return _written(lambda out: out.write_any(to_python(args["value"])))


def read_any(args: Case) -> Json:
    return from_python(Decoder(blob(args["bytes"])).read_any())


def encode_state_vector(args: Case) -> Json:
    return base64(ropewalk.encode_state_vector(dict(args["sv"])))


def decode_state_vector(args: Case) -> Json:
    return from_state(blob(args["bytes"]))


def column(kind: Any) -> Callable[[Case], Json]:
    def encode(args: Case) -> Json:
        values: list[Any] = [v if isinstance(v, str) else int(number(v)) for v in args["values"]]
        data = ropewalk.encode_column(kind, values)
        read = ropewalk.decode_column(kind, data, len(values))
        if plain(read) != plain(values):
            raise AssertionError("a column reads as something else")
        return base64(data)

    return encode


# -- updates ---------------------------------------------------------------------------------------


def decode_update(args: Case, v2: bool) -> Json:
    decoded = ropewalk.decode_update(blob(args["update"]), v2=v2)
    deletes: dict[int, Json] = {}
    for client, start, end in decoded["deletes"]:
        deletes.setdefault(client, []).append([start, end - start])
    return {
        "structs": [from_struct(struct) for struct in decoded["structs"]],
        "ds": [[client, ranges] for client, ranges in sorted(deletes.items())],
    }


# Names of the package and those of the fixtures.
KINDS = {"document": "doc"}
TYPES = {"xml_element": "xmlElement", "xml_fragment": "xmlFragment", "xml_hook": "xmlHook",
         "xml_text": "xmlText"}  # fmt: skip


def from_struct(struct: Case) -> Json:
    made: Case = {
        "id": list(struct["id"]),
        "length": struct["length"],
        "kind": KINDS.get(struct["kind"], struct["kind"]),
    }
    for name, key in (("origin", "origin"), ("right_origin", "rightOrigin")):
        if name in struct:
            made[key] = list(struct[name])
    if "parent" in struct:
        parent = struct["parent"]
        made["parentRoot" if isinstance(parent, str) else "parentId"] = (
            parent if isinstance(parent, str) else list(parent)
        )
    if "type" in struct:
        made["type"] = TYPES.get(struct["type"], struct["type"])
    if "parent_key" in struct:
        made["parentSub"] = struct["parent_key"]
    for name in ("text", "guid", "key"):
        if name in struct:
            made[name] = struct[name]
    if "value" in struct:
        made["value"] = from_python(struct["value"])
    if "values" in struct:
        made["values"] = [from_python(value) for value in struct["values"]]
    return made


def update_meta(args: Case, v2: bool) -> Json:
    clients = sorted(ropewalk.inspect_update(blob(args["update"]), v2=v2)["clients"].items())
    return {
        "from": [[client, start] for client, (start, _) in clients],
        "to": [[client, end] for client, (_, end) in clients],
    }


def compare_results(expected: bytes, got: bytes, v2: bool, found: Found) -> None:
    """In V1, since documents are compared by it."""
    if got == expected:
        return
    if len(got) > len(expected):
        found.append(Difference("", f"{len(expected)} bytes", f"{len(got)} bytes"))
    theirs, ours = (Update(as_v1(update, v2)) for update in (expected, got))
    compare_updates("", b"", True, theirs, ours, found)


def as_v1(update: bytes, v2: bool) -> bytes:
    return ropewalk.convert_update(update, v2=False) if v2 else update


def compare_update_call(name: str, args: Case, result: Json, found: Found) -> bool:
    """False: no function of this name here. Only one that Yjs does not refuse has a result."""
    v2 = name.endswith("V2")
    base = name.removesuffix("V2")
    if base == "stateVectorFromUpdate":
        got = ropewalk.get_state(blob(args["update"]), v2=v2)
        if difference := compare(result, base64(got)):
            found.append(difference)
    elif base == "mergeUpdates":
        updates = [blob(update) for update in args["updates"]]
        compare_results(blob(result), ropewalk.merge_updates(*updates, v2=v2), v2, found)
        check_collected(updates, blob(result), v2, found)
    elif base == "diffUpdate":
        got = ropewalk.get_update(blob(args["update"]), blob(args["sv"]), v2=v2)
        compare_results(blob(result), got, v2, found)
    elif name in ("convertV1ToV2", "convertV2ToV1"):
        got = ropewalk.convert_update(blob(args["update"]), v2=v2)
        compare_results(blob(result), got, v2, found)
    else:
        return False
    return True


def check_collected(updates: list[bytes], expected: bytes, v2: bool, found: Found) -> None:
    """Not Yjs's, so there are no bytes to compare with: it must do to a document what the merge
    does."""
    collected = ropewalk.merge_updates(*updates, collect=True, v2=v2)
    states = []
    for update in (expected, collected):
        doc: ropewalk.Doc[Any] = ropewalk.Doc(client_id=CLIENT)
        doc.apply_update(as_v1(update, v2))
        states.append(doc.get_canonical())
    if states[0] != states[1]:
        found.append(Difference(" collected", base64(states[0]), base64(states[1])))


# -- documents -------------------------------------------------------------------------------------


def apply_to_empty(args: Case, expect: Case, found: Found) -> None:
    replica = Replica(CLIENT, args.get("gc", True))
    for root, kind in args["roots"].items():
        replica.define(root, kind)
    for update in args["updates"]:
        replica.apply(blob(update), args.get("format", "v1") == "v2")
    if "result" in expect:
        compare_state("", expect["result"], replica, found)


FUNCTIONS: dict[str, Callable[[Case], Json]] = {
    "writeVarUint": write_var_uint,
    "writeVarInt": write_var_int,
    "writeVarString": write_var_string,
    "writeAny": write_any,
    "readAny": read_any,
    "encodeStateVector": encode_state_vector,
    "decodeStateVector": decode_state_vector,
    "decodeUpdate": lambda args: decode_update(args, v2=False),
    "decodeUpdateV2": lambda args: decode_update(args, v2=True),
    "updateMeta": lambda args: update_meta(args, v2=False),
    "updateMetaV2": lambda args: update_meta(args, v2=True),
    "authDenied": auth_denied,
    "readAuth": read_auth,
    "decodeRelativePosition": decode_relative_position,
    "relativePositionFromJSON": relative_position_from_json,
    "decodeSnapshot": decode_snapshot,
    "uintOptRle": column("uint_opt_rle"),
    "intDiffOptRle": column("int_diff_opt_rle"),
    "rleUint8": column("rle"),
    "stringColumn": column("string"),
}

# What is left to a stricter reader: Yjs reads zeros past the end of the input, and a position of an
# unknown kind as one that names nothing and at which it throws later.
MAY_REFUSE = {("decodeRelativePosition", "BwA="), ("readAny", "fQ==")}


def run_call(case: Case) -> tuple[list[str], set[str]]:
    """What differs, and which deviations there were."""
    name, args, expect = case["fn"], case["args"], case["expect"]
    found: Found = []
    try:
        if name == "applyToEmpty":
            apply_to_empty(args, expect, found)
        elif not compare_update_call(name, args, expect.get("result"), found):
            got = FUNCTIONS[name](args)
            if "result" in expect and (difference := compare(plain(expect["result"]), plain(got))):
                found.append(difference)
    except (ValueError, OverflowError) as refusal:
        if expect.get("error"):
            return [], set()
        if (name, args.get("bytes")) in MAY_REFUSE:
            return [], {name}
        return [f"expected a result, got: {refusal}"], set()
    if expect.get("error"):
        return ["expected an error, got none"], set()
    return [f"result{one}" for one in found], set()
