"""What all shared types have in common, as far as it need not be native."""

from __future__ import annotations

from ._events import TypeEvents

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ._core import SharedType
    from ._sticky_index import Assoc, StickyIndex

    _Native = SharedType
else:
    _Native = object

_LONGEST_REPR = 80


def shortened(text: str) -> str:
    """As much of it as is readable in one line."""
    return text if len(text) <= _LONGEST_REPR else text[: _LONGEST_REPR - 3] + "..."


class BaseType(TypeEvents, _Native):
    """A shared type: Text, Array, Map, XmlFragment, XmlElement or XmlText.

    A new one is preliminary: it can be put into a document, and has its methods from then on.
    """

    # What the document calls a root of this kind; empty: it cannot be put there.
    _kind = ""
    # The same of one that is there.
    _root_kind = ""

    @property
    def type_name(self) -> str:
        """The name of the class in lower case."""
        return type(self).__name__.lower()

    def to_py(self) -> Any:
        """The content as a plain object."""
        raise self._is_abstract()

    def _init(self, prelim: Any) -> None:
        """Puts what it starts with into the document."""
        raise self._is_abstract()

    def _is_abstract(self) -> TypeError:
        name = type(self).__name__
        return TypeError(f"{name} is none of Text, Array, Map or the XML types, which hold content")

    def _content(self) -> object:
        """What repr() shows."""
        return self.to_py()

    def __repr__(self) -> str:
        name = type(self).__name__
        if not self.is_integrated:
            start = self.prelim
            return f"{name}()" if start is None else f"{name}({shortened(repr(start))})"
        try:
            return f"<{name} {shortened(repr(self._content()))}>"
        except RuntimeError:  # it was deleted
            return f"<{name}, deleted>"

    def __reduce_ex__(self, protocol: Any) -> Any:
        if self.is_integrated:
            raise TypeError(
                f"a {type(self).__name__} of a document cannot be copied alone: copy the document, "
                "or what to_py() gives"
            )
        return type(self), (self.prelim,)


class Sequence(BaseType):
    """A shared type whose items have indexes."""

    def sticky_index(self, index: int, assoc: Assoc = 0) -> StickyIndex:  # type: ignore[assignment]
        """A place in front of the item at `index` that moves with its neighbours: with the item, or
        with Assoc.BEFORE with the one in front of it."""
        from ._sticky_index import Assoc, StickyIndex

        return StickyIndex.new(self, index, Assoc(assoc))


def plain(value: Any) -> Any:
    """What a preliminary type starts with, without shared types."""
    return value.to_py() if isinstance(value, BaseType) else value
