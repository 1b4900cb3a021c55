"""The store that a redis: URL names: Redis alone, which then is the only copy."""

from __future__ import annotations

from ropewalk_server.stores.contract import StoreError
from ropewalk_server.stores.keyed.calling import Unreachable
from ropewalk_server.stores.keyed.store import KeyedStore
from ropewalk_server.stores.redis.connections import RedisConnections
from ropewalk_server.stores.redis.database import RedisDatabase, check_options, read_options
from ropewalk_server.stores.redis.settings import Settings, settings_of


class RedisStore(KeyedStore):
    def __init__(self, settings: Settings) -> None:
        self.redis = RedisDatabase(settings)
        self._settings = settings
        super().__init__(self.redis)
        self.connections = RedisConnections(self.redis.link)

    @classmethod
    def from_url(cls, url: str) -> RedisStore:
        return cls(settings_of(url))

    async def open(self) -> None:
        await super().open()
        if self._settings.durable != "always":
            return
        try:
            check_options(self._settings, await read_options(self.redis.link))
        except StoreError as error:
            await self.close()
            if error.transient or isinstance(error, Unreachable) or "only copy" in str(error):
                raise
            raise StoreError(
                f"{self._settings.where} does not say whether it keeps what it acknowledges "
                f"({error}); if it does (AOF, appendfsync always), say ?durable=unchecked",
                transient=False,
            ) from error
