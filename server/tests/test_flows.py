"""From connecting to leaving: what happens, in which order, and who hears of it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest

from harness.peers import Peer, awareness, entries_of, make_rooms, stored_text, until
from harness.people import who
from harness.serving import SocketPeer, serving
from ropewalk_server.auth.identity import Identity
from ropewalk_server.limits import Limits
from ropewalk_server.protocol.messages import (
    Awareness,
    Event,
    Message,
)
from ropewalk_server.rooms.ports import Connection, at_once
from ropewalk_server.rooms.rooms import Rooms
from ropewalk_server.stores.contract import Damage, History, Outline
from ropewalk_server.stores.memory import MemoryStore
from simulation import loop as virtual

pytestmark = pytest.mark.anyio


class Trace(list[str]):
    """What happened, in order."""


class TracedStore(MemoryStore):
    def __init__(self, trace: Trace) -> None:
        super().__init__()
        self.trace = trace

    async def read(self, *arguments: Any, **options: Any) -> History:
        self.trace.append("read")
        return await super().read(*arguments, **options)

    async def outline(self, *arguments: Any, **options: Any) -> Outline:
        self.trace.append("read")
        return await super().outline(*arguments, **options)


class TracedPeer(Peer):
    """Whatever it is told goes into the trace under its name."""

    def __init__(self, rooms: Rooms, trace: Trace, user: str) -> None:
        super().__init__(rooms, token=f"editor:{user}@firm")
        self.trace, self.user = trace, user

    def send(self, message: bytes | str) -> None:
        super().send(message)
        self.trace.append(f"{self.user} < {named(self.received[-1][1])}")


def named(message: Message) -> str:
    if isinstance(message, Event):
        return f"{message.fields['type']} {message.fields['user']['id']}"
    return type(message).__name__


def traced() -> tuple[Rooms, Trace]:
    trace = Trace()
    limits = replace(Limits(), awareness_interval=0.01, idle_seconds=0.05)

    async def authenticate(token: str | None) -> Identity:
        trace.append("token")
        return who(token)

    rooms = make_rooms(TracedStore(trace), limits=limits, authenticate=authenticate)

    @rooms.on_connect
    async def connected(connection: Connection) -> None:
        trace.append("connect")

    @rooms.on_load
    async def loaded(document: str, damaged: list[Damage]) -> None:
        trace.append("load")

    @rooms.on_disconnect
    async def disconnected(connection: Connection, identity: Identity | None) -> None:
        trace.append(f"disconnect {identity.user if identity else ''}")

    return rooms, trace


async def test_on_connecting_the_token_the_document_the_sync_and_the_others() -> None:
    rooms, trace = traced()
    await rooms.start()
    await rooms.store.append("firm/letter", [Peer(rooms).write("what was there")])
    trace.clear()
    ann = TracedPeer(rooms, trace, "ann")
    await ann.hello()
    await ann.sync()
    await until(lambda: "load" in trace)
    # 1 who it is, 2 the document, 3 what is durable and what is lacking.
    trace.remove("load")  # a hook that is told when it is, and that nobody waits for
    assert trace == ["connect", "token", "read", "ann < Welcome", "ann < Step1", "ann < Step2"]
    assert ann.text == "what was there"

    await ann.show(b'{"user":{"id":"ann"}}')
    trace.clear()
    ben = TracedPeer(rooms, trace, "ben")
    await ben.hello()
    await ben.sync()
    await ben.say(Awareness(awareness((ben.doc.client_id, 1, b'{"user":{"id":"ben"}}'))))
    await until(lambda: len(trace) == 9)
    # 4 the others hear who has come, and who has come hears who is there; nothing is read again.
    assert trace[:2] == ["connect", "token"]
    assert trace[2:7] == [
        "ann < user-joined ben",
        "ben < Welcome",
        "ben < Step1",
        "ben < Awareness",
        "ben < Step2",
    ]
    assert sorted(trace[7:]) == ["ann < Awareness", "ben < Awareness"]
    (first, *_) = ben.all(Awareness)
    assert [client for client, _, _ in entries_of(first.update)] == [ann.doc.client_id]
    await rooms.stop()


async def test_on_leaving_the_presence_the_notice_and_the_room() -> None:
    rooms, trace = traced()
    await rooms.start()
    ann, ben = TracedPeer(rooms, trace, "ann"), TracedPeer(rooms, trace, "ben")
    for peer in (ann, ben):
        await peer.hello()
        await peer.sync()
        await peer.show(b"{}")
    await ben.type("the last words")
    await until(lambda: len(ann.seen()) == 2)
    await asyncio.sleep(0.02)
    trace.clear()
    await ben.leave()
    await until(lambda: "disconnect ben" in trace and len(ann.seen()) == 1)
    assert sorted(trace) == ["ann < Awareness", "ann < user-left ben", "disconnect ben"]
    room = rooms.open_rooms["firm/letter"]
    assert len(room.members) == len(room.presences) == 1
    await ann.leave()
    # Nobody is here any more: what was written is stored, and nothing is left in memory.
    await until(lambda: not rooms.open_rooms)
    assert not rooms.sessions
    assert await stored_text(rooms) == "the last words"
    await rooms.stop()


# -- connections that end without a word -----------------------------------------------------------


@asynccontextmanager
async def wire(url: str) -> AsyncIterator[tuple[str, asyncio.Event]]:
    """A way to the server that can be cut so that neither side hears of it."""
    host, port = url.removeprefix("ws://").split("/")[0].split(":")
    cut = asyncio.Event()
    tasks: set[asyncio.Task[None]] = set()

    async def pass_on(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        while data := await source.read(65536):
            if not cut.is_set():
                target.write(data)

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection(host, int(port))
        for one, other in ((reader, back), (there, writer)):
            tasks.add(asyncio.create_task(pass_on(one, other)))

    server = await asyncio.start_server(accept, "127.0.0.1")
    try:
        yield url.replace(port, str(server.sockets[0].getsockname()[1])), cut
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def test_who_is_cut_off_without_a_word_is_gone_after_two_pings() -> None:
    rooms = make_rooms(limits=replace(Limits(), awareness_interval=0.01))
    options: dict[str, Any] = {"ws_ping_interval": 0.2, "ws_ping_timeout": 0.2}
    async with (
        serving(rooms, **options) as url,
        SocketPeer(url + "letter?token=editor:ann@firm") as ann,
        wire(url) as (through, cut),
    ):
        ben = await SocketPeer(through + "letter?token=editor:ben@firm").open()
        await ben.say(Awareness(awareness((ben.doc.client_id, 1, b'{"user":{"id":"ben"}}'))))
        await until(lambda: ann.all(Awareness))
        room = rooms.open_rooms["firm/letter"]
        assert len(room.members) == 2 and len(room.presences) == 1
        cut.set()
        began = asyncio.get_running_loop().time()
        told = ["user-joined", "user-left"]
        await until(lambda: [event.fields["type"] for event in ann.all(Event)] == told)
        assert asyncio.get_running_loop().time() - began < 2
        assert len(room.members) == 1 and len(room.presences) == 0
        assert len(rooms.sessions) == 1
        last = ann.all(Awareness)[-1]
        assert [state for _, _, state in entries_of(last.update)] == [b"null"]
        with contextlib.suppress(Exception):
            await asyncio.wait_for(ben.drop(), 1)


# -- saved by the clock ----------------------------------------------------------------------------


def test_a_document_that_is_written_is_put_together_every_five_minutes() -> None:
    """In virtual time, with the limits as they are."""

    async def work() -> list[float]:
        now = asyncio.get_running_loop().time
        saved: list[float] = []
        store = MemoryStore()
        compact = store.compact

        async def noting(*arguments: Any) -> None:
            saved.append(now())
            await compact(*arguments)

        store.compact = noting  # type: ignore[method-assign, assignment]
        rooms = make_rooms(store, offload=at_once)
        await rooms.start()
        ann = Peer(rooms)
        await ann.sync()
        for _ in range(200):
            await ann.type("a few words ")
            await asyncio.sleep(5)
        await ann.leave()
        await asyncio.sleep(Limits().idle_seconds + 1)
        assert not rooms.open_rooms
        assert await stored_text(rooms) == "a few words " * 200
        await rooms.stop()
        return saved

    saved = virtual.run(work())
    assert Limits().compact_seconds == 300
    pauses = [after - before for before, after in zip([0.0, *saved], saved, strict=False)]
    assert len(saved) == 3
    assert all(300 <= pause <= 306 for pause in pauses)
