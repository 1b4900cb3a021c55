"""Attributes of XML elements and of whole texts, like a dict."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any, Protocol

    class Attributed(Protocol):
        """What has attributes."""

        def _attribute(self, key: str) -> Any: ...
        def _set_attribute(self, key: str, value: Any) -> None: ...
        def _remove_attribute(self, key: str) -> None: ...
        def _attributes(self) -> list[tuple[str, Any]]: ...


class AttributesView:
    """The attributes of `inner`. Iterates over pairs, not over keys."""

    __slots__ = ("inner",)

    def __init__(self, inner: Attributed) -> None:
        self.inner = inner

    def get(self, key: str) -> Any | None:
        """The value of an attribute; None if there is none."""
        try:
            return self.inner._attribute(key)
        except KeyError:
            return None

    def __getitem__(self, key: str) -> Any:
        return self.inner._attribute(key)

    def __setitem__(self, key: str, value: Any) -> None:
        self.inner._set_attribute(key, value)

    def __delitem__(self, key: str) -> None:
        self.inner._remove_attribute(key)

    def __contains__(self, key: str) -> bool:
        try:
            self.inner._attribute(key)
        except KeyError:
            return False
        return True

    def __len__(self) -> int:
        return len(self.inner._attributes())

    def __iter__(self) -> Iterator[tuple[str, Any]]:
        return iter(self.inner._attributes())

    def keys(self) -> list[str]:
        """The names, which makes dict(attributes) work."""
        return [key for key, _ in self.inner._attributes()]

    def __repr__(self) -> str:
        return repr(dict(self.inner._attributes()))
