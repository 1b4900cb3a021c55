"""What is to be sent over one connection and was not yet.

A connection that has nothing to send costs no task and no buffer: the writer is a task that begins
with the first message and ends when nothing is left.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable

from ..errors import CloseCode, code_on_wire, fitting_reason


class Outbox:
    """A Link over two coroutines: one that sends a message, one that closes.

    At most `limit` bytes wait, not counting the message that is being sent: a client that asks for
    a large document gets it, however large. A client that accepts nothing at all keeps the writer
    waiting until whoever owns the connection gives it up and calls lost().
    """

    __slots__ = (
        "_close",
        "_closing",
        "_limit",
        "_queue",
        "_send",
        "_task",
        "_unsent",
        "gone",
        "stock",
    )

    def __init__(
        self,
        send: Callable[[bytes | str], Awaitable[None]],
        close: Callable[[int, str], Awaitable[None]],
        limit: int,
    ) -> None:
        self._send = send
        self._close = close
        self._limit = limit
        self._queue: deque[bytes | str] | None = None
        self._unsent = 0
        self._task: asyncio.Task[None] | None = None
        self._closing: tuple[int, str] | None = None
        self.stock = True
        self.gone = False  # nothing reaches the other end any more

    @property
    def unsent(self) -> int:
        """How many bytes wait."""
        return self._unsent

    def send(self, message: bytes | str) -> None:
        if self.gone or self._closing is not None:
            return
        if self._queue is None:
            self._queue = deque()
        elif self._queue and self._unsent + len(message) > self._limit:
            self._queue.clear()
            self._unsent = 0
            self.close(
                CloseCode.TOO_SLOW,
                f"more than {self._limit} bytes wait to be sent (unsent_bytes)",
            )
            return
        self._queue.append(message)
        self._unsent += len(message)
        self._start()

    def close(self, code: int, reason: str) -> None:
        if self.gone or self._closing is not None:
            return
        self._closing = (code_on_wire(code, stock=self.stock), fitting_reason(reason))
        self._start()

    def lost(self) -> None:
        """The connection is gone."""
        self.gone = True
        self._queue = None
        self._unsent = 0
        if self._task is not None:
            self._task.cancel()

    async def flushed(self) -> None:
        """Waits until nothing is left to be sent."""
        if self._task is not None:
            await asyncio.wait((self._task,))

    def _start(self) -> None:
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._write())

    async def _write(self) -> None:
        try:
            while not self.gone:
                if self._queue:
                    message = self._queue.popleft()
                    self._unsent -= len(message)
                    await self._send(message)
                elif self._closing is not None:
                    await self._close(*self._closing)
                    self.gone = True
                else:
                    return
        except Exception:  # whatever it is, the other end is not reached any more
            self.gone = True
        finally:
            self._task = None
            if not self._queue:
                self._queue = None
