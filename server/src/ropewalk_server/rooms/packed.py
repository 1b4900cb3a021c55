"""A document that nobody changes: a snapshot in the store, of which parts are read, and what has
come since. It answers joins; no document is built, and no more than a few pages are in memory.

What it does not know is which parts of an update would wait for others: where that may be so, and
where somebody writes, a document is built instead (docs/decisions/019-joins-without-a-document.md).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from ropewalk import (
    Container,
    IdSet,
    MissingParts,
    decode_state_vector,
    is_container,
    merge_updates,
)

from ..stores.contract import Outline, Part, SnapshotPlace
from ..stores.parts import read_parts
from .contents import deletions_of, ends_of
from .ports import Surroundings

T = TypeVar("T")

# What is read first: of most containers header, directory and the smaller tables.
_FRONT = 16 * 1024
# A question that has needed so many looks needs everything.
_MOST_LOOKS = 48


class Packed:
    """Does not change: with_more() is another one."""

    def __init__(
        self, name: str, around: Surroundings, place: SnapshotPlace, behind: bytes, state: bytes
    ) -> None:
        self._name = name
        self._around = around
        self._place = place
        self._behind = behind  # one update, or nothing
        self.state = state

    @classmethod
    async def open(
        cls, name: str, around: Surroundings, outline: Outline, *, at_least: int
    ) -> Packed | None:
        """None: it is a matter for a document, as one of fewer bytes always is. StoreError: the
        store does not give what is needed. ValueError: what it gives is damaged."""
        place = outline.snapshot
        if place is None or place.size <= at_least:
            return None
        found = cls(name, around, place, b"", b"")
        return await found.with_more([entry.update for entry in outline.entries])

    async def with_more(self, updates: Sequence[bytes]) -> Packed | None:
        """With updates that have come since; None and errors as above."""
        behind = [self._behind, *updates] if self._behind else updates

        def look(container: Container) -> tuple[bytes, bytes] | None:
            if container.describe()["waits"]:
                return None
            merged = merge_updates(*behind, collect=True) if behind else b""
            state = container.get_state_with(merged)
            return None if state is None else (merged, state)

        if not await self._is_container():
            return None
        looked = await self._ask(look)
        return looked and Packed(self._name, self._around, self._place, *looked)

    async def answer(self, state: bytes) -> bytes:
        """What somebody in this state lacks. ValueError: it is no state, or something is damaged."""
        decode_state_vector(state)
        return await self._ask(lambda container: container.get_update(state, behind=self._behind))

    async def has(self, update: bytes) -> bool:
        """Whether all of an update is known already. ValueError: it is none."""
        state = decode_state_vector(self.state)
        if any(end > state.get(client, 0) for client, end in ends_of(update).items()):
            return False
        deleted = deletions_of(update)
        if not deleted:
            return True
        behind = deletions_of(self._behind) if self._behind else IdSet()
        return await self._ask(lambda container: not deleted - behind - container.deletions())

    async def _is_container(self) -> bool:
        if self._place.data is not None:
            return is_container(self._place.data)
        size = min(self._place.size, _FRONT)
        place = self._place.version
        (front,) = await read_parts(self._around.store, self._name, place, [Part(0, size)])
        return is_container(front)

    async def _ask(self, question: Callable[[Container], T]) -> T:
        if self._place.data is not None:
            return await self._around.offload(question, Container(self._place.data))
        container = Container.in_parts(self._place.size)
        wanted = [Part(0, min(self._place.size, _FRONT))]
        for look in range(_MOST_LOOKS):
            store = self._around.store
            parts = await read_parts(store, self._name, self._place.version, wanted)
            for part, data in zip(wanted, parts, strict=True):
                container.add_part(part.offset, data)
            parts, data = (), b""  # the container's alone: it lets go before the answer is copied
            try:
                return await self._around.offload(question, container)
            except MissingParts as missing:
                wanted = [Part(*part) for part in missing.parts]
            if look == _MOST_LOOKS - 2:
                wanted = [Part(0, self._place.size)]
        raise ValueError("a container asks for what it was given")
