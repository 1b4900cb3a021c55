"""Where documents are kept: one contract (contract.py), several stores."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ropewalk_server.stores.contract import Store

_KNOWN = (
    "sqlite:PATH, sqlite:PATH?sync=normal, postgresql://HOST/DATABASE, redis://HOST, "
    "redis+postgresql://HOST/DATABASE?redis=redis://HOST, dynamodb://TABLE, s3://BUCKET/PREFIX, "
    "redis+dynamodb://TABLE?redis=redis://HOST, "
    "memory:"
)


def open_store(url: str) -> Store:
    """The store that a URL names. It is not opened yet: that is its open()."""
    scheme, colon, rest = url.partition(":")
    if not colon or not scheme:
        raise ValueError(f"{url!r} is not the URL of a store; known are {_KNOWN}")
    if scheme == "memory":
        from ropewalk_server.stores.memory import MemoryStore

        if rest.strip("/"):
            raise ValueError(f"memory: takes nothing behind it, not {rest!r}")
        return MemoryStore()
    if scheme == "sqlite":
        from ropewalk_server.stores.sqlite import SqliteStore

        return SqliteStore.from_url(rest)
    if scheme in ("postgresql", "postgres"):
        with _needing("postgresql", "asyncpg"):
            from ropewalk_server.stores.postgres import PostgresStore

        return PostgresStore.from_url(url)
    if scheme in ("redis", "rediss"):
        with _needing("redis", "redis"):
            from ropewalk_server.stores.redis import RedisStore

        return RedisStore.from_url(url)
    if scheme == "redis+postgresql":
        with _needing("postgresql", "asyncpg"), _needing("redis", "redis"):
            from ropewalk_server.stores.redis.cached import CachedStore

        return CachedStore.from_url(url)
    if scheme == "redis+dynamodb":
        with _needing("redis", "redis"):
            from ropewalk_server.stores.redis.dynamo import RedisDynamoStore

        return RedisDynamoStore.from_url(rest)
    if scheme == "dynamodb":
        from ropewalk_server.stores.dynamodb import DynamoStore

        return DynamoStore.from_url(rest)
    if scheme == "s3":
        from ropewalk_server.stores.s3 import S3Store

        return S3Store.from_url(rest)
    raise ValueError(f"no store is named {scheme!r}; known are {_KNOWN}")


@contextmanager
def _needing(extra: str, package: str) -> Iterator[None]:
    try:
        yield
    except ModuleNotFoundError as error:
        if error.name != package:
            raise
        raise ValueError(
            f"{extra}: needs the package {package}: pip install 'ropewalk-server[{extra}]'"
        ) from None
