"""Snapshots: what a document looked like at a time."""

from __future__ import annotations

from ._core import Snapshot as _Snapshot

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Literal

    from ._core import IdSet
    from ._doc import Doc
    from ._map import Map
    from ._text import Text
    from ._xml import XmlElement, XmlText


class Snapshot:
    """What a document looked like: small, and good only together with that document.

    The document has to be one that keeps what is deleted, `Doc(skip_gc=True)`.
    """

    __slots__ = ("_snapshot",)

    def __init__(self, _snapshot: _Snapshot) -> None:
        self._snapshot = _snapshot

    @classmethod
    def from_doc(cls, doc: Doc[Any]) -> Snapshot:
        """Of a document, as it is now."""
        return cls(_Snapshot.of(doc))

    @classmethod
    def decode(cls, data: bytes) -> Snapshot:
        """From bytes. Raises DecodeError, which is a ValueError."""
        return cls(_Snapshot.decode(data, False))

    @classmethod
    def decode_v2(cls, data: bytes) -> Snapshot:
        """The same from format V2."""
        return cls(_Snapshot.decode(data, True))

    def encode(self) -> bytes:
        """The snapshot as bytes."""
        return self._snapshot.encode(False)

    def encode_v2(self) -> bytes:
        """The same in format V2."""
        return self._snapshot.encode(True)

    @property
    def state(self) -> bytes:
        """What was known: a state vector."""
        return self._snapshot.state()

    @property
    def deletions(self) -> IdSet:
        """What was deleted."""
        return self._snapshot.deletions()

    def contains_update(self, update: bytes) -> bool:
        """Whether an update holds nothing that was not known."""
        return self._snapshot.contains_update(update)

    def text(self, text: Text | XmlText) -> str:
        """What a text of the document held then."""
        return self._snapshot.text(text)

    def differences(
        self, older: Snapshot, text: Text | XmlText
    ) -> list[tuple[Literal["kept", "added", "removed"], str]]:
        """The pieces of a text, then and at an older snapshot: who has which."""
        return self._snapshot.differences(older._snapshot, text)

    def to_delta(self, text: Text | XmlText, older: Snapshot | None = None) -> list[dict[str, Any]]:
        """What a text of the document held then, as a delta with formats and embeds.

        With `older` also what only that one had. What differs bears the attribute "ychange":
        {"type": "added"} or {"type": "removed"}.
        """
        return self._snapshot.to_delta(text, None if older is None else older._snapshot)

    def entries(self, type: Map[Any] | Text | XmlElement | XmlText) -> dict[str, Any]:  # noqa: A002
        """The entries that a map of the document had then, or the attributes of an element or of a
        text as a whole."""
        return self._snapshot.entries(type)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Snapshot):
            return NotImplemented
        return self._snapshot == other._snapshot

    def __hash__(self) -> int:
        return hash(self.encode())

    def __repr__(self) -> str:
        return f"Snapshot.decode({self.encode()!r})"

    def __reduce__(self) -> tuple[object, ...]:
        return Snapshot.decode, (self.encode(),)


def restore(snapshot: Snapshot, doc: Doc[Any], into: Doc[Any]) -> Doc[Any]:
    """Makes a new document, `into`, what `doc` was; it counts as `doc` does. Returns it.

    Raises ValueError if `doc` has forgotten what it deleted, or never knew all of the snapshot.
    """
    snapshot._snapshot.restore(doc, into)
    return into
