"""Who is at the other end of a connection, and what they may do with a document."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, Protocol


class Role(IntEnum):
    """What somebody may do with a document; each role may do what those before it may."""

    READER = 1  # read, and be seen
    COMMENTER = 2  # and comment
    EDITOR = 3  # and change it
    OWNER = 4  # and delete, restore, hand out roles


@dataclass(frozen=True, slots=True)
class Identity:
    """Somebody who proved who they are. The tenant comes from that proof, never from a path."""

    user: str
    tenant: str
    name: str = ""
    expires: float | None = None  # seconds since 1970
    document: str | None = None  # if set, the only document they may touch: a ticket was for it
    claims: Mapping[str, Any] = field(default_factory=dict)


@dataclass
class Refused(Exception):
    """A credential or a right that is not enough. `reason` is for the person, and holds no secret."""

    reason: str
    # or "forbidden", "expired", "not-found", "unavailable": nobody can tell just now
    code: str = "unauthorized"

    def __str__(self) -> str:
        return self.reason


class Authenticator(Protocol):
    async def authenticate(self, token: str | None, *, ticket: str | None = None) -> Identity:
        """Who presents this; Refused if it proves nothing."""
        ...


class Authorizer(Protocol):
    async def role(self, identity: Identity, doc: str) -> Role | None:
        """What this person may do with this document of their tenant; None: not even know of it."""
        ...
