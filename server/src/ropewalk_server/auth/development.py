"""An issuer for one's own machine: it signs a token for whoever asks.

Its key is made when the server starts and never leaves the process, so nothing it signed is worth
anything tomorrow or elsewhere. It is refused on addresses that others reach, unless forced.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Mapping
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ed25519

from .identity import Identity, Role
from .keys import StaticKeys, public_key
from .tokens import TokenRules, TokenVerifier

ISSUER = "ropewalk:development"
AUDIENCE = "ropewalk"
TOKEN_SECONDS = 12 * 3600.0
MAX_TOKEN_SECONDS = 7 * 24 * 3600.0


class DevelopmentIssuer:
    """Signs tokens, and verifies those it signed."""

    def __init__(self, *, now: Callable[[], float] = time.time) -> None:
        self._now = now
        self._key = ed25519.Ed25519PrivateKey.generate()
        self._kid = secrets.token_hex(8)
        rules = TokenRules(
            issuer=ISSUER,
            audiences=frozenset({AUDIENCE}),
            algorithms=frozenset({"EdDSA"}),
            tenant_claim="tenant",
        )
        keys = StaticKeys([public_key(self._key.public_key(), self._kid)])
        self._verifier = TokenVerifier(rules, keys, now=now)

    def token(
        self,
        user: str,
        *,
        tenant: str = "main",
        name: str = "",
        role: Role | None = Role.OWNER,
        seconds: float = TOKEN_SECONDS,
        claims: Mapping[str, Any] | None = None,
    ) -> str:
        """A token of this user, who has this role in every document of the tenant."""
        if not 0 < seconds <= MAX_TOKEN_SECONDS:
            raise ValueError(f"a token lives for at most {MAX_TOKEN_SECONDS:.0f} seconds")
        now = int(self._now())
        body = {
            **(claims or {}),
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": user,
            "tenant": tenant,
            "name": name or user,
            "role": role.name.lower() if role is not None else "none",
            "iat": now,
            "exp": now + int(seconds),
            "jti": secrets.token_hex(8),
        }
        return jwt.encode(body, self._key, algorithm="EdDSA", headers={"kid": self._kid})

    @property
    def public(self) -> tuple[str, bytes]:
        """The name of its key, and the key that verifies: for whoever runs in another process."""
        return self._kid, self._key.public_key().public_bytes_raw()

    async def verify(self, token: str) -> Identity:
        return await self._verifier.verify(token)
