"""Clients, processes and a store that all misbehave at random: what was acknowledged is in the
store at every moment, and once faults stop everybody has the same."""

from __future__ import annotations

import asyncio
import os
import random
from dataclasses import replace
from typing import Any

import pytest
from ropewalk import Doc, Text, inspect_update

from harness.peers import Peer, make_rooms, stored_doc, until
from ropewalk_server.limits import Limits
from ropewalk_server.protocol.messages import Ack, Numbered, Step1, Step2, Update
from ropewalk_server.rooms.rooms import Rooms
from ropewalk_server.stores.faults import FaultPlan
from ropewalk_server.stores.memory import MemoryStore

pytestmark = pytest.mark.anyio

SEEDS = 400 if os.environ.get("ROPEWALK_SOAK") else 8
STEPS = 120
LIMITS = replace(
    Limits(),
    idle_seconds=0.01,
    append_seconds=0.1,
    compact_entries=10,
    compact_seconds=0.2,
    message_burst=10**6,
)
RATES = {"fail": 0.1, "lose": 0.05, "delay": 0.1, "conflict": 0.03}


class Client:
    """Keeps a document through many connections, offers what the server asks for, and writes down
    which of its own units were acknowledged."""

    def __init__(self) -> None:
        self.doc: Doc[Any] = Doc()
        self.peer: Peer | None = None
        self.handled = 0
        self.sent: dict[int, int] = {}  # number -> own clock behind it
        self.acked = 0  # own clock up to which all is acknowledged

    @property
    def clock(self) -> int:
        update = self.doc.get_update()
        return inspect_update(update)["clients"].get(self.doc.client_id, (0, 0))[1]

    async def join(self, rooms: Rooms) -> None:
        await self.leave()
        self.peer = Peer(rooms, doc=self.doc)
        self.handled, self.sent = 0, {}
        await self.peer.hello()
        await self.act()

    async def leave(self) -> None:
        if self.peer is not None:
            await self.peer.leave()
            self.peer = None

    async def send(self, update: bytes, kind: type) -> None:
        assert self.peer is not None
        self.peer.number += 1
        self.sent[self.peer.number] = self.clock
        await self.peer.say(Numbered(self.peer.number, kind(update)))

    async def type(self, chance: random.Random) -> None:
        text = self.doc.get("t", type=Text)
        before = self.doc.get_state()
        if len(text) > 5 and chance.random() < 0.2:
            at = chance.randrange(len(text) - 2)
            del text[at : at + 2]
        else:
            text.insert(chance.randrange(len(text) + 1), chance.choice("abcdef"))
        if self.peer is not None and self.peer.code is None:
            await self.send(self.doc.get_update(before), Update)

    async def act(self) -> None:
        """Does what a provider does with what has come."""
        peer = self.peer
        while peer is not None and self.handled < len(peer.received):
            _, message = peer.received[self.handled]
            self.handled += 1
            if isinstance(message, Step1):
                await self.send(self.doc.get_update(message.state), Step2)
                await peer.say(Step1(self.doc.get_state()))
            elif isinstance(message, Step2 | Update):
                self.doc.apply_update(message.update)
            elif isinstance(message, Ack):
                self.acked = max(self.acked, self.sent[message.number])


async def crash(rooms: Rooms) -> None:
    """The process is gone, and whatever it had in memory."""
    for session in list(rooms.sessions):
        session._link.close(1006, "")
    tasks = list(rooms._tasks)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    rooms._rooms.clear()
    rooms.deadlines.close()


@pytest.mark.parametrize("seed", range(SEEDS))
async def test_what_is_acknowledged_is_never_lost(seed: int) -> None:
    chance = random.Random(seed)
    plans = [
        FaultPlan(
            random=random.Random(seed * 10 + number),
            rates=RATES,  # type: ignore[arg-type]
            longest_delay=0.005,
            news_twice=0.2,
            news_late=0.2,
        )
        for number in range(2)
    ]
    first = MemoryStore(plans[0])
    quiet = first.another()
    stores = [first, first.another(plans[1])]
    processes = [make_rooms(store, limits=LIMITS) for store in stores]
    clients = [Client() for _ in range(4)]
    witness = make_rooms(quiet)

    async def check() -> None:
        stored = await stored_doc(witness)
        state = inspect_update(stored.get_update())["clients"]
        for client in clients:
            assert state.get(client.doc.client_id, (0, 0))[1] >= client.acked

    for _ in range(STEPS):
        what, client = chance.random(), chance.choice(clients)
        if what < 0.04:
            number = chance.randrange(2)
            await crash(processes[number])
            processes[number] = make_rooms(stores[number], limits=LIMITS)
        elif what < 0.15:
            await client.leave()
        elif client.peer is None or client.peer.code is not None:
            await client.join(chance.choice(processes))
        else:
            await client.type(chance)
            await client.act()
        if chance.random() < 0.3:
            await asyncio.sleep(chance.random() * 0.01)
        if chance.random() < 0.1:
            await check()

    for plan in plans:
        plan.stop()
    for client in clients:
        if client.peer is None or client.peer.code is not None:
            await client.join(processes[0])

    async def settled() -> bool:
        for client in clients:
            await client.act()
        stored = (await stored_doc(witness)).get_canonical()
        return all(
            client.acked == client.clock and client.doc.get_canonical() == stored
            for client in clients
        )

    for _ in range(500):
        if await settled():
            break
        await asyncio.sleep(0.01)
    else:
        raise AssertionError(f"seed {seed}: they are not equal after 5 seconds")
    await check()
    await until(lambda: all(c.peer and not c.peer.session.is_closed for c in clients))
    for rooms in processes:
        await crash(rooms)
