"""Connections between clients and servers: late, cut, half open; in order within each of them."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING, Any
from zlib import crc32

from ropewalk.client import Cut

if TYPE_CHECKING:
    from simulation.server import Process


@dataclass
class Faults:
    """How bad the world is; calm() makes it good."""

    delay: float = 0.05  # longest, of one message
    cuts: float = 0.0  # for each message, the chance that the connection is cut there
    half_open: float = 0.0  # ... that one direction goes silent before it is
    refused: float = 0.0  # for each attempt to connect
    crashes: float = 0.0  # for each second of each process
    store: dict[Any, float] = field(default_factory=dict)
    store_delay: float = 0.3
    trace: int = 0  # a checksum of all that has arrived, and when

    def calm(self) -> None:
        self.cuts = self.half_open = self.refused = self.crashes = 0.0
        self.store.clear()


class Wire:
    """One connection: a Transport for the client, a Link for the session."""

    # After so many seconds of silence a half open connection is noticed.
    NOTICED = 1.0

    def __init__(self, process: Process, chance: Random, faults: Faults) -> None:
        self._process = process
        self._chance = chance
        self._faults = faults
        self._to_client: asyncio.Queue[bytes | str | Cut] = asyncio.Queue()
        self._to_server: asyncio.Queue[bytes | str | None] = asyncio.Queue()
        self._last = {"up": 0.0, "down": 0.0}  # nothing overtakes within a connection
        self._silent = {"up": False, "down": False}
        self.gone = False
        self.session = process.session(self)
        self._serving = process.spawn(self._serve())

    async def _serve(self) -> None:
        while (message := await self._to_server.get()) is not None:
            await self.session.receive(message)
        await self.session.closed()

    # -- the client's side: ropewalk.client.Transport --------------------------------------------

    async def send(self, message: bytes | str) -> None:
        if self.gone:
            raise Cut(1006)
        self._carry("up", message)

    async def recv(self) -> bytes | str:
        message = await self._to_client.get()
        if isinstance(message, Cut):
            self._to_client.put_nowait(message)
            raise message
        return message

    async def close(self) -> None:
        self.cut()

    # -- the server's side: Link -----------------------------------------------------------------

    def transmit(self, message: bytes | str) -> None:
        self._carry("down", message)

    def hang_up(self, code: int, reason: str) -> None:
        self._carry("down", Cut(code, reason))
        self._to_server.put_nowait(None)

    # -- what happens on the way -----------------------------------------------------------------

    def _carry(self, way: str, message: bytes | str | Cut) -> None:
        chance, faults = self._chance, self._faults
        if self.gone or self._silent[way]:
            return
        loop = asyncio.get_running_loop()
        if chance.random() < faults.half_open:
            self._silent[way] = True
            loop.call_later(self.NOTICED * chance.random(), self.cut)
            return
        # Timers of the same moment have no order, so there are none.
        at = max(self._last[way] + 1e-6, loop.time() + chance.random() * faults.delay)
        self._last[way] = at
        loop.call_at(at, self._arrive, way, message)
        if chance.random() < faults.cuts:
            # What is on its way may arrive or not.
            loop.call_later(chance.random() * faults.delay, self.cut)

    def _arrive(self, way: str, message: bytes | str | Cut) -> None:
        if self.gone:
            return
        size = 0 if isinstance(message, Cut) else len(message)
        moment = f"{self._process.name} {way} {size} {asyncio.get_running_loop().time():.6f}"
        self._faults.trace = crc32(moment.encode(), self._faults.trace)
        if way == "down":
            self._to_client.put_nowait(message)
            if isinstance(message, Cut):
                self.gone = True
        elif not isinstance(message, Cut):
            self._to_server.put_nowait(message)

    def cut(self) -> None:
        """The connection is gone; both ends get to know."""
        if not self.gone:
            self.gone = True
            self._to_client.put_nowait(Cut(1006, "cut"))
            self._to_server.put_nowait(None)

    def lost_server(self) -> None:
        """The process at the other end is no more: it does nothing about it."""
        self._serving.cancel()
        if not self.gone:
            self.gone = True
            self._to_client.put_nowait(Cut(1006, "the server has died"))


class WireLink:
    """A Link that hands on to a wire."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self.stock = True

    def send(self, message: bytes | str) -> None:
        self._wire.transmit(message)

    def close(self, code: int, reason: str) -> None:
        self._wire.hang_up(code, reason)
