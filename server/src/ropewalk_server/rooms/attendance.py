"""Who is told of who comes to a document, what they do there, and who goes: the audit trail
(auditing.py), and where a store keeps who is connected (whereabouts.py)."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress

from ..stores.contract import StoreError, Version
from .member import Member

logger = logging.getLogger(__name__)


class Attendance:
    """Told in the event loop, in order. Each method returns at once and fails nobody."""

    def start(self) -> None:
        """The store is open."""

    async def close(self) -> None:
        """What was told is kept, if the store takes it."""

    def joined(self, doc: str, member: Member, version: Version) -> None:
        """Somebody has entered."""

    def changed(
        self, doc: str, member: Member, updates: int, size: int, version: Version
    ) -> None:
        """The store has committed so many updates of theirs, of so many bytes."""

    def commented(self, doc: str, member: Member, version: Version) -> None:
        """They have sent a comment."""

    def shown(self, doc: str, member: Member, state: bytes) -> None:
        """What they show of themselves, as JSON."""

    def left(self, doc: str, member: Member, version: Version) -> None:
        """They have gone; the version is of the epoch in which they were here."""


class Everybody(Attendance):
    """All who are told."""

    def __init__(self, all: Sequence[Attendance] = ()) -> None:
        self._all = all

    def start(self) -> None:
        for one in self._all:
            one.start()

    async def close(self) -> None:
        for one in self._all:
            await one.close()

    def joined(self, doc: str, member: Member, version: Version) -> None:
        for one in self._all:
            one.joined(doc, member, version)

    def changed(
        self, doc: str, member: Member, updates: int, size: int, version: Version
    ) -> None:
        for one in self._all:
            one.changed(doc, member, updates, size, version)

    def commented(self, doc: str, member: Member, version: Version) -> None:
        for one in self._all:
            one.commented(doc, member, version)

    def shown(self, doc: str, member: Member, state: bytes) -> None:
        for one in self._all:
            one.shown(doc, member, state)

    def left(self, doc: str, member: Member, version: Version) -> None:
        for one in self._all:
            one.left(doc, member, version)


class Repeating:
    """Does something again and again; once more at the end."""

    def __init__(self, what: str, work: Callable[[], Awaitable[None]], seconds: float) -> None:
        self._what = what
        self._work = work
        self._seconds = seconds
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.get_running_loop().create_task(self._run())

    async def close(self) -> None:
        if self._task is None:
            return
        task, self._task = self._task, None
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        await self._once()

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(self._seconds)
            # Shielded: what is half done when this ends is done before it is done once more.
            await asyncio.shield(asyncio.ensure_future(self._once()))

    async def _once(self) -> None:
        try:
            await self._work()
        except StoreError as error:
            logger.warning("%s: %s", self._what, error)
        except Exception:
            logger.exception("%s", self._what)
