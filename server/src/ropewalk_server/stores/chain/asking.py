"""News of documents by asking about each that somebody watches, where nothing tells them, or where
what tells them may leave something out."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection

from ropewalk_server.stores.contract import StoreError, Version


class Asking:
    """As News (store.py)."""

    def __init__(
        self,
        ask: Callable[[str], Awaitable[Version]],
        watched: Callable[[], Collection[str]],
        *,
        quickest: float,
        slowest: float,
    ) -> None:
        """`ask` finds out how far a document has come; `watched` names those that somebody wants
        news of. In seconds: how often it is asked about one that changes, and one that does not."""
        self._ask = ask
        self._watched = watched
        self._quickest = quickest
        self._slowest = slowest
        self._waits: dict[str, tuple[float, float, Version | None]] = {}  # when, pause, known
        self._task = asyncio.ensure_future(self._run())

    def watch(self, doc: str) -> None:
        self._waits[doc] = (0.0, self._quickest, None)

    def ask_all(self) -> None:
        """Now: something may have been missed."""
        for doc, (_, pause, known) in tuple(self._waits.items()):
            self._waits[doc] = (0.0, pause, known)

    async def close(self) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(self._quickest / 2)
            now = time.monotonic()
            watched = set(self._watched())
            for doc in [doc for doc in self._waits if doc not in watched]:
                del self._waits[doc]
            due = [doc for doc, (when, _, _) in self._waits.items() if when <= now]
            await asyncio.gather(*map(self._look, due))

    async def _look(self, doc: str) -> None:
        _, pause, known = self._waits[doc]
        try:
            newest = await self._ask(doc)
        except StoreError:
            newest = known or Version(0, 0)
        pause = self._quickest if newest != known else min(pause * 1.5, self._slowest)
        if doc in self._waits:
            self._waits[doc] = (time.monotonic() + pause, pause, newest)
