"""Who asks: the bearer of a request, and what they may administer."""

from __future__ import annotations

import hmac

from fastapi import Request

from ..auth.authenticate import Door
from ..auth.identity import Authorizer, Identity, Refused, Role
from ..rooms.names import split_name, stored_name

ADMIN = "admin"


def bearer(request: Request) -> str | None:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" and token.strip() else None


def same(given: str, key: str) -> bool:
    """Whether somebody knows a key, in a time that tells nothing of it."""
    return hmac.compare_digest(given.encode("utf-8", "replace"), key.encode())


class Administrator:
    """Somebody who administers: everything, by the admin key; or what they own, by a token."""

    def __init__(
        self, identity: Identity | None, authorizer: Authorizer, tenant: str = "main"
    ) -> None:
        """`tenant` is meant by the admin key where none is named."""
        self._identity = identity
        self._authorizer = authorizer
        self._default = tenant

    @property
    def name(self) -> str:
        return ADMIN if self._identity is None else self._identity.user

    @property
    def is_admin(self) -> bool:
        return self._identity is None

    def tenant(self, asked: str | None) -> str:
        """The tenant that is meant: one's own; with the key any, or where none is named a default."""
        if self._identity is None:
            return self._default if asked is None else asked
        if asked not in (None, self._identity.tenant):
            raise Refused("this is another tenant", "forbidden")
        return self._identity.tenant

    async def owns(self, stored: str) -> bool:
        if self._identity is None:
            return True
        tenant, name = split_name(stored)
        if tenant != self._identity.tenant:
            return False
        return await self._authorizer.role(self._identity, name) == Role.OWNER

    async def owned(self, tenant: str | None, name: str) -> str:
        """What the document is called in the store; Refused, if it is not theirs."""
        stored = stored_name(self.tenant(tenant), name)
        if not await self.owns(stored):
            raise Refused("only an owner of the document may do this", "forbidden")
        return stored


class AdminDoor:
    def __init__(self, door: Door, authorizer: Authorizer, key: str, tenant: str) -> None:
        self._door = door
        self._authorizer = authorizer
        self._key = key
        self._tenant = tenant

    async def __call__(self, request: Request) -> Administrator:
        token = bearer(request)
        if token is None:
            raise Refused("an owner's token or the admin key is needed in the Authorization header")
        if self._key and same(token, self._key):
            return Administrator(None, self._authorizer, self._tenant)
        return Administrator(await self._door.authenticate(token), self._authorizer)
