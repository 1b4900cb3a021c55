"""From settings to who comes in: one door and one authorizer, or what in the settings cannot be."""

from __future__ import annotations

import shlex
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ..config import ConfigError
from ..settings import AuthSettings, Settings
from .authenticate import Door, Verifier
from .development import DevelopmentIssuer
from .identity import Authorizer, Role
from .jwks import DISCOVERY, JwksKeys, is_loopback
from .keys import BadKey, StaticKeys, secret_key
from .revocation import Revocations
from .roles import BadTable, ClaimRoles, SameForAll, Scoped, read_table, role_named
from .tokens import TokenRules, TokenVerifier, TrustedIssuers

_WELL_KNOWN = "/.well-known/"


@dataclass(frozen=True, slots=True)
class Auth:
    door: Door
    authorizer: Authorizer
    revocations: Revocations
    issuer: DevelopmentIssuer | None = None
    keys: tuple[JwksKeys, ...] = ()
    # Whether everybody who reaches the server is believed.
    trusting: bool = False


def set_up(settings: Settings, *, now: Callable[[], float] = time.time) -> Auth:
    """ConfigError says what is missing or wrong. A server that believes everybody listens to this
    machine alone, unless it is forced."""
    auth = settings.auth
    trusting = auth.source in ("dev", "none")
    if trusting and not is_loopback(settings.server.host) and not settings.server.force:
        raise ConfigError(
            f"with --auth {auth.source} whoever reaches {settings.server.host} may read and change "
            "everything: listen on 127.0.0.1, use an issuer of tokens, or say --force"
        )
    revocations = Revocations(now=now)
    verifier: Verifier | None = None
    issuer = guests = None
    keys: tuple[JwksKeys, ...] = ()
    if auth.more and trusting:
        raise ConfigError(f"auth.more: with --auth {auth.source} tokens of others mean nothing")
    if auth.source == "dev":
        verifier = issuer = DevelopmentIssuer(now=now)
    elif auth.source == "none":
        guests = auth.tenant
    elif auth.source == "secret":
        verifier = _of_secret(auth, now)
    else:
        verifier, found = _of_issuer(auth, now)
        keys = (found,)
    if auth.more and isinstance(verifier, TokenVerifier):
        verifier, others = _trusting(verifier, auth, now)
        keys += others
    door = Door(verifier, revocation=revocations, guests=guests)
    authorizer = Scoped(_authorizer(auth, trusting))
    return Auth(door, authorizer, revocations, issuer, keys, trusting)


def _of_secret(auth: AuthSettings, now: Callable[[], float]) -> TokenVerifier:
    try:
        key = secret_key(auth.secret)
    except BadKey as error:
        raise ConfigError(f"auth.secret: {error}") from None
    if not auth.issuer:
        raise ConfigError("auth.issuer: say what tokens name as `iss`")
    return TokenVerifier(
        _rules(auth, auth.issuer, frozenset({"HS256"})), StaticKeys([key]), now=now
    )


def _of_issuer(auth: AuthSettings, now: Callable[[], float]) -> tuple[TokenVerifier, JwksKeys]:
    keys, name, uses = _keys(auth)
    rules = _rules(auth, name, frozenset(auth.algorithms), uses)
    return TokenVerifier(rules, keys, now=now), keys


def _trusting(
    first: TokenVerifier, auth: AuthSettings, now: Callable[[], float]
) -> tuple[TrustedIssuers, tuple[JwksKeys, ...]]:
    """The first issuer, and those of auth.more."""
    others = []
    for line in auth.more:
        try:
            others.append(_of_issuer(_further(auth, line), now))
        except ConfigError as error:
            raise ConfigError(f"auth.more: {line!r}: {error}") from None
    try:
        trusted = TrustedIssuers([first, *(verifier for verifier, _ in others)])
    except ValueError as error:
        raise ConfigError(f"auth.more: {error}") from None
    return trusted, tuple(keys for _, keys in others)


