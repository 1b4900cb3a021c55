"""A circuit breaker: a service that does not answer is left alone for a while, who asks is told so at
once, and only one at a time tries whether it is back.

    closed     calls go through
    open       after FAILURES in a row with no success between them: refused
    half open  after a pause one call tries; its outcome decides. The pause is longer each time.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable

FAILURES = 5
# How long it stays open, at first and at most, in seconds.
_FIRST = 0.25
_LONGEST = 2.0


class Breaker:
    """Of one service. Who may_try() says afterwards how it went, by one of the other three."""

    def __init__(
        self, now: Callable[[], float] = time.monotonic, chance: random.Random | None = None
    ) -> None:
        self._now = now
        self._chance = chance or random.Random()
        self._failures = 0
        self._opened = 0  # how often in a row
        self._closed_at = 0.0  # when somebody may try again
        self._trying = False
        self.reason = ""

    @property
    def is_open(self) -> bool:
        return self._opened > 0

    def may_try(self) -> bool:
        if not self._opened:
            return True
        if self._trying or self._now() < self._closed_at:
            return False
        self._trying = True
        return True

    def succeeded(self) -> None:
        """It has answered, whatever it said."""
        self._failures = self._opened = 0
        self._trying = False

    def failed(self, reason: str) -> None:
        self._failures += 1
        self.reason = reason
        if self._failures < FAILURES:
            return
        # Of calls that were on their way when it opened only the one that tries says anything new.
        if not self._opened or self._trying:
            longest = min(_FIRST * 2**self._opened, _LONGEST)
            self._closed_at = self._now() + longest * (0.5 + self._chance.random() / 2)
            self._opened += 1
        self._trying = False

    def gave_up(self) -> None:
        """The call ended without an answer of either kind."""
        self._trying = False
