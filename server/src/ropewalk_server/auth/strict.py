"""Base64url and JSON as tokens must have them: one spelling for one value, or refused.

Python's own decoders forgive: base64 skips what is not of its alphabet, JSON takes the last of two
equal keys and knows NaN. Two readers of one token must never see two things, so nothing is forgiven.
"""

from __future__ import annotations

import base64
import binascii
import json
import math
from typing import Any, NoReturn


class Malformed(ValueError):
    """Not the one spelling of a value."""


def decode_base64url(text: str) -> bytes:
    """The bytes of an unpadded base64url text. No other text decodes to the same bytes."""
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise Malformed("a part is not base64url") from error
    if base64.urlsafe_b64encode(raw).rstrip(b"=").decode() != text:
        raise Malformed("a part is not base64url as it is written")
    return raw


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise Malformed("a name stands twice in a JSON object")
    return made


def _no_constant(name: str) -> NoReturn:
    raise Malformed(f"{name} is no JSON number")


def decode_object(raw: bytes, what: str) -> dict[str, Any]:
    """A JSON object in UTF-8 without names that stand twice and numbers that are none."""
    try:
        value = json.loads(
            raw.decode("utf-8"), object_pairs_hook=_pairs, parse_constant=_no_constant
        )
    except Malformed:
        raise
    except (ValueError, RecursionError) as error:
        raise Malformed(f"the {what} is not JSON") from error
    if not isinstance(value, dict):
        raise Malformed(f"the {what} is not a JSON object")
    return value


def number(value: Any) -> float | None:
    """A finite number of seconds, or None for anything else: true is no number here."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        as_float = float(value)
    except OverflowError:
        return None
    return as_float if math.isfinite(as_float) else None
