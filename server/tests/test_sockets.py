"""Sockets: the same sessions behind a real uvicorn on loopback."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import random
import socket
from dataclasses import replace
from pathlib import Path
from typing import Any

import pycrdt
import pytest
import ropewalk
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from harness.peers import make_rooms, stored_text, until
from harness.serving import SocketPeer, serving
from ropewalk_server.limits import Limits
from ropewalk_server.protocol import frames
from ropewalk_server.protocol.messages import Hello, Step1, Update, Welcome
from ropewalk_server.stores import open_store
from ropewalk_server.stores.memory import MemoryStore

pytestmark = pytest.mark.anyio

# Our protocol of uvicorn, and uvicorn's own, which any other server may stand for.
BOTH = pytest.mark.parametrize("options", [{}, {"ws": "websockets-sansio"}], ids=["wire", "outbox"])


@BOTH
async def test_two_write_together_and_hear_that_it_is_durable(options: dict[str, Any]) -> None:
    rooms = make_rooms()
    async with serving(rooms, **options) as url:
        async with SocketPeer(url + "letter") as ann, SocketPeer(url + "letter") as bob:
            await ann.type("Dear Sir")
            await until(lambda: bob.text == "Dear Sir")
            await bob.type(" or Madam")
            await until(lambda: ann.text == bob.text == "Dear Sir or Madam")
            await until(lambda: ann.acked == ann.number and bob.acked == bob.number)
            assert await stored_text(rooms) == "Dear Sir or Madam"


@BOTH
async def test_several_documents_over_one_socket(options: dict[str, Any]) -> None:
    rooms = make_rooms()
    async with serving(rooms, **options) as url, connect(url, compression=None) as ours:
        await ours.send(frames.encode(None, Hello()))
        for name in ("a", "b"):
            await ours.send(frames.encode(name, Hello()))
        said = [frames.decode(await ours.recv()) for _ in range(5)]  # type: ignore[arg-type]
        assert [(name, type(m)) for name, m in said] == [
            (None, Welcome),
            ("a", Welcome),
            ("a", Step1),
            ("b", Welcome),
            ("b", Step1),
        ]


@BOTH
async def test_a_name_with_slashes_and_what_urls_escape(options: dict[str, Any]) -> None:
    rooms = make_rooms()
    async with serving(rooms, **options) as url:
        async with SocketPeer(url + "cases/2026/a%20b") as ann:
            await ann.type("x")
            await until(lambda: ann.acked == ann.number)
        assert [info.doc for info in await rooms.store.list()] == ["firm/cases/2026/a b"]


async def test_tokens_come_in_the_query_or_the_subprotocol() -> None:
    rooms = make_rooms()
    async with serving(rooms) as url:
        stock = SocketPeer(url + "d?token=reader:rod@firm", extended=False)
        await stock.open()
        await until(lambda: {s.identity.user for s in rooms.sessions if s.identity} == {"rod"})
        await stock.end()
        other = SocketPeer(url + "d", extended=False)
        protocol: Any = "ropewalk.token.reader.ann"
        await other.open(subprotocols=[protocol])
        assert other._socket.subprotocol == protocol
        await other.end()


@BOTH
async def test_the_end_is_told_when_all_is_durable(options: dict[str, Any]) -> None:
    rooms = make_rooms()
    peer = SocketPeer("")
    async with serving(rooms, **options) as url:
        peer.url = url + "letter"
        await peer.open()
        for letter in "abc":
            await peer.type(letter)
        await until(lambda: peer.acked == peer.number == 4)  # with the answer to step 1
    await peer._reader
    assert peer.close is not None
    assert peer.close[0] == 1001
    assert await stored_text(rooms) == "abc"


async def test_a_message_beyond_the_limit_is_told_the_setting() -> None:
    rooms = make_rooms(limits=replace(Limits(), message_bytes=100_000))
    async with serving(rooms) as url:
        peer = await SocketPeer(url + "d").open()
        await peer.say(Update(bytes(200_000)))
        await peer._reader
        assert peer.close == (1009, "a message of more than 100000 bytes (message_bytes)")


async def test_a_first_message_beyond_its_limit_is_told_the_setting() -> None:
    rooms = make_rooms()
    async with serving(rooms) as url:
        peer = SocketPeer(url + "d", extended=False)
        ropewalk_text = "x" * 70_000
        peer.write(ropewalk_text)
        async with connect(peer.url, compression=None) as client:
            with pytest.raises(ConnectionClosed) as closed:
                await client.send(frames.encode(None, Update(peer.doc.get_update())))
                await client.recv()
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1009
        assert "handshake_bytes" in closed.value.rcvd.reason


async def test_compression_is_not_agreed_to() -> None:
    """A small message that unpacks to a large one cannot be sent."""
    async with serving(make_rooms()) as url, connect(url + "d", compression="deflate") as client:
        assert client.protocol.extensions == []


async def test_split_frames_are_one_message() -> None:
    rooms = make_rooms()
    async with serving(rooms) as url, connect(url + "d", compression=None) as client:
        hello = frames.encode(None, Hello())
        await client.send([hello[:1], hello[1:5], hello[5:]])
        assert isinstance(frames.decode(await client.recv())[1], Welcome)  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", ["memory", "sqlite"])
@BOTH
async def test_random_edits_drops_and_restarts_end_equal(
    options: dict[str, Any], kind: str, tmp_path: Path
) -> None:
    chance = random.Random(7)
    kept = MemoryStore()
    port = free_port()
    url = f"ws://127.0.0.1:{port}/collab/letter"
    peers = [SocketPeer(url, extended=number % 2 == 0) for number in range(6)]
    typed = 0
    for _ in range(3):
        store = kept if kind == "memory" else open_store(f"sqlite:{tmp_path / 'rooms.db'}")
        rooms = make_rooms(store)
        async with serving(rooms, port, **options):
            for peer in peers:
                await peer.open()
            for _ in range(60):
                peer = chance.choice(peers)
                if chance.random() < 0.1:
                    await peer.drop()
                    peer.write("offline", chance.randrange(50))
                    typed += 7
                    await peer.open()
                else:
                    await peer.type("x", chance.randrange(50))
                    typed += 1
                if chance.random() < 0.5:
                    await asyncio.sleep(0.001)
            await until(
                lambda: (
                    {p.acked - p.number for p in peers if p.extended} == {0}
                    and len({p.doc.get_canonical() for p in peers}) == 1
                ),
                10,
            )
        for peer in peers:
            await peer._reader
            peer.received.clear()
    assert {len(peer.text) for peer in peers} == {typed}
    store = kept if kind == "memory" else open_store(f"sqlite:{tmp_path / 'rooms.db'}")
    await store.open()
    assert await stored_text(make_rooms(store)) == peers[0].text
    await store.close()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Channel:
    """A WebSocket as the providers of pycrdt and of ropewalk want it."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self.path = "letter"

    def __aiter__(self) -> Channel:
        return self

    async def __anext__(self) -> bytes:
        return await self.recv()

    async def send(self, message: bytes) -> None:
        with contextlib.suppress(ConnectionClosed):
            await self._client.send(message)

    async def recv(self) -> bytes:
        try:
            received: bytes = await self._client.recv()
            return received
        except ConnectionClosed:
            raise StopAsyncIteration from None


