"""The Python client against the real server: restarts, several documents, text frames."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import pytest

from live import LiveServer, live_server
from ropewalk import Doc, Text
from ropewalk.client import (
    Backoff,
    ChangeRefused,
    Cut,
    FileOutbox,
    Forbidden,
    NotAuthenticated,
    SharedDocument,
    State,
    connect,
)
from ropewalk.client._transport import WebSocketTransport
from ropewalk_server.rooms.snapshots import as_update


def run(work: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(work, 30))


def text_of(document: SharedDocument) -> Any:
    return document.doc.get("text", type=Text)


async def until(holds: Any) -> None:
    for _ in range(2000):
        if holds():
            return
        await asyncio.sleep(0.005)
    raise AssertionError("it has not come to that")


def quick() -> Backoff:
    return Backoff(0.02, 0.2)


async def stored(server: LiveServer, name: str) -> str:
    history = await server.store.read(f"tests/{name}")
    doc: Doc[Any] = Doc()
    if history.snapshot is not None:
        doc.apply_update(as_update(history.snapshot.data))
    for entry in history.entries:
        doc.apply_update(entry.update)
    return str(doc.get("text", type=Text))


@pytest.mark.parametrize("text_frames", [False, True])
def test_writers_agree_after_restarts(text_frames: bool) -> None:
    async def work() -> None:
        chance = random.Random(3)
        async with live_server() as server:
            options: dict[str, Any] = {"text_frames": text_frames}
            async with (
                connect(server.url, "letter", token="ann", backoff=quick(), **options) as ann,
                connect(server.url, "letter", token="bob", backoff=quick(), **options) as bob,
            ):
                for step in range(60):
                    text = text_of(chance.choice([ann, bob]))
                    text.insert(chance.randint(0, len(text)), f"{step},")
                    if chance.random() < 0.2 and len(text) > 5:
                        del text[1:4]
                    if step in (20, 40):
                        await server.stop()
                    elif step in (30, 50):
                        await server.start()
                    await asyncio.sleep(0.002)
                await ann.durable()
                await bob.durable()
                await until(lambda: str(text_of(ann)) == str(text_of(bob)))
                assert await stored(server, "letter") == str(text_of(ann))
                assert ann.state is bob.state is State.SYNCED

    run(work())


def test_several_documents_over_one_connection() -> None:
    async def work() -> None:
        async with live_server() as server, connect(server.url, token="ann") as connection:
            documents = [await connection.join(f"doc{number}") for number in range(5)]
            for number, document in enumerate(documents):
                text_of(document).insert(0, f"this is {number}")
            await asyncio.gather(*(document.durable() for document in documents))
            for number in range(5):
                assert await stored(server, f"doc{number}") == f"this is {number}"
            secret = await connection.join("secret")
            with pytest.raises(Forbidden):
                await secret.synced()
            await documents[0].synced()

    run(work())


def test_readers_are_told_and_bad_tokens_too() -> None:
    async def work() -> None:
        async with live_server() as server:
            async with connect(server.url, "letter", token="reader") as letter:
                await letter.synced()
                assert letter.role == "reader"
                text_of(letter).insert(0, "x")
                with pytest.raises(ChangeRefused, match="read"):
                    await letter.durable()
            async with connect(server.url, "letter", token="bad") as letter:
                with pytest.raises(NotAuthenticated, match="no good"):
                    await letter.synced()
            assert await stored(server, "letter") == ""

    run(work())


@pytest.mark.parametrize("text_frames", [False, True])
def test_a_reader_with_nothing_of_its_own_is_in_step(text_frames: bool) -> None:
    """Its answer to the server names what others have deleted; and it may know all already."""

    async def work() -> None:
        async with live_server() as server:
            async with connect(server.url, "letter", token="ann") as letter:
                text_of(letter).insert(0, "what was deleted")
                await letter.durable()
                del text_of(letter)[4:8]
                await letter.durable()
                known = letter.doc.get_update()
            for state in (b"\0\0", known):
                doc: Doc[Any] = Doc()
                doc.apply_update(state)
                async with connect(
                    server.url, "letter", token="reader", doc=doc, text_frames=text_frames
                ) as letter:
                    states: list[State] = []
                    letter.on_state = states.append
                    await letter.synced()
                    await letter.durable()
                    assert str(text_of(letter)) == "what deleted"
                    await asyncio.sleep(0.1)
                    assert letter.state is State.SYNCED
                    assert states == [State.SYNCING, State.SYNCED]

    run(work())


def test_a_file_keeps_what_was_written_without_a_server(tmp_path: Path) -> None:
    async def work() -> None:
        server = LiveServer()
        path = tmp_path / "letter.outbox"
        async with connect(
            server.url, "letter", backoff=quick(), outbox=FileOutbox(path)
        ) as letter:
            text_of(letter).insert(0, "written offline")
            await asyncio.sleep(0.05)
            assert letter.state is State.OFFLINE
        await server.start()
        async with connect(
            server.url, "letter", backoff=quick(), outbox=FileOutbox(path)
        ) as letter:
            assert str(text_of(letter)) == "written offline"
            await letter.durable()
        assert await stored(server, "letter") == "written offline"
        assert list(FileOutbox(path)) == []
        await server.stop()

    run(work())


class Cutter:
    """Opens connections that are cut after so many frames in one direction."""

    def __init__(self, cuts: list[tuple[str, int]]) -> None:
        self.cuts = cuts
        self.carried = {"up": 0, "down": 0}

    async def open(self, url: str) -> Any:
        return _Cutting(self, await WebSocketTransport.open(url))


class _Cutting:
    def __init__(self, cutter: Cutter, inner: WebSocketTransport) -> None:
        self._cutter = cutter
        self._inner = inner
        self._way, self._left = cutter.cuts.pop(0) if cutter.cuts else ("", 0)

    async def _count(self, way: str, message: bytes | str) -> None:
        self._cutter.carried[way] += len(message)
        if way == self._way and len(message) > 1000:
            self._left -= 1
            if self._left <= 0:
                await self._inner.close()
                raise Cut(1006, "cut by the test")

    async def send(self, message: bytes | str) -> None:
        await self._count("up", message)
        await self._inner.send(message)

    async def recv(self) -> bytes | str:
        message = await self._inner.recv()
        await self._count("down", message)
        return message

    async def close(self) -> None:
        await self._inner.close()


def test_long_messages_go_on_after_cuts_in_text_frames() -> None:
    async def work() -> None:
        chance = random.Random(1)
        content = "".join(chance.choices("abcdefghijkl ", k=900_000))
        async with live_server() as server:
            up = Cutter([("up", 12), ("up", 9), ("up", 7)])
            async with connect(
                server.url, "letter", text_frames=True, backoff=quick(), opener=up.open
            ) as letter:
                await letter.synced()
                text_of(letter).insert(0, content)
                await letter.durable()
            assert not up.cuts
            assert await stored(server, "letter") == content
            down = Cutter([("down", 12), ("down", 9), ("down", 7)])
            async with connect(
                server.url, "letter", text_frames=True, backoff=quick(), opener=down.open
            ) as letter:
                await letter.synced()
                assert str(text_of(letter)) == content
            assert not down.cuts
            # Each way once, in base64, and not much more for all the cuts.
            whole = len(content) * 4 / 3
            assert up.carried["up"] < 1.3 * whole and down.carried["down"] < 1.3 * whole
            assert server.rooms.unfinished.size == 0

    run(work())


def test_a_restored_document_replaces_the_local_copy(tmp_path: Path) -> None:
    async def work() -> None:
        async with live_server() as server:
            outbox = FileOutbox(tmp_path / "outbox")
            async with (
                connect(server.url, "letter", backoff=quick(), outbox=outbox) as ann,
                connect(server.url, "letter", backoff=quick(), text_frames=True) as bob,
            ):
                text_of(ann).insert(0, "what was written first")
                await ann.durable()
                await until(lambda: str(text_of(bob)) == "what was written first")
                replaced: list[str] = []
                ann.on_replaced = lambda old, _lost: replaced.append(
                    str(old.get("text", type=Text))
                )
                version = (await server.store.read("tests/letter")).version
                other: Doc[Any] = Doc({"text": Text("restored")})
                await server.store.seal("tests/letter", version, other.get_update())
                for client in (ann, bob):
                    await until(lambda client=client: str(text_of(client)) == "restored")
                    await client.synced()
                text_of(bob).insert(8, "!")
                await bob.durable()
                await until(lambda: str(text_of(ann)) == "restored!")
                assert replaced == ["what was written first"]
            assert await stored(server, "letter") == "restored!"

    run(work())


@pytest.mark.parametrize("text_frames", [False, True])
def test_who_writes_without_a_pause_stays_within_the_bounds(text_frames: bool) -> None:
    """More changes a second than the server takes messages, and more frames than that too."""

    async def work() -> None:
        async with live_server() as server:
            async with connect(
                server.url, "letter", token="ann", text_frames=text_frames, backoff=quick()
            ) as letter:
                await letter.synced()
                states: list[State] = []
                letter.on_state = states.append
                for number in range(1500):
                    text_of(letter).insert(0, "x")
                    letter.awareness.set_local_state({"at": number})
                    await asyncio.sleep(0)
                text_of(letter).insert(0, "y" * 15_000_000)
                await letter.durable()
                assert State.OFFLINE not in states
            assert len(await stored(server, "letter")) == 15_001_500

    run(work())


def test_many_messages_in_one_frame_are_many() -> None:
    async def work() -> None:
        from websockets.asyncio.client import connect as connect_socket

        from ropewalk.text_frames import Message, encode_frame

        async with live_server() as server, connect_socket(f"{server.url}/letter") as socket:
            first: list[Any] = [Message(1, b"\x78\x07" + b'{"v":1}')]
            flood = [Message(2 + number, b"\x03") for number in range(600)]
            await socket.send(encode_frame(7, first + flood))
            with pytest.raises(Exception, match="more than 100 messages a second"):
                while True:
                    await asyncio.wait_for(socket.recv(), 5)

    run(work())


def test_the_guide_s_example_runs() -> None:
    guide = Path(__file__).parents[3] / "docs/guides/python-client.md"
    code = guide.read_text().split("```python\n")[1].split("```")[0]

    async def work() -> None:
        async with live_server() as server:
            names: dict[str, Any] = {"url": server.url, "token": "ann"}
            exec(compile(code, str(guide), "exec"), names)  # noqa: S102
            await names["main"](server.url, "ann")
            assert await stored(server, "letter") == "Dear Sir or Madam"

    run(work())
