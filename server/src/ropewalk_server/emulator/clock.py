"""The time of the emulator: that of the machine, or one that only a test moves."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from heapq import heappop, heappush
from itertools import count
from typing import Protocol


class EmulatorClock(Protocol):
    def now(self) -> float:
        """Seconds since 1970."""
        ...

    async def sleep(self, seconds: float) -> None: ...


class RealClock:
    def now(self) -> float:
        return time.time()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class DrivenClock:
    """Stands still until advance() is called."""

    def __init__(self, settle: Callable[[], Awaitable[None]] | None = None) -> None:
        """`settle` waits until all that was caused has happened."""
        self._now = time.time()
        self._waiting: list[tuple[float, int, asyncio.Future[None]]] = []
        self._order = count()
        self.settle = settle

    def now(self) -> float:
        return self._now

    async def sleep(self, seconds: float) -> None:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heappush(self._waiting, (self._now + seconds, next(self._order), future))
        await future

    async def advance(self, seconds: float) -> None:
        """Whoever waits is woken in order, each when all before has settled."""
        end = self._now + seconds
        while self._waiting and self._waiting[0][0] <= end:
            at, _, future = heappop(self._waiting)
            if future.done():
                continue  # whoever waited is gone
            self._now = max(self._now, at)
            future.set_result(None)
            await self._settle()
        self._now = end
        await self._settle()

    async def skip(self, seconds: float, step: float = 30.0) -> None:
        """The same in strides: who would be woken several times in one of them is woken once."""
        end = self._now + seconds
        while self._now < end:
            self._now = min(self._now + step, end)
            while self._waiting and self._waiting[0][0] <= self._now:
                future = heappop(self._waiting)[2]
                if not future.done():
                    future.set_result(None)
            await self._settle()

    async def _settle(self) -> None:
        for _ in range(3):
            await asyncio.sleep(0)
        if self.settle is not None:
            await self.settle()
