"""The log of one document, seen from a room: what waits to be written, and what others wrote.

One task does both, so that nothing overtakes: it writes all that waits as one group, reads what
other processes wrote, and ends when there is nothing to do.

    L1  updates are written in the order in which they were given
    L2  nobody hears of a commit before the store has committed
    L3  what the store did not take is kept and tried again, for as long as the room lives
    L4  `version` is that of an entry that the document has, and it has all before it
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol, TypeVar

from ..stores.contract import (
    NOTHING,
    Conflict,
    History,
    Outline,
    StoreError,
    Subscription,
    Version,
)
from ..stores.parts import outline
from .member import Member
from .ports import Surroundings

logger = logging.getLogger(__name__)

T = TypeVar("T")

# Pauses between attempts: up to so many seconds, doubled each time, up to the longest.
_FIRST_PAUSE = 0.05
_LONGEST_PAUSE = 2.0


@dataclass(slots=True)
class Waiting:
    """Something that is to be durable before it is acknowledged. None: an update that the document
    had already; whatever it repeats may still be waiting in front of it."""

    update: bytes | None
    member: Member | None = None
    number: int | None = None
    since: float = 0.0  # when it came, by the loop's clock


class LogOwner(Protocol):
    """Who is told what happens to the log."""

    def stored(self, batch: Sequence[Waiting], version: Version) -> None:
        """The store has committed these."""

    async def others_wrote(self, history: History) -> None:
        """There are entries that this process has not written."""

    def epoch_ended(self, newest: Version) -> None:
        """The document was replaced; nothing more can be written."""

    def in_trouble(self, reason: str) -> None:
        """The store has taken nothing for longer than the budget."""

    def out_of_trouble(self) -> None:
        """It takes changes again."""


class Log:
    """See above. Belongs to one room."""

    def __init__(self, name: str, around: Surroundings, owner: LogOwner) -> None:
        self._name = name
        self._around = around
        self._owner = owner
        self._waiting: deque[Waiting] = deque()
        self._waiting_bytes = 0
        self._step: asyncio.Event | None = None
        self._heard = NOTHING
        self._subscription: Subscription | None = None
        self._listener: asyncio.Task[None] | None = None
        self._worker: asyncio.Task[None] | None = None
        self._troubled = False
        self._closed = False
        self.version = NOTHING

    async def open(self) -> Outline:
        """What there is. Listens first and reads then, so that nothing falls between."""
        self._subscription = self._around.store.subscribe(self._name)
        try:
            found = await outline(
                self._around.store, self._name, whole=self._around.limits.packed_bytes
            )
        except BaseException:
            await self._subscription.aclose()
            raise
        self.version = self._heard = found.version
        self._listener = self._around.spawn(self._listen())
        return found

    def close(self) -> None:
        """Nothing is written or heard any more; what waits is dropped."""
        self._closed = True
        self._waiting.clear()
        for task in (self._listener, self._worker):
            if task is not None and task is not asyncio.current_task():
                task.cancel()
        if self._subscription is not None:
            self._around.spawn(self._subscription.aclose())
            self._subscription = None

    @property
    def waiting(self) -> Sequence[Waiting]:
        """What is not known to be durable, in order."""
        return self._waiting

    @property
    def troubled(self) -> bool:
        """Whether the store has been failing for longer than the budget."""
        return self._troubled

    def add(self, waiting: Waiting) -> None:
        """Writes this as soon as what is in front of it is written."""
        self._waiting.append(waiting)
        if waiting.update is not None:
            self._waiting_bytes += len(waiting.update)
        self._work()

    async def has_room(self) -> None:
        """Waits as long as too much waits to be written."""
        while self._waiting_bytes > self._around.limits.backlog_bytes and not self._closed:
            await self._next_step()

    async def settled(self) -> None:
        """Waits until nothing waits to be written."""
        while self._waiting and self._worker is not None:
            await self._next_step()

    async def _next_step(self) -> None:
        """Waits until something was written, or the worker has ended."""
        if self._step is None:
            self._step = asyncio.Event()
        await self._step.wait()

    # -- the worker --------------------------------------------------------------------------------

    def _work(self) -> None:
        if self._worker is None and not self._closed:
            self._worker = self._around.spawn(self._run())

    async def _run(self) -> None:
        try:
            while not self._closed:
                if self._heard > self.version:
                    await self._read_what_others_wrote()
                if self._waiting:
                    await self._write_what_waits()
                elif self._heard <= self.version:
                    return
        except Conflict as conflict:
            self._owner.epoch_ended(conflict.newest)
        finally:
            self._worker = None
            self._wake()

    async def _write_what_waits(self) -> None:
        size = min(len(self._waiting), self._around.limits.append_updates)
        batch = [self._waiting[index] for index in range(size)]
        updates = [waiting.update for waiting in batch if waiting.update is not None]
        version = self.version
        if updates:
            version = await self._append(updates)
            if self._closed:
                return
            # Numbers in between are of others: they are read, and ours again with them.
            if version.seq - len(updates) == self.version.seq:
                self.version = version
            self._heard = max(self._heard, version)
        for waiting in batch:
            self._waiting.popleft()
            if waiting.update is not None:
                self._waiting_bytes -= len(waiting.update)
        self._wake()
        self._owner.stored(batch, version)

    async def _append(self, updates: list[bytes]) -> Version:
        began = asyncio.get_running_loop().time()
        version = await self._persist(
            "append",
            lambda: self._around.store.append(self._name, updates, epoch=self.version.epoch),
        )
        took = asyncio.get_running_loop().time() - began
        self._around.metrics.observe("append_seconds", took)
        return version

    async def _read_what_others_wrote(self) -> None:
        history = await self._persist(
            "read", lambda: self._around.store.read(self._name, self.version)
        )
        if history.version.epoch != self.version.epoch:
            raise Conflict("the epoch has ended", newest=history.version)
        await self._owner.others_wrote(history)
        if history.version > self.version:
            self.version = history.version
        elif not self._waiting:
            await self._pause(1)  # told of before it can be read: a store that is late
        self._heard = max(self._heard, self.version)

    async def _persist(self, what: str, call: Callable[[], Awaitable[T]]) -> T:
        """Calls the store until it answers. Conflict: another epoch has begun."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        attempts = 0
        while True:
            try:
                result = await call()
            except Conflict as conflict:
                if conflict.newest.epoch > self.version.epoch:
                    raise
                reason = str(conflict)
            except StoreError as error:
                reason = str(error)
            except Exception as error:  # a store may fail in ways it does not know
                logger.exception("%s of %s", what, self._name)
                reason = f"{type(error).__name__}: {error}"
            else:
                if self._troubled:
                    self._troubled = False
                    self._owner.out_of_trouble()
                return result
            attempts += 1
            self._around.metrics.count("store_failures", call=what)
            if not self._troubled and loop.time() - began >= self._around.limits.append_seconds:
                self._troubled = True
                self._owner.in_trouble(reason)
            await self._pause(attempts)

    async def _pause(self, attempts: int) -> None:
        longest = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2 ** min(attempts, 10))
        await asyncio.sleep(self._around.random.uniform(0, longest))

    def _wake(self) -> None:
        if self._step is not None:
            self._step.set()
            self._step = None

    # -- the listener ------------------------------------------------------------------------------

    async def _listen(self) -> None:
        attempts = 0
        while not self._closed and self._subscription is not None:
            try:
                async for version in self._subscription:
                    attempts = 0
                    self._hear(version)
            except Exception as error:  # as in _append()
                logger.warning("listening for changes of %s: %s", self._name, error)
            if self._closed:
                return
            # The store has ended it: a connection was lost. What was missed is read.
            attempts += 1
            await self._pause(attempts)
            with suppress(Exception):
                self._subscription = self._around.store.subscribe(self._name)
                newest = (await self._around.store.read(self._name, self.version)).version
                self._hear(newest)

    def _hear(self, version: Version) -> None:
        if version > self._heard:
            self._heard = version
            # While a write is on its way this may be that write: the worker will see.
            if version > self.version:
                self._work()
