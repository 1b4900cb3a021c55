"""T20: clients that mean harm, beside two that do not."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from harness.peers import awareness, make_rooms, stored_text, until
from harness.serving import SocketPeer, serving
from ropewalk_server.limits import Limits
from ropewalk_server.protocol import frames
from ropewalk_server.protocol.messages import Awareness, Hello, Numbered, Step1, Update
from ropewalk_server.rooms.rooms import Rooms

pytestmark = pytest.mark.anyio

SOAK = bool(os.environ.get("ROPEWALK_SOAK"))
SOAK_SECONDS = 30 * 60


@asynccontextmanager
async def an_honest_pair(rooms: Rooms) -> AsyncIterator[tuple[str, list[float]]]:
    """Two who write to each other all the time; how long each letter took is in the list. In the
    end both have all, durable."""
    async with serving(rooms) as url:
        async with SocketPeer(url + "honest") as ann, SocketPeer(url + "honest") as bob:
            took: list[float] = []
            going = True

            async def write() -> None:
                loop = asyncio.get_running_loop()
                while going:
                    began = loop.time()
                    await ann.type("x")
                    typed = len(ann.text)
                    await until(lambda typed=typed: len(bob.text) >= typed)  # type: ignore[misc]
                    took.append(loop.time() - began)
                    await asyncio.sleep(0.02)

            writing = asyncio.ensure_future(write())
            try:
                yield url, took
            finally:
                going = False
                await writing
            await until(lambda: ann.acked == ann.number)
            assert await stored_text(rooms, "honest") == ann.text == bob.text


async def closed_with(client: ClientConnection) -> int:
    """Reads to the end; the code."""
    with contextlib.suppress(ConnectionClosed):
        async for _ in client:
            pass
    return client.close_code or 0


async def flood(client: ClientConnection, messages: Iterable[bytes]) -> None:
    """Sends one after another, but lets the others of this process live. Reads meanwhile: whoever
    does not is cut off after a while, and never comes to the close frame behind all the rest."""
    reading = asyncio.ensure_future(closed_with(client))
    try:
        with contextlib.suppress(ConnectionClosed):
            for number, message in enumerate(messages):
                await client.send(message)
                if number % 10 == 0:
                    await asyncio.sleep(0)
    finally:
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)


async def text_for_binary(url: str) -> int:
    async with connect(url + "d", compression=None) as client:
        await client.send("\x00\x02\x02\x00\x00")
        return await closed_with(client)


async def text_after_binary(url: str) -> int:
    async with connect(url + "d", compression=None) as client:
        await client.send(frames.encode(None, Hello()))
        await client.send("hello")
        return await closed_with(client)


async def a_token_that_proves_nothing(url: str) -> int:
    async with connect(url + "d", compression=None) as client:
        await client.send(frames.encode(None, Hello(token="bad")))
        return await closed_with(client)


async def a_flood_before_it_is_known_who_it_is(url: str) -> int:
    async with connect(url + "d", compression=None) as client:
        await flood(client, [frames.encode(None, Hello(token="bad")) + bytes(1000)] * 100)
        return await closed_with(client)


async def a_large_first_message(url: str) -> int:
    async with connect(url + "d", compression=None) as client:
        with contextlib.suppress(ConnectionClosed):
            await client.send(frames.encode(None, Update(bytes(8 << 20))))
        return await closed_with(client)


async def fragments_without_end(url: str) -> int:
    async with connect(url + "d", compression=None) as client:

        async def parts() -> AsyncIterator[bytes]:
            for _ in range(10_000):
                yield bytes(1000)

        with contextlib.suppress(ConnectionClosed):
            await client.send(parts())
        return await closed_with(client)


async def a_flood_of_messages(url: str) -> int:
    async with connect(url + "d", compression=None) as client:
        step1 = frames.encode(None, Step1(b"\0"))
        await flood(client, [frames.encode(None, Hello()), *[step1] * 2_000])
        return await closed_with(client)


async def ten_thousand_documents(url: str) -> int:
    async with connect(url, compression=None) as client:
        names = [None, *(f"d{number}" for number in range(10_000))]
        await flood(client, (frames.encode(name, Hello()) for name in names))
        return await closed_with(client)


async def a_flood_of_awareness(url: str) -> int:
    async with connect(url + "honest", compression=None) as client:
        state = b'"' + b"x" * 1000 + b'"'
        await client.send(frames.encode(None, Hello()))
        updates = (awareness((clock, 1, state), (7, clock, state)) for clock in range(2_000))
        await flood(client, (frames.encode(None, Awareness(update)) for update in updates))
        return await closed_with(client)


async def updates_that_are_none(url: str) -> int:
    async with connect(url + "honest", compression=None) as client:
        chance = random.Random(3)
        junk = (Update(chance.randbytes(chance.randrange(200))) for _ in range(400))
        await client.send(frames.encode(None, Hello()))
        await flood(client, (frames.encode(None, Numbered(n, u)) for n, u in enumerate(junk, 1)))
        await flood(client, [frames.encode(None, Update(b"\xff" * 20))])
        return await closed_with(client)


async def random_messages(url: str) -> int:
    async with connect(url + "honest", compression=None) as client:
        chance = random.Random(4)
        kinds = [*range(5), *range(118, 128), 255]
        await client.send(frames.encode(None, Hello()))
        await flood(
            client,
            (
                bytes((chance.choice(kinds),)) + chance.randbytes(chance.randrange(40))
                for _ in range(5_000)
            ),
        )
        return await closed_with(client)


ATTACKS: dict[Callable[[str], Awaitable[int]], set[int]] = {
    text_for_binary: {1007},
    text_after_binary: {1007},
    a_token_that_proves_nothing: {4401},
    a_flood_before_it_is_known_who_it_is: {4401},
    a_large_first_message: {1009},
    fragments_without_end: {1009, 1002},
    a_flood_of_messages: {1013, 4429},
    ten_thousand_documents: {1013, 4429},
    a_flood_of_awareness: {1013, 4429},
    updates_that_are_none: {1007},
    random_messages: {1007, 1013, 4400, 4401, 4429, 1009},
}


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.__name__)
async def test_t20_hostile_clients_hurt_nobody(attack: Callable[[str], Awaitable[int]]) -> None:
    rooms = make_rooms(limits=replace(Limits(), idle_seconds=0.05))
    async with an_honest_pair(rooms) as (url, took):
        codes = await asyncio.gather(*(attack(url) for _ in range(5)))
        assert set(codes) <= ATTACKS[attack] | {1006}, codes
        assert set(codes) & ATTACKS[attack]
        await until(lambda: len(rooms.sessions) == 2)
        await until(lambda: len(rooms.open_rooms) == 1)
    # Milliseconds where nothing else runs; the bound is for machines that are busy already.
    assert sorted(took)[int(len(took) * 0.9)] < 3.0


async def test_t20_all_of_them_at_once() -> None:
    rooms = make_rooms(limits=replace(Limits(), idle_seconds=0.05))
    loop = asyncio.get_running_loop()
    until_when = loop.time() + (SOAK_SECONDS if SOAK else 0)
    async with an_honest_pair(rooms) as (url, took):
        await asyncio.gather(*(attack(url) for attack in ATTACKS))
        while loop.time() < until_when:
            await asyncio.gather(*(attack(url) for attack in ATTACKS))
        await until(lambda: len(rooms.sessions) == 2)
    assert sorted(took)[len(took) // 2] < 0.5