# What a line of auth.more may say of its issuer; everything else is as for the first.
_LISTS = ("audience", "token_uses", "algorithms")
_TEXTS = ("issuer", "tenant", "tenant_claim", "user_claim")


def _further(auth: AuthSettings, line: str) -> AuthSettings:
    """The settings of a further issuer: its URL, then name=value, lists by saying a name again."""
    try:
        url, *said = shlex.split(line)
    except ValueError:
        raise ConfigError("it begins with the URL of an issuer") from None
    if "://" not in url:
        raise ConfigError("it begins with the URL of an issuer")
    # The same name is another person to another issuer, so it says whose tenant its people are of.
    own: dict[str, Any] = {"issuer": "", "tenant_claim": ""}
    for one in said:
        name, equals, value = one.partition("=")
        if not equals or not value or name not in (*_LISTS, *_TEXTS):
            raise ConfigError(f"{one!r} is not one of {'=, '.join((*_LISTS, *_TEXTS))}=")
        own[name] = (*own.get(name, ()), value) if name in _LISTS else value
    if "tenant" not in own and not own["tenant_claim"]:
        raise ConfigError("say tenant= or tenant_claim=, for its people are others")
    return replace(auth, source=url, **own)


def _keys(auth: AuthSettings) -> tuple[JwksKeys, str, frozenset[str]]:
    """The keys, the issuer, and what tokens are for if it is Cognito."""
    url = auth.source
    if "://" not in url:
        raise ConfigError(
            f"auth.source is dev, none, secret, or the URL of an issuer or of its keys; not {url!r}"
        )
    head, well_known, _ = url.partition(_WELL_KNOWN)
    is_keys = url.endswith(".json") or "jwks" in urlsplit(url).path or "/keys" in urlsplit(url).path
    issuer = auth.issuer or (head if well_known else "" if is_keys else url)
    if not issuer:
        raise ConfigError(f"auth.issuer: the address {url} does not tell who signs; say it")
    uses = frozenset(auth.token_uses)
    if not uses and (urlsplit(url).hostname or "").startswith("cognito-idp."):
        uses = frozenset({"id", "access"})
    try:
        if is_keys and not url.endswith(DISCOVERY):
            return JwksKeys(url), issuer, uses
        return JwksKeys(issuer=head if well_known else url), issuer, uses
    except ValueError as error:
        raise ConfigError(f"auth.source: {error}") from None


def _rules(
    auth: AuthSettings, issuer: str, algorithms: frozenset[str], uses: frozenset[str] = frozenset()
) -> TokenRules:
    if not auth.audience:
        raise ConfigError("auth.audience: say what tokens name as `aud` (Cognito: the app client)")
    try:
        return TokenRules(
            issuer=issuer,
            audiences=frozenset(auth.audience),
            algorithms=algorithms,
            token_uses=uses,
            user_claim=auth.user_claim,
            tenant_claim=auth.tenant_claim or None,
            tenant=auth.tenant,
        )
    except ValueError as error:
        raise ConfigError(f"auth: {error}") from None


def _authorizer(auth: AuthSettings, trusting: bool) -> Authorizer:
    if auth.source == "none":
        # Nobody says who they are, so the setting alone counts; without one everybody writes.
        return SameForAll(role_named(auth.role) or Role.EDITOR)
    groups = {}
    for line in auth.groups:
        group, _, role = line.rpartition("=")
        try:
            named = role_named(role) if group else None
        except ValueError as error:
            raise ConfigError(f"auth.groups: {line!r}: {error}") from None
        if named is None:
            raise ConfigError(f"auth.groups: {line!r} is not group=role")
        groups[group] = named
    default = role_named(auth.role)
    claims = ClaimRoles(
        claim=auth.role_claim,
        patterns_claim=auth.roles_claim,
        groups_claim=auth.groups_claim,
        groups=groups,
        default=Role.OWNER if trusting and default is None else default,
    )
    if not auth.table:
        return claims
    try:
        return read_table(Path(auth.table), groups_claim=auth.groups_claim, otherwise=claims)
    except BadTable as error:
        raise ConfigError(f"auth.table: {error}") from None
