"""Dicts that several people edit at once."""

from __future__ import annotations

from . import _core
from ._base_type import BaseType, plain
from ._events import MapEvent

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any, Generic, TypeAlias, TypeVar

    T = TypeVar("T")
    _Native: TypeAlias = _core.Map[T]
else:
    # typing takes longer to import than the rest of the package.
    T = 0
    Generic = (object,)
    _Native = (_core.Map,)

__all__ = ["Map", "MapEvent"]


class Map(BaseType, _Native[T], Generic[T]):
    """A dict of str to plain values, shared types and documents.

        doc["person"] = person = Map({"name": "Ann", "notes": Text("tall")})
        person["age"] = 30
        person["notes"] += ", friendly"
    """

    _kind = _root_kind = "map"

    def __init__(self, init: dict[str, T] | None = None) -> None:
        """Starts with the entries of `init`, once it is in a document."""
        self._prelim = init if init is None or isinstance(init, dict) else dict(init)

    if not TYPE_CHECKING:
        __class_getitem__ = classmethod(type(list[int]))

    def _init(self, prelim: dict[str, T]) -> None:
        self._update(prelim)

    def __iter__(self) -> Iterator[str]:
        return iter(self._keys())

    def keys(self) -> Iterator[str]:
        """The keys, as they are now."""
        return iter(self._keys())

    def values(self) -> Iterator[T]:
        """The values, as they are now."""
        return iter([value for _, value in self._items()])

    def items(self) -> Iterator[tuple[str, T]]:
        """Keys and values, as they are now."""
        return iter(self._items())

    def update(self, value: dict[str, T]) -> None:
        """Sets all these entries, as one change."""
        self._update(value if isinstance(value, dict) else dict(value))

    def to_py(self) -> dict[str, T] | None:
        """The entries as a dict, shared types in it likewise; before it is in a document, what it
        will start with."""
        if self.is_integrated:
            return self._to_py()
        start: dict[str, T] | None = self.prelim
        return None if start is None else {key: plain(value) for key, value in start.items()}

    @classmethod
    def from_py(cls, value: Mapping[str, Any]) -> Map[Any]:
        """A new map of these entries, lists and dicts among them as arrays and maps."""
        from ._from_py import shared_entries

        return cls(shared_entries(value))
