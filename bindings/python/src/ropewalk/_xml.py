"""XML that several people edit at once."""

from __future__ import annotations

from . import _core
from ._attributes import AttributesView
from ._base_type import Sequence, plain, shortened
from ._events import XmlEvent
from ._map import Map
from ._text import fill_text, start_of_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any, TypeAlias, TypeVar, overload

    from ._text import Delta

    Node: TypeAlias = "XmlElement | XmlFragment | XmlText | XmlHook"
    Child = TypeVar("Child", bound="XmlElement | XmlFragment | XmlHook")
else:

    def overload(function):  # noqa: ANN001, ANN201
        """Stands for typing.overload, which would take a while to import."""
        return function


__all__ = ["XmlElement", "XmlEvent", "XmlFragment", "XmlHook", "XmlText"]


class _Parent(Sequence):
    """What has children."""

    @property
    def children(self) -> ChildrenView:
        """The nodes within, like a list."""
        return ChildrenView(self)  # type: ignore[arg-type]

    def _content(self) -> str:
        return str(self)

    def __repr__(self) -> str:
        if self.is_integrated:
            return f"<{type(self).__name__} {shortened(str(self))}>"
        return super().__repr__()


class XmlFragment(_Parent, _core.XmlFragment):
    """A list of elements and texts: the root of a tree.

        doc["page"] = page = XmlFragment([XmlElement("p", {"class": "lead"}, ["Hello"])])
        assert str(page) == '<p class="lead">Hello</p>'
    """

    _kind = _root_kind = "xml_fragment"

    def __init__(self, init: Iterable[Node | str] | None = None) -> None:
        """Starts with these nodes, once it is in a document."""
        self._prelim = None if init is None else list(init)

    def _init(self, prelim: list[Any]) -> None:
        self._replace_children(self._count_children(), 0, prelim)

    def to_py(self) -> None:
        """There is no such plain object; str() gives the text with tags."""
        raise ValueError("XmlFragment has no Python equivalent")


class XmlElement(_Parent, _core.XmlElement):
    """`<tag attributes>contents</tag>`. Contents are elements and texts; a str becomes an XmlText.

        page.children.append(XmlElement("img", {"src": "cat.png"}))
    """

    _root_kind = "xml_element"

    def __init__(
        self,
        tag: str | None = None,
        attributes: dict[str, Any] | Iterable[tuple[str, Any]] | None = None,
        contents: Iterable[Node | str] | None = None,
    ) -> None:
        """Starts with these, once it is in a document."""
        if tag is None:
            raise ValueError("XmlElement: tag is required")
        if isinstance(attributes, dict):
            attributes = attributes.items()
        self._prelim = (
            tag,
            [] if attributes is None else [(key, value) for key, value in attributes],
            [] if contents is None else list(contents),
        )

    def to_py(self) -> None:
        """There is no such plain object; str() gives the text with tags."""
        raise ValueError("XmlElement has no Python equivalent")

    @property
    def attributes(self) -> AttributesView:
        """The attributes, like a dict."""
        return AttributesView(self)

    def __repr__(self) -> str:
        if self.is_integrated:
            return super().__repr__()
        tag, attributes, contents = self.prelim
        return f"XmlElement({shortened(f'{tag!r}, {dict(attributes)!r}, {contents!r}')})"

    def __reduce_ex__(self, protocol: Any) -> Any:
        if self.is_integrated:
            return super().__reduce_ex__(protocol)
        return type(self), self.prelim


class XmlText(Sequence, _core.XmlText):
    """A text among elements; str() writes its formats as tags."""

    _kind = _root_kind = "xml_text"

    def __init__(
        self, init: str | Delta = "", *, attributes: dict[str, Any] | None = None
    ) -> None:
        """Starts with `init`, a str or a delta of inserts, once it is in a document."""
        self._prelim = start_of_text(self, init, attributes)

    def _init(self, prelim: Any) -> None:
        fill_text(self, prelim)

    def clear(self) -> None:
        """Takes everything out."""
        del self[:]

    def to_py(self) -> str:
        """The text with its formats as tags; before it is in a document, what it will start
        with."""
        return str(self) if self.is_integrated else self.prelim

    @property
    def attributes(self) -> AttributesView:
        """What is said of the text as a whole, like a dict."""
        return AttributesView(self)


class XmlHook(Map, _core.XmlHook):  # type: ignore[type-arg]
    """A node that some other program draws: a map with a name."""

    _kind = _root_kind = ""

    def __init__(self, name: str, entries: dict[str, Any] | None = None) -> None:
        """Starts with these, once it is in a document."""
        self._prelim = (name, {} if entries is None else dict(entries))

    def to_py(self) -> dict[str, Any]:
        """The entries as a dict; before it is in a document, those it will start with."""
        if self.is_integrated:
            return self._to_py()
        return {key: plain(value) for key, value in self.prelim[1].items()}

    def __reduce_ex__(self, protocol: Any) -> Any:
        if self.is_integrated:
            return super().__reduce_ex__(protocol)
        return type(self), self.prelim


class ChildrenView:
    """The children of `inner`, like a list."""

    __slots__ = ("inner",)

    def __init__(self, inner: XmlFragment | XmlElement) -> None:
        self.inner = inner

    def __len__(self) -> int:
        return self.inner._count_children()

    def _index(self, index: int) -> int:
        from operator import index as whole

        at, length = whole(index), len(self)
        if at < 0:
            at += length
        if not 0 <= at < length:
            raise IndexError(index)
        return at

    @overload
    def __getitem__(self, index: int) -> Node: ...
    @overload
    def __getitem__(self, index: slice) -> list[Node]: ...

    def __getitem__(self, index: int | slice) -> Node | list[Node]:
        if isinstance(index, slice):
            return self.inner._children()[index]
        child: Node = self.inner._child(self._index(index))
        return child

    def __delitem__(self, key: int | slice) -> None:
        if isinstance(key, slice):
            if key.step is not None:
                raise RuntimeError("Step not supported")
            start, stop, _ = key.indices(len(self))
            if stop > start:
                self.inner._replace_children(start, stop - start, ())
        elif isinstance(key, int):
            self.inner._replace_children(self._index(key), 1, ())
        else:
            raise TypeError(f"Index not supported: {key}")

    def __setitem__(self, key: int, value: Node | str) -> None:
        self.inner._replace_children(self._index(key), 1, (value,))

    def __iter__(self) -> Iterator[Node]:
        return iter(self.inner._children())

    @overload
    def insert(self, index: int, element: str | XmlText) -> XmlText: ...
    @overload
    def insert(self, index: int, element: Child) -> Child: ...

    def insert(self, index: int, element: Node | str) -> Node:
        """Puts a node in front of the one at `index`, and returns it; a str becomes an XmlText."""
        length = len(self)
        at = index + length if index < 0 else index
        if not 0 <= at <= length:
            raise IndexError(index)
        node = XmlText(element) if isinstance(element, str) else element
        self.inner._replace_children(at, 0, (node,))
        return node

    @overload
    def append(self, element: str | XmlText) -> XmlText: ...
    @overload
    def append(self, element: Child) -> Child: ...

    def append(self, element: Node | str) -> Node:
        """Puts a node behind the last one, and returns it; a str becomes an XmlText."""
        return self.insert(len(self), element)

    def __repr__(self) -> str:
        return repr(list(self))
