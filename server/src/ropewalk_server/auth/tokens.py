"""JSON Web Tokens: who presents one, or why not.

A token is read strictly (auth/strict.py), its key is one that the configuration leads to, and its
signature is checked by PyJWT with one algorithm, which both the configuration and the key allow.
What it claims is checked here, against a clock that is given.
"""

from __future__ import annotations

import time
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import jwt

from .identity import Identity, Refused
from .keys import KNOWN_ALGORITHMS, KeySource
from .strict import Malformed, decode_base64url, decode_object, number

MAX_TOKEN_BYTES = 8 * 1024
LEEWAY_SECONDS = 30.0
MAX_NAME = 256  # characters of a user, a tenant, a name

# Headers that bring their own key or change how the rest is read. None is ever followed.
_FORBIDDEN_HEADERS = ("jku", "x5u", "jwk", "x5c", "crit", "b64", "zip", "enc", "cty")
_TYPES = frozenset({"jwt", "at+jwt", "application/jwt", "application/at+jwt"})

# The furthest date a token may name: what a clock and a float can still tell apart by seconds.
_LAST_SECOND = 2.0**53


@dataclass(frozen=True, slots=True)
class TokenRules:
    """What a token of one issuer must say."""

    issuer: str
    audiences: frozenset[str]
    algorithms: frozenset[str] = frozenset({"RS256", "ES256", "EdDSA"})
    # Cognito's tokens say what they are: "id" has `aud`, "access" has `client_id`. Empty: not Cognito.
    token_uses: frozenset[str] = frozenset()
    user_claim: str = "sub"
    name_claims: tuple[str, ...] = ("name", "preferred_username", "cognito:username")
    # Whoever has a claim for the tenant must have it in every token; else all are of one tenant.
    tenant_claim: str | None = None
    tenant: str = "main"
    leeway: float = LEEWAY_SECONDS

    def __post_init__(self) -> None:
        unknown = self.algorithms - KNOWN_ALGORITHMS
        if unknown or not self.algorithms:
            raise ValueError(
                f"algorithms of tokens are {', '.join(sorted(KNOWN_ALGORITHMS))}; "
                f"not {', '.join(sorted(unknown)) or 'none at all'}"
            )
        if len({name.startswith("HS") for name in self.algorithms}) > 1:
            raise ValueError("tokens are signed with a shared secret or with a key pair, not both")
        if not self.issuer or not self.audiences or not all(self.audiences):
            raise ValueError("tokens need an issuer and an audience")
        if self.token_uses - {"id", "access"}:
            raise ValueError('the uses of tokens are "id" and "access"')


@dataclass(frozen=True, slots=True)
class _Parts:
    header: Mapping[str, Any]
    claims: Mapping[str, Any]


def _parse(token: str) -> _Parts:
    if len(token) > MAX_TOKEN_BYTES:
        raise Refused(f"the token is longer than {MAX_TOKEN_BYTES} bytes")
    parts = token.split(".")
    if len(parts) != 3:
        raise Refused("the token is not a signed JSON Web Token")
    try:
        header = decode_object(decode_base64url(parts[0]), "header of the token")
        claims = decode_object(decode_base64url(parts[1]), "body of the token")
        decode_base64url(parts[2])
    except Malformed as error:
        raise Refused(f"the token cannot be read: {error}") from None
    return _Parts(header, claims)


def issuer_of(token: str) -> str:
    """Whom the token says it is from. Nothing is checked: only to choose who checks."""
    issuer = _parse(token).claims.get("iss")
    return issuer if isinstance(issuer, str) else ""


