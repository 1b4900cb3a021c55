"""Who signs tokens, in the place of Cognito: the development issuer, with its keys where functions
find them. It gives a token to whoever asks."""

from __future__ import annotations

import base64
import json
from typing import Any

from ..auth.development import AUDIENCE, ISSUER, MAX_TOKEN_SECONDS, TOKEN_SECONDS, DevelopmentIssuer
from ..auth.roles import role_named
from .clock import EmulatorClock
from .front import Request, Response

JWKS_PATH = "/.well-known/jwks.json"
TOKEN_PATH = "/api/dev/token"


class Issuer:
    def __init__(self, clock: EmulatorClock) -> None:
        self._issuer = DevelopmentIssuer(now=clock.now)

    def environ(self, address: str) -> dict[str, str]:
        """What functions need to know to verify what it signs."""
        return {
            "ROPEWALK_AUTH": address + JWKS_PATH,
            "ROPEWALK_AUTH_ISSUER": ISSUER,
            "ROPEWALK_AUDIENCE": AUDIENCE,
            "ROPEWALK_AUTH_ALGORITHMS": "EdDSA",
            "ROPEWALK_AUTH_TENANT_CLAIM": "tenant",
        }

    def token(self, user: str, **more: Any) -> str:
        return self._issuer.token(user, **more)

    def keys(self) -> Response:
        number, point = self._issuer.public
        key = {
            "kty": "OKP",
            "crv": "Ed25519",
            "alg": "EdDSA",
            "use": "sig",
            "kid": number,
            "x": base64.urlsafe_b64encode(point).rstrip(b"=").decode(),
        }
        return Response.of(200, {"keys": [key]})

    def give(self, request: Request) -> Response:
        try:
            fields = json.loads(request.body)
            seconds = float(fields.get("seconds", TOKEN_SECONDS))
            if not 0 < seconds <= MAX_TOKEN_SECONDS:
                raise ValueError(f"seconds: more than 0, at most {MAX_TOKEN_SECONDS:.0f}")
            user = fields["user"]
            if not isinstance(user, str) or not user.strip():
                raise ValueError("user: a text")
            token = self._issuer.token(
                user,
                tenant=str(fields.get("tenant", "main")),
                name=str(fields.get("name", "")),
                role=role_named(str(fields.get("role", "owner"))),
                seconds=seconds,
            )
        except (ValueError, KeyError, AttributeError, TypeError) as error:
            return Response.of(422, {"message": f"no token for that: {error}"})
        return Response.of(201, {"token": token, "expires_in": seconds})