# Of one to four bytes in UTF-8, of one and two units in UTF-16, of several characters in one sign.
WORDS = ("a", "b ", "cd", "é", "Grüße", "日本", "🙂", "👩‍🚀", "x\u0301", "🇩🇪")


def places_in(text: Any) -> list[int]:
    """The offsets between characters: pycrdt counts bytes of UTF-8. An offset of it inside a
    character makes an update that no peer can read."""
    in_bytes = isinstance(text, pycrdt.Text)
    widths = (len(char.encode()) if in_bytes else 1 for char in str(text))
    return list(itertools.accumulate(widths, initial=0))


async def test_pycrdt_and_ropewalk_providers_write_together_through_drops() -> None:
    """Stock clients: providers that know nothing of this server."""
    chance = random.Random(11)
    rooms = make_rooms()
    docs: list[Any] = [pycrdt.Doc(), ropewalk.Doc(), pycrdt.Doc(), ropewalk.Doc()]
    texts = [
        doc.get("t", type=pycrdt.Text if isinstance(doc, pycrdt.Doc) else ropewalk.Text)
        for doc in docs
    ]
    async with serving(rooms) as url:
        for _ in range(4):
            async with contextlib.AsyncExitStack() as stack:
                for doc in docs:
                    client = await stack.enter_async_context(
                        connect(url + "letter", compression=None)
                    )
                    kind = pycrdt if isinstance(doc, pycrdt.Doc) else ropewalk
                    await stack.enter_async_context(kind.Provider(doc, Channel(client)))
                for _ in range(40):
                    text = chance.choice(texts)
                    places = places_in(text)
                    at = chance.randrange(len(places))
                    if chance.random() < 0.2 and at + 2 < len(places):
                        del text[places[at] : places[at + 2]]
                    else:
                        text.insert(places[at], chance.choice(WORDS))
                    if chance.random() < 0.3:
                        await asyncio.sleep(0.002)
                await until(lambda: len({str(text) for text in texts}) == 1, 10)
            # Nobody is connected: what is written now is offered again by step 1.
            for text in texts:
                text.insert(0, "offline ")
        async with SocketPeer(url + "letter") as witness:
            await until(lambda: witness.text)
            assert await stored_text(rooms) == witness.text


@BOTH
async def test_a_large_document_reaches_a_reader_though_it_is_beyond_what_may_wait(
    options: dict[str, Any],
) -> None:
    rooms = make_rooms()
    doc: ropewalk.Doc[Any] = ropewalk.Doc()
    doc["t"] = ropewalk.Text("large " * 1_000_000)
    await rooms.store.append("firm/letter", [doc.get_update()])
    async with serving(rooms, **options) as url, SocketPeer(url + "letter") as ann:
        await until(lambda: len(ann.text) == 6_000_000, 20)
        await ann.type("!")
        await until(lambda: ann.acked == ann.number)


async def test_sessions_and_links_are_gone_when_their_sockets_are() -> None:
    rooms = make_rooms(limits=replace(Limits(), idle_seconds=0.05))
    async with serving(rooms) as url:
        peers = [await SocketPeer(url + f"d{n % 3}").open() for n in range(30)]
        await until(lambda: len(rooms.sessions) == 30 and len(rooms.open_rooms) == 3)
        for number, peer in enumerate(peers):
            await (peer.drop() if number % 2 else peer.end())
        await until(lambda: not rooms.sessions and not rooms.open_rooms)
