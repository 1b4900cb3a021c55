"""From settings to who comes in, and settings that would let in the wrong ones."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from auth.forge import claims, make

from ropewalk_server.auth.identity import Identity, Refused, Role
from ropewalk_server.auth.setup import set_up
from ropewalk_server.config import ConfigError
from ropewalk_server.http.app import create_app
from ropewalk_server.http.run import identity

from .running import made

SECRET = "0123456789abcdef0123456789abcdef"
OIDC: dict[str, Any] = {"source": "https://issuer.example/pool", "audience": ("letters",)}
COGNITO = "https://cognito-idp.eu-central-1.amazonaws.com/pool"


@pytest.mark.parametrize(
    ("sections", "says"),
    [
        ({"server": {"host": "0.0.0.0"}}, "say --force"),
        (
            {"server": {"host": "example.org"}, "auth": {"source": "none"}},
            "whoever reaches example.org",
        ),
        ({"server": {"host": ""}}, "say --force"),
        ({"server": {"host": "::"}}, "say --force"),
        ({"auth": {"source": "password"}}, "auth.source is dev, none, secret"),
        (
            {"auth": {"source": "secret", "secret": "short", "issuer": "i", "audience": ("a",)}},
            "at least 32",
        ),
        ({"auth": {"source": "secret", "secret": SECRET, "audience": ("a",)}}, "auth.issuer"),
        ({"auth": {"source": "secret", "secret": SECRET, "issuer": "i"}}, "auth.audience"),
        ({"auth": {**OIDC, "audience": ()}}, "auth.audience"),
        ({"auth": {**OIDC, "source": "http://issuer.example"}}, "over https"),
        ({"auth": {**OIDC, "source": "https://keys.example/jwks"}}, "auth.issuer"),
        ({"auth": {**OIDC, "algorithms": ("none",)}}, "not none"),
        ({"auth": {**OIDC, "algorithms": ("RS256", "HS256")}}, "not both"),
        ({"auth": {**OIDC, "token_uses": ("refresh",)}}, '"id" and "access"'),
        ({"auth": {**OIDC, "groups": ("staff",)}}, "group=role"),
        ({"auth": {**OIDC, "groups": ("staff=boss",)}}, "a role is one of"),
        ({"auth": {**OIDC, "groups": ("staff=none",)}}, "group=role"),
        ({"auth": {"more": ("https://b.example tenant=b",)}}, "tokens of others mean nothing"),
        ({"auth": {**OIDC, "more": ("https://b.example",)}}, "say tenant= or tenant_claim="),
        ({"auth": {**OIDC, "more": ("",)}}, "begins with the URL"),
        ({"auth": {**OIDC, "more": ("tenant=b",)}}, "begins with the URL"),
        ({"auth": {**OIDC, "more": ('https://b.example "tenant=b',)}}, "begins with the URL"),
        ({"auth": {**OIDC, "more": ("https://b.example tenant=",)}}, "'tenant=' is not one of"),
        ({"auth": {**OIDC, "more": ("https://b.example role=owner",)}}, "'role=owner' is not"),
        ({"auth": {**OIDC, "more": ("http://b.example tenant=b",)}}, "over https"),
        ({"auth": {**OIDC, "more": (f"{OIDC['source']} tenant=b",)}}, "of one issuer"),
        (
            {"auth": {**OIDC, "table": "/nowhere/roles.toml"}},
            "auth.table: /nowhere/roles.toml: No such file",
        ),
        ({"store": {"url": "mysql://x"}}, "mysql"),
        ({"store": {"url": "x"}}, "not the URL of a store"),
        ({"webhooks": {"urls": ("https://h.example",)}}, "webhooks.secret"),
    ],
)
def test_settings_that_cannot_be_followed_are_refused(sections: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigError) as wrong:
        create_app(made(**sections))
    assert says in str(wrong.value)
    assert SECRET not in str(wrong.value)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost", "127.8.8.8"])
def test_on_this_machine_anybody_may_be_anybody(host: str) -> None:
    auth = set_up(made(server={"host": host}))
    assert auth.trusting
    assert auth.issuer is not None


def test_force_lets_the_development_issuer_serve_others() -> None:
    assert set_up(made(server={"host": "0.0.0.0", "force": True})).issuer is not None


@pytest.mark.parametrize(
    ("auth", "keys", "issuer", "uses"),
    [
        (OIDC, None, "https://issuer.example/pool", set()),
        (
            {**OIDC, "source": "https://issuer.example/.well-known/jwks.json"},
            "https://issuer.example/.well-known/jwks.json",
            "https://issuer.example",
            set(),
        ),
        (
            {**OIDC, "source": "https://issuer.example/.well-known/openid-configuration"},
            None,
            "https://issuer.example",
            set(),
        ),
        (
            {**OIDC, "source": "https://keys.example/jwks", "issuer": "me"},
            "https://keys.example/jwks",
            "me",
            set(),
        ),
        ({**OIDC, "source": COGNITO}, None, COGNITO, {"id", "access"}),
        (
            {**OIDC, "source": COGNITO + "/.well-known/jwks.json"},
            COGNITO + "/.well-known/jwks.json",
            COGNITO,
            {"id", "access"},
        ),
        ({**OIDC, "source": COGNITO, "token_uses": ("id",)}, None, COGNITO, {"id"}),
    ],
)
def test_an_address_tells_the_issuer_and_its_keys(
    auth: dict[str, Any], keys: str | None, issuer: str, uses: set[str]
) -> None:
    made_ = set_up(made(auth=auth))
    (made_keys,) = made_.keys
    assert made_keys._url == keys
    if keys is None:
        assert made_keys._issuer == issuer
    rules = made_.door._verifier.rules  # type: ignore[union-attr]
    assert (rules.issuer, set(rules.token_uses)) == (issuer, uses)
    assert not made_.trusting


async def test_a_shared_secret() -> None:
    auth = {
        "source": "secret",
        "secret": SECRET,
        "issuer": "me",
        "audience": ("letters",),
        "tenant": "house",
    }
    auth_ = set_up(made(auth=auth), now=lambda: 1_800_000_000.0)
    token = make(claims(iss="me"), algorithm="HS256", key=SECRET.encode(), kid=...)
    found = await auth_.door.authenticate(token)
    assert (found.user, found.tenant) == ("alice", "house")
    with pytest.raises(Refused):
        await auth_.door.authenticate(
            make(claims(iss="me"), algorithm="HS256", key=b"x" * 32, kid=...)
        )


def somebody(**more: Any) -> Identity:
    return Identity("alice", "main", claims=more)


@pytest.mark.parametrize(
    ("auth", "who", "role"),
    [
        ({}, {}, Role.OWNER),
        ({}, {"role": "reader"}, Role.READER),
        ({"role": "reader"}, {}, Role.READER),
        ({"source": "none"}, {}, Role.EDITOR),
        ({"source": "none", "role": "reader"}, {"role": "owner"}, Role.READER),
        (OIDC, {}, None),
        (OIDC, {"role": "editor"}, Role.EDITOR),
        ({**OIDC, "role": "commenter"}, {}, Role.COMMENTER),
        (
            {**OIDC, "role_claim": "custom:role"},
            {"custom:role": "editor", "role": "owner"},
            Role.EDITOR,
        ),
        (
            {**OIDC, "groups_claim": "cognito:groups", "groups": ("staff=editor",)},
            {"cognito:groups": ["staff"]},
            Role.EDITOR,
        ),
    ],
)
async def test_roles_as_the_settings_say(
    auth: dict[str, Any], who: dict[str, Any], role: Role | None
) -> None:
    assert await set_up(made(auth=auth)).authorizer.role(somebody(**who), "letter") == role


async def test_a_table_goes_before_the_claims(tmp_path: Path) -> None:
    table = tmp_path / "roles.toml"
    table.write_text(
        '[[rule]]\ndocument = "secret"\nrole = "none"\n[[rule]]\nuser = "bob"\nrole = "reader"\n'
    )
    authorizer = set_up(made(auth={**OIDC, "table": str(table)})).authorizer
    owner = somebody(role="owner")
    assert await authorizer.role(owner, "secret") is None
    assert await authorizer.role(owner, "letter") == Role.OWNER
    assert (
        await authorizer.role(Identity("bob", "main", claims={"role": "owner"}), "letter")
        == Role.READER
    )


async def test_the_ticket_of_one_document_is_no_key_to_others() -> None:
    authorizer = set_up(made()).authorizer
    ticket = Identity("alice", "main", document="letter", claims={"role": "owner"})
    assert await authorizer.role(ticket, "letter") == Role.OWNER
    assert await authorizer.role(ticket, "other") is None


@pytest.mark.parametrize(
    ("auth", "says"),
    [
        ({}, "DEVELOPMENT: anybody may be anybody"),
        ({"source": "none"}, "NONE: everybody"),
        (OIDC, "tokens of https://issuer.example/pool"),
        ({"source": "secret", "issuer": "me"}, "tokens of me"),
    ],
)
def test_who_is_believed_is_said_at_the_start(auth: dict[str, Any], says: str) -> None:
    assert says in identity(made(auth=auth), "http://127.0.0.1:8000")
