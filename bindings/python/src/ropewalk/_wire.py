"""What updates are made of, as values: for programs that look into them or make them."""

from __future__ import annotations

from . import _core
from ._core import decode_state_vector, encode_state_vector

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any, Literal

    Column = Literal["uint_opt_rle", "int_diff_opt_rle", "rle", "string"]

__all__ = [
    "decode_column",
    "decode_state_vector",
    "decode_update",
    "encode_column",
    "encode_state_vector",
]


def decode_update(update: bytes, *, v2: bool = False) -> dict[str, Any]:
    """The structs of an update and what it deletes, as values.

        {"structs": [{"id": (client, clock), "length": 3, "kind": "string", "text": "abc", ...}],
         "deletes": [(client, first clock, clock behind the last), ...]}

    Of an item also: "origin" and "right_origin" (ids), "parent" (the name of a root, or the id of
    the item that holds the type) and "parent_key", as far as they stand in the update. The content
    is in "text", "value", "values", "type" and "name", "key" and "value", or "guid" and "options",
    by the kind: string, any, json, binary, embed, format, type, document, deleted; structs that are
    no items are of the kind gc or skip. Raises DecodeError.
    """
    return _core.decode_update(update, v2)


def encode_column(kind: Column, values: Iterable[int] | Iterable[str]) -> bytes:
    """A column of format V2: numbers or strings, shortened in the way that is named."""
    return _core.encode_column(kind, values)


def decode_column(kind: Column, data: bytes, count: int) -> list[Any]:
    """The first `count` values of a column, which does not tell how many it holds.

    Raises DecodeError if there are fewer.
    """
    return _core.decode_column(kind, data, count)
