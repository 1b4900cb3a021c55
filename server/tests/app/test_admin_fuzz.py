"""T21: whatever is asked of the HTTP interface, it is never the server that fails.

Requests are made from the OpenAPI page: each operation with parameters and bodies that fit, that
almost fit, and that do not. ROPEWALK_SOAK=1 makes 20,000 of them.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ropewalk import Doc, Text

from ropewalk_server.http.app import create_app
from ropewalk_server.stores.memory import MemoryStore

from .running import ADMIN_KEY, made

EXAMPLES = 20_000 if os.environ.get("ROPEWALK_SOAK") else 200


def _update() -> bytes:
    doc: Doc[Any] = Doc()
    doc["t"] = Text("x")
    return doc.get_update()


UPDATE = _update()


class Api:
    """The application without a socket, on a loop of its own, for all examples."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.app = create_app(made(), store=MemoryStore())
        service = self.app.state.service
        self.lifespan = self.app.router.lifespan_context(self.app)
        self.loop.run_until_complete(self.lifespan.__aenter__())
        self.tokens = [
            ADMIN_KEY,
            service.auth.issuer.token("alice"),
            service.auth.issuer.token("b", tenant="t2"),
        ]
        page = self.app.openapi()
        self.operations = [
            (method.upper(), path, operation)
            for path, methods in sorted(page["paths"].items())
            for method, operation in sorted(methods.items())
        ]

    def send(self, request: dict[str, Any]) -> httpx.Response:
        async def run() -> httpx.Response:
            transport = httpx.ASGITransport(app=self.app, raise_app_exceptions=False)
            async with httpx.AsyncClient(
                transport=transport, base_url="http://127.0.0.1"
            ) as client:
                return await client.request(**request)

        return self.loop.run_until_complete(run())

    def close(self) -> None:
        self.loop.run_until_complete(self.lifespan.__aexit__(None, None, None))
        self.loop.close()


@pytest.fixture(scope="module")
def api() -> Iterator[Api]:
    made_ = Api()
    yield made_
    made_.close()


names = st.one_of(
    st.sampled_from(
        ["a", "b", "letters/1", "ü", "", "..", "a/../b", "%2F", "\x00", "\n", "x" * 1024, "é" * 513]
    ),
    st.text(max_size=30),
)
values = st.one_of(
    names,
    st.integers().map(str),
    st.sampled_from(["0", "1", "-1", "1e9", "true", "NaN", str(2**63), "update-v2", "json"]),
)
json_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), names),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)
field_names = st.sampled_from(
    ["label", "savepoint", "user", "token", "document", "name", "tenant", "role", "seconds"]
)
bodies = st.one_of(
    st.none(),
    st.dictionaries(field_names, st.one_of(json_values, st.integers(0, 3)), max_size=4).map(
        lambda v: json.dumps(v).encode()
    ),
    json_values.map(lambda v: json.dumps(v).encode()),
    st.binary(max_size=60),
    st.just(UPDATE),
)


@st.composite
def requests(draw: st.DrawFn, operations: list[Any], tokens: list[str]) -> dict[str, Any]:
    method, path, operation = draw(st.sampled_from(operations))
    params = {}
    for parameter in operation.get("parameters", ()):
        if parameter["in"] == "path":
            path = path.replace(
                "{" + parameter["name"] + "}",
                draw(st.sampled_from(["1", "2", "0", "x", "-1", str(2**70)])),
            )
        elif parameter["name"] == "name":
            params["name"] = draw(names)
        elif draw(st.booleans()):
            params[parameter["name"]] = draw(values)
    if draw(st.integers(0, 9)) == 0:
        params.pop("name", None)
    headers = {}
    if draw(st.integers(0, 9)):
        headers["Authorization"] = f"Bearer {draw(st.sampled_from(tokens))}"
    request = {"method": method, "url": path, "params": params, "headers": headers}
    body = draw(bodies)
    if body is not None and method != "GET":
        request["content"] = body
        headers["Content-Type"] = draw(
            st.sampled_from(["application/json", "application/octet-stream", "text/xml", "x"])
        )
    return request


def test_no_request_makes_the_server_fail(api: Api) -> None:
    statuses: dict[int, int] = {}

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        suppress_health_check=[HealthCheck.too_slow],
    )
    @given(requests(api.operations, api.tokens))
    def run(request: dict[str, Any]) -> None:
        answer = api.send(request)
        statuses[answer.status_code] = statuses.get(answer.status_code, 0) + 1
        assert answer.status_code < 500, (request, answer.text)
        if answer.status_code >= 400:
            assert answer.headers["content-type"] == "application/problem+json"
            assert answer.json()["status"] == answer.status_code
        assert answer.headers["x-request-id"]

    run()
    # Enough of them came through to where something is done.
    assert sum(count for status, count in statuses.items() if status < 300) > EXAMPLES / 20, (
        statuses
    )


@settings(
    max_examples=EXAMPLES // 4,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    path=st.text(alphabet=st.characters(codec="utf-8"), max_size=40),
    method=st.sampled_from(["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD"]),
)
def test_no_path_makes_the_server_fail(api: Api, path: str, method: str) -> None:
    assert api.send({"method": method, "url": "/" + quote(path)}).status_code < 500
