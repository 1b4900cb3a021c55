"""Processes of the real server on one store, which die and come back."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from itertools import count
from random import Random
from typing import Any

from ropewalk.client import Cut
from ropewalk_server.auth.identity import Identity, Refused, Role
from ropewalk_server.limits import Limits
from ropewalk_server.rooms.policy import DocumentPolicy
from ropewalk_server.rooms.ports import Connection, at_once
from ropewalk_server.rooms.renumbering import renumber
from ropewalk_server.rooms.rooms import Rooms
from ropewalk_server.sessions.session import Session
from ropewalk_server.stores.contract import StoreError
from ropewalk_server.stores.faults import FaultPlan
from ropewalk_server.stores.memory import MemoryStore
from simulation.network import Faults, Wire, WireLink

LIMITS = Limits(
    idle_seconds=2.0,
    compact_entries=15,
    append_seconds=1.0,
    append_updates=5,
    messages_per_second=1000.0,
)


def who_is_it(token: str | None) -> Identity:
    """A token is "tenant:user:role"."""
    if token is None or token.count(":") != 2:
        raise Refused("no such token")
    tenant, user, role = token.split(":")
    return Identity(user=user, tenant=tenant, claims={"role": role})


def may(identity: Identity, _document: str) -> Role:
    return Role[identity.claims["role"].upper()]


class VirtualClock:
    def now(self) -> float:
        return asyncio.get_running_loop().time()


class Process:
    """One process: between start() and crash() it serves."""

    def __init__(
        self,
        name: str,
        world: MemoryStore,
        chance: Random,
        faults: Faults,
        policy: DocumentPolicy,
        limits: Limits = LIMITS,
    ) -> None:
        self.name = name
        self._policy = policy
        self._limits = limits
        self._world = world
        self._chance = chance
        self._faults = faults
        self._plan: FaultPlan | None = None
        self._ids = count(1)
        self._tasks: set[asyncio.Task[None]] = set()
        self._wires: list[Wire] = []
        self.rooms: Rooms | None = None

    @property
    def runs(self) -> bool:
        return self.rooms is not None

    async def start(self) -> None:
        faults = self._faults
        self._plan = FaultPlan(
            random=Random(self._chance.random()),
            rates=faults.store,
            longest_delay=faults.store_delay,
            news_twice=0.2 if faults.store else 0.0,
            news_late=0.3 if faults.store else 0.0,
        )
        self._store = self._world.another(self._plan)
        self.rooms = Rooms(
            self._store,
            authenticate=who_is_it,
            authorize=may,
            limits=self._limits,
            clock=VirtualClock(),
            offload=at_once,
            random=Random(self._chance.random()),
            policy=self._policy,
        )
        await asyncio.sleep(0)

    async def crash(self) -> None:
        """Nothing is saved, nobody is told; what the store has committed stays."""
        rooms, self.rooms = self.rooms, None
        if rooms is None:
            return
        tasks = [*rooms._tasks, *self._tasks]
        for task in tasks:
            task.cancel()
        for wire in self._wires:
            wire.lost_server()
        self._wires.clear()
        rooms.deadlines.close()
        rooms.deadlines.after = _never  # type: ignore[method-assign,assignment]
        await self._store.close()

    async def renumber(self, document: str) -> None:
        """As an operator asks for it, or a policy: it may fail, and may have happened all the
        same."""
        with suppress(StoreError):
            await renumber(
                self._store,
                at_once,
                document,
                self._policy,
                seed=self._chance.getrandbits(64),
                now=asyncio.get_running_loop().time(),
            )

    def calm(self) -> None:
        """The store fails no more."""
        if self._plan is not None:
            self._plan.stop()

    def connect(self) -> Wire:
        if self.rooms is None or self._chance.random() < self._faults.refused:
            raise Cut(1006, "nobody there")
        wire = Wire(self, self._chance, self._faults)
        self._wires = [known for known in self._wires if not known.gone]
        self._wires.append(wire)
        return wire

    def session(self, wire: Wire) -> Session:
        assert self.rooms is not None
        connection = Connection(id=f"{self.name}-{next(self._ids)}", document=None)
        return Session(self.rooms, WireLink(wire), connection, document=None)

    def spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


def _never(_seconds: float, _action: object) -> _Never:
    return _Never()


class _Never:
    """A deadline of a process that is dead."""

    cancelled = True

    def cancel(self) -> None:
        """Nothing is to be cancelled."""
