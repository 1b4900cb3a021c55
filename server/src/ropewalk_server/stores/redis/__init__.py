"""Documents in Redis, and what Redis holds beside another store.

store.py     RedisStore: Redis alone, which then has to be durable
database.py  what stores/keyed asks, in commands and scripts
scripts.py   those scripts: what has to happen at one moment
keys.py      the names of keys
link.py      connections: a pool, one that listens, time-outs
settings.py  what a URL may say
errors.py    Redis' errors in words that help
cached.py    CachedStore: PostgreSQL keeps documents, Redis what is asked for often
dynamo.py    RedisDynamoStore: as CachedStore, beside DynamoDB
cache.py     snapshots for who opens a document next
connections.py  who is connected to which document, and what they show
"""

from ropewalk_server.stores.redis.store import RedisStore

__all__ = ["RedisStore"]
