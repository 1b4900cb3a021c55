"""When the log of a document is put together, and how.

After so many entries, so many bytes behind the snapshot, or so many seconds of change; one document
at a time, and one that takes long is put together seldom. What is deleted is forgotten as Yjs
forgets it, and what deleted types held with it: its ids stay, so that whoever still names them finds
them. Ids go only with their epoch (renumbering.py).

A damaged entry stops nothing. The store has set it aside and keeps it listed, and what others
depend on it for still waits for it when they are put together: its clocks stay a gap, and a client
that has it offers it again.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence

from ..stores.contract import Conflict, Damage, Outline, Store, Version
from .deadlines import Deadline
from .ports import Offload, Surroundings
from .snapshots import put_together

logger = logging.getLogger(__name__)

# At most this part of the time goes into one document.
_SHARE = 0.05
# And not more often than this many seconds, whatever the sizes.
_LEAST_PAUSE = 1.0


async def compact(
    store: Store,
    offload: Offload,
    name: str,
    notice: Callable[[Sequence[Damage]], None] = lambda _: None,
) -> Version | None:
    """Puts the log of a document together; the version it was put together up to. None: there was
    nothing to do, or somebody else has done it. `notice` is told what was found damaged."""
    history = await store.read(name)
    notice(history.damaged)
    if not history.entries:
        return None
    updates = [entry.update for entry in history.entries]
    if history.snapshot is not None:
        updates.insert(0, history.snapshot.data)
    merged = await offload(put_together, updates)
    try:
        await store.compact(name, history.version, merged)
    except Conflict:
        return None
    return history.version


class Compaction:
    """The schedule of one room."""

    def __init__(
        self, name: str, around: Surroundings, notice: Callable[[Sequence[Damage]], None]
    ) -> None:
        self._name = name
        self._around = around
        self._notice = notice
        self._entries = 0
        self._bytes = 0
        self._snapshot_bytes = 0
        self._not_before = float("-inf")
        self._deadline: Deadline | None = None
        self._task: asyncio.Task[None] | None = None

    def begin(self, outline: Outline) -> None:
        """What was found when the document was opened."""
        self._snapshot_bytes = 0 if outline.snapshot is None else outline.snapshot.size
        self.grown(len(outline.entries), sum(len(entry.update) for entry in outline.entries))

    def grown(self, entries: int, size: int) -> None:
        """So much more is behind the snapshot."""
        if entries == 0:
            return
        self._entries += entries
        self._bytes += size
        if self._task is not None:
            return
        limits = self._around.limits
        # A large document is written anew when a part of it is new, not for each megabyte.
        enough = max(limits.compact_bytes, self._snapshot_bytes // 4)
        now = asyncio.get_running_loop().time()
        if self._entries > limits.compact_entries or self._bytes > enough:
            if now >= self._not_before:
                self._start()
            else:
                self._later(self._not_before - now)
        else:
            self._later(limits.compact_seconds)

    def close(self) -> None:
        """No more of it; one that has begun may end as it likes."""
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _later(self, seconds: float) -> None:
        at = asyncio.get_running_loop().time() + seconds
        if self._deadline is not None:
            if self._deadline.at <= at:
                return
            self._deadline.cancel()
        self._deadline = self._around.deadlines.after(seconds, self._start)

    def _start(self) -> None:
        self.close()
        if self._task is None:
            self._task = self._around.spawn(self._run(self._entries, self._bytes))

    async def _run(self, entries: int, size: int) -> None:
        async with self._around.compacting:
            await self._run_alone(entries, size)
        self._task = None

    async def _run_alone(self, entries: int, size: int) -> None:
        loop = asyncio.get_running_loop()
        began = loop.time()
        try:
            done = await compact(
                self._around.store, self._around.offload, self._name, self._notice
            )
            if done is not None:
                self._around.metrics.count("compactions")
                self._snapshot_bytes += size
            self._entries -= entries
            self._bytes -= size
        except Exception as error:  # the log is as it was; it is tried again
            logger.warning("compacting %s: %s", self._name, error)
            self._around.metrics.count("compaction_failures")
        took = loop.time() - began
        self._around.metrics.observe("compaction_seconds", took)
        self._not_before = loop.time() + max(took / _SHARE, _LEAST_PAUSE)
