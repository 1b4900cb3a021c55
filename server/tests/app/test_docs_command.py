"""`ropewalk docs`, on a store and through a server that is running: the same answers."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from ropewalk import Doc, Text

from ropewalk_server.cli import main

from .running import ADMIN_KEY, made, running

Docs = Callable[..., Awaitable[str]]

FOREIGN = Path(__file__).parents[1] / "stores" / "foreign" / "hocuspocus.sqlite"


def update(text: str) -> bytes:
    doc: Doc[Any] = Doc()
    doc["t"] = Text(text)
    return doc.get_update()


@pytest.fixture(params=["store", "server"])
async def docs(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Docs]:
    """Runs the command as the program does, but for the process; what it printed."""
    monkeypatch.chdir(tmp_path)
    for name in ("ROPEWALK_STORE", "ROPEWALK_SERVER", "ROPEWALK_TOKEN", "ROPEWALK_ADMIN_KEY"):
        monkeypatch.delenv(name, raising=False)

    def run(arguments: tuple[str, ...]) -> tuple[int, str, str]:
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            status = main(["docs", *arguments])
        return status, out.getvalue(), err.getvalue()

    async def command(*arguments: str, status: int = 0) -> str:
        found, out, err = await asyncio.to_thread(run, arguments)
        assert found == status, err
        assert "Traceback" not in err
        return out if status == 0 else err

    monkeypatch.setenv("ROPEWALK_STORE", "sqlite:docs.db")
    monkeypatch.setenv("ROPEWALK_DOCUMENTS_STOCK", "letters/*=refuse")
    monkeypatch.setenv("ROPEWALK_DOCUMENTS_AUDIT_DAYS", "30")
    if request.param == "store":
        yield command
        return
    settings = made(
        store={"url": "sqlite:docs.db"},
        documents={"stock": ("letters/*=refuse",), "audit_days": 30.0},
    )
    async with running(settings, store=None) as server:
        monkeypatch.setenv("ROPEWALK_SERVER", f"http://{server.place}")
        monkeypatch.setenv("ROPEWALK_ADMIN_KEY", ADMIN_KEY)
        yield command


async def test_documents_are_brought_in_and_out(docs: Docs, tmp_path: Path) -> None:
    (tmp_path / "letters%2F1.bin").write_bytes(update("Dear Sir"))
    (tmp_path / "todo.bin").write_bytes(update("x"))
    assert "letters/1: version 0.1" in await docs("import", "letters%2F1.bin", "todo.bin")
    assert "there is a document" in await docs("import", "todo.bin", "--new", status=2)
    await docs("import", "todo.bin", "--as", "theirs", "--tenant", "umbrella")
    listed = json.loads(await docs("list", "--json"))
    assert [line["name"] for line in listed] == ["letters/1", "todo"]
    assert "letters/1  0.1" in await docs("list", "letters/")
    everywhere = await docs("list", "--everywhere")
    assert "main      letters/1" in everywhere
    assert "umbrella  theirs" in everywhere
    assert "2 documents in out" in await docs("export", "-o", "out")
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["letters%2F1.bin", "todo.bin"]
    await docs("export", "letters/1", "-o", "one.json", "--format", "json")
    assert json.loads((tmp_path / "one.json").read_text()) == {"t": "Dear Sir"}
    assert "name a folder" in await docs("export", "-o", "-", status=2)
    assert "No such file" in await docs("export", "todo", "-o", "no/such/folder", status=2)
    await docs("import", "out/letters%2F1.bin", "--as", "copy")
    assert "8 units of 1 client" in await docs("inspect", "copy")


async def test_documents_are_looked_after(docs: Docs, tmp_path: Path) -> None:
    (tmp_path / "todo.bin").write_bytes(update("x"))
    await docs("import", "todo.bin")
    assert "t (text)" in await docs("inspect", "todo")
    assert json.loads(await docs("inspect", "todo", "--json"))["roots"] == {"t": "text"}
    assert "save point 1" in await docs("savepoint", "todo", "--label", "before")
    assert "before" in await docs("savepoints", "todo")
    assert "1.0; what it was is save point 2" in await docs("restore", "todo", "--version", "1")
    assert "there is no save point 9" in await docs("restore", "todo", "--version", "9", status=2)
    assert "1 document verified, 0 not sound" in await docs("verify")
    assert "1 document compacted" in await docs("compact", "todo")
    assert "say --yes" in await docs("delete", "todo", status=2)
    await docs("delete", "todo", "--yes")
    for command in ("inspect", "savepoint", "savepoints", "verify", "compact"):
        assert "no such document" in await docs(command, "todo", status=2)
    assert "no such document" in await docs("delete", "todo", "--yes", status=2)


async def test_the_documents_of_another_server_are_brought_in(docs: Docs) -> None:
    source = f"hocuspocus:{FOREIGN}"
    done = json.loads(await docs("import", source, "--json"))
    assert done
    assert {one["outcome"] for one in done} <= {"new", "imported"}
    names = {line["name"] for line in json.loads(await docs("list", "--json"))}
    assert names == {one["name"] for one in done}
    assert "0 not sound" in await docs("verify")
    await docs("import", source)
    assert "hocuspocus:none: " in await docs("import", "hocuspocus:none", status=2)
    assert "updates in files" in await docs("import", source, "--as", "a", status=2)


async def test_what_is_no_document_is_refused(docs: Docs, tmp_path: Path) -> None:
    (tmp_path / "bad.bin").write_bytes(b"\x01")
    assert "not an update" in await docs("import", "bad.bin", status=2)
    assert "none.bin: No such file" in await docs("import", "none.bin", status=2)
    assert "--as names the document of one file" in await docs(
        "import", "a", "b", "--as", "c", status=2
    )
    assert "control characters" in await docs("inspect", "a\nb", status=2)


async def test_a_document_that_lacks_something_is_not_sound(docs: Docs, tmp_path: Path) -> None:
    doc: Doc[Any] = Doc()
    doc["t"] = text = Text("a")
    state = doc.get_state()
    text += "b"
    (tmp_path / "hole.bin").write_bytes(doc.get_update(state))
    await docs("import", "hole.bin")
    await docs("verify", status=1)


async def test_a_document_is_renumbered(docs: Docs, tmp_path: Path) -> None:
    doc: Doc[Any] = Doc()
    text = doc["t"] = Text("x" * 3000)
    for at in range(0, 1000):
        del text[at]
    (tmp_path / "letter.bin").write_bytes(doc.get_update())
    for name in ("letters/1", "letters/2", "todo"):
        await docs("import", "letter.bin", "--as", name)
    said = await docs("renumber", "letters/1", "letters/2")
    assert "letters/1 is in epoch 1: " in said and "letters/2 is in epoch 1: " in said
    page = json.loads(await docs("renumber", "letters/1", "--json"))["letters/1"]
    assert page["version"] == {"epoch": 2, "seq": 0}
    # Nothing was to be left out; ids are drawn anew, and some take a byte less.
    assert abs(page["after"] - page["before"]) <= 8
    await docs("export", "letters/1", "-o", "now.bin")
    now: Doc[Any] = Doc()
    now.apply_update((tmp_path / "now.bin").read_bytes())
    assert str(now.get("t", type=Text)) == "x" * 2000
    refused = await docs("renumber", "todo", status=2)
    assert "admits stock clients" in refused and "documents.stock" in refused
    assert "no such document" in await docs("renumber", "letters/3", status=2)
    assert "0 not sound" in await docs("verify")


async def test_it_is_kept_who_did_what(docs: Docs, tmp_path: Path) -> None:
    (tmp_path / "todo.bin").write_bytes(update("x"))
    await docs("import", "todo.bin")
    await docs("savepoint", "todo", "--label", "before")
    await docs("restore", "todo", "--version", "1")
    rows = json.loads(await docs("audit", "todo", "--json"))
    assert [row["kind"] for row in rows] == ["savepoint", "savepoint", "restore"]
    assert rows[2]["detail"] == {"savepoint": 1, "kept": 2}
    assert rows[2]["version"] == {"epoch": 1, "seq": 0}
    shown = await docs("audit", "todo", "--after", str(rows[1]["number"]))
    assert "restore" in shown and "savepoint=1 kept=2" in shown
    assert len(shown.splitlines()) == 2
    assert "does not keep who is connected" in await docs("connected", "todo", status=2)
    await docs("delete", "todo", "--yes")
    assert "no such document" in await docs("audit", "todo", status=2)
