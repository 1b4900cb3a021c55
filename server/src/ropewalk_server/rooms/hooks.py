"""The functions that an application has given to Rooms, and the Hooks object beside them."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable
from fnmatch import fnmatchcase
from typing import Any

from ..auth.identity import Identity
from ..stores.contract import Damage, Version
from .names import split_name
from .ports import Change, Connection, Hooks

logger = logging.getLogger(__name__)

Function = Callable[..., Any]


class HookList(Hooks):
    """Calls `inner` first, then the functions in the order in which they were given."""

    def __init__(self, inner: Hooks) -> None:
        self.inner = inner
        self.on_connect: list[Function] = []
        self.on_authenticate: list[Function] = []
        self.on_load: list[Function] = []
        self.on_change: list[tuple[str, Function]] = []
        self.on_store: list[Function] = []
        self.on_disconnect: list[Function] = []

    async def connect(self, connection: Connection) -> None:
        await self.inner.connect(connection)
        for function in self.on_connect:
            await _call(function, connection)

    async def authenticated(self, connection: Connection, identity: Identity) -> None:
        await self.inner.authenticated(connection, identity)
        for function in self.on_authenticate:
            await _call(function, connection, identity)

    async def loaded(self, document: str, damaged: list[Damage]) -> None:
        await _guarded("on_load", self.inner.loaded, document, damaged)
        for function in self.on_load:
            await _guarded("on_load", function, document, damaged)

    def wants_changes(self, document: str) -> bool:
        return self.inner.wants_changes(document) or any(
            _matches(pattern, document) for pattern, _ in self.on_change
        )

    async def changed(self, change: Change) -> None:
        if self.inner.wants_changes(change.document):
            await _guarded("on_change", self.inner.changed, change)
        for pattern, function in self.on_change:
            if _matches(pattern, change.document):
                await _guarded("on_change", function, change)

    def wants_stored(self) -> bool:
        return bool(self.on_store) or self.inner.wants_stored()

    async def stored(self, document: str, version: Version, updates: int) -> None:
        await _guarded("on_store", self.inner.stored, document, version, updates)
        for function in self.on_store:
            await _guarded("on_store", function, document, version, updates)

    async def disconnect(self, connection: Connection, identity: Identity | None) -> None:
        await _guarded("on_disconnect", self.inner.disconnect, connection, identity)
        for function in self.on_disconnect:
            await _guarded("on_disconnect", function, connection, identity)


def _matches(pattern: str, document: str) -> bool:
    """Patterns are of names without the tenant: "letters/*"."""
    return fnmatchcase(split_name(document)[1], pattern)


async def _call(function: Function, *arguments: Any) -> None:
    result = function(*arguments)
    if inspect.isawaitable(result):
        await result


async def _guarded(what: str, function: Function, *arguments: Any) -> None:
    """What an application raises does not reach the document."""
    try:
        await _call(function, *arguments)
    except Exception:
        logger.exception("%s has failed", what)
