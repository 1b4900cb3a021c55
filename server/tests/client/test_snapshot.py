"""What is there before the first connection: a snapshot by its address."""

from __future__ import annotations

import asyncio
import json
from base64 import b64encode
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from client.fakes import FakeServer
from ropewalk import Doc, Text
from ropewalk.client import FetchedSnapshot, FileOutbox, snapshot_from
from ropewalk_server.protocol.messages import Hello, Step1, Step2, Welcome

STORED = Doc({"text": Text("all of it")})


def run(work: Awaitable[Any]) -> Any:
    return asyncio.run(asyncio.wait_for(work, 10))


def text_of(doc: Doc[Any]) -> str:
    return str(doc.get("text", type=Text))


async def found(_name: str) -> FetchedSnapshot:
    return FetchedSnapshot(STORED.get_update(), 4)


def test_it_is_there_at_once_and_only_the_rest_is_asked_for() -> None:
    async def work() -> None:
        server = FakeServer()
        connection = server.connection()
        letter = await connection.join("letter", snapshot=found)
        assert text_of(letter.doc) == "all of it" and letter.unsaved == 0
        transport = await server.next()
        await transport.hear(Hello)
        assert (await transport.hear(Hello)).epoch == 4
        assert (await transport.hear(Step1)).state == STORED.get_state()
        transport.say(Welcome({"role": "editor", "epoch": 4}))
        transport.say(Step1(STORED.get_state()))
        transport.say(Step2(b"\x00\x00"))
        await letter.synced()
        await connection.close()

    run(work())


def test_it_is_not_fetched_for_what_is_here_and_nothing_depends_on_it() -> None:
    async def fails(_name: str) -> None:
        raise OSError("no network")

    async def is_rubbish(_name: str) -> FetchedSnapshot:
        return FetchedSnapshot(b"\x01\x02rubbish", 1)

    async def work() -> None:
        connection = FakeServer().connection()
        letter = await connection.join("letter", Doc({"text": Text("here")}), snapshot=fails)
        assert text_of(letter.doc) == "here"
        for name, snapshot in (("other", fails), ("third", is_rubbish)):
            other = await connection.join(name, snapshot=snapshot)
            assert text_of(other.doc) == "" and other.unsaved == 0
        await connection.close()

    run(work())


def test_changes_of_another_epoch_come_first(tmp_path: Path) -> None:
    async def work() -> None:
        outbox = FileOutbox(tmp_path / "outbox")
        outbox.welcome(3)
        outbox.add(Doc({"text": Text("mine")}).get_update())
        connection = FakeServer().connection()
        letter = await connection.join("letter", outbox=outbox, snapshot=found)
        assert text_of(letter.doc) == "mine"
        await connection.close()

    run(work())


@contextmanager
def api(answer: Callable[[str, str | None], tuple[int, bytes]]) -> Iterator[str]:
    """Its address. `answer`: to a path and who asks."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = answer(self.path, self.headers.get("Authorization"))
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def test_the_address_that_the_api_gives_is_fetched() -> None:
    update = STORED.get_update()
    asked: list[tuple[str, str | None]] = []

    def answer(path: str, who: str | None) -> tuple[int, bytes]:
        asked.append((path, who))
        if path == "/files/1":
            return 200, update
        about = {"url": f"{url}/files/1", "epoch": 4, "seq": 9, "size": len(update)}
        return 200, json.dumps(about).encode()

    async def token() -> str:
        return "me"

    with api(answer) as url:
        fetch = snapshot_from(f"{url}/api/", token=token)
        assert run(fetch("a/b")) == FetchedSnapshot(update, 4)
        assert asked == [("/api/documents/a%2Fb/snapshot", "Bearer me"), ("/files/1", None)]
        assert run(snapshot_from(f"{url}/api", largest=len(update) - 1)("a")) is None


def test_a_short_one_comes_as_it_is_and_none_is_none() -> None:
    update = STORED.get_update()
    short = {"update": b64encode(update).decode(), "epoch": 0, "seq": 1, "size": len(update)}
    with api(lambda *_: (200, json.dumps(short).encode())) as url:
        assert run(snapshot_from(url)("letter")) == FetchedSnapshot(update, 0)
    with api(lambda *_: (404, b"{}")) as url:
        assert run(snapshot_from(url)("letter")) is None
    with api(lambda *_: (503, b"{}")) as url, pytest.raises(OSError, match="503"):
        run(snapshot_from(url)("letter"))
    with pytest.raises(ValueError, match="no address"):
        snapshot_from("file:///etc")


def test_a_file_here_is_no_address() -> None:
    about = {"url": "file:///etc/hostname", "epoch": 4, "seq": 9, "size": 100}
    answer = json.dumps(about).encode()
    with api(lambda *_: (200, answer)) as url, pytest.raises(ValueError, match="no address"):
        run(snapshot_from(url)("letter"))


def test_more_than_was_said_is_not_taken() -> None:
    def answer(path: str, _who: str | None) -> tuple[int, bytes]:
        if path == "/files/1":
            return 200, bytes(1000)
        about = {"url": f"{url}/files/1", "epoch": 4, "seq": 9, "size": 10}
        return 200, json.dumps(about).encode()

    with api(answer) as url, pytest.raises(ValueError, match="more than 10 bytes"):
        run(snapshot_from(url)("letter"))
