"""Lists that several people edit at once."""

from __future__ import annotations

from . import _core
from ._base_type import Sequence, plain
from ._events import ArrayEvent

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any, Generic, TypeAlias, TypeVar

    from ._typed import TypedArray as TypedArray

    T = TypeVar("T")
    _Native: TypeAlias = _core.Array[T]
else:
    # typing takes longer to import than the rest of the package.
    T = 0
    Generic = (object,)
    _Native = (_core.Array,)

__all__ = ["Array", "ArrayEvent"]


class Array(Sequence, _Native[T], Generic[T]):
    """A list of plain values, shared types and documents.

        doc["steps"] = steps = Array(["saw", Map({"nail": 3})])
        steps.append("paint")
        steps[1]["nail"] = 4
        assert steps.to_py() == ["saw", {"nail": 4}, "paint"]
    """

    _kind = _root_kind = "array"

    def __init__(self, init: list[T] | None = None) -> None:
        """Starts with the items of `init`, once it is in a document."""
        self._prelim = init if init is None or isinstance(init, list) else list(init)

    if not TYPE_CHECKING:
        __class_getitem__ = classmethod(type(list[int]))

    def _init(self, prelim: list[T]) -> None:
        self[0:0] = prelim

    def clear(self) -> None:
        """Takes everything out."""
        del self[:]

    def __add__(self, value: list[T]) -> Array[T]:
        """The array itself, with more at its end: `array += value`."""
        self.extend(value)
        return self

    def __iadd__(self, value: list[T]) -> Array[T]:
        self.extend(value)
        return self

    def __radd__(self, value: list[T]) -> Array[T]:
        """The array itself, with more at its start."""
        self[0:0] = value
        return self

    def __iter__(self) -> ArrayIterator[T]:
        return ArrayIterator(self)

    def __contains__(self, item: T) -> bool:
        return item in self[:]

    def to_py(self) -> list[T] | None:
        """The items as a list, shared types in it likewise; before it is in a document, what it
        will start with."""
        if self.is_integrated:
            return self._to_py()
        start: list[T] | None = self.prelim
        return None if start is None else [plain(value) for value in start]

    @classmethod
    def from_py(cls, value: Iterable[Any]) -> Array[Any]:
        """A new array of these items, lists and dicts among them as arrays and maps."""
        from ._from_py import shared_items

        return cls(shared_items(value))


class ArrayIterator(Generic[T]):
    """Over the items of an array; edits meanwhile are seen."""

    __slots__ = ("array", "idx", "length")

    def __init__(self, array: Array[T]) -> None:
        self.array = array
        self.length = len(array)
        self.idx = 0

    def __iter__(self) -> ArrayIterator[T]:
        return self

    def __next__(self) -> T:
        if self.idx >= len(self.array):
            raise StopIteration
        item = self.array[self.idx]
        self.idx += 1
        return item
