"""Connections to Redis: a pool of those that work, one that listens to a stream."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Any

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import NoScriptError

from ropewalk_server.stores.contract import StoreError
from ropewalk_server.stores.keyed.calling import Calls
from ropewalk_server.stores.keyed.tasks import end
from ropewalk_server.stores.redis.errors import ERRORS, store_error
from ropewalk_server.stores.redis.keys import NEWS
from ropewalk_server.stores.redis.settings import Settings

logger = logging.getLogger(__name__)

# How long one look at the stream waits for something new, and how much it takes.
_BLOCK_MS = 1000
_AT_ONCE = 1000
# What the stream keeps for who is late: more is read from the documents.
NEWS_KEPT = 10_000
_LONGEST_PAUSE = 1.0
# Connections that do not close in this time are left to themselves.
_CLOSE_SECONDS = 2.0


class Link:
    """See above."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._calls = Calls(settings.where)
        self._redis: Redis | None = None
        self._listener: asyncio.Task[None] | None = None
        self._random = random.Random()
        self._shas: dict[str, str] = {}

    async def open(
        self, hear: Callable[[dict[bytes, bytes]], None], missed: Callable[[], None]
    ) -> None:
        self._redis = self._connect(self.settings.timeout)
        try:
            await self.do(lambda redis: redis.ping())
            last = await self._last_news()
        except BaseException:
            await self.close()
            raise
        self._listener = asyncio.get_running_loop().create_task(self._listen(hear, missed, last))

    def _connect(self, timeout: float, connections: int | None = None) -> Redis:
        settings = self.settings
        pool = BlockingConnectionPool.from_url(
            settings.url,
            max_connections=connections or settings.pool,
            timeout=settings.connect_timeout,
            socket_timeout=timeout,
            socket_connect_timeout=settings.connect_timeout,
            socket_keepalive=True,
            retry=Retry(NoBackoff(), 0),
        )
        return Redis(connection_pool=pool)

    async def close(self) -> None:
        if self._listener is not None:
            await end(self._listener)
            self._listener = None
        if self._redis is not None:
            redis, self._redis = self._redis, None
            with suppress(*ERRORS):
                await asyncio.wait_for(redis.aclose(close_connection_pool=True), _CLOSE_SECONDS)

    async def do(self, work: Callable[[Any], Awaitable[Any]], *, again: bool = True) -> Any:
        """Some commands, tried again if the connection fails and `again` says that it does no
        harm. Unreachable: perhaps they were done. (The driver types every answer as bytes or text:
        here all are bytes.)"""
        return await self._calls(lambda: self._once(work), again=again)

    async def script(
        self, source: str, keys: Sequence[bytes], *arguments: Any, again: bool = True
    ) -> Any:
        """Runs a script at one moment, by its hash; Redis is told of it once."""

        async def run(redis: Any, sha: str) -> Any:
            return await redis.evalsha(sha, len(keys), *keys, *arguments)

        return await self.do(lambda redis: self._with_sha(redis, source, run), again=again)

    async def script_and_wait(
        self, source: str, keys: Sequence[bytes], *arguments: Any
    ) -> tuple[Any, int]:
        """Runs a script that writes; what it answers, and how many replicas have what it wrote, if
        the settings ask for any. Redis knows that of a connection, so both go over the same one."""
        replicas = self.settings.replicas
        milliseconds = int(self.settings.timeout * 900)  # before the connection counts as broken

        async def run(redis: Any, sha: str) -> tuple[Any, int]:
            async with redis.pipeline(transaction=False) as pipeline:
                pipeline.evalsha(sha, len(keys), *keys, *arguments)
                if replicas:
                    pipeline.execute_command("WAIT", replicas, milliseconds)
                answer, *have = await pipeline.execute()
                return answer, have[0] if have else 0

        found: tuple[Any, int] = await self.do(
            lambda redis: self._with_sha(redis, source, run), again=False
        )
        return found

    async def _with_sha(
        self, redis: Any, source: str, run: Callable[[Any, str], Awaitable[Any]]
    ) -> Any:
        """Redis forgets scripts when it is started anew; then nothing was done."""
        sha = self._shas.get(source)
        if sha is not None:
            with suppress(NoScriptError):
                return await run(redis, sha)
        sha = self._shas[source] = await redis.script_load(source)
        return await run(redis, sha)

    async def _once(self, work: Callable[[Any], Awaitable[Any]]) -> Any:
        if self._redis is None:
            raise StoreError("the store is not open", transient=False)
        try:
            return await work(self._redis)
        except ERRORS as error:
            raise store_error(self.settings.where, error) from error

    # -- listening ---------------------------------------------------------------------------------

    async def _last_news(self) -> bytes:
        newest = await self.do(lambda redis: redis.xrevrange(NEWS, count=1))
        last: bytes = newest[0][0] if newest else b"0-0"
        return last

    async def _listen(
        self,
        hear: Callable[[dict[bytes, bytes]], None],
        missed: Callable[[], None],
        last: bytes,
    ) -> None:
        """Goes on from what it had last, also after a connection was lost."""
        attempts = 0
        redis = self._connect(_BLOCK_MS / 1000 + 2, connections=1)
        try:
            while True:
                try:
                    found: Any = await redis.xread({NEWS: last}, count=_AT_ONCE, block=_BLOCK_MS)
                except ERRORS as error:
                    attempts += 1
                    log = logger.warning if attempts == 1 else logger.debug
                    log("listening to %s: %s", self.settings.where, error)
                    longest = min(_LONGEST_PAUSE, 0.05 * 2 ** min(attempts, 10))
                    await asyncio.sleep(self._random.uniform(0, longest))
                    continue
                if attempts:
                    attempts = 0
                    missed()
                for _, items in found or ():
                    for last, fields in items:  # noqa: B007 - where the next look begins
                        hear(fields)
                    if len(items) == _AT_ONCE:
                        missed()  # so much may have been cut off behind us
        finally:
            with suppress(*ERRORS):
                await asyncio.wait_for(redis.aclose(close_connection_pool=True), _CLOSE_SECONDS)
