"""Snapshots that Redis keeps for who opens a document next: `ydoc:<id>`, for 24 h after it was last
changed. It may lose everything at any moment, be slow or gone; then the store itself is read."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from ropewalk_server.stores.contract import History, Snapshot, StoreError, Version
from ropewalk_server.stores.records import BadRecord, Kind, encode, expect
from ropewalk_server.stores.redis import keys
from ropewalk_server.stores.redis.link import Link

logger = logging.getLogger(__name__)

# How long Redis keeps what nobody touches.
LIFETIME = 24 * 3600
# Larger states are read from the store, which gives them in parts.
_LARGEST = 8 << 20

Read = Callable[[str, Version | None], Awaitable[History]]


class SnapshotCache:
    """Beside a store. Names are in UTF-8."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._tasks: set[asyncio.Task[None]] = set()

    async def close(self) -> None:
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def read(self, doc: str, name: bytes, read: Read) -> History:
        """As `read`, that of the store, gives it, but of the snapshot only what is newer."""
        known = await self._cached(doc, name)
        if known is not None:
            history = await read(doc, known.version)
            epoch, seq = known.version
            follows = history.version.epoch == epoch and history.version.seq >= seq
            if follows and history.snapshot is None and not history.damaged:
                return History(history.version, known, history.entries)
        history = await read(doc, None)
        if history.snapshot is not None and not history.damaged:
            self.keep(name, history.snapshot)
        return history

    def keep(self, name: bytes, snapshot: Snapshot) -> None:
        if len(snapshot.data) <= _LARGEST:
            record = encode(Kind.SNAPSHOT, name, snapshot.version, snapshot.data)
            self._soon(
                self._link.do(lambda redis: redis.set(keys.snapshot(name), record, ex=LIFETIME), again=False)
            )

    def refresh(self, name: bytes) -> None:
        self._soon(self._link.do(lambda redis: redis.expire(keys.snapshot(name), LIFETIME), again=False))

    async def forget(self, name: bytes) -> None:
        await self._link.do(lambda redis: redis.delete(keys.snapshot(name)))

    async def _cached(self, doc: str, name: bytes) -> Snapshot | None:
        """What Redis has, if it is sound and Redis answers."""
        try:
            record = await self._link.do(lambda redis: redis.get(keys.snapshot(name)), again=False)
            if record is None:
                return None
            found = expect(record, Kind.SNAPSHOT, doc, None)
        except (StoreError, BadRecord) as error:
            logger.warning("%r is read past Redis: %s", doc, error)
            return None
        return Snapshot(found.version, found.payload)

    def _soon(self, work: Coroutine[Any, Any, Any]) -> None:
        """Beside what is asked for: Redis may be slow, or gone."""

        async def quietly() -> None:
            try:
                await work
            except StoreError as error:
                logger.debug("the cache: %s", error)

        task = asyncio.get_running_loop().create_task(quietly())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
