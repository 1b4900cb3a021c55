"""Documents in Redis, and what Redis holds beside another store.

store.py     RedisStore: Redis alone, which then has to be durable
database.py  what stores/keyed asks, in commands and scripts
scripts.py   those scripts: what has to happen at one moment
keys.py      the names of keys
link.py      connections: a pool, one that listens, time-outs
settings.py  what a URL may say
errors.py    Redis' errors in words that help
cached.py    CachedStore: another store keeps documents, Redis what is asked for often
"""

from ropewalk_server.stores.redis.store import RedisStore

__all__ = ["RedisStore"]
