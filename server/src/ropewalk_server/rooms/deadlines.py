"""Many moments to come, one timer of the event loop.

A connection waits for its handshake, then for the end of its token; a room for presence that grows
old and for the time when nobody needs it. With a timer of the loop for each, 10,000 idle
connections would pay for 10,000 of them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from heapq import heapify, heappop, heappush
from itertools import count

# Cancelled deadlines stay in the heap until they are many.
_SWEEP = 1_000


class Deadline:
    """A moment, and what is to be called then."""

    __slots__ = ("_action", "at")

    def __init__(self, at: float, action: Callable[[], None]) -> None:
        self.at = at
        self._action: Callable[[], None] | None = action

    @property
    def cancelled(self) -> bool:
        return self._action is None

    def cancel(self) -> None:
        """It will not be called; it may have been."""
        self._action = None

    def run(self) -> None:
        action, self._action = self._action, None
        if action is not None:
            action()


class Deadlines:
    """Calls what is due, in the order of the moments. Belongs to one event loop."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Deadline]] = []
        self._order = count()
        self._timer: asyncio.Handle | None = None
        self._timer_at = float("inf")

    def after(self, seconds: float, action: Callable[[], None]) -> Deadline:
        """Calls `action` in so many seconds."""
        loop = asyncio.get_running_loop()
        deadline = Deadline(loop.time() + seconds, action)
        self._drop_cancelled()
        heappush(self._heap, (deadline.at, next(self._order), deadline))
        self._set_timer(loop)
        return deadline

    def close(self) -> None:
        """Nothing will be called any more."""
        self._heap.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def __len__(self) -> int:
        return len(self._heap)

    def _set_timer(self, loop: asyncio.AbstractEventLoop) -> None:
        if not self._heap:
            return
        first = self._heap[0][0]
        if self._timer is not None:
            if self._timer_at <= first:
                return
            self._timer.cancel()
        # Not asked of the handle: of a moment that has come uvloop gives one without it.
        self._timer_at = first
        self._timer = loop.call_at(first, self._run)

    def _run(self) -> None:
        self._timer = None
        loop = asyncio.get_running_loop()
        now = loop.time()
        due = []
        while self._heap and self._heap[0][0] <= now:
            due.append(heappop(self._heap)[2])
        self._set_timer(loop)
        for deadline in due:
            try:
                deadline.run()
            except Exception as error:  # one must not keep the others from running
                loop.call_exception_handler({"message": "a deadline failed", "exception": error})

    def _drop_cancelled(self) -> None:
        heap = self._heap
        if len(heap) < _SWEEP or len(heap) & (len(heap) - 1):
            return  # only when the size passes a power of two: a constant cost for each deadline
        heap[:] = [entry for entry in heap if not entry[2].cancelled]
        heapify(heap)
