"""Connections to PostgreSQL: a pool of those that work, one that listens. A call that takes too long
ends with its connection, which may be half open."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeVar

import asyncpg  # type: ignore[import-untyped]

from ropewalk_server.stores.contract import StoreError
from ropewalk_server.stores.keyed.calling import Calls
from ropewalk_server.stores.keyed.tasks import end
from ropewalk_server.stores.postgres.errors import ERRORS, store_error
from ropewalk_server.stores.postgres.schema import LOCK, MIGRATIONS

logger = logging.getLogger(__name__)

T = TypeVar("T")

# How often the connection that listens is asked whether it still stands, and how long it may take.
_PING_SECONDS = 2.0
_LONGEST_PAUSE = 1.0


@dataclass(frozen=True, slots=True)
class Settings:
    dsn: str
    where: str  # for messages, without secrets
    pool: int = 10
    timeout: float = 10.0  # seconds that one statement may take
    connect_timeout: float = 5.0
    durable: bool = True  # False: synchronous_commit=off


class Link:
    """See above."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._calls = Calls(settings.where)
        self._pool: asyncpg.Pool[asyncpg.Record] | None = None
        self._listener: asyncio.Task[None] | None = None
        self._random = random.Random()

    async def open(
        self, hear: Mapping[str, Callable[[str], None]], missed: Callable[[], None]
    ) -> None:
        """`hear` has a function for each channel."""
        settings = self._settings
        try:
            self._pool = await asyncpg.create_pool(
                settings.dsn,
                min_size=1,
                max_size=settings.pool,
                timeout=settings.connect_timeout,
                server_settings=self._server_settings(),
            )
            await self._migrate()
        except ERRORS as error:
            await self.close()
            raise store_error(settings.where, error) from error
        except BaseException:
            await self.close()
            raise
        if not hear:
            return
        listening = asyncio.get_running_loop().create_future()
        self._listener = asyncio.get_running_loop().create_task(
            self._listen(hear, missed, listening)
        )
        await listening

    async def close(self) -> None:
        if self._listener is not None:
            await end(self._listener)
            self._listener = None
        if self._pool is not None:
            pool, self._pool = self._pool, None
            with suppress(*ERRORS):
                await asyncio.wait_for(pool.close(), 2)
            pool.terminate()

    def _server_settings(self) -> dict[str, str]:
        return {
            "application_name": "ropewalk",
            "synchronous_commit": "on" if self._settings.durable else "off",
            # A process that is gone and whose connection is not must not keep others waiting.
            "idle_in_transaction_session_timeout": "10000",
            "tcp_keepalives_idle": "10",
            "tcp_keepalives_interval": "5",
            "tcp_keepalives_count": "3",
            # Of many small statements none gains by it, and each would wait for it.
            "jit": "off",
        }

    async def fetch(self, query: str, *arguments: Any) -> Sequence[asyncpg.Record]:
        """Rows of one statement, tried again if the connection fails: do not write with it."""
        return await self._calls(
            lambda: self._with_connection(lambda c: c.fetch(query, *arguments))
        )

    async def execute(self, query: str, *arguments: Any) -> Any:
        """The value that a statement returns which may write. Unreachable: perhaps it was done."""
        return await self._calls(
            lambda: self._with_connection(lambda c: c.fetchval(query, *arguments)), again=False
        )

    async def _with_connection(
        self, work: Callable[[asyncpg.Connection[asyncpg.Record]], Awaitable[T]]
    ) -> T:
        settings, pool = self._settings, self._pool
        if pool is None:
            raise StoreError("the store is not open", transient=False)
        connection = None
        try:
            connection = await pool.acquire(timeout=settings.connect_timeout)
            async with asyncio.timeout(settings.timeout):
                return await work(connection)
        except asyncpg.PostgresError as error:
            raise store_error(settings.where, error) from error
        except BaseException as error:
            # Nobody knows what it is doing: no other call may meet its answer.
            if connection is not None:
                connection.terminate()
            if isinstance(error, ERRORS):
                raise store_error(settings.where, error) from error
            raise
        finally:
            if connection is not None:
                with suppress(*ERRORS):
                    await pool.release(connection)

    # -- listening ---------------------------------------------------------------------------------

    async def _listen(
        self,
        hear: Mapping[str, Callable[[str], None]],
        missed: Callable[[], None],
        listening: asyncio.Future[None],
    ) -> None:
        attempts = 0
        while True:
            connection = None
            try:
                async with asyncio.timeout(self._settings.connect_timeout):
                    connection = await asyncpg.connect(
                        self._settings.dsn, server_settings=self._server_settings()
                    )
                    for channel in hear:
                        await connection.add_listener(
                            channel, lambda _c, _pid, where, payload: hear[where](str(payload))
                        )
                attempts = 0
                if listening.done():
                    missed()
                else:
                    listening.set_result(None)
                while True:
                    await asyncio.sleep(_PING_SECONDS)
                    async with asyncio.timeout(_PING_SECONDS):
                        await connection.fetchval("SELECT 1")
            except ERRORS as error:
                attempts += 1
                log = logger.warning if attempts == 1 else logger.debug
                log("listening to %s: %s", self._settings.where, error or type(error).__name__)
                if not listening.done():
                    listening.set_result(None)  # documents are looked at all the same
            finally:
                if connection is not None:
                    connection.terminate()
            await asyncio.sleep(self._random.uniform(0, min(_LONGEST_PAUSE, 0.05 * 2**attempts)))

    # -- the schema --------------------------------------------------------------------------------

    async def _migrate(self) -> None:
        """One process makes the tables; a newer version of them is refused."""
        assert self._pool is not None
        async with self._pool.acquire() as connection:
            version = await _version(connection)
            if version == len(MIGRATIONS):
                return
            async with connection.transaction():
                await connection.execute("SELECT pg_advisory_xact_lock($1)", LOCK)
                version = await _version(connection)
                if version > len(MIGRATIONS):
                    raise StoreError(
                        f"{self._settings.where} was written by a newer version of Ropewalk "
                        f"(schema {version}, this one knows {len(MIGRATIONS)}): update this server",
                        transient=False,
                    )
                await connection.execute("CREATE SCHEMA IF NOT EXISTS ropewalk")
                await connection.execute(
                    "CREATE TABLE IF NOT EXISTS ropewalk.migrations (version int NOT NULL)"
                )
                for migration in MIGRATIONS[version:]:
                    await connection.execute(migration)
                await connection.execute("DELETE FROM ropewalk.migrations")
                await connection.execute(
                    "INSERT INTO ropewalk.migrations (version) VALUES ($1)", len(MIGRATIONS)
                )


async def _version(connection: Any) -> int:
    # Read as rows: by name (to_regclass) a connection may be told what it was told before.
    there = await connection.fetchval(
        "SELECT EXISTS (SELECT FROM pg_catalog.pg_tables"
        " WHERE schemaname = 'ropewalk' AND tablename = 'migrations')"
    )
    if not there:
        return 0
    return await connection.fetchval("SELECT max(version) FROM ropewalk.migrations") or 0
