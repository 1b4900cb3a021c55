"""Calls of a database: tried again after a moment if the connection fails, and refused at once while
nothing answers at all (stores/breaker.py)."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import TypeVar

from ropewalk_server.stores.breaker import Breaker
from ropewalk_server.stores.contract import StoreError

T = TypeVar("T")

# A call that met a failure of the connection is made so often in all.
_ATTEMPTS = 3
_BETWEEN = 0.05


class Unreachable(StoreError):
    """The connection failed; whether the call was done is not known."""


class Calls:
    """Of one database."""

    def __init__(self, what: str) -> None:
        """`what` is how messages call it."""
        self._what = what
        self._breaker = Breaker()
        self._random = random.Random()

    async def __call__(self, work: Callable[[], Awaitable[T]], *, again: bool = True) -> T:
        """Does it, and again if the connection fails. `again`: that does no harm."""
        attempts = _ATTEMPTS if again else 1
        for attempt in range(1, attempts + 1):
            try:
                return await self._once(work)
            except Unreachable:
                if attempt == attempts or self._breaker.is_open:
                    raise
            await asyncio.sleep(self._random.uniform(0, _BETWEEN * 2**attempt))
        raise AssertionError("a last attempt returns or raises")

    async def _once(self, work: Callable[[], Awaitable[T]]) -> T:
        breaker = self._breaker
        if not breaker.may_try():
            raise Unreachable(
                f"{self._what} does not answer ({breaker.reason}); it is tried again soon"
            )
        try:
            result = await work()
        except Unreachable as error:
            breaker.failed(str(error))
            raise
        except StoreError:
            breaker.succeeded()
            raise
        except BaseException:
            breaker.gave_up()
            raise
        breaker.succeeded()
        return result
