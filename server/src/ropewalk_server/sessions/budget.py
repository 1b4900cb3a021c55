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

    def spend(self, now: float, cost: float = 1.0) -> bool:
        """Whether one more message is allowed now, or something that costs so much of one."""
        left = min(self._burst, self._left + (now - self._filled) * self._rate)
        self._filled = now
        if left < cost:
            self._left = left
            return False
        self._left = left - cost
        return True
