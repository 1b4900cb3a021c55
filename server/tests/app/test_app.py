"""The server as a whole: what it answers, whom it lets in, and when it sends them away."""

from __future__ import annotations

import asyncio
import io
import json
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI

from ropewalk_server.auth.identity import Identity
from ropewalk_server.config import ConfigError
from ropewalk_server.http.app import create_app
from ropewalk_server.ops import logging as logs
from ropewalk_server.ops.logging import JsonFormatter
from ropewalk_server.protocol.messages import Ack, Hello
from ropewalk_server.stores.contract import DocumentInfo, StoreError, Version
from ropewalk_server.stores.memory import MemoryStore

from .running import ADMIN_KEY, Running, made, running, ticket


@pytest.fixture
async def server() -> AsyncIterator[Running]:
    async with running() as one:
        yield one


async def test_it_lives_and_is_ready(server: Running) -> None:
    assert (await server.http.get("/healthz")).json() == {"status": "ok"}
    assert (await server.http.get("/readyz")).json() == {"status": "ready"}
    page = await server.http.get("/")
    assert page.status_code == 200
    assert "text/html" in page.headers["content-type"]


async def test_every_answer_has_an_id_and_is_not_guessed_at(server: Running) -> None:
    first, second = [(await server.http.get("/healthz")).headers for _ in range(2)]
    assert first["x-request-id"] != second["x-request-id"]
    assert first["x-content-type-options"] == "nosniff"
    assert first["referrer-policy"] == "no-referrer"
    given = await server.http.get("/healthz", headers={"X-Request-Id": "trace-1:2.3"})
    assert given.headers["x-request-id"] == "trace-1:2.3"
    for odd in ("a b", "x" * 65, "a\tb", "<script>"):
        answer = await server.http.get("/healthz", headers={"X-Request-Id": odd})
        assert answer.headers["x-request-id"] != odd


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nothing", 404, "not-found"),
        ("DELETE", "/healthz", 405, "method-not-allowed"),
        ("POST", "/api/tickets", 422, "invalid"),
        ("GET", "/api/admin/documents", 401, "unauthorized"),
        ("GET", "/collab/letter", 404, "not-found"),
    ],
)
async def test_errors_are_problem_pages(
    server: Running, method: str, path: str, status: int, code: str
) -> None:
    answer = await server.http.request(method, path)
    assert answer.headers["content-type"] == "application/problem+json"
    page = answer.json()
    assert (answer.status_code, page["status"], page["code"]) == (status, status, code)
    assert page["title"]
    assert page["detail"]


class FailingStore(MemoryStore):
    def __init__(self, failure: Exception | None = None) -> None:
        super().__init__()
        self.failure = failure
        self.wait = 0.0

    async def info(self, doc: str) -> DocumentInfo | None:
        await asyncio.sleep(self.wait)
        if self.failure is not None:
            raise self.failure
        return await super().info(doc)


async def test_it_is_not_ready_while_the_store_does_not_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("ropewalk_server.http.health.STORE_SECONDS", 0.05)
    store = FailingStore()
    async with running(store=store) as server:
        for store.failure, store.wait in (
            (StoreError("down"), 0),
            (OSError("secret=abc"), 0),
            (None, 9),
        ):
            answer = await server.http.get("/readyz")
            assert answer.status_code == 503
            assert answer.headers["retry-after"] == "1"
            assert "secret" not in answer.text
            assert (await server.http.get("/healthz")).status_code == 200
        store.failure, store.wait = None, 0
        assert (await server.http.get("/readyz")).status_code == 200


async def test_a_fault_is_a_problem_page_that_tells_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    store = FailingStore(RuntimeError("the password is hunter2"))
    async with running(store=store) as server:
        headers = {"Authorization": f"Bearer {ADMIN_KEY}"}
        answer = await server.http.get("/api/admin/document?name=a", headers=headers)
    assert answer.status_code == 500
    assert answer.json()["code"] == "fault"
    assert "hunter2" not in answer.text
    record = next(r for r in caplog.records if "has failed" in r.message)
    assert vars(record)["request"] in answer.json()["detail"]


