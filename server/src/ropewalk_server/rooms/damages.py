"""What the store has lost of a document that is open.

A change that was acknowledged is in the memory of a room that has taken it, whatever becomes of its
record. When the log is put together and something new is found damaged, all of the document is
written once more; so the loss ends with the room that still knew better.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from ..stores.contract import Damage
from .ports import Surroundings


class Damages:
    """Of one room; each record counts once."""

    def __init__(
        self, around: Surroundings, rewrite: Callable[[], Coroutine[Any, Any, None]]
    ) -> None:
        self._around = around
        self._rewrite = rewrite
        self._known: set[str] = set()

    def notice(self, damaged: Sequence[Damage]) -> bool:
        """Counts what is new; whether anything is."""
        new = {damage.where for damage in damaged} - self._known
        if new:
            self._known |= new
            self._around.metrics.count("damaged_records", len(new))
        return bool(new)

    def heal(self, damaged: Sequence[Damage]) -> None:
        """The document was whole when it was opened, or somebody has brought what was missing."""
        if self.notice(damaged):
            self._around.spawn(self._rewrite())
