"""Writes of one document take turns inside a process, so that it never races with itself; appends
that wait together become one write."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from ropewalk_server.stores.contract import StoreError, Version

# A write ends when it has as many updates or bytes as this.
_MOST_UPDATES = 1000
_MOST_BYTES = 8 << 20


@dataclass(slots=True)
class _Job:
    future: asyncio.Future[Any]
    work: Callable[[], Awaitable[Any]] | None = None
    updates: Sequence[bytes] = ()  # of an append that may go together with others
    epoch: int = 0


class Lines:
    """Of all documents that are being written. `append` writes the updates of several calls as one
    and returns the version of the last."""

    def __init__(self, append: Callable[[str, Sequence[bytes], int], Awaitable[Version]]) -> None:
        self._append = append
        self._waiting: dict[str, deque[_Job]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._closed = False

    async def append(self, doc: str, updates: Sequence[bytes], epoch: int) -> Version:
        version: Version = await self._join(doc, _Job(_future(), updates=updates, epoch=epoch))
        return version

    async def do(self, doc: str, work: Callable[[], Awaitable[Any]]) -> Any:
        """Runs it when what is in front of it is done. Goes on when nobody waits for it any more."""
        return await self._join(doc, _Job(_future(), work=work))

    async def close(self) -> None:
        """Takes nothing more, and finishes what was begun."""
        self._closed = True
        await asyncio.gather(*self._tasks)

    def open(self) -> None:
        self._closed = False

    async def _join(self, doc: str, job: _Job) -> Any:
        if self._closed:
            raise StoreError("the store is closed", transient=False)
        line = self._waiting.get(doc)
        if line is None:
            line = self._waiting[doc] = deque()
            task = asyncio.get_running_loop().create_task(self._run(doc, line))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        line.append(job)
        return await job.future

    async def _run(self, doc: str, line: deque[_Job]) -> None:
        # Whoever calls in the same moment goes with the first.
        await asyncio.sleep(0)
        while line:
            jobs = _together(line)
            try:
                if jobs[0].work is not None:
                    _settle(jobs[0], await jobs[0].work())
                    continue
                updates = [update for job in jobs for update in job.updates]
                last = await self._append(doc, updates, jobs[0].epoch)
                seq = last.seq - len(updates)
                for job in jobs:
                    seq += len(job.updates)
                    _settle(job, Version(last.epoch, seq))
            except Exception as error:
                for job in jobs:
                    if not job.future.done():
                        job.future.set_exception(error)
        del self._waiting[doc]


def _future() -> asyncio.Future[Any]:
    return asyncio.get_running_loop().create_future()


def _settle(job: _Job, result: Any) -> None:
    if not job.future.done():  # whoever asked was cancelled
        job.future.set_result(result)


def _together(line: deque[_Job]) -> list[_Job]:
    """The first, and those behind it that can be written with it."""
    jobs = [line.popleft()]
    if jobs[0].work is not None:
        return jobs
    count, size = len(jobs[0].updates), sum(map(len, jobs[0].updates))
    while line and line[0].work is None and line[0].epoch == jobs[0].epoch:
        count += len(line[0].updates)
        size += sum(map(len, line[0].updates))
        if count > _MOST_UPDATES or size > _MOST_BYTES:
            break
        jobs.append(line.popleft())
    return jobs
