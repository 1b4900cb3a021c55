"""T17: readers who do not read, at 1,000 messages a second: what each costs, and what the others
notice of it."""

from __future__ import annotations

import asyncio
import os
import socket
from dataclasses import replace
from typing import Any

import pytest
from ropewalk import Text

from harness.peers import make_rooms, until
from harness.serving import SocketPeer, serving
from ropewalk_server.http import wire
from ropewalk_server.limits import Limits
from ropewalk_server.protocol import frames
from ropewalk_server.protocol.messages import Step1

pytestmark = pytest.mark.anyio

STALLED = 50 if os.environ.get("ROPEWALK_SOAK") else 3
RATE = 1_000
# Enough to fill what may wait for each of them.
LARGE = "x" * 2_500
TWO_MIB = 2 << 20


async def stalled_reader(url: str) -> socket.socket:
    """Joins, and never reads what it is sent."""
    loop = asyncio.get_running_loop()
    stalled = socket.socket()
    stalled.setblocking(False)
    stalled.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    host, port = url.split("/")[2].split(":")
    await loop.sock_connect(stalled, (host, int(port)))
    request = (
        b"GET /collab/letter HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n"
        b"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
    )
    await loop.sock_sendall(stalled, request)
    assert b" 101 " in await loop.sock_recv(stalled, 1000)
    step1 = b"\x82\x84\0\0\0\0" + frames.encode(None, Step1(b"\0"))
    await loop.sock_sendall(stalled, step1)
    return stalled


def size(peer: SocketPeer) -> int:
    return len(peer.doc.get("t", type=Text))


async def write(ann: SocketPeer, bob: SocketPeer, count: int, text: str) -> float:
    """Writes at the rate; the 99th of 100 delays until bob has it."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    took: list[float] = []
    for number in range(count):
        await asyncio.sleep(max(0.0, began + number / RATE - loop.time()))
        sent = loop.time()
        await ann.type(text)
        if number % 10 == 0:
            length = size(ann)
            await until(lambda length=length: size(bob) >= length, 30)  # type: ignore[misc]
            took.append(loop.time() - sent)
    return sorted(took)[int(len(took) * 0.99)]


async def test_t17_stalled_readers_cost_little_and_hurt_nobody() -> None:
    rooms = make_rooms(limits=replace(Limits(), messages_per_second=1e6, message_burst=10**6))
    async with (
        serving(rooms) as url,
        SocketPeer(url + "letter") as ann,
        SocketPeer(url + "letter") as bob,
    ):
        async with SocketPeer(url + "other") as eve, SocketPeer(url + "other") as joe:
            alone = await write(eve, joe, 300, LARGE)
        ann.keeps = bob.keeps = False
        stalled = [await stalled_reader(url) for _ in range(STALLED)]
        room = rooms.open_rooms["firm/letter"]
        await until(lambda: len(room.members) == 2 + STALLED)
        costs: list[int] = []
        watching = asyncio.ensure_future(watch(room, costs))
        beside = await write(ann, bob, 1_000, LARGE)
        await until(lambda: len(room.members) == 2, 10)
        watching.cancel()
        assert 500_000 < max(costs) <= TWO_MIB
        assert ann.close is None
        assert bob.close is None
        # Twice as long, or as long as this machine makes anybody wait.
        assert beside <= max(2 * alone, 0.5)
        for connection in stalled:
            connection.close()


async def test_who_does_not_read_and_says_goodbye_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Closing a connection waits until the other end has accepted what is left."""
    monkeypatch.setattr(wire, "_LINGER_SECONDS", 0.1)
    rooms = make_rooms(limits=replace(Limits(), messages_per_second=1e6, message_burst=10**6))
    async with serving(rooms, ws_ping_interval=None) as url, SocketPeer(url + "letter") as ann:
        stalled = await stalled_reader(url)
        room = rooms.open_rooms["firm/letter"]
        await until(lambda: len(room.members) == 2)
        link: Any = next(m.link for m in room.members if not m.extended)
        for _ in range(1_000):
            await ann.type(LARGE)
            await until(lambda: ann.acked == ann.number)
            if link.unsent:
                break
        assert 0 < link.unsent < 1 << 20
        goodbye = b"\x88\x82\0\0\0\0\x03\xe8"
        await asyncio.get_running_loop().sock_sendall(stalled, goodbye)
        await until(lambda: link._wire.disconnected)
        assert len(room.members) == 1
        stalled.close()


async def watch(room: Any, costs: list[int]) -> None:
    """What waits for one member at most: here, in the transport, and reserved by the system."""
    while True:
        for member in room.members:
            link = member.link
            transport = link._wire.transport
            costs.append(link.unsent + transport.get_write_buffer_size() + 512 * 1024)
        await asyncio.sleep(0.01)
