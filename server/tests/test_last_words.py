"""A connection that breaks a rule of WebSockets hears why, however much it is still sending; and what
it said before counts."""

from __future__ import annotations

import asyncio
import os
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from typing import Any

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from harness.peers import make_rooms, stored_text, until
from harness.serving import serving
from ropewalk import Doc, Text
from ropewalk_server.http import wire
from ropewalk_server.limits import Limits
from ropewalk_server.protocol import frames
from ropewalk_server.protocol.messages import Hello, Numbered, Update
from ropewalk_server.rooms.rooms import Rooms

pytestmark = pytest.mark.anyio

LARGE = 24 << 20
SMALL = replace(Limits(), message_bytes=100_000)


def message(opcode: int, data: bytes, *, announced: int | None = None, final: bool = True) -> bytes:
    """A masked frame, which may announce more than it has."""
    size = len(data) if announced is None else announced
    head = bytes([(0x80 if final else 0) | opcode, 0xFF]) + struct.pack("!Q", size)
    return head + bytes(4) + data


class Raw:
    """A client that sends what it likes."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def close_frame(self) -> tuple[int, str]:
        """Code and reason of the closing, behind whatever else comes. A reset connection fails."""
        while True:
            first, size = await self.reader.readexactly(2)
            if size == 126:
                (size,) = struct.unpack("!H", await self.reader.readexactly(2))
            data = await self.reader.readexactly(size)
            if first & 0x0F == 8:
                return struct.unpack("!H", data[:2])[0], data[2:].decode()

    async def pump(self, data: bytes) -> None:
        """Sends all of it, and reads nothing meanwhile."""
        self.writer.write(data)
        await self.writer.drain()


@asynccontextmanager
async def raw(url: str, document: str = "letter") -> AsyncIterator[Raw]:
    host, port = url.removeprefix("ws://").split("/")[0].split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(
        f"GET /collab/{document} HTTP/1.1\r\nHost: {host}:{port}\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n".encode()
    )
    assert b" 101 " in await reader.readuntil(b"\r\n\r\n")
    client = Raw(reader, writer)
    await client.pump(message(2, frames.encode(None, Hello())))
    try:
        yield client
    finally:
        writer.close()


async def test_who_sends_too_much_hears_so_while_sending() -> None:
    rooms = make_rooms(limits=SMALL)
    async with serving(rooms) as url:
        for _ in range(5):
            async with connect(url + "letter", compression=None, max_size=None) as client:
                await client.send(frames.encode(None, Hello()))
                with pytest.raises(ConnectionClosed) as closed:
                    await client.send(bytes(LARGE))
                    while True:
                        await client.recv()
            assert closed.value.rcvd is not None
            assert closed.value.rcvd.code == 1009
            assert "message_bytes" in closed.value.rcvd.reason
        await until(lambda: not rooms.sessions)


@pytest.mark.parametrize(
    ("bad", "code"),
    [
        (message(2, b"", announced=1 << 30), 1009),
        (message(3, b"?"), 1002),
        (message(1, b"\xff\xfe"), 1007),
        (message(0, b"nothing goes on"), 1002),
        (message(1, b"\xff\xfe") + message(3, b"?"), 1002),
    ],
    ids=["too large", "unknown opcode", "no UTF-8", "continues nothing", "two at once"],
)
async def test_every_breach_is_answered_and_the_connection_ends(bad: bytes, code: int) -> None:
    rooms = make_rooms()
    async with serving(rooms) as url, raw(url) as client:
        await client.pump(bad)
        await asyncio.sleep(0.02)
        await client.pump(bytes(1 << 20))
        assert (await client.close_frame())[0] == code
        await until(lambda: not rooms.sessions)
        # Behind its last word nothing comes but the end; a reset is one, since not all was read.
        with suppress(ConnectionResetError):
            assert await client.reader.read() == b""


async def written(rooms: Rooms, bad: bytes, url: str) -> None:
    doc: Doc[Any] = Doc()
    doc.get("t", type=Text).insert(0, "said before")
    said = message(2, frames.encode(None, Numbered(1, Update(doc.get_update()))))
    async with raw(url) as client:
        # In one piece, so that both arrive together.
        await client.pump(said + bad)
        assert (await client.close_frame())[0] in (1002, 1009)
        await until(lambda: not rooms.sessions)
    async with asyncio.timeout(5):
        while await stored_text(rooms) != "said before":
            await asyncio.sleep(0.01)


async def test_what_came_before_the_breach_counts() -> None:
    for bad in (message(3, b"?"), message(2, b"", announced=1 << 40)):
        rooms = make_rooms()
        async with serving(rooms) as url:
            await written(rooms, bad, url)


BOUNDS = [("_LINGER_SECONDS", 0.3), ("_DROPPED_BYTES", 1 << 20)]


@pytest.mark.parametrize(("bound", "value"), BOUNDS)
async def test_who_sends_for_ever_is_cut_off(
    monkeypatch: pytest.MonkeyPatch, bound: str, value: float
) -> None:
    monkeypatch.setattr(wire, bound, value)
    rooms = make_rooms(limits=SMALL)
    async with serving(rooms) as url, raw(url) as client:
        began = asyncio.get_running_loop().time()
        await client.pump(message(2, b"", announced=1 << 40))
        junk = os.urandom(1 << 16)
        with pytest.raises(OSError):  # noqa: PT012
            while asyncio.get_running_loop().time() - began < 5:
                await client.pump(junk)
                await asyncio.sleep(0.001)
        assert asyncio.get_running_loop().time() - began < 3
