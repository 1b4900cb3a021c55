"""Tickets and revocations of several servers: in the store that they share, if it keeps such."""

from __future__ import annotations

from typing import Protocol

from .identity import Refused

_TICKET = "ticket:"


class Secrets(Protocol):
    """Small values that end by themselves; a store of several processes has them."""

    async def put_secret(self, key: str, value: bytes, ends_at: float) -> None: ...

    async def take_secret(self, key: str) -> bytes | None: ...

    async def secrets(self, prefix: str) -> list[tuple[str, bytes]]: ...


class SharedTickets:
    """A ticket that one server has given is good at any other, and once altogether."""

    def __init__(self, secrets: Secrets) -> None:
        self._secrets = secrets

    async def put(self, key: str, value: bytes, expires: float) -> None:
        await self._secrets.put_secret(_TICKET + key, value, expires)

    async def take(self, key: str) -> bytes | None:
        try:
            return await self._secrets.take_secret(_TICKET + key)
        except Exception as error:
            # Perhaps it was taken, and nobody will hear: whoever has it asks for another.
            raise Refused(f"the ticket cannot be looked up now, ask for a new one: {error}") from error
