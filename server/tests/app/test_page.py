"""The page at /: a folder or a few words, and what browsers hold it to."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from httpx import ASGITransport, AsyncClient, Response

from ropewalk_server.config import ConfigError
from ropewalk_server.http import page
from ropewalk_server.http.app import create_app
from ropewalk_server.settings import PAGE_POLICY, ServerSettings, Settings, StoreSettings


pytestmark = pytest.mark.anyio


async def ask(path: str = "/", method: str = "GET", **server: Any) -> Response:
    settings = Settings(server=ServerSettings(**server), store=StoreSettings(url="memory:"))
    transport = ASGITransport(create_app(settings))
    async with AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        return await client.request(method, path)


@pytest.fixture
def built(tmp_path: Path) -> str:
    (tmp_path / "index.html").write_text("<!doctype html><title>Mine</title>")
    (tmp_path / "app.js").write_text("export {}")
    return str(tmp_path)


async def test_everything_of_the_page_has_the_policy(built: str) -> None:
    for path, status in (("/", 200), ("/app.js", 200), ("/index.html", 200), ("/none.js", 404)):
        answer = await ask(path, editor=built)
        assert answer.status_code == status
        if status == 200:
            assert answer.headers["content-security-policy"] == PAGE_POLICY
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert answer.headers["referrer-policy"] == "same-origin"
    assert "Mine" in (await ask(editor=built)).text


async def test_the_policy_lets_no_script_in_and_nothing_out() -> None:
    rules = dict(rule.split(" ", 1) for rule in PAGE_POLICY.split("; "))
    assert rules["default-src"] == "'none'"
    assert rules["script-src"] == "'self' 'wasm-unsafe-eval'"
    assert rules["connect-src"] == "'self'"
    assert rules["frame-ancestors"] == rules["base-uri"] == rules["form-action"] == "'none'"


async def test_a_page_of_ones_own_may_have_another_policy_or_none(built: str) -> None:
    answer = await ask(editor=built, policy="default-src https:")
    assert answer.headers["content-security-policy"] == "default-src https:"
    assert "content-security-policy" not in (await ask(editor=built, policy="")).headers


async def test_where_no_page_is_built_a_few_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page, "EXAMPLE", tmp_path)
    answer = await ask()
    assert "Ropewalk is running" in answer.text
    assert answer.headers["content-security-policy"] == PAGE_POLICY
    assert (await ask(method="POST")).status_code == 405


async def test_a_folder_without_a_page_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"no index\.html"):
        await ask(editor=str(tmp_path))
