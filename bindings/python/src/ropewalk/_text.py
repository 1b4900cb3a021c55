"""Text that several people type at once."""

from __future__ import annotations

from . import _core
from ._attributes import AttributesView
from ._base_type import Sequence
from ._events import TextEvent

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any, TypeAlias

    from ._xml import XmlText

    Delta: TypeAlias = list[dict[str, Any]]

__all__ = ["Text", "TextEvent"]


class Text(Sequence, _core.Text):
    """Text, like a str that can be edited. Indexes count characters, as those of a str do, unless
    the document says otherwise.

        doc["letter"] = letter = Text("Dear Sir")
        letter += ", good morning"
        letter.format(0, 4, {"bold": True})
        assert letter[5:8] == "Sir"
    """

    _kind = _root_kind = "text"

    def __init__(
        self, init: str | Delta | None = None, *, attributes: dict[str, Any] | None = None
    ) -> None:
        """Starts with `init`, a str or a delta of inserts, once it is in a document.

        `attributes` are those of the text as a whole.
        """
        self._prelim = start_of_text(self, init, attributes)

    def _init(self, prelim: Any) -> None:
        fill_text(self, prelim)

    def __iter__(self) -> Iterator[str]:
        return iter(str(self))

    def __contains__(self, item: str) -> bool:
        return item in str(self)

    def __getitem__(self, key: int | slice) -> str:
        if self.doc.offsets == "unicode":
            return str(self)[key]
        return _at_offset(str(self), key, self.doc.offsets)

    def clear(self) -> None:
        """Takes everything out."""
        del self[:]

    def to_py(self) -> str | None:
        """The text as a str; before it is in a document, what it will start with."""
        return str(self) if self.is_integrated else self.prelim

    @property
    def attributes(self) -> AttributesView:
        """What is said of the text as a whole; formats of stretches are something else."""
        return AttributesView(self)


def start_of_text(
    text: Text | XmlText, init: str | Delta | None, attributes: dict[str, Any] | None
) -> object:
    """What a text starts with, as one value: `init`, or with attributes both."""
    if init is not None and not isinstance(init, (str, list)):
        name = type(text).__name__
        raise TypeError(f"a {name} starts with a str or a delta, not a {type(init).__name__}")
    return (init, dict(attributes)) if attributes else init


def fill_text(text: Text | XmlText, start: Any) -> None:
    """Puts it into a text that is in a document."""
    attributes: dict[str, Any] = {}
    if isinstance(start, tuple):
        start, attributes = start
    if isinstance(start, list):
        text.apply_delta(start)
    elif start is not None:
        text.insert(0, start)
    for key, value in attributes.items():
        text.attributes[key] = value


def _at_offset(text: str, key: int | slice, offsets: str) -> str:
    """text[key], counted in bytes of UTF-8 or in UTF-16 units."""
    coding, width = ("utf-8", 1) if offsets == "utf8" else ("utf-16-le", 2)
    data = text.encode(coding, "surrogatepass")
    length = len(data) // width
    if isinstance(key, slice):
        start, stop, step = key.indices(length)
        if step != 1:
            raise RuntimeError("Step not supported")
        stop = max(start, stop)
    else:
        start = key + length if key < 0 else key
        if not 0 <= start < length:
            raise IndexError("Text index out of range")
        stop = start + 1
        while stop < length and not _is_border(data, stop, width):
            stop += 1
    if not (_is_border(data, start, width) and _is_border(data, stop, width)):
        raise ValueError("an offset is inside a character")
    return data[start * width : stop * width].decode(coding, "surrogatepass")


def _is_border(data: bytes, at: int, width: int) -> bool:
    if at * width >= len(data):
        return True
    if width == 1:
        return data[at] & 0xC0 != 0x80
    unit, before = data[2 * at + 1] >> 2, data[2 * at - 1] >> 2 if at else 0
    return not (unit == 0x37 and before == 0x36)
