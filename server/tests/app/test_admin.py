"""The admin API: who may use it, and what it does to documents that are open."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from ropewalk import Doc, Map, Text, convert_update

from ropewalk_server.auth.identity import Role
from ropewalk_server.protocol.messages import Ack, Epoch, Refusal

from .running import ADMIN_KEY, Running, made, running

ADMIN = {"Authorization": f"Bearer {ADMIN_KEY}"}


def update(text: str, **more: str) -> bytes:
    doc: Doc[Any] = Doc()
    doc["t"] = Text(text)
    if more:
        doc["m"] = Map(dict(more))
    return doc.get_update()


async def ask(server: Running, method: str, path: str, **options: Any) -> httpx.Response:
    options.setdefault("headers", ADMIN)
    return await server.http.request(method, f"/api/admin/{path}", **options)


async def put(server: Running, name: str, text: str = "x", **params: Any) -> dict[str, Any]:
    answer = await ask(
        server, "PUT", "document/content", params={"name": name, **params}, content=update(text)
    )
    assert answer.status_code == 200, answer.text
    page: dict[str, Any] = answer.json()
    return page


async def text_of(server: Running, name: str, **params: str) -> str | None:
    answer = await ask(
        server, "GET", "document/content", params={"name": name, "format": "json", **params}
    )
    return answer.json().get("t") if answer.status_code == 200 else None


EVERYTHING = [
    ("GET", "document", None),
    ("GET", "document/content", None),
    ("PUT", "document/content", b"\0\0"),
    ("POST", "document/compact", None),
    ("POST", "document/renumber", None),
    ("POST", "document/verify", None),
    ("GET", "document/savepoints", None),
    ("POST", "document/savepoints", {"label": "x"}),
    ("GET", "document/savepoints/1/content", None),
    ("POST", "document/restore", {"savepoint": 1}),
    ("DELETE", "document", None),
]


def body(content: object) -> dict[str, Any]:
    return (
        {}
        if content is None
        else {"content": content}
        if isinstance(content, bytes)
        else {"json": content}
    )


@pytest.mark.parametrize(("method", "path", "content"), EVERYTHING)
async def test_only_owners_and_the_admin_key_may(
    server: Running, method: str, path: str, content: object
) -> None:
    await put(server, "letter")
    await ask(server, "POST", "document/savepoints", params={"name": "letter"}, json={})
    query = {"name": "letter"}
    before = await text_of(server, "letter")
    refused: list[tuple[str | None, int]] = [(None, 401), ("nonsense", 401), (ADMIN_KEY[:-1], 401)]
    refused += [
        (server.token(role=role), 403) for role in (None, Role.READER, Role.COMMENTER, Role.EDITOR)
    ]
    for token, status in refused:
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        answer = await ask(server, method, path, params=query, headers=headers, **body(content))
        assert (answer.status_code, answer.json()["status"]) == (status, status), token
    # An owner elsewhere cannot name our tenant, and in their own there is no such document.
    theirs = {"Authorization": f"Bearer {server.token(tenant='umbrella')}"}
    answer = await ask(
        server, method, path, params={**query, "tenant": "main"}, headers=theirs, **body(content)
    )
    assert answer.status_code == 403
    if method != "PUT":
        answer = await ask(server, method, path, params=query, headers=theirs, **body(content))
        assert answer.status_code == 404
    assert await text_of(server, "letter") == before
    ours = {"Authorization": f"Bearer {server.token()}"}
    answer = await ask(server, method, path, params=query, headers=ours, **body(content))
    if path == "document/renumber":  # who may ask is told why it is not done: it admits stock clients
        assert answer.json()["code"] == "not-renumbered"
    else:
        assert answer.is_success, answer.text


async def test_documents_are_listed_page_by_page(server: Running) -> None:
    names = [f"letters/{n:02}" for n in range(25)] + ["todo", "ümläut", "a b&c=d"]
    for name in names:
        await put(server, name)
    await put(server, "elsewhere", tenant="umbrella")
    seen, after = [], ""
    while after is not None:
        page = (
            await ask(
                server, "GET", "documents", params={"tenant": "main", "limit": 10, "after": after}
            )
        ).json()
        assert len(page["documents"]) <= 10
        seen += [line["name"] for line in page["documents"]]
        after = page["next"]
    assert sorted(seen) == sorted(names)
    assert len(seen) == len(names)
    page = (
        await ask(server, "GET", "documents", params={"tenant": "main", "prefix": "letters/1"})
    ).json()
    assert [line["name"] for line in page["documents"]] == [f"letters/1{n}" for n in range(10)]
    everything = (
        await ask(server, "GET", "documents", params={"limit": 1000, "everywhere": True})
    ).json()
    assert {line["tenant"] for line in everything["documents"]} == {"main", "umbrella"}


async def test_one_sees_what_one_owns(server: Running) -> None:
    for name in ("letters/1", "letters/2", "todo"):
        await put(server, name)
    await put(server, "theirs", tenant="umbrella")
    token = server.token(role=None, claims={"roles": {"letters/*": "owner", "todo": "editor"}})
    headers = {"Authorization": f"Bearer {token}"}
    page = (await ask(server, "GET", "documents", headers=headers)).json()
    assert [line["name"] for line in page["documents"]] == ["letters/1", "letters/2"]
    answer = await ask(server, "GET", "documents", params={"tenant": "umbrella"}, headers=headers)
    assert answer.status_code == 403
    answer = await ask(server, "GET", "documents", params={"everywhere": True}, headers=headers)
    assert answer.status_code == 403


async def test_what_is_known_of_a_document(server: Running) -> None:
    async with server.client(token=server.token()) as client:
        await client.sync()
        await client.write_durably("Dear Sir")
        page = (await ask(server, "GET", "document", params={"name": "letter"})).json()
        assert (page["members"], page["unsynced"]) == (1, False)
    assert page["roots"] == {"t": "text"}
    assert (page["clients"], page["units"], page["deleted_units"], page["missing_units"]) == (
        1,
        8,
        0,
        0,
    )
    line = page["document"]
    assert (line["tenant"], line["name"], line["version"]) == (
        "main",
        "letter",
        {"epoch": 0, "seq": 1},
    )
    assert (await ask(server, "GET", "document", params={"name": "none"})).status_code == 404


async def test_an_import_reaches_whoever_has_the_document_open(server: Running) -> None:
    async with server.client(token=server.token()) as client:
        await client.sync()
        await put(server, "letter", "imported")
        while client.text != "imported":
            await client.hear()
        await client.write_durably(" and more")
    assert await text_of(server, "letter") == "imported and more"


async def test_an_import_is_an_update_or_nothing(server: Running) -> None:
    where = {"name": "letter"}
    good = update("x")
    for bad in (b"", b"x", good[:-1], b"\xff" * 50):
        answer = await ask(server, "PUT", "document/content", params=where, content=bad)
        assert (answer.status_code, answer.json()["code"]) == (422, "bad-update"), bad
    assert await text_of(server, "letter") is None
    v2 = convert_update(good, v2=True)
    answer = await ask(
        server, "PUT", "document/content", params={**where, "format": "update-v2"}, content=v2
    )
    assert answer.status_code == 200
    answer = await ask(
        server, "PUT", "document/content", params={**where, "new": "true"}, content=good
    )
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
    assert await text_of(server, "letter") == "x"


async def test_an_import_is_bounded() -> None:
    async with running(made(limits={"document_bytes": 1000})) as server:
        where = {"name": "letter"}
        answer = await ask(server, "PUT", "document/content", params=where, content=bytes(1001))
        assert (answer.status_code, answer.json()["code"]) == (413, "too-large")
        assert "limits.document_bytes" in answer.json()["detail"]


async def test_an_export_is_the_document(server: Running) -> None:
    large = "word " * 100_000
    await put(server, "letter", large)
    for format_ in ("update", "update-v2"):
        answer = await ask(
            server, "GET", "document/content", params={"name": "letter", "format": format_}
        )
        doc: Doc[Any] = Doc()
        doc.apply_update(answer.content, v2=format_ == "update-v2")
        assert str(doc.get("t", type=Text)) == large
        assert int(answer.headers["content-length"]) == len(answer.content)
    assert await text_of(server, "letter") == large


async def test_values_that_json_has_no_word_for_are_exported(server: Running) -> None:
    doc: Doc[Any] = Doc()
    doc["m"] = Map(
        {"bytes": b"\x00\xff", "number": 2**53 - 1, "list": [1, None, True], "text": Text("é")}
    )
    await ask(server, "PUT", "document/content", params={"name": "m"}, content=doc.get_update())
    answer = await ask(server, "GET", "document/content", params={"name": "m", "format": "json"})
    assert json.loads(answer.content) == {
        "m": {
            "bytes": {"base64": "AP8="},
            "number": 2**53 - 1,
            "list": [1, None, True],
            "text": "é",
        }
    }


async def test_a_log_is_compacted(server: Running) -> None:
    async with server.client(token=server.token()) as client:
        await client.sync()
        for n in range(5):
            await client.write_durably(str(n))
        line = (await ask(server, "POST", "document/compact", params={"name": "letter"})).json()
        assert (line["log_entries"], line["snapshot"]) == (0, line["version"])
        await client.write_durably("5")
    assert await text_of(server, "letter") == "012345"


async def test_a_document_is_verified(server: Running) -> None:
    await put(server, "letter")
    page = (await ask(server, "POST", "document/verify", params={"name": "letter"})).json()
    assert page == {"sound": True, "entries": 1, "damaged": [], "problems": []}
    # What waits for a change that never came is no whole document.
    doc: Doc[Any] = Doc()
    doc["t"] = text = Text("a")
    state = doc.get_state()
    text += "b"
    await ask(
        server, "PUT", "document/content", params={"name": "hole"}, content=doc.get_update(state)
    )
    page = (await ask(server, "POST", "document/verify", params={"name": "hole"})).json()
    assert not page["sound"]
    assert "missing" in page["problems"][0]


async def test_a_document_becomes_what_it_was(server: Running) -> None:
    where = {"name": "letter"}
    async with server.client(token=server.token()) as client:
        await client.sync()
        await client.write_durably("first")
        made_ = (
            await ask(server, "POST", "document/savepoints", params=where, json={"label": "one"})
        ).json()
        assert (made_["id"], made_["label"], made_["author"]) == (1, "one", "admin")
        await client.write_durably(" second")
        page = (
            await ask(server, "POST", "document/restore", params=where, json={"savepoint": 1})
        ).json()
        assert page["version"] == {"epoch": 1, "seq": 0}
        assert page["kept"]["id"] == 2
        epoch = await client.until(Epoch)
        assert epoch.epoch == 1
        # What is written to the old one changes nothing and is not acknowledged.
        await client.write(" third")
        assert not [m for m in client.heard if isinstance(m, Refusal | Ack) and m.number == 3]
    assert await text_of(server, "letter") == "first"
    async with server.client(token=server.token()) as client:
        await client.sync()
        assert client.text == "first"
        await client.write_durably("!")
    old = await ask(server, "GET", "document/savepoints/2/content", params=where)
    doc: Doc[Any] = Doc()
    doc.apply_update(old.content)
    assert str(doc.get("t", type=Text)) == "first second"
    points = (await ask(server, "GET", "document/savepoints", params=where)).json()
    assert [one["id"] for one in points] == [1, 2]
    for id_ in (3, 0, -1, 2**60):
        answer = await ask(
            server, "POST", "document/restore", params=where, json={"savepoint": id_}
        )
        assert answer.status_code in (404, 422)


async def test_a_document_is_erased_while_it_is_open(server: Running) -> None:
    where = {"name": "letter"}
    async with server.client(token=server.token()) as client:
        await client.sync()
        await client.write_durably("secret")
        await ask(server, "POST", "document/savepoints", params=where, json={})
        assert (await ask(server, "DELETE", "document", params=where)).status_code == 204
        await client.until(Epoch)
        await client.write("late")
    assert (await ask(server, "GET", "document", params=where)).status_code == 404
    assert (await ask(server, "DELETE", "document", params=where)).status_code == 404
    async with server.client(token=server.token()) as client:
        await client.sync()
        assert client.text == ""
        await client.write_durably("new")
    assert await text_of(server, "letter") == "new"
    assert (await ask(server, "GET", "document/savepoints", params=where)).json() == []


@pytest.mark.parametrize(
    ("path", "params"),
    [
        ("document", {}),
        ("document", {"name": ""}),
        ("document", {"name": "a\nb"}),
        ("document", {"name": "x" * 1025}),
        ("document", {"name": "é" * 600}),
        ("documents", {"limit": "0"}),
        ("documents", {"limit": "1001"}),
        ("documents", {"limit": "x"}),
        ("documents", {"prefix": "é" * 600}),
        ("documents", {"after": "é" * 1000}),
        ("document/content", {"name": "a", "format": "xml"}),
        ("document/savepoints/x/content", {"name": "a"}),
    ],
)
async def test_what_cannot_be_is_422_and_said(
    server: Running, path: str, params: dict[str, str]
) -> None:
    answer = await ask(server, "GET", path, params=params)
    assert (answer.status_code, answer.json()["status"]) == (422, 422)
    assert answer.json()["detail"]


@pytest.mark.parametrize(
    "body_", [{}, {"user": "a", "token": "b"}, {"user": ""}, {"user": 5}, [], None]
)
async def test_what_cannot_be_revoked_is_422(server: Running, body_: object) -> None:
    assert (await ask(server, "POST", "revocations", json=body_)).status_code == 422


async def test_owners_do_not_revoke(server: Running) -> None:
    headers = {"Authorization": f"Bearer {server.token()}"}
    answer = await ask(server, "POST", "revocations", json={"user": "bob"}, headers=headers)
    assert answer.status_code == 403


async def test_the_interface_is_described(server: Running) -> None:
    page = (await server.http.get("/api/openapi.json")).json()
    paths = set(page["paths"])
    assert {
        "/api/admin/documents",
        "/api/admin/document/restore",
        "/api/tickets",
        "/healthz",
    } <= paths
    for path, methods in page["paths"].items():
        for method, operation in methods.items():
            assert operation["summary"], (method, path)
            if path.startswith("/api/admin"):
                assert "application/problem+json" in operation["responses"]["401"]["content"]
