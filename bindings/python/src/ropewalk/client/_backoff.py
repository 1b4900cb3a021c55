"""How long to wait before the next attempt."""

from __future__ import annotations

from random import Random


class Backoff:
    """Full jitter: anything up to a longest pause that doubles with each attempt, so that many
    clients that were cut at once do not come back at once."""

    def __init__(
        self, first: float = 0.2, longest: float = 30.0, random: Random | None = None
    ) -> None:
        if not 0 < first <= longest:
            raise ValueError("the first pause is above 0 and not above the longest")
        self._first = first
        self._longest = longest
        self._random = random or Random()
        self.attempts = 0

    def next(self) -> float:
        """Seconds to wait now."""
        limit = min(self._longest, self._first * 2 ** min(self.attempts, 30))
        self.attempts += 1
        return self._random.uniform(0, limit)

    def reset(self) -> None:
        """It has worked: the next pause is a short one again."""
        self.attempts = 0
