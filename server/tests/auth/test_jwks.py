"""The keys of an issuer: fetched seldom, kept through outages, bounded."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from ropewalk_server.auth import jwks
from ropewalk_server.auth.identity import Refused
from ropewalk_server.auth.jwks import JwksKeys, checked_url

from .forge import b64, ec_key

URL = "https://issuer.example/jwks.json"


def published(name: str) -> dict[str, Any]:
    numbers = ec_key(name).public_key().public_numbers()
    x, y = (b64(n.to_bytes(32, "big")) for n in (numbers.x, numbers.y))
    return {"kty": "EC", "crv": "P-256", "kid": name, "use": "sig", "x": x, "y": y}


class Issuer:
    """Answers as it is told, and counts."""

    def __init__(self, *names: str) -> None:
        self.pages: dict[str, Any] = {URL: {"keys": [published(name) for name in names]}}
        self.asked: list[str] = []
        self.clock = 1000.0
        self.down = False
        self.wait = asyncio.Event()
        self.wait.set()

    async def answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(str(request.url))
        await self.wait.wait()
        if self.down:
            raise httpx.ConnectError("refused")
        page = self.pages.get(str(request.url))
        if isinstance(page, httpx.Response):
            return page
        if page is None:
            return httpx.Response(404)
        body = page if isinstance(page, bytes) else json.dumps(page).encode()
        return httpx.Response(200, content=body)

    def keys(self, url: str | None = URL, issuer: str | None = None) -> JwksKeys:
        return JwksKeys(
            url,
            issuer=issuer,
            monotonic=lambda: self.clock,
            transport=httpx.MockTransport(self.answer),
        )


async def unknown(keys: JwksKeys, kid: str | None, code: str = "unauthorized") -> None:
    with pytest.raises(Refused) as refused:
        await keys.key(kid)
    assert refused.value.code == code


async def test_one_fetch_serves_everybody_who_comes_at_once() -> None:
    issuer = Issuer("a", "b")
    keys = issuer.keys()
    found = await asyncio.gather(*(keys.key("a") for _ in range(50)), keys.key("b"))
    assert {key.kid for key in found} == {"a", "b"}
    assert len(issuer.asked) == 1


async def test_an_unknown_key_makes_it_fetch_again_at_most_once_a_minute() -> None:
    issuer = Issuer("a")
    keys = issuer.keys()
    await keys.key("a")
    issuer.clock += 1
    issuer.pages[URL]["keys"].append(published("b"))
    # The first fetch was a second ago.
    await unknown(keys, "b")
    issuer.clock += 60
    assert (await keys.key("b")).kid == "b"
    assert len(issuer.asked) == 2
    for _ in range(100):
        await unknown(keys, "nobody's")
    assert len(issuer.asked) == 2
    issuer.clock += 60
    await asyncio.gather(*(unknown(keys, f"nobody's {n}") for n in range(100)))
    assert len(issuer.asked) == 3


async def test_a_key_that_was_withdrawn_is_gone_when_the_set_is_fetched_anew() -> None:
    issuer = Issuer("a", "b")
    keys = issuer.keys()
    await keys.key("b")
    issuer.pages[URL] = {"keys": [published("a")]}
    issuer.clock += jwks.MAX_AGE + 1
    await keys.key("b")  # served from the old set while the new one is fetched
    for _ in range(10):
        await asyncio.sleep(0)
    await keys.close()
    assert len(issuer.asked) == 2
    await unknown(keys, "b")


@pytest.mark.parametrize(
    "outage",
    [
        "down",
        {"keys": []},
        {"keys": "none"},
        {},
        [],
        b"<html>",
        b"[" * 100_000,
        httpx.Response(500),
        httpx.Response(302, headers={"location": "https://mallory.example/"}),
        b" " * (jwks.MAX_BYTES + 1),
        {"keys": [{"kty": "oct", "k": "c2VjcmV0", "kid": "a"}]},
        {"keys": [None, 5, "x", {"kid": "a"}]},
    ],
    ids=str,
)
async def test_the_last_good_set_survives_an_outage(outage: object) -> None:
    issuer = Issuer("a")
    keys = issuer.keys()
    await keys.key("a")
    good = issuer.pages[URL]
    issuer.down = outage == "down"
    issuer.pages[URL] = outage
    for _ in range(3):
        issuer.clock += jwks.MAX_AGE + 1
        assert (await keys.key("a")).kid == "a"
        await unknown(keys, "c")
    assert len(issuer.asked) >= 3
    issuer.down, issuer.pages[URL] = False, {"keys": [*good["keys"], published("c")]}
    issuer.clock += 61
    assert (await keys.key("c")).kid == "c"


async def test_without_any_set_nobody_comes_in_and_the_reason_is_not_theirs() -> None:
    issuer = Issuer("a")
    issuer.down = True
    keys = issuer.keys()
    for _ in range(20):
        await unknown(keys, "a", "unavailable")
    assert len(issuer.asked) == 1
    issuer.down = False
    issuer.clock += jwks.FAILURE_PAUSE
    assert (await keys.key("a")).kid == "a"


async def test_an_issuer_that_does_not_answer_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jwks, "TIMEOUT_SECONDS", 0.05)
    issuer = Issuer("a")
    issuer.wait.clear()
    await unknown(issuer.keys(), "a", "unavailable")


async def test_who_goes_away_does_not_take_the_fetch_from_others() -> None:
    issuer = Issuer("a")
    issuer.wait.clear()
    keys = issuer.keys()
    first, second = (asyncio.create_task(keys.key("a")) for _ in range(2))
    await asyncio.sleep(0.01)
    first.cancel()
    issuer.wait.set()
    assert (await second).kid == "a"
    assert len(issuer.asked) == 1


async def test_no_more_keys_are_read_than_a_bound() -> None:
    issuer = Issuer()
    issuer.pages[URL] = {"keys": [{"kid": "x"}] * jwks.MAX_KEYS + [published("a")]}
    await unknown(issuer.keys(), "a", "unavailable")


PAGE = "https://issuer.example/pool/.well-known/openid-configuration"
POOL = "https://issuer.example/pool"


async def test_discovery_leads_to_the_keys() -> None:
    issuer = Issuer("a")
    issuer.pages[PAGE] = {"issuer": POOL, "jwks_uri": URL}
    assert (await issuer.keys(None, POOL).key("a")).kid == "a"
    assert issuer.asked == [PAGE, URL]


@pytest.mark.parametrize(
    "page",
    [
        {"issuer": "https://mallory.example", "jwks_uri": URL},
        {"issuer": POOL},
        {"jwks_uri": URL},
        {"issuer": POOL, "jwks_uri": "http://issuer.example/jwks.json"},
        {"issuer": POOL, "jwks_uri": 5},
        {"issuer": POOL, "jwks_uri": "file:///etc/passwd"},
        {"issuer": POOL, "jwks_uri": "https://[broken"},
    ],
    ids=str,
)
async def test_discovery_that_leads_elsewhere_is_not_followed(page: dict[str, Any]) -> None:
    issuer = Issuer("a")
    issuer.pages[PAGE] = page
    await unknown(issuer.keys(None, POOL), "a", "unavailable")
    assert issuer.asked == [PAGE]


def test_keys_come_from_somewhere() -> None:
    with pytest.raises(ValueError, match="a JWKS address or from an issuer"):
        JwksKeys()


async def test_what_was_never_begun_is_closed() -> None:
    await Issuer("a").keys().close()


@pytest.mark.parametrize(
    ("url", "good"),
    [
        ("https://issuer.example/jwks", True),
        ("http://127.0.0.1:9/jwks", True),
        ("http://[::1]/x", True),
        ("http://localhost/x", True),
        ("http://issuer.example/jwks", False),
        ("file:///x", False),
        ("https://", False),
        ("", False),
        ("http:", False),
        ("http://127.0.0.1.example/x", False),
    ],
)
def test_keys_come_over_https_or_from_this_machine(url: str, good: bool) -> None:
    check: Callable[[str], str] = checked_url
    if good:
        assert check(url) == url
    else:
        with pytest.raises(ValueError, match="keys come over https"):
            check(url)
