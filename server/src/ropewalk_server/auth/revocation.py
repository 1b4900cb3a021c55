"""Tokens that are good and no longer count.

A service that knows of such (a session list, an identity provider's events) implements `Revocation`;
`Revocations` is one in memory, which the admin API writes to. Live connections are asked about again
every few seconds, so that they end within 5 s (P13).
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from .identity import Identity
from .shared import Secrets
from .strict import number

MAX_REVOCATIONS = 100_000
_KEY = "revoked:"


class Revocation(Protocol):
    async def revoked(self, identity: Identity) -> bool:
        """Whether what proved this identity no longer counts."""
        ...


class NothingRevoked:
    async def revoked(self, identity: Identity) -> bool:
        return False


class CallbackRevocation:
    """Asks a function of the application."""

    def __init__(self, function: Callable[[Identity], Awaitable[bool]]) -> None:
        self._function = function

    async def revoked(self, identity: Identity) -> bool:
        return bool(await self._function(identity))


@dataclass(frozen=True, slots=True)
class _Entry:
    issued_before: float  # tokens of this user from before this moment do not count
    until: float  # when the longest-lived of them has expired by itself


class Revocations:
    """Whole users, or single tokens by their `jti`, each until the token would have expired."""

    def __init__(
        self, *, now: Callable[[], float] = time.time, longest_token: float = 7 * 24 * 3600.0
    ) -> None:
        self._now = now
        self._longest = longest_token
        self._users: dict[tuple[str, str], _Entry] = {}
        self._tokens: dict[tuple[str, str], float] = {}
        self._secrets: Secrets | None = None
        self._to_settle: list[tuple[str, bytes, float]] = []

    def share(self, secrets: Secrets) -> None:
        """From now on what is revoked here is revoked at all servers on one store."""
        self._secrets = secrets

    async def settle(self) -> None:
        """Returns when the others can know of what was revoked here."""
        while self._secrets is not None and self._to_settle:
            await self._secrets.put_secret(*self._to_settle[0])
            del self._to_settle[0]

    async def refresh(self) -> None:
        """Learns what was revoked elsewhere."""
        if self._secrets is None:
            return
        await self.settle()
        for _, value in await self._secrets.secrets(_KEY):
            said = json.loads(value)
            whom = said["tenant"], said["whom"]
            if said["kind"] == "token":
                self._tokens[whom] = said["until"]
                continue
            known = self._users.get(whom)
            if known is None or said["before"] > known.issued_before:
                self._users[whom] = _Entry(said["before"], said["until"])

    def _tell(self, kind: str, tenant: str, whom: str, before: float, until: float) -> None:
        """Kept until settle()."""
        if self._secrets is None:
            return
        said = {"kind": kind, "tenant": tenant, "whom": whom, "before": before, "until": until}
        name = hashlib.sha256(json.dumps([kind, tenant, whom]).encode()).hexdigest()
        self._to_settle.append((_KEY + name, json.dumps(said).encode(), until))

    def revoke_user(self, tenant: str, user: str) -> None:
        """All tokens that this user has now. One that does not say when it was made counts as old."""
        now = self._now()
        self._make_room()
        self._users[tenant, user] = _Entry(now, now + self._longest)
        self._tell("user", tenant, user, now, now + self._longest)

    def revoke_token(self, tenant: str, jti: str) -> None:
        self._make_room()
        until = self._tokens[tenant, jti] = self._now() + self._longest
        self._tell("token", tenant, jti, 0.0, until)

    async def revoked(self, identity: Identity) -> bool:
        jti = identity.claims.get("jti")
        if isinstance(jti, str) and (identity.tenant, jti) in self._tokens:
            return True
        entry = self._users.get((identity.tenant, identity.user))
        if entry is None:
            return False
        issued = number(identity.claims.get("iat"))
        # `iat` has whole seconds: one of the same second counts as from before.
        return issued is None or issued <= entry.issued_before

    def forget(self) -> None:
        """All of it counts again."""
        self._users.clear()
        self._tokens.clear()

    def __len__(self) -> int:
        return len(self._users) + len(self._tokens)

    def _make_room(self) -> None:
        """Drops what has ended by itself. When full still, says so: to forget one would readmit."""
        if len(self) < MAX_REVOCATIONS:
            return
        now = self._now()
        self._users = {k: e for k, e in self._users.items() if e.until > now}
        self._tokens = {k: until for k, until in self._tokens.items() if until > now}
        if len(self) >= MAX_REVOCATIONS:
            raise OverflowError(f"no more than {MAX_REVOCATIONS} revocations at a time")
