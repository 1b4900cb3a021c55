"""How many messages a connection may send."""

from __future__ import annotations

from ..limits import Limits


class Budget:
    """A bucket of messages that fills at a steady rate; a burst may empty it."""

    __slots__ = ("_burst", "_filled", "_left", "_rate")

    def __init__(self, limits: Limits) -> None:
        self._rate = limits.messages_per_second
        self._burst = float(limits.message_burst)
        self._left = self._burst
        self._filled = float("-inf")

    def spend(self, now: float) -> bool:
        """Whether one more message is allowed now."""
        left = min(self._burst, self._left + (now - self._filled) * self._rate)
        self._filled = now
        if left < 1.0:
            self._left = left
            return False
        self._left = left - 1.0
        return True
