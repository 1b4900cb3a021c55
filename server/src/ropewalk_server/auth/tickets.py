"""Tickets: what stands in a URL instead of a token.

A URL ends up in logs and histories, so what is in it must be worth nothing a moment later. A ticket
is for one person and one document, works once, and for 30 seconds. The store has only its hash.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Protocol

from .identity import Identity, Refused

TICKET_SECONDS = 30.0
MAX_TICKETS = 100_000
MAX_TICKET_BYTES = 128
PREFIX = "rwt_"


class TicketStore(Protocol):
    """Where tickets wait. Several servers behind one balancer share one."""

    async def put(self, key: str, value: bytes, expires: float) -> None:
        """Keeps a value until a moment in seconds since 1970."""

    async def take(self, key: str) -> bytes | None:
        """The value, and nobody gets it again; None if there is none."""
        ...


class MemoryTickets:
    """Tickets of one process, no more than a number of them: the oldest go first."""

    def __init__(
        self, *, now: Callable[[], float] = time.time, capacity: int = MAX_TICKETS
    ) -> None:
        self._now = now
        self._capacity = capacity
        self._values: OrderedDict[str, tuple[float, bytes]] = OrderedDict()

    async def put(self, key: str, value: bytes, expires: float) -> None:
        now = self._now()
        # All live equally long, so the oldest are the first to expire.
        while self._values:
            oldest, (ends, _) = next(iter(self._values.items()))
            if ends > now and len(self._values) < self._capacity:
                break
            del self._values[oldest]
        self._values[key] = (expires, value)

    async def take(self, key: str) -> bytes | None:
        found = self._values.pop(key, None)
        return found[1] if found is not None and found[0] > self._now() else None

    def __len__(self) -> int:
        return len(self._values)


class Tickets:
    """Gives tickets out and takes them back."""

    def __init__(
        self, store: TicketStore | None = None, *, now: Callable[[], float] = time.time
    ) -> None:
        self._now = now
        self._store = store if store is not None else MemoryTickets(now=now)

    async def issue(self, identity: Identity, document: str) -> str:
        """A ticket for this person and this document of their tenant."""
        ticket = PREFIX + secrets.token_urlsafe(32)
        value = {
            "user": identity.user,
            "tenant": identity.tenant,
            "name": identity.name,
            "expires": identity.expires,
            "document": document,
            "claims": dict(identity.claims),
        }
        await self._store.put(
            _key(ticket), json.dumps(value).encode(), self._now() + TICKET_SECONDS
        )
        return ticket

    async def redeem(self, ticket: str) -> Identity:
        """Whom the ticket was given to; they may touch its document alone."""
        if len(ticket) > MAX_TICKET_BYTES or not ticket.startswith(PREFIX):
            raise Refused("this is not a ticket")
        value = await self._store.take(_key(ticket))
        if value is None:
            raise Refused("the ticket is unknown, was used, or is too old: ask for a new one")
        fields = json.loads(value)
        expires = fields["expires"]
        if expires is not None and self._now() >= expires:
            raise Refused("the token behind the ticket has expired", "expired")
        return Identity(**fields)


def _key(ticket: str) -> str:
    return hashlib.sha256(ticket.encode("utf-8", "surrogatepass")).hexdigest()