class TokenVerifier:
    """Tokens of one issuer."""

    def __init__(
        self, rules: TokenRules, keys: KeySource, *, now: Callable[[], float] = time.time
    ) -> None:
        self.rules = rules
        self._keys = keys
        self._now = now

    async def verify(self, token: str) -> Identity:
        """Who this is; Refused, whatever is wrong with it."""
        parts = _parse(token)
        algorithm, kid = self._checked_header(parts.header)
        # Cheap claims first: a token of a stranger makes nobody fetch keys.
        identity = self._checked_claims(parts.claims)
        key = await self._keys.key(kid)
        if algorithm not in key.algorithms:
            raise Refused("the token is signed with an algorithm that its key is not for")
        try:
            jwt.api_jws.PyJWS(algorithms=[algorithm]).decode(
                token, key.material, algorithms=[algorithm]
            )
        except jwt.PyJWTError:
            raise Refused("the signature of the token is wrong") from None
        return identity

    def _checked_header(self, header: Mapping[str, Any]) -> tuple[str, str | None]:
        for name in _FORBIDDEN_HEADERS:
            if name in header:
                raise Refused(f"the header of the token has `{name}`, which is not taken here")
        algorithm = header.get("alg")
        if not isinstance(algorithm, str) or algorithm not in self.rules.algorithms:
            raise Refused("the token is signed with an algorithm that is not allowed here")
        kind = header.get("typ", "JWT")
        if not isinstance(kind, str) or kind.lower() not in _TYPES:
            raise Refused("the token is not of the type JWT")
        kid = header.get("kid")
        if kid is not None and (not isinstance(kid, str) or not kid or len(kid) > MAX_NAME):
            raise Refused("the token names its key in a way that cannot be")
        return algorithm, kid

    def _checked_claims(self, claims: Mapping[str, Any]) -> Identity:
        rules = self.rules
        if claims.get("iss") != rules.issuer:
            raise Refused("the token is from an issuer that is not trusted here")
        self._check_audience(claims)
        expires = self._check_times(claims)
        tenant = rules.tenant
        if rules.tenant_claim is not None:
            tenant = _text(claims, rules.tenant_claim)
        name = next((v for n in rules.name_claims if (v := _optional_text(claims.get(n)))), "")
        return Identity(
            user=_text(claims, rules.user_claim),
            tenant=tenant,
            name=name,
            expires=expires,
            claims=claims,
        )

    def _check_audience(self, claims: Mapping[str, Any]) -> None:
        rules = self.rules
        audience = claims.get("aud")
        if rules.token_uses:
            use = claims.get("token_use")
            if not isinstance(use, str) or use not in rules.token_uses:
                raise Refused("the token is for another use")
            if use == "access":
                if audience is not None:
                    raise Refused("an access token has no audience but a client")
                audience = claims.get("client_id")
                if not isinstance(audience, str):
                    raise Refused("the token names no client")
        named = [audience] if isinstance(audience, str) else audience
        if not isinstance(named, list) or not all(isinstance(one, str) for one in named):
            raise Refused("the token names no audience")
        if rules.audiences.isdisjoint(named):
            raise Refused("the token is for another audience")

    def _check_times(self, claims: Mapping[str, Any]) -> float:
        now, leeway = self._now(), self.rules.leeway
        expires = number(claims.get("exp"))
        if expires is None or not 0 <= expires <= _LAST_SECOND:
            raise Refused("the token does not say when it expires")
        if now >= expires + leeway:
            raise Refused("the token has expired", "expired")
        for name in ("nbf", "iat"):
            if name in claims:
                moment = number(claims[name])
                if moment is None or not 0 <= moment <= _LAST_SECOND:
                    raise Refused(f"`{name}` of the token is not a date")
                if now < moment - leeway:
                    raise Refused("the token is not valid yet")
        # Who comes in by the leeway alone stays as long as it lasts.
        return expires if now < expires else expires + leeway


def _optional_text(value: Any) -> str:
    if not isinstance(value, str) or not value.strip() or len(value) > MAX_NAME:
        return ""
    # Neither control characters nor halves of surrogates: names go into logs and keys of stores.
    return "" if any(unicodedata.category(c) in ("Cc", "Cs") for c in value) else value


def _text(claims: Mapping[str, Any], name: str) -> str:
    text = _optional_text(claims.get(name))
    if not text:
        raise Refused(f"the token does not say `{name}`, or not as a short text")
    return text


class TrustedIssuers:
    """Several issuers: each token goes to the verifier of the issuer that it names."""

    def __init__(self, verifiers: Sequence[TokenVerifier]) -> None:
        self._by_issuer = {verifier.rules.issuer: verifier for verifier in verifiers}
        if len(self._by_issuer) != len(verifiers):
            raise ValueError("two verifiers are of one issuer")

    async def verify(self, token: str) -> Identity:
        verifier = self._by_issuer.get(issuer_of(token))
        if verifier is None:
            raise Refused("the token is from an issuer that is not trusted here")
        return await verifier.verify(token)
