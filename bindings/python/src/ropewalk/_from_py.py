"""Plain objects as new shared types."""

from __future__ import annotations

from ._array import Array
from ._map import Map

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any


def shared(value: Any) -> Any:
    """Lists become arrays, dicts maps; everything else stays: str are edited by replacing them."""
    if isinstance(value, dict):
        return Map(shared_entries(value))
    if isinstance(value, (list, tuple)):
        return Array(shared_items(value))
    return value


def shared_items(value: Iterable[Any]) -> list[Any]:
    return [shared(item) for item in value]


def shared_entries(value: Mapping[str, Any]) -> dict[str, Any]:
    return {key: shared(item) for key, item in value.items()}
