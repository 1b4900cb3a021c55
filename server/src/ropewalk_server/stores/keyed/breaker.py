"""A database that does not answer: a call is tried again after a moment, and when nothing answers at
all it is left alone for a while, so that callers hear at once what is wrong.

    closed     calls go through
    open       after FAILURES in a row: refused at once
    half open  after a pause one call tries; its outcome decides
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import TypeVar

from ropewalk_server.stores.contract import StoreError

T = TypeVar("T")

FAILURES = 5
_FIRST_PAUSE = 0.1
_LONGEST_PAUSE = 2.0
# A call that met a failure of the connection is made so often in all.
_ATTEMPTS = 3
_BETWEEN = 0.05


class Unreachable(StoreError):
    """The connection failed; whether the call was done is not known."""


class Breaker:
    """For one database."""

    def __init__(self, what: str, rng: random.Random | None = None) -> None:
        """`what` is how messages call it."""
        self._what = what
        self._random = rng or random.Random()
        self._failures = 0
        self._last = ""
        self._not_before = 0.0
        self._trying = False

    @property
    def state(self) -> str:
        if self._failures < FAILURES:
            return "closed"
        return "half open" if self._now() >= self._not_before else "open"

    async def call(self, work: Callable[[], Awaitable[T]], *, again: bool = True) -> T:
        """Does it, and again if the connection fails. `again`: that does no harm."""
        attempts = _ATTEMPTS if again else 1
        for attempt in range(1, attempts + 1):
            try:
                return await self._once(work)
            except Unreachable:
                if attempt == attempts or self.state == "open":
                    raise
            await asyncio.sleep(self._random.uniform(0, _BETWEEN * 2**attempt))
        raise AssertionError("a last attempt returns or raises")

    async def _once(self, work: Callable[[], Awaitable[T]]) -> T:
        if self.state == "open" or (self.state == "half open" and self._trying):
            raise Unreachable(
                f"{self._what} does not answer ({self._last}); it is tried again soon"
            )
        probing = self.state == "half open"
        self._trying = self._trying or probing
        try:
            result = await work()
        except Unreachable as error:
            self._failed(str(error))
            raise
        except StoreError:
            self._failures = 0  # it has answered
            raise
        else:
            self._failures = 0
            return result
        finally:
            if probing:
                self._trying = False

    def _failed(self, reason: str) -> None:
        self._failures += 1
        self._last = reason
        if self._failures >= FAILURES:
            doubled = _FIRST_PAUSE * 2 ** min(self._failures - FAILURES, 10)
            longest = min(_LONGEST_PAUSE, doubled)
            self._not_before = self._now() + self._random.uniform(longest / 2, longest)

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()
