"""Members of JSON objects that others sent: checked, or Unreadable."""

from __future__ import annotations

from base64 import b64decode, b64encode
from typing import Any

from .codec import Unreadable


def encoded(value: bytes) -> str:
    return b64encode(value).decode("ascii")


def optional(fields: dict[str, Any], name: str, kind: type) -> Any:
    value = fields.get(name)
    if value is not None and type(value) is not kind:
        raise Unreadable(f"{name!r} is of type {type(value).__name__}, not {kind.__name__}")
    return value


def text(fields: dict[str, Any], name: str) -> str:
    value = optional(fields, name, str)
    if value is None:
        raise Unreadable(f"a message without {name!r}")
    return str(value)


def data(fields: dict[str, Any], name: str) -> bytes:
    """Bytes in base64."""
    try:
        return b64decode(text(fields, name), validate=True)
    except ValueError as error:
        raise Unreadable(f"{name!r} is not base64: {error}") from None
