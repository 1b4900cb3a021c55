"""The document of a room as the engine has it, and what of it waits for changes that are missing."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Sequence
from typing import Any

from ropewalk import Doc, decode_state_vector, inspect_update

from .contents import deletions_of, ends_of
from .snapshots import as_update

logger = logging.getLogger(__name__)


class Engine:
    """Not to be touched by two at a time."""

    def __init__(self, limits: dict[str, int]) -> None:
        self.doc: Doc[Any] = Doc(limits=limits)
        # Of updates that wait for what is missing, since nothing did last.
        self.parked = 0
        self.parked_structs = 0
        self._waits = b""  # a digest of all that waits, with what is deleted; empty: nothing waits
        self._changed = False
        self._observer = self.doc.observe(self._note_change)

    @classmethod
    def of(cls, limits: dict[str, int], snapshot: bytes | None, updates: Sequence[bytes]) -> Engine:
        """What a store has. ValueError: it is no document."""
        made = cls(limits)
        for update in updates if snapshot is None else [as_update(snapshot), *updates]:
            made._changed = False
            made.doc.apply_update(update)
            if not made.doc.has_pending:
                made.parked = made.parked_structs = 0
            elif not made._changed:
                made._count_parked(update)
        made._waits = made._what_waits()
        return made

    def close(self) -> None:
        self._observer.drop()

    def apply(self, update: bytes) -> bool:
        """Whether the document has become another one, or keeps something more for later.
        ValueError: it has not taken it."""
        self._changed = False
        self.doc.apply_update(update)
        before, self._waits = self._waits, self._what_waits()
        if not self._waits:
            self.parked = self.parked_structs = 0
        elif not self._changed and self._waits != before:
            self._count_parked(update)
            return True
        return self._changed

    def apply_sound(self, updates: Sequence[bytes]) -> tuple[list[bytes], int]:
        """Those of the updates that were new, and how many could not be merged. Such a one stops
        nobody who has the document open; whoever opens it next is refused."""
        new, refused = [], 0
        for update in updates:
            try:
                if self.apply(update):
                    new.append(update)
            except ValueError as error:
                logger.error("an entry of the store is no update: %s", error)
                refused += 1
        return new, refused

    def has(self, update: bytes) -> bool:
        """Whether all of an update is known. ValueError: it is none."""
        state = decode_state_vector(self.doc.get_state())
        if any(end > state.get(client, 0) for client, end in ends_of(update).items()):
            return False
        known = deletions_of(self.doc.get_update(self.doc.get_state()))
        return not deletions_of(update) - known

    def _note_change(self, _event: object) -> None:
        self._changed = True

    def _count_parked(self, update: bytes) -> None:
        self.parked += len(update)
        self.parked_structs += inspect_update(update)["items"]

    def _what_waits(self) -> bytes:
        """As long as the document does not change, it is another one when more waits."""
        if not self.doc.has_pending:
            return b""
        waiting = self.doc.get_update(self.doc.get_state())
        return hashlib.blake2b(waiting, digest_size=16).digest()
