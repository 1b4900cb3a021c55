"""What time it is. The emulator's clock may be ahead of the machine's, and says by how much."""

from __future__ import annotations

import time

_ahead = 0.0


def set_ahead(seconds: float) -> None:
    global _ahead
    _ahead = seconds


def now() -> float:
    """Seconds since 1970."""
    return time.time() + _ahead


class Clock:
    """A Clock of rooms/ports.py."""

    def now(self) -> float:
        return now()
