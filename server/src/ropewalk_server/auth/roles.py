"""What somebody may do with a document: from their claims, from a table, or from a function.

No authorizer is asked about another tenant: a document's name has no tenant in it until the room
puts the identity's in front (rooms/names.py), so there is no name for what is not one's own.
"""

from __future__ import annotations

import inspect
import tomllib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from .identity import Authorizer, Identity, Role

ROLE_NAMES = {role.name.lower(): role for role in Role}


def role_named(value: Any) -> Role | None:
    """The role of that name; None for "none". ValueError for what is no role."""
    if isinstance(value, Role) or value is None:
        return value
    if value == "none":
        return None
    if isinstance(value, str) and value in ROLE_NAMES:
        return ROLE_NAMES[value]
    raise ValueError(f"a role is one of {', '.join(ROLE_NAMES)} or none; not {value!r}")


def matches(pattern: str, name: str) -> bool:
    """Whether a name fits a pattern: `*` stands for any characters, `?` for one."""
    return fnmatchcase(name, pattern.replace("[", "[[]"))


@dataclass(frozen=True, slots=True)
class SameForAll:
    """One role for everybody of a tenant in all of its documents; None: nobody may do anything."""

    of_all: Role | None

    async def role(self, identity: Identity, doc: str) -> Role | None:
        return self.of_all


@dataclass(frozen=True, slots=True)
class ClaimRoles:
    """From the token: `"role": "editor"` for all documents, or `"roles": {"letters/*": "editor"}`, of
    which the longest pattern that fits counts; or by groups such as `cognito:groups`, of which the
    mightiest counts. A claim that says something else than a role gives none."""

    claim: str = "role"
    patterns_claim: str = "roles"
    groups_claim: str = "groups"
    groups: Mapping[str, Role] = field(default_factory=dict)
    default: Role | None = None

    async def role(self, identity: Identity, doc: str) -> Role | None:
        claims = identity.claims
        try:
            patterns = claims.get(self.patterns_claim)
            if isinstance(patterns, Mapping):
                fitting = [p for p in patterns if isinstance(p, str) and matches(p, doc)]
                if fitting:
                    return role_named(patterns[max(fitting, key=lambda p: (len(p), p))])
            if self.claim in claims:
                return role_named(claims[self.claim])
        except (ValueError, TypeError):
            return None
        listed = claims.get(self.groups_claim)
        if isinstance(listed, list):
            found = [self.groups[g] for g in listed if isinstance(g, str) and g in self.groups]
            if found:
                return max(found)
        return self.default


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of a table. What it does not name may be anything."""

    role: Role | None
    tenant: str = "*"
    user: str = "*"
    group: str | None = None
    document: str = "*"

    def fits(self, identity: Identity, doc: str, groups: Sequence[str]) -> bool:
        return (
            matches(self.tenant, identity.tenant)
            and matches(self.user, identity.user)
            and matches(self.document, doc)
            and (self.group is None or self.group in groups)
        )


@dataclass(frozen=True, slots=True)
class TableRoles:
    """From a table: the first rule that fits counts. A role of `none` shuts out."""

    rules: tuple[Rule, ...]
    groups_claim: str = "groups"
    # Asked where no rule fits; without one, nobody may do anything there.
    otherwise: Authorizer = SameForAll(None)

    async def role(self, identity: Identity, doc: str) -> Role | None:
        listed = identity.claims.get(self.groups_claim)
        groups = [g for g in listed if isinstance(g, str)] if isinstance(listed, list) else []
        for rule in self.rules:
            if rule.fits(identity, doc, groups):
                return rule.role
        return await self.otherwise.role(identity, doc)


class BadTable(ValueError):
    """A table of roles that cannot be understood; the message says where."""


def read_table(
    path: Path, *, groups_claim: str = "groups", otherwise: Authorizer | None = None
) -> TableRoles:
    """A TOML file of `[[rule]]`, each with a `role` and any of tenant, user, group, document."""
    try:
        page = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise BadTable(f"{path}: {error.strerror or error}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadTable(f"{path}: not TOML: {error}") from error
    rules = page.get("rule", [])
    if set(page) - {"rule"} or not isinstance(rules, list):
        raise BadTable(f"{path}: a table of roles is made of [[rule]] alone")
    made = []
    for place, line in enumerate(rules, 1):
        known = {"role", "tenant", "user", "group", "document"}
        if not isinstance(line, dict) or "role" not in line:
            raise BadTable(f"{path}: rule {place} has no role")
        if unknown := set(line) - known:
            raise BadTable(f"{path}: rule {place} has no place for {', '.join(sorted(unknown))}")
        if not all(isinstance(value, str) and value for value in line.values()):
            raise BadTable(f"{path}: all of rule {place} is text that is not empty")
        try:
            role = role_named(line["role"])
        except ValueError as error:
            raise BadTable(f"{path}: rule {place}: {error}") from error
        made.append(Rule(**{**line, "role": role}))
    return TableRoles(tuple(made), groups_claim, otherwise or SameForAll(None))


class CallbackRoles:
    """From a function of the application, plain or async: it gives a Role, its name, or None."""

    def __init__(
        self,
        function: Callable[[Identity, str], Role | str | Awaitable[Role | str | None] | None],
    ) -> None:
        self._function = function

    async def role(self, identity: Identity, doc: str) -> Role | None:
        answer = self._function(identity, doc)
        if inspect.isawaitable(answer):
            answer = await answer
        return role_named(answer)


@dataclass(frozen=True, slots=True)
class Scoped:
    """Another authorizer, for identities that may touch one document alone: a ticket's."""

    inner: Authorizer

    async def role(self, identity: Identity, doc: str) -> Role | None:
        if identity.document is not None and identity.document != doc:
            return None
        return await self.inner.role(identity, doc)
