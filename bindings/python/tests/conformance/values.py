"""Values of the fixtures from and to those of Python.

Where JavaScript tells apart what Python reads as one value, both notations are brought to one form
by plain(): undefined is read as None, a BigInt as int, and half a surrogate pair as U+FFFD. What
such a value was shows in the bytes of updates, which are compared beside it.
"""

from __future__ import annotations

import math
from base64 import b64decode, b64encode
from collections.abc import Iterable
from typing import Any

import ropewalk

from .fixtures import Json

_NUMBERS = {
    "-0": -0.0,
    "NaN": math.nan,
    "Infinity": math.inf,
    "-Infinity": -math.inf,
}


def blob(base64: str) -> bytes:
    return b64decode(base64, validate=True)


def base64(data: bytes) -> str:
    return b64encode(data).decode()


# -- strings -------------------------------------------------------------------------------------


def units_of(text: str) -> int:
    """How many UTF-16 units."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def whole(text: str) -> str:
    """U+FFFD for each half of a surrogate pair: what can be written as UTF-8."""
    if text.isascii():
        return text
    return "".join("\ufffd" if "\ud800" <= c <= "\udfff" else c for c in text)


def broken(text: str) -> str:
    """U+FFFD for each half of every surrogate pair, those of whole characters, too."""
    if text.isascii():
        return text
    return "".join("\ufffd\ufffd" if c > "\uffff" else c for c in whole(text))


# -- to Python -----------------------------------------------------------------------------------


def number(value: Json) -> float:
    return _NUMBERS[value["$num"]] if isinstance(value, dict) else value


def to_bigint(digits: str) -> ropewalk.BigInt:
    """64 bits; what is above wraps, as in JavaScript's setBigInt64."""
    return ropewalk.BigInt((int(digits) + 2**63) % 2**64 - 2**63)


def to_python(value: Json) -> Any:
    """A value without a shared type. Strings are made whole: Python cannot write others."""
    if isinstance(value, str):
        return whole(value)
    if isinstance(value, list):
        return [to_python(element) for element in value]
    if not isinstance(value, dict):
        return value
    if "$num" in value:
        return number(value)
    if "$undefined" in value:
        return ropewalk.Undefined
    if "$bigint" in value:
        return to_bigint(value["$bigint"])
    if "$bytes" in value:
        return blob(value["$bytes"])
    if "$obj" in value:
        return pairs_to_python(value["$obj"])
    raise ValueError(f"not a plain value: {value}")


def pairs_to_python(pairs: Iterable[tuple[str, Json]]) -> dict[str, Any]:
    return {whole(key): to_python(value) for key, value in pairs}


# -- from Python ---------------------------------------------------------------------------------


def from_python(value: Any) -> Json:
    """The same in the notation of the fixtures."""
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        if math.isnan(value):
            return {"$num": "NaN"}
        if math.isinf(value):
            return {"$num": "Infinity" if value > 0 else "-Infinity"}
        return {"$num": "-0"} if value == 0 and math.copysign(1, value) < 0 else value
    if isinstance(value, bytes):
        return {"$bytes": base64(value)}
    if isinstance(value, list):
        return [from_python(element) for element in value]
    if isinstance(value, dict):
        return {"$obj": pairs_from_python(value)}
    raise TypeError(f"not a plain value: {value!r}")


def pairs_from_python(values: dict[str, Any]) -> Json:
    return [[key, from_python(value)] for key, value in values.items()]


def plain(value: Json) -> Json:
    """One notation for what Python reads as one value."""
    if isinstance(value, str):
        return whole(value)
    if isinstance(value, list):
        return [plain(element) for element in value]
    if not isinstance(value, dict):
        return value
    if "$undefined" in value:
        return None
    if "$bigint" in value:
        return int(to_bigint(value["$bigint"]))
    return {whole(key): plain(member) for key, member in value.items()}


# -- numbers of clients and clocks ----------------------------------------------------------------


def from_state(state: bytes) -> Json:
    """A state vector as [[client, clock]], ascending."""
    return [list(entry) for entry in sorted(ropewalk.decode_state_vector(state).items())]


# Clocks end here for the engine; a range up to there is one to the end of all clocks, which the
# fixtures write as 2^53 - 1.
_END, _END_IN_JAVASCRIPT = 2**32 - 1, 2**53 - 1


def from_id_set(ids: ropewalk.IdSet) -> Json:
    """[[client, [[clock, length]]]], clients ascending."""
    clients: dict[int, Json] = {}
    for client, start, end in ids.ranges():
        last = _END_IN_JAVASCRIPT if end >= _END else end
        clients.setdefault(client, []).append([start, last - start])
    return [[client, sorted(ranges)] for client, ranges in sorted(clients.items())]
