"""What happens in rooms, as events for webhooks. No content of documents is in them."""

from __future__ import annotations

from typing import Any

from ..auth.identity import Identity
from ..rooms.names import split_name
from ..rooms.ports import Change, Connection, Hooks
from ..stores.contract import Damage, Version
from .webhooks import Webhooks


def _of(stored: str) -> dict[str, Any]:
    tenant, name = split_name(stored)
    return {"tenant": tenant, "document": name}


def _who(identity: Identity | None) -> dict[str, Any]:
    if identity is None:
        return {}
    return {"tenant": identity.tenant, "user": identity.user}


class WebhookHooks(Hooks):
    def __init__(self, webhooks: Webhooks) -> None:
        self._webhooks = webhooks

    async def connect(self, connection: Connection) -> None:
        self._tell("connect", connection)

    async def authenticated(self, connection: Connection, identity: Identity) -> None:
        self._tell("authenticate", connection, identity)

    async def disconnect(self, connection: Connection, identity: Identity | None) -> None:
        self._tell("disconnect", connection, identity)

    def _tell(self, event: str, connection: Connection, identity: Identity | None = None) -> None:
        self._webhooks.tell(
            event,
            connection=connection.id,
            document=connection.document,
            address=connection.address,
            **_who(identity),
        )

    async def loaded(self, document: str, damaged: list[Damage]) -> None:
        where = [one.where for one in damaged]
        self._webhooks.tell("load", **_of(document), damaged=where)

    def wants_changes(self, document: str) -> bool:
        return self._webhooks.wants("change")

    async def changed(self, change: Change) -> None:
        users = [] if change.user is None else [change.user]
        self._webhooks.tell("change", **_of(change.document), updates=1, users=users)

    def wants_stored(self) -> bool:
        return self._webhooks.wants("store")

    async def stored(self, document: str, version: Version, updates: int) -> None:
        self._webhooks.tell("store", **_of(document), version=list(version), updates=updates)
