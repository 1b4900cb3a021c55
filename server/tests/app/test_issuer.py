"""An issuer on a real socket: found by discovery, its keys changed while the server runs, then gone."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import uvicorn
from auth.forge import b64, ec_key, make
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from ropewalk_server.auth import jwks

from .running import made, running, serving


def published(name: str) -> dict[str, Any]:
    numbers = ec_key(name).public_key().public_numbers()
    x, y = (b64(n.to_bytes(32, "big")) for n in (numbers.x, numbers.y))
    return {"kty": "EC", "crv": "P-256", "kid": name, "alg": "ES256", "use": "sig", "x": x, "y": y}


class Issuer:
    def __init__(self) -> None:
        self.keys = ["first"]
        self.place = ""
        self.down = False

    async def page(self, request: Request) -> Response:
        if self.down:
            return Response(status_code=503)
        if request.url.path == "/keys":
            return JSONResponse({"keys": [published(name) for name in self.keys]})
        return JSONResponse({"issuer": self.url, "jwks_uri": f"{self.url}/keys"})

    @property
    def url(self) -> str:
        return f"http://{self.place}"

    def token(self, key: str = "first", **changes: Any) -> str:
        now = time.time()
        claims = {
            "iss": self.url,
            "aud": "letters",
            "sub": "alice",
            "org": "acme",
            "role": "editor",
        }
        body = {**claims, "iat": now, "exp": now + 600, **changes}
        return make(body, algorithm="ES256", key=ec_key(key), kid=key)


@asynccontextmanager
async def issuing() -> AsyncIterator[Issuer]:
    issuer = Issuer()
    routes = [Route("/keys", issuer.page), Route(jwks.DISCOVERY, issuer.page)]
    async with serving(Starlette(routes=routes), uvicorn.Server) as issuer.place:
        yield issuer


async def test_who_an_issuer_vouches_for_comes_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jwks, "UNKNOWN_KEY_PAUSE", 0.0)
    async with issuing() as issuer:
        auth = {"source": issuer.url, "audience": ("letters",), "tenant_claim": "org"}
        async with running(made(auth=auth)) as server:
            async with server.client(token=issuer.token()) as client:
                await client.sync()
                await client.write_durably("x")
            assert (await server.http.get("/metrics")).text.count('reason="unauthorized"') == 0
            forged = [
                issuer.token("second"),
                issuer.token(aud="todo"),
                issuer.token(iss="http://127.0.0.1:1"),
                issuer.token(exp=time.time() - 60),
                issuer.token(org=None),
                "nonsense",
            ]
            for token in forged:
                assert (await server.refusal(token=token))[0] == 4401
            assert (await server.refusal(token=issuer.token(role="none")))[0] == 4403
            # A key that is new is fetched; one that was known serves on while the issuer is down.
            issuer.keys = ["first", "second"]
            async with server.client(token=issuer.token("second")) as client:
                await client.sync()
            issuer.down = True
            async with server.client(token=issuer.token()) as client:
                await client.sync()
            assert (await server.refusal(token=issuer.token("third")))[0] == 4401
            assert server.service.rooms.open_rooms.keys() == {"acme/letter"}


async def test_while_no_keys_can_be_had_the_fault_is_the_server_s() -> None:
    async with issuing() as issuer:
        issuer.down = True
        auth = {"source": issuer.url, "audience": ("letters",), "tenant_claim": "org"}
        async with running(made(auth=auth)) as server:
            assert (await server.refusal(token=issuer.token()))[0] == 1011
            answer = await server.http.post(
                "/api/tickets",
                json={"document": "a"},
                headers={"Authorization": f"Bearer {issuer.token()}"},
            )
            assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")


async def test_several_issuers_and_each_vouches_for_its_own_people() -> None:
    async with issuing() as ours, issuing() as theirs, issuing() as stranger:
        theirs.keys = ["theirs"]
        auth = {
            "source": ours.url,
            "audience": ("letters",),
            "tenant": "ours",
            "more": (f"{theirs.url} tenant=theirs audience=todo audience=notes",),
        }
        async with running(made(auth=auth)) as server:
            async with server.client(token=ours.token()) as client:
                await client.sync()
                await client.write_durably("of ours")
            # The same name is somebody else; and each issuer has its own audience.
            async with server.client(token=theirs.token("theirs", aud="notes")) as client:
                await client.sync()
                assert client.text == ""
            assert server.service.rooms.open_rooms.keys() == {"ours/letter", "theirs/letter"}
            for token in (
                theirs.token("theirs"),
                ours.token(aud="notes"),
                stranger.token(),
                # Signed by one, and said to be of the other.
                theirs.token("theirs", iss=ours.url),
                ours.token(iss=theirs.url, aud="notes"),
            ):
                assert (await server.refusal(token=token))[0] == 4401
            theirs.down = True
            async with server.client(token=ours.token()) as client:
                await client.sync()
                assert client.text == "of ours"
