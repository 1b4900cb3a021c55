"""Redis beside another store, as letters want it: documents are in PostgreSQL, and what is
acknowledged is what PostgreSQL has committed. Redis holds the state of a document for who opens it
next (`ydoc:<id>`, for 24 h after it was last changed), carries what processes tell each other, and
knows who is connected (connections.py). It may lose everything at any moment, and nobody loses anything."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from ropewalk_server.stores.arguments import check_name
from ropewalk_server.stores.contract import History, Snapshot, Version
from ropewalk_server.stores.keyed.database import Listener
from ropewalk_server.stores.postgres.database import PostgresDatabase
from ropewalk_server.stores.postgres.link import Settings
from ropewalk_server.stores.postgres.store import PostgresStore, settings_of
from ropewalk_server.stores.redis.cache import SnapshotCache
from ropewalk_server.stores.redis.connections import RedisConnections
from ropewalk_server.stores.redis.database import RedisDatabase
from ropewalk_server.stores.redis.settings import Settings as RedisSettings
from ropewalk_server.stores.redis.settings import settings_of as redis_settings_of


class _Both(PostgresDatabase):
    """PostgreSQL, with Redis as what processes tell each other by."""

    def __init__(self, postgres: Settings, redis: RedisDatabase) -> None:
        super().__init__(postgres)
        self._redis = redis

    async def open(self, listener: Listener) -> None:
        await self.link.open({}, listener.missed)
        try:
            await self._redis.open(listener)
        except BaseException:
            await self.link.close()
            raise

    async def close(self) -> None:
        await self._redis.close()
        await super().close()

    async def tell(self, news: Sequence[tuple[bytes, Version]]) -> None:
        await self._redis.tell(news)

    async def send(self, messages: Sequence[tuple[str, bytes]]) -> None:
        await self._redis.send(messages)


class CachedStore(PostgresStore):
    """redis+postgresql://user@host/database?redis=redis://host:6379/0"""

    def __init__(self, postgres: Settings, redis: RedisSettings) -> None:
        self.redis = RedisDatabase(redis)
        super().__init__(postgres, database=_Both(postgres, self.redis))
        self._cache = SnapshotCache(self.redis.link)
        self.connections = RedisConnections(self.redis.link)

    @classmethod
    def from_url(cls, url: str) -> CachedStore:
        parts = urlsplit(url.removeprefix("redis+"))
        query = parse_qsl(parts.query, keep_blank_values=True)
        redis = [value for key, value in query if key == "redis"]
        if len(redis) != 1:
            raise ValueError(
                "redis+postgresql: names both: "
                "redis+postgresql://user@host/database?redis=redis://host:6379/0"
            )
        rest = urlencode([pair for pair in query if pair[0] != "redis"])
        return cls(settings_of(urlunsplit(parts._replace(query=rest))), redis_settings_of(redis[0]))

    async def close(self) -> None:
        await self._cache.close()
        await super().close()

    async def append(
        self, doc: str, updates: Sequence[bytes], *, epoch: int = 0, expected: Version | None = None
    ) -> Version:
        version = await super().append(doc, updates, epoch=epoch, expected=expected)
        self._cache.refresh(check_name(doc))
        return version

    async def read(self, doc: str, since: Version | None = None) -> History:
        name = check_name(doc)
        if since is not None:
            return await super().read(doc, since)
        return await self._cache.read(doc, name, super().read)

    async def compact(self, doc: str, upto: Version, snapshot: bytes) -> None:
        await super().compact(doc, upto, snapshot)
        self._cache.keep(check_name(doc), Snapshot(upto, bytes(snapshot)))

    async def delete(self, doc: str) -> bool:
        """Of what is erased nothing stays in Redis, or it is not erased yet."""
        await self._cache.forget(check_name(doc))
        return await super().delete(doc)
