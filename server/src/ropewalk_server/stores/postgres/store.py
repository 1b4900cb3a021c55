"""The store that a postgresql: URL names."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from ropewalk_server.stores.keyed.store import KeyedStore
from ropewalk_server.stores.postgres.audit import PostgresAudit
from ropewalk_server.stores.postgres.database import PostgresDatabase
from ropewalk_server.stores.postgres.link import Settings

# What a URL may set of ours; all else is the driver's (sslmode=, options= ...).
_NUMBERS = {"pool": int, "timeout": float, "connect_timeout": float}


class PostgresStore(KeyedStore):
    def __init__(self, settings: Settings, database: PostgresDatabase | None = None) -> None:
        self.postgres = database or PostgresDatabase(settings)
        super().__init__(self.postgres)
        self.audit_trail = PostgresAudit(self.postgres.link)

    @classmethod
    def from_url(cls, url: str) -> PostgresStore:
        return cls(settings_of(url))


def settings_of(url: str) -> Settings:
    """postgresql://user:password@host:port/database?sync=on&pool=10&timeout=10&connect_timeout=5"""
    parts = urlsplit(url)
    if not parts.path.strip("/"):
        raise ValueError("postgresql: needs a database: postgresql://user@host/database")
    ours: dict[str, float | bool] = {}
    theirs = []
    for key, value in parse_qsl(parts.query, keep_blank_values=True):
        if key in _NUMBERS:
            try:
                number = _NUMBERS[key](value)
            except ValueError:
                number = 0
            if not number > 0:
                raise ValueError(f"postgresql: {key} is a number above 0, not {value!r}")
            ours[key] = number
        elif key == "sync":
            if value not in ("on", "off"):
                raise ValueError(f"postgresql: knows sync=on and sync=off, not sync={value}")
            ours["durable"] = value == "on"
        else:
            theirs.append((key, value))
    dsn = urlunsplit(parts._replace(query=urlencode(theirs)))
    where = f"PostgreSQL at {parts.hostname or 'localhost'}:{parts.port or 5432}{parts.path}"
    return Settings(dsn, where, **ours)  # type: ignore[arg-type]
