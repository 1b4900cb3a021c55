"""The one door: a token or a ticket in, an identity out, unless it was revoked."""

from __future__ import annotations

import secrets
from typing import Protocol

from .identity import Identity, Refused
from .revocation import NothingRevoked, Revocation
from .tickets import Tickets


class Verifier(Protocol):
    async def verify(self, token: str) -> Identity: ...


class Door:
    """An Authenticator of tokens, tickets and, where the configuration says so, of nobody."""

    def __init__(
        self,
        verifier: Verifier | None,
        *,
        tickets: Tickets | None = None,
        revocation: Revocation | None = None,
        guests: str | None = None,
    ) -> None:
        self._verifier = verifier
        self.tickets = tickets if tickets is not None else Tickets()
        self.revocation = revocation if revocation is not None else NothingRevoked()
        self._guests = guests  # the tenant of whoever shows nothing; None: they stay outside

    async def authenticate(self, token: str | None, *, ticket: str | None = None) -> Identity:
        if ticket is not None:
            identity = await self.tickets.redeem(ticket)
        elif token is not None and self._verifier is not None:
            identity = await self._verifier.verify(token)
        elif self._guests is not None:
            return Identity(user=f"guest-{secrets.token_hex(4)}", tenant=self._guests)
        else:
            raise Refused("a token is needed, or a ticket")
        if await self.revoked(identity):
            raise Refused("the token was revoked", "expired")
        return identity

    async def revoked(self, identity: Identity) -> bool:
        """Whether a connection of this identity must end."""
        return await self.revocation.revoked(identity)
