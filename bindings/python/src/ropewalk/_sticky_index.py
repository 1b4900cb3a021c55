"""Sticky indexes: places in a sequence that stay where they are while others edit."""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

from ._core import StickyIndex as _StickyIndex

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ._base_type import BaseType, Sequence
    from ._doc import Doc
    from ._transaction import Transaction


class Assoc(IntEnum):
    """To which neighbour a place belongs: what is inserted there comes between it and the other."""

    AFTER = 0
    BEFORE = -1


class Place(NamedTuple):
    """Where a sticky index is at the moment."""

    type: BaseType
    index: int  # type: ignore[assignment]
    assoc: Assoc


class StickyIndex:
    """A place that moves with what is around it: a caret, or the end of a comment."""

    __slots__ = ("_sequence", "_sticky_index")

    def __init__(self, _sticky_index: _StickyIndex, _sequence: Sequence | None = None) -> None:
        self._sticky_index = _sticky_index
        self._sequence = _sequence

    @classmethod
    def new(cls, sequence: Sequence, index: int, assoc: Assoc) -> StickyIndex:
        """In a text or an array, at an index up to its length. Raises IndexError."""
        return cls(_StickyIndex.at(sequence, index, int(assoc)), sequence)

    def get_index(self, transaction: Transaction | None = None) -> int:
        """Where it is now, counted as the document counts.

        One that was decoded without a sequence takes the document from the transaction. Raises
        RuntimeError where the document does not know the place, or knows it no more.
        """
        if transaction is not None:
            return self._sticky_index.index_in(transaction._doc)
        if self._sequence is not None:
            return self._sticky_index.index_in(self._sequence.doc)
        raise RuntimeError("No transaction available")

    def resolve(self, doc: Doc[Any], *, follow_undone: bool = True) -> Place | None:
        """Where it is now in a document; None where that does not know the place, or no more.

        Args:
            doc: The document, or another replica of it.
            follow_undone: What was deleted and put back by undo is where it is again.
        """
        found = self._sticky_index.resolve(doc, follow_undone)
        if found is None:
            return None
        type, index, assoc = found  # noqa: A001
        return Place(type, index, Assoc(assoc))

    @property
    def assoc(self) -> Assoc:
        """To which neighbour it belongs."""
        return Assoc(self._sticky_index.association())

    def encode(self) -> bytes:
        """As bytes, for others: Yjs calls it a relative position."""
        return self._sticky_index.encode()

    @classmethod
    def decode(cls, data: bytes, sequence: Sequence | None = None) -> StickyIndex:
        """From bytes. Raises DecodeError, which is a ValueError."""
        return cls(_StickyIndex.decode(data), sequence)

    def to_json(self, *, full: bool = False) -> dict[str, Any]:
        """As a value of JSON; with `full`, as Yjs has it: what is known of the sequence beside the
        item."""
        from json import loads

        made: dict[str, Any] = loads(self._sticky_index.to_json())
        if full:
            return made
        # The first of these says it all; pycrdt refuses more than one.
        for name in ("item", "tname", "type"):
            if made.get(name) is not None:
                return {name: made[name], "assoc": made.get("assoc", 0)}
        return made

    @classmethod
    def from_json(cls, data: dict[str, Any], sequence: Sequence | None = None) -> StickyIndex:
        """From a value of JSON. Raises DecodeError, which is a ValueError."""
        from json import dumps

        return cls(_StickyIndex.from_json(dumps(data)), sequence)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, StickyIndex):
            return NotImplemented
        return self.encode() == other.encode()

    def __hash__(self) -> int:
        return hash(self.encode())

    def __repr__(self) -> str:
        return f"StickyIndex.decode({self.encode()!r})"

    def __reduce__(self) -> tuple[object, ...]:
        return StickyIndex.decode, (self.encode(),)
