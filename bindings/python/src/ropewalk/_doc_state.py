"""What documents answer about themselves as a whole: their Python class takes it over from here."""

from __future__ import annotations

from ._core import _canonical, _has_pending, _missing, _pending_deletes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ._core import IdSet


class DocState:
    """What a document waits for, and how it compares with others."""

    __slots__ = ()

    @property
    def has_pending(self) -> bool:
        """Whether parts of updates wait for others that have not arrived."""
        return _has_pending(self)

    def get_missing(self) -> bytes:
        """What they wait for: a state vector with the first clock that is lacking of each client
        of which one is. Whoever answers it as it answers get_state() sends what is needed."""
        return _missing(self)

    def get_pending_deletes(self) -> IdSet:
        """What is to be deleted when it arrives."""
        return _pending_deletes(self)

    def get_canonical(self) -> bytes:
        """The content in a form that depends on nothing else: equal bytes for two documents that
        hold the same, however it came to them. To be compared or hashed, not to be applied."""
        return _canonical(self)
