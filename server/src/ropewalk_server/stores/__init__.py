"""Where documents are kept: one contract (contract.py), several stores."""

from __future__ import annotations

from ropewalk_server.stores.contract import Store

_KNOWN = "sqlite:PATH, sqlite:PATH?sync=normal, memory:"


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
    raise ValueError(f"no store is named {scheme!r}; known are {_KNOWN}")
