"""Who may what, in tests: a token says it all."""

from __future__ import annotations

from ropewalk_server.auth.identity import Identity, Refused, Role

ROLES = {role.name.lower(): role for role in Role}


def who(token: str | None) -> Identity:
    """`role:user@tenant`, with what lacks filled in; "bad" and "nothing" prove nothing."""
    if token in (None, ""):
        return Identity("anonymous", "firm", claims={"role": "editor"})
    role, _, rest = token.rpartition(":")
    user, _, tenant = rest.partition("@")
    if user == "bad":
        raise Refused("the token is no good")
    return Identity(user, tenant or "firm", user.title(), claims={"role": role or "editor"})


def may(identity: Identity, document: str) -> Role | None:
    """What the token has said, and nothing about documents named "secret"."""
    if document == "secret":
        return None
    return ROLES.get(identity.claims["role"])
