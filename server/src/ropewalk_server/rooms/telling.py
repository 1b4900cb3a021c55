"""Hooks are told of changes in their order, by a task that ends when all is told: rooms in which
nothing happens cost none."""

from __future__ import annotations

import asyncio

from .ports import Change, Surroundings


class Telling:
    """Of one room."""

    def __init__(self, name: str, around: Surroundings) -> None:
        self._around = around
        self._wanted = around.hooks.wants_changes(name)
        self._waiting: asyncio.Queue[Change] | None = None

    def tell(self, change: Change) -> None:
        """Whoever wants changes of this document gets it."""
        if not self._wanted:
            return
        if self._waiting is None:
            self._waiting = asyncio.Queue()
            self._around.spawn(self._run(self._waiting))
        self._waiting.put_nowait(change)

    async def _run(self, waiting: asyncio.Queue[Change]) -> None:
        while not waiting.empty():
            await self._around.hooks.changed(waiting.get_nowait())
        self._waiting = None
