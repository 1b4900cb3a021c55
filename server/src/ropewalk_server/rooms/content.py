"""What is in a room: its document, or the packed form of it as long as nobody writes.

C1  the packed form answers as the document would
C2  what the packed form cannot say with certainty, and every change, is a matter for the document
C3  who is in the room hears of whatever is found when the store is looked at again
C4  one at a time, and the event loop is never held up for long
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Protocol, TypeVar

from ropewalk import DamagedError

from ..errors import LoadFailed
from ..protocol.messages import MadeStep2, Step2
from ..stores.contract import (
    NOTHING,
    Damage,
    Damaged,
    Entry,
    Gone,
    History,
    Outline,
    SnapshotPlace,
    StoreError,
    Version,
)
from ..stores.parts import outline, outline_of
from .engine import Engine
from .packed import Packed
from .ports import Surroundings
from .snapshots import news_of, size_of

logger = logging.getLogger(__name__)

T = TypeVar("T")

# Bytes that the engine merges, and encodes, in about a millisecond: more goes off the loop.
SHORT_MERGE = 48 * 1024
SHORT_ENCODE = 192 * 1024


# A snapshot that is always replaced before it is read is no way to a document.
_MOST_LOOKS = 3


class ContentOwner(Protocol):
    """Who is told what is found in the store."""

    @property
    def version(self) -> Version:
        """The newest entry that the log has read or written."""
        ...

    def found_damaged(self, damaged: Sequence[Damage]) -> None: ...

    def found_news(self, update: bytes) -> None:
        """Somebody else has written it."""


class Content:
    """See above. LoadFailed, from whatever waits here: the store does not give the document."""

    def __init__(self, name: str, around: Surroundings, owner: ContentOwner) -> None:
        self._name = name
        self._around = around
        self._owner = owner
        self._turn = asyncio.Lock()
        # One of both, as soon as it is open.
        self._engine: Engine | None = None
        self._packed: Packed | None = None
        # What the owner was told of before the log has come to it.
        self._told = NOTHING

    # -- its life ----------------------------------------------------------------------------------

    async def open(self, found: Outline) -> None:
        async with self._turn:
            if self._engine is not None:
                return  # the log has heard of something since, and all of it was read
            self._packed = await self._look(found)
            if self._packed is None:
                await self._build(found)

    def close(self) -> None:
        if self._engine is not None:
            self._engine.close()

    async def settled(self) -> None:
        """Waits until nobody is at it."""
        async with self._turn:
            pass

    # -- questions ---------------------------------------------------------------------------------

    @property
    def is_packed(self) -> bool:
        return self._packed is not None

    @property
    def parked(self) -> tuple[int, int]:
        """Bytes and structs of updates that wait for what is missing."""
        engine = self._engine
        return (0, 0) if engine is None else (engine.parked, engine.parked_structs)

    def missing(self) -> bytes | None:
        """The state from which on something is missing that others wait for."""
        engine = self._engine
        return engine.doc.get_missing() if engine is not None and engine.doc.has_pending else None

    async def state(self) -> bytes:
        """The state vector. Returns in one piece with its making."""
        if self._packed is not None:
            return self._packed.state
        return await self._exclusively(0, 1, lambda engine: engine.doc.get_state())

    async def answer(self, state: bytes, size: int) -> Step2 | MadeStep2:
        """What somebody in this state lacks of a document of about this size. ValueError: it is no
        state."""
        message = await self._ask_packed(lambda packed: packed.step2(state))
        if message is not None:
            return MadeStep2(message)
        return Step2(
            await self._exclusively(size, SHORT_ENCODE, lambda e: e.doc.get_update(state))
        )

    async def has(self, update: bytes, size: int) -> bool:
        """Whether all of an update is in a document of about this size. ValueError: it is none."""
        has = await self._ask_packed(lambda packed: packed.has(update))
        if has is not None:
            return has
        return await self._exclusively(
            len(update) + size, SHORT_ENCODE, lambda engine: engine.has(update)
        )

    # -- changes -----------------------------------------------------------------------------------

    def is_quick(self, update: bytes) -> bool:
        """Whether apply() takes this at once."""
        return (
            self._engine is not None
            and len(update) + self._engine.parked <= SHORT_MERGE
            and not self._turn.locked()
        )

    async def apply(self, update: bytes) -> bool:
        """Whether that was new. ValueError: it is no update, or not one for this document."""
        size = len(update) + self.parked[0]
        return await self._exclusively(size, SHORT_MERGE, lambda engine: engine.apply(update))

    async def others_wrote(self, history: History) -> None:
        """What the log has read; the owner is told what of it is new."""
        async with self._turn:
            if self._packed is not None and await self._grow(self._packed, history):
                return
            doc = await self._have_engine()
            state = doc.doc.get_state()
            work = partial(_take, doc, history, state)
            size = size_of(history) + doc.parked
            new, refused = work() if size <= SHORT_MERGE else await self._around.offload(work)
        self._around.metrics.count("entries_refused", refused)
        for update in new:
            self._owner.found_news(update)

    # -- the packed form ---------------------------------------------------------------------------

    async def _look(self, found: Outline) -> Packed | None:
        """The packed form of what was found, if that can answer."""
        limit = self._around.limits.packed_bytes
        try:
            return await Packed.open(self._name, self._around, found, at_least=limit)
        except Gone:
            return None  # it is changing: all of it is read
        except StoreError as error:
            raise LoadFailed(f"the store does not give the document: {error}") from error
        except ValueError as error:
            logger.warning("%s: its snapshot cannot be read in parts: %s", self._name, error)
            return None

    async def _ask_packed(self, question: Callable[[Packed], Awaitable[T]]) -> T | None:
        """None: it is a document that is to be asked."""
        looks = 0
        while (packed := self._packed) is not None:
            try:
                return await question(packed)
            except Gone:
                looks += 1
                async with self._turn:
                    if looks > _MOST_LOOKS:
                        await self._have_engine()
                    elif self._packed is packed:
                        await self._look_again(packed)
            except (DamagedError, Damaged) as error:
                logger.warning("%s: its snapshot is damaged: %s", self._name, error)
                async with self._turn:
                    await self._have_engine()
            except StoreError as error:
                raise LoadFailed(f"the store does not give the document: {error}") from error
        return None

    async def _look_again(self, before: Packed) -> None:
        """The snapshot was replaced: there is another one."""
        try:
            found = await outline(self._around.store, self._name)
            self._check_epoch(found.version)
            packed = await self._look(found)
            if packed is None:
                await self._have_engine()
                return
            snapshot = found.snapshot
            if snapshot is not None and snapshot.version > self._owner.version:
                update = await packed.answer(before.state)
                self._tell([update], found.version)
            else:
                self._tell_entries(found.entries)
        except (StoreError, ValueError) as error:
            raise LoadFailed(f"the store does not give the document: {error}") from error
        self._packed = packed

    async def _grow(self, before: Packed, history: History) -> bool:
        """The packed form with what others wrote. False: it takes a document."""
        try:
            if history.snapshot is None:
                after = await before.with_more([entry.update for entry in history.entries])
                news = None
            else:
                place = SnapshotPlace(history.snapshot.version, len(history.snapshot.data))
                found = Outline(history.version, place, history.entries, history.damaged)
                after = await self._look(found)
                news = None if after is None else await after.answer(before.state)
        except (StoreError, ValueError):
            return False
        if after is None:
            return False
        self._packed = after
        if news is None:
            self._tell_entries(history.entries)
        else:
            self._tell([news], history.version)
        return True

    # -- the document ------------------------------------------------------------------------------

    async def _exclusively(self, size: int, short: int, work: Callable[[Engine], T]) -> T:
        """Does something with the document: at once, if it is short and nobody is at it; else when
        its turn comes, and off the loop if it is long."""
        if size <= short and self._engine is not None and not self._turn.locked():
            return work(self._engine)
        async with self._turn:
            engine = await self._have_engine()
            if size <= short:
                return work(engine)
            return await self._around.offload(work, engine)

    async def _have_engine(self) -> Engine:
        """In one's turn: builds it, if it is not."""
        if self._engine is not None:
            return self._engine
        before = self._packed
        history = await self._read()
        engine = await self._build(outline_of(history))
        self._around.metrics.count("documents_built")
        if before is not None:
            if history.snapshot is not None and history.snapshot.version > self._owner.version:
                self._tell([engine.doc.get_update(before.state)], history.version)
            else:
                self._tell_entries(history.entries)
        return engine

    async def _build(self, found: Outline) -> Engine:
        if found.snapshot is not None and found.snapshot.data is None:
            found = outline_of(await self._read())
        data = None if found.snapshot is None else found.snapshot.data
        updates = [entry.update for entry in found.entries]
        limits = self._around.limits.for_documents()
        work = partial(Engine.of, limits, data, updates)
        size = sum(map(len, updates)) + len(data or b"")
        try:
            engine = work() if size <= SHORT_MERGE else await self._around.offload(work)
        except ValueError as error:
            raise LoadFailed(f"what is stored is no document: {error}") from error
        self._engine, self._packed = engine, None
        return engine

    async def _read(self) -> History:
        try:
            history = await self._around.store.read(self._name)
        except StoreError as error:
            raise LoadFailed(f"the store does not give the document: {error}") from error
        self._check_epoch(history.version)
        self._owner.found_damaged(history.damaged)
        return history

    def _check_epoch(self, found: Version) -> None:
        if found.epoch != self._owner.version.epoch:
            raise LoadFailed("the document was replaced")  # the log is about to hear of it

    # -- news --------------------------------------------------------------------------------------

    def _tell_entries(self, entries: Sequence[Entry]) -> None:
        """Of what the owner does not know: the log may come to some of it later."""
        newest = max(self._owner.version, self._told)
        new = [entry for entry in entries if entry.version > newest]
        if new:
            self._tell([entry.update for entry in new], new[-1].version)

    def _tell(self, updates: Sequence[bytes], upto: Version) -> None:
        self._told = max(self._told, upto)
        for update in updates:
            self._owner.found_news(update)


def _take(engine: Engine, history: History, state: bytes) -> tuple[list[bytes], int]:
    try:
        updates = news_of(history, state)
    except ValueError as error:
        logger.error("a snapshot is no document: %s", error)
        return [], 1
    return engine.apply_sound(updates)
