"""Ending of tasks that run for ever."""

from __future__ import annotations

import asyncio
from typing import Any

# Drivers lose a cancellation now and then, when it meets a time-out of theirs: then another follows.
_AGAIN_SECONDS = 0.5


async def end(task: asyncio.Task[Any]) -> None:
    """Returns when it has ended, however it did."""
    while not task.done():
        task.cancel()
        await asyncio.wait([task], timeout=_AGAIN_SECONDS)
