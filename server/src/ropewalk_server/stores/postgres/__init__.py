"""Documents in PostgreSQL.

store.py     PostgresStore: from a URL
database.py  what stores/keyed asks, in SQL: each call one statement
schema.py    tables, functions, migrations
link.py      connections: a pool, one that listens, time-outs
letters.py   messages longer than a notification
errors.py    PostgreSQL's errors in words that help
"""

from ropewalk_server.stores.postgres.store import PostgresStore

__all__ = ["PostgresStore"]
