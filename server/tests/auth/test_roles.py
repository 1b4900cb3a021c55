"""Roles from claims, from a table, from a function; and tickets for one document."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ropewalk_server.auth import CallbackRoles, ClaimRoles, Identity, Role, SameForAll, TableRoles
from ropewalk_server.auth.roles import BadTable, Rule, Scoped, matches, read_table, role_named


def somebody(**claims: Any) -> Identity:
    return Identity("alice", "acme", claims=claims)


CLAIMS = ClaimRoles(groups={"lawyers": Role.EDITOR, "partners": Role.OWNER}, default=Role.READER)


@pytest.mark.parametrize(
    ("claims", "doc", "role"),
    [
        ({}, "a", Role.READER),
        ({"role": "editor"}, "a", Role.EDITOR),
        ({"role": "none"}, "a", None),
        ({"role": "Editor"}, "a", None),
        ({"role": 4}, "a", None),
        ({"role": True}, "a", None),
        ({"role": ["owner"]}, "a", None),
        ({"role": None}, "a", None),
        ({"roles": {"letters/*": "editor"}}, "letters/1", Role.EDITOR),
        ({"roles": {"letters/*": "editor"}}, "todo", Role.READER),
        ({"roles": {"letters/*": "editor"}, "role": "commenter"}, "todo", Role.COMMENTER),
        ({"roles": {"*": "owner", "letters/secret": "none"}}, "letters/secret", None),
        ({"roles": {"*": "reader", "letters/*": "editor"}}, "letters/1", Role.EDITOR),
        ({"roles": {"letters/1": "admin"}, "role": "owner"}, "letters/1", None),
        ({"roles": {"a": ["owner"]}}, "a", None),
        ({"roles": ["owner"]}, "a", Role.READER),
        ({"groups": ["lawyers"]}, "a", Role.EDITOR),
        ({"groups": ["lawyers", "partners", "x", 5]}, "a", Role.OWNER),
        ({"groups": ["x"]}, "a", Role.READER),
        ({"groups": "partners"}, "a", Role.READER),
        ({"groups": ["partners"], "role": "reader"}, "a", Role.READER),
    ],
)
async def test_roles_from_claims(claims: dict[str, Any], doc: str, role: Role | None) -> None:
    assert await CLAIMS.role(somebody(**claims), doc) == role


TABLE = """
[[rule]]
document = "letters/secret"
user = "alice"
role = "none"

[[rule]]
tenant = "acme"
document = "letters/*"
role = "editor"

[[rule]]
group = "staff"
role = "commenter"

[[rule]]
user = "bob"
role = "owner"
"""


@pytest.mark.parametrize(
    ("identity", "doc", "role"),
    [
        (somebody(), "letters/1", Role.EDITOR),
        (somebody(), "letters/secret", None),
        (Identity("bob", "acme"), "letters/secret", Role.EDITOR),
        (Identity("bob", "umbrella"), "letters/1", Role.OWNER),
        (Identity("eve", "umbrella"), "letters/1", None),
        (somebody(groups=["staff"]), "todo", Role.COMMENTER),
        (somebody(groups="staff"), "todo", None),
        (somebody(), "todo", None),
        (somebody(), "LETTERS/1", None),
    ],
)
async def test_roles_from_a_table(
    tmp_path: Path, identity: Identity, doc: str, role: Role | None
) -> None:
    path = tmp_path / "roles.toml"
    path.write_text(TABLE)
    assert await read_table(path).role(identity, doc) == role


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("rule", "not TOML"),
        ("[rule]\nrole='reader'", "[[rule]] alone"),
        ("[[rules]]\nrole='reader'", "[[rule]] alone"),
        ("[[rule]]\nuser='a'", "rule 1 has no role"),
        ("[[rule]]\nrole='reader'\n[[rule]]\nrole='boss'", "rule 2: a role is one of reader"),
        ("[[rule]]\nrole='reader'\nusers='a'", "no place for users"),
        ("[[rule]]\nrole='reader'\nuser=5", "text that is not empty"),
        ("[[rule]]\nrole='reader'\nuser=''", "text that is not empty"),
    ],
)
def test_a_table_that_is_wrong_says_where(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "roles.toml"
    path.write_text(text)
    with pytest.raises(BadTable) as bad:
        read_table(path)
    assert says in str(bad.value)
    assert str(path) in str(bad.value)


def test_a_table_that_is_missing_says_so(tmp_path: Path) -> None:
    with pytest.raises(BadTable, match="No such file"):
        read_table(tmp_path / "none.toml")


async def test_the_first_rule_that_fits_counts() -> None:
    table = TableRoles(
        (Rule(None, document="a"), Rule(Role.OWNER)), otherwise=SameForAll(Role.READER)
    )
    assert await table.role(somebody(), "a") is None
    assert await table.role(somebody(), "b") == Role.OWNER
    assert (
        await TableRoles((), otherwise=SameForAll(Role.READER)).role(somebody(), "a") == Role.READER
    )


async def test_roles_from_a_function() -> None:
    async def asked(identity: Identity, doc: str) -> str | None:
        return "editor" if (identity.user, doc) == ("alice", "a") else None

    assert await CallbackRoles(asked).role(somebody(), "a") == Role.EDITOR
    assert await CallbackRoles(asked).role(somebody(), "b") is None
    assert await CallbackRoles(lambda *_: Role.OWNER).role(somebody(), "b") == Role.OWNER
    with pytest.raises(ValueError, match="a role is one of"):
        await CallbackRoles(lambda *_: "boss").role(somebody(), "b")


async def test_a_ticket_gives_rights_to_its_document_alone() -> None:
    scoped = Scoped(SameForAll(Role.OWNER))
    ticket = Identity("alice", "acme", document="letters/1")
    assert await scoped.role(ticket, "letters/1") == Role.OWNER
    assert await scoped.role(ticket, "letters/2") is None
    assert await scoped.role(somebody(), "letters/2") == Role.OWNER


@pytest.mark.parametrize(
    ("pattern", "name", "fits"),
    [
        ("*", "", True),
        ("*", "a/b", True),
        ("a*", "ab", True),
        ("a?", "ab", True),
        ("a?", "a", False),
        ("[ab]", "a", False),
        ("[ab]", "[ab]", True),
        ("A", "a", False),
        ("a.c", "abc", False),
        ("a\n*", "a\nb", True),
    ],
)
def test_patterns(pattern: str, name: str, fits: bool) -> None:
    assert matches(pattern, name) is fits


def test_names_of_roles() -> None:
    assert [
        role_named(name) for name in ("reader", "commenter", "editor", "owner", "none", None)
    ] == [
        Role.READER,
        Role.COMMENTER,
        Role.EDITOR,
        Role.OWNER,
        None,
        None,
    ]
    for wrong in ("", "Reader", 1, True, [], {}):
        with pytest.raises(ValueError, match="a role is one of"):
            role_named(wrong)