async def test_a_store_that_is_down_for_a_moment_is_said_so() -> None:
    async with running(store=FailingStore(StoreError("disk"))) as server:
        headers = {"Authorization": f"Bearer {ADMIN_KEY}"}
        answer = await server.http.get("/api/admin/document?name=a", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (503, "store")


async def test_a_page_that_was_built_is_served(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("<h1>Editor</h1>")
    (tmp_path / "app.js").write_text("1")
    async with running(made(server={"editor": str(tmp_path)})) as server:
        assert "Editor" in (await server.http.get("/")).text
        assert (await server.http.get("/app.js")).status_code == 200
        assert (await server.http.get("/%2e%2e/etc/passwd")).status_code == 404
        assert (await server.http.get("/healthz")).json() == {"status": "ok"}
    with pytest.raises(ConfigError, match=r"no index.html"):
        create_app(made(server={"editor": str(tmp_path / "none")}))


# -- documents -------------------------------------------------------------------------------------


async def test_two_clients_write_together_and_it_is_counted(server: Running) -> None:
    token = server.token()
    async with server.client(token=token) as one, server.client(token=token) as two:
        await two.sync()
        await one.sync()
        await one.write_durably("Dear Sir")
        while two.text != "Dear Sir":
            await two.hear()
        numbers = (await server.http.get("/metrics")).text
        assert "ropewalk_connections 2.0" in numbers
        assert "ropewalk_rooms 1.0" in numbers
        assert "ropewalk_append_seconds_count 1.0" in numbers
        assert "ropewalk_ack_seconds_count 1.0" in numbers
        assert "ropewalk_broadcast_seconds_count 1.0" in numbers
        assert 'ropewalk_messages_total{type="Numbered"} 1.0' in numbers
    exported = await server.service.documents.export("main/letter", "json")
    assert json.loads(exported) == {"t": "Dear Sir"}


async def test_a_server_may_be_asked_for_numbers_by_whoever_has_the_key() -> None:
    async with running(made(metrics={"key": "k" * 20})) as server:
        assert (await server.http.get("/metrics")).status_code == 401
        for given, status in (("k" * 20, 200), ("k" * 19, 401), ("", 401)):
            headers = {"Authorization": f"Bearer {given}"} if given else {}
            assert (await server.http.get("/metrics", headers=headers)).status_code == status
    async with running(made(metrics={"enabled": False}, admin={"enabled": False})) as server:
        assert (await server.http.get("/metrics")).status_code == 404
        assert (await server.http.get("/api/admin/documents")).status_code == 404


# -- logs and the end ------------------------------------------------------------------------------


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonFormatter())
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield stream
    root.removeHandler(handler)
    root.setLevel(level)


async def test_no_token_or_ticket_is_in_any_log(log: io.StringIO) -> None:
    async with running(made(auth={"token_in_url": True})) as server:
        tokens = [server.token() for _ in range(4)]
        tickets = [await ticket(server) for _ in range(2)]
        async with server.client(query=f"?token={tokens[0]}") as client:
            await client.sync()
        async with server.client(query=f"?ticket={tickets[0]}") as client:
            await client.sync()
        async with server.client(token=tokens[1]) as client:
            await client.sync()
        await server.refusal(query=f"?ticket={tickets[0]}")
        await server.refusal(subprotocols=[f"ropewalk.token.{tokens[2]}x"])
        await server.http.get(
            f"/api/admin/documents?token={tokens[3]}&ticket={tickets[1]}",
            headers={"Authorization": f"Bearer {ADMIN_KEY}"},
        )
        await server.http.get(f"/{tokens[3]}")
    written = log.getvalue()
    assert written.count("\n") >= 4
    for secret in [*tokens, *tickets, ADMIN_KEY]:
        for part in secret.removeprefix("rwt_").split("."):
            assert part[:20] not in written
    for line in written.splitlines():
        json.loads(line)


async def test_every_line_of_a_request_has_its_id(log: io.StringIO) -> None:
    async with running() as server:
        await server.http.get("/healthz", headers={"X-Request-Id": "abc"})
    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    assert any(
        line.get("request") == "abc" and line["message"] == "GET /healthz 200" for line in lines
    )


async def test_every_line_of_a_connection_has_its_id_and_no_other_s(log: io.StringIO) -> None:
    async with running() as server:
        for query in ("?x=1", "?x=2"):
            await server.refusal(query=query)
        async with server.client(token=server.token()) as client:
            await client.sync()
            await client.write_durably("x")
    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    refused = [line for line in lines if line["message"].startswith("refused: ")]
    assert len(refused) == 2
    assert all(
        line["connection"] and line["request"] and line["why"] == "unauthorized" for line in refused
    )
    assert refused[0]["connection"] != refused[1]["connection"]
    connected = [line["connection"] for line in lines if line["message"] == "connected"]
    gone = [line["connection"] for line in lines if line["message"] == "gone"]
    assert sorted(connected) == sorted(gone)
    assert len(set(connected)) == 3


async def test_a_room_s_work_is_no_connection_s() -> None:
    store = MemoryStore()
    async with running(store=store) as server:
        found: list[object] = []

        @server.service.rooms.on_store
        def note(*_: object) -> None:
            found.append(dict(logs._CONTEXT.get()))

        async with server.client(token=server.token()) as client:
            await client.sync()
            await client.write_durably("x")
    assert found == [{}]


async def test_a_request_is_bounded_before_anybody_is_asked(server: Running) -> None:
    large = b'{"document": "' + b"x" * 70_000 + b'"}'

    async def in_parts() -> AsyncIterator[bytes]:
        for at in range(0, len(large), 10_000):
            yield large[at : at + 10_000]

    for content in (large, in_parts()):
        answer = await server.http.post(
            "/api/tickets", content=content, headers={"Content-Type": "application/json"}
        )
        assert (answer.status_code, answer.json()["status"]) == (413, 413)


class SlowStore(MemoryStore):
    async def append(self, *arguments: Any, **options: Any) -> Version:
        await asyncio.sleep(0.3)
        return await super().append(*arguments, **options)


async def test_who_is_connected_when_it_ends_is_told_and_all_is_stored() -> None:
    store = SlowStore()
    other = store.another()
    async with AsyncExitStack() as stack:
        clients = []
        async with running(store=store) as server:
            for n in range(5):
                client = await stack.enter_async_context(
                    server.client(f"d{n}", token=server.token())
                )
                clients.append(await client.sync())
            for client in clients:
                await client.write("the last words")
            while server.service.metrics.value("messages", type="Numbered") < 5:
                await asyncio.sleep(0.01)
        # It has ended while the store was still at it.
        for n, client in enumerate(clients):
            assert await client.closed() == 1001
            assert any(isinstance(message, Ack) for message in client.heard)
            assert (await other.read(f"main/d{n}")).version.seq == 1


# -- embedded in other people's apps ---------------------------------------------------------------


async def test_the_example_of_the_documentation_works(tmp_path: Path) -> None:
    from ropewalk_server import Rooms, rooms_router

    from .running import Client, serving

    seen: list[str] = []

    async def who_is_it(token: str | None) -> Identity:
        return Identity(user=token or "nobody", tenant="main")

    rooms = Rooms(store=f"sqlite:{tmp_path}/rooms.db", authenticate=who_is_it)
    app = FastAPI(lifespan=rooms.lifespan)
    app.include_router(rooms_router(rooms), prefix="/collab")

    @rooms.on_change("letters/*")
    async def index(change: Any) -> None:
        seen.append(change.document)

    from websockets.asyncio.client import connect

    from ropewalk_server.http.serving import Server

    @asynccontextmanager
    async def client(place: str, name: str) -> AsyncIterator[Client]:
        async with connect(f"ws://{place}/collab/{name}", compression=None) as socket:
            made_ = Client(socket)
            await made_.say(Hello(token="alice"))
            yield made_

    async with serving(app, lambda config: Server(config, rooms)) as place:
        for name in ("letters/1", "todo"):
            async with client(place, name) as one, client(place, name) as two:
                await one.sync()
                await two.sync()
                await one.write_durably("x")
                while two.text != "x":
                    await two.hear()
    assert seen == ["main/letters/1"]
