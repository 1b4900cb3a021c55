"""Redis beside DynamoDB, and S3 if the settings name a place for snapshots: what is acknowledged is
in DynamoDB. Redis holds the newest snapshot for who opens a document next, and carries what processes
tell each other, so that none of them has to read the table's stream. It may lose everything at any
moment: each document that is open is looked at every few seconds, too."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from urllib.parse import parse_qsl, urlencode

from ropewalk_server.stores.arguments import check_name
from ropewalk_server.stores.chain.asking import Asking
from ropewalk_server.stores.chain.store import News as Watching
from ropewalk_server.stores.contract import NO_STATE, History, Snapshot, Version
from ropewalk_server.stores.dynamodb.store import DynamoStore
from ropewalk_server.stores.dynamodb.store import Settings as DynamoSettings
from ropewalk_server.stores.dynamodb.store import settings_of as dynamo_settings_of
from ropewalk_server.stores.keyed.news import News
from ropewalk_server.stores.redis.cache import SnapshotCache
from ropewalk_server.stores.redis.connections import RedisConnections
from ropewalk_server.stores.redis.database import RedisDatabase
from ropewalk_server.stores.redis.settings import Settings as RedisSettings
from ropewalk_server.stores.redis.settings import settings_of as redis_settings_of

_LOOK_SECONDS = 4.0


class _Told(RedisDatabase):
    """Redis as what processes tell each other by; the heads of documents are elsewhere."""

    async def heads(self, names: Sequence[bytes]) -> dict[bytes, bytes]:
        return {}


class RedisDynamoStore(DynamoStore):
    """redis+dynamodb://TABLE?redis=redis://host:6379/0&snapshots=s3://bucket/prefix"""

    def __init__(self, dynamo: DynamoSettings, redis: RedisSettings) -> None:
        super().__init__(dynamo)
        self.redis = _Told(redis)
        self.fleet = News(self.redis)
        self._cache = SnapshotCache(self.redis.link)
        self.connections = RedisConnections(self.redis.link)
        self._asking: Asking | None = None

    @classmethod
    def from_url(cls, rest: str) -> RedisDynamoStore:
        path, _, query = rest.partition("?")
        pairs = parse_qsl(query, keep_blank_values=True)
        redis = [value for key, value in pairs if key == "redis"]
        if len(redis) != 1:
            raise ValueError(
                "redis+dynamodb: names both: redis+dynamodb://TABLE?redis=redis://host:6379/0"
            )
        others = urlencode([pair for pair in pairs if pair[0] != "redis"])
        return cls(dynamo_settings_of(f"{path}?{others}"), redis_settings_of(redis[0]))

    async def open(self) -> None:
        if self._is_open:
            return
        await super().open()
        try:
            await self.redis.open(self)
        except BaseException:
            await super().close()
            raise
        self.fleet.open()

    async def close(self) -> None:
        if self._is_open:
            await self.fleet.close()
            await self._cache.close()
            await self.redis.close()
        await super().close()

    def _open_news(self) -> Watching:
        self._asking = Asking(
            self.look, self._watched, quickest=_LOOK_SECONDS / 2, slowest=_LOOK_SECONDS
        )
        return self._asking

    def _watched(self) -> Collection[str]:
        return self._watchers.documents()

    # -- what Redis passes on ----------------------------------------------------------------------

    def hear(self, name: bytes, version: Version) -> None:
        """Some process has written; perhaps this one. That may be a part of a row: it says nothing
        about where the chain ends."""
        doc = name.decode(errors="replace")
        if version > self._writer.newest(doc):
            self._watchers.tell(doc, version)

    def receive(self, topic: str, message: bytes) -> None:
        """What some process has sent on purpose."""
        self.fleet.receive(topic, message)

    def missed(self) -> None:
        """Something may not have been heard."""
        self.fleet.missed()
        if self._asking is not None:
            self._asking.ask_all()

    # -- what is told, and what is kept ------------------------------------------------------------

    async def append(
        self, doc: str, updates: Sequence[bytes], *, epoch: int = 0, expected: Version | None = None
    ) -> Version:
        version = await super().append(doc, updates, epoch=epoch, expected=expected)
        self.fleet.landed(doc, version)
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

    async def seal(
        self,
        doc: str,
        expected: Version,
        snapshot: bytes,
        *,
        state: bytes = NO_STATE,
        map: bytes | None = None,
    ) -> Version:
        version = await super().seal(doc, expected, snapshot, state=state, map=map)
        self.fleet.landed(doc, version)
        return version

    async def delete(self, doc: str) -> bool:
        """Of what is erased nothing stays in Redis, or it is not erased yet."""
        await self._cache.forget(check_name(doc))
        is_gone = await super().delete(doc)
        if is_gone:
            self.fleet.landed(doc, self._writer.newest(doc))
        return is_gone
