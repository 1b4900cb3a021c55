"""A document that nobody changes: a snapshot in the store, of which parts are read, and what has
come since. It answers joins; no document is built, and no more than a few pages are in memory.

What it does not know is which parts of an update would wait for others: where that may be so, and
where somebody writes, a document is built instead (docs/decisions/019-joins-without-a-document.md).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import chain
from typing import TypeVar

from ropewalk import (
    Container,
    DamagedError,
    IdSet,
    MissingParts,
    decode_state_vector,
    is_container,
    merge_updates,
)

from ..stores.contract import Outline, Part, SnapshotPlace
from ..stores.parts import read_parts
from .contents import deletions_of, ends_of
from .kept_parts import Fetched
from .ports import Surroundings

T = TypeVar("T")

# What is read first: of most containers header, directory and the smaller tables.
_FRONT = 16 * 1024
# A room keeps what every question begins with, if it is no more than this.
_MOST_KEPT = 128 * 1024
# A question has what it needs after two or three looks. One that goes on asking needs everything.
_MOST_LOOKS = 8


class Packed:
    """Does not change: with_more() is another one."""

    def __init__(
        self,
        name: str,
        around: Surroundings,
        place: SnapshotPlace,
        front: Sequence[Fetched] = (),
        behind: bytes = b"",
        state: bytes = b"",
    ) -> None:
        self._name = name
        self._around = around
        self._place = place
        self._front = front
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
        front: list[Fetched] = []
        if place.data is None:
            parts = [Part(0, min(place.size, _FRONT))]
            front = [(0, (await read_parts(around.store, name, place.version, parts))[0])]
        if not is_container(front[0][1] if place.data is None else place.data):
            return None
        found = cls(name, around, place, front)
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

        looks: list[list[Fetched]] = []
        looked = await self._ask(look, looks)
        if looked is None:
            return None
        front = [*self._front, *chain(*looks)]
        if sum(len(data) for _, data in front) > _MOST_KEPT:
            front = list(self._front)
        return Packed(self._name, self._around, self._place, front, *looked)

    async def answer(self, state: bytes) -> bytes:
        """What somebody in this state lacks. ValueError: it is no state, or something is damaged."""
        decode_state_vector(state)
        return await self._ask(lambda container: container.get_update(state, behind=self._behind))

    async def step2(self, state: bytes) -> bytes:
        """The same as a message, of which there is no copy anywhere. What it was made from is kept
        for the next one."""
        decode_state_vector(state)
        kept = self._around.kept_parts
        version = self._place.version
        known = kept.get(self._name, version)
        looks: list[list[Fetched]] = []

        def question(container: Container) -> bytes:
            return container.get_step2(state, behind=self._behind)

        try:
            message = await self._ask(question, looks, known)
        except DamagedError:
            if not known:
                raise
            # Perhaps of a document that was deleted, and had the name before.
            kept.drop(self._name)
            return await self._ask(question)
        # The first look has what everybody needs; texts are of the one or the other.
        if looks and not known:
            kept.put(self._name, version, looks[0])
        return message

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

    async def _ask(
        self,
        question: Callable[[Container], T],
        looks: list[list[Fetched]] | None = None,
        known: Sequence[Fetched] = (),
    ) -> T:
        """`looks`: gets what was fetched, besides the front and what is `known`."""
        if self._place.data is not None:
            return await self._around.offload(question, Container(self._place.data))
        container = Container.in_parts(self._place.size)
        for offset, data in (*self._front, *known):
            container.add_part(offset, data)
        for look in range(_MOST_LOOKS):
            try:
                return await self._around.offload(question, container)
            except MissingParts as missing:
                wanted = [Part(*part) for part in missing.parts]
            if look == _MOST_LOOKS - 2:
                wanted = [Part(0, self._place.size)]
            store = self._around.store
            parts = await read_parts(store, self._name, self._place.version, wanted)
            fetched = [(part.offset, data) for part, data in zip(wanted, parts, strict=True)]
            for offset, data in fetched:
                container.add_part(offset, data)
            if looks is not None:
                looks.append(fetched)
            parts, data, fetched = (), b"", []  # the container lets go of them as it answers
        raise ValueError("a container asks for what it was given")
