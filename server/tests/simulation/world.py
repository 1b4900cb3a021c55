"""One run: a seed decides who takes part and what goes wrong; an oracle looks on.

P5   what the store has, and what clients see, has no holes
P9   whatever was acknowledged is in the store, at that moment and at the end
E1   no change is lost or there twice, however many epochs begin while its writer is away
P12  nothing that a reader, a stranger or another tenant has sent is in a document
P15  five seconds after the last fault everybody has the same document, the store's
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

from ropewalk import Doc, Text
from ropewalk.client import Cut
from ropewalk_server.rooms.policy import DocumentPolicy
from ropewalk_server.rooms.snapshots import as_update
from ropewalk_server.stores.contract import Snapshot
from ropewalk_server.stores.memory import MemoryStore
from simulation.clients import OurClient, StockClient, Trespasser, Vandal
from simulation.epochs import Ledger, Marks
from simulation.loop import run
from simulation.network import Faults, Wire
from simulation.server import LIMITS, Process

CALM_SECONDS = 5.0


class Violation(AssertionError):
    """A promise that was not kept."""


def document_of(snapshot: Snapshot | None, entries: dict[int, bytes]) -> Doc[Any]:
    doc: Doc[Any] = Doc()
    if snapshot is not None:
        doc.apply_update(as_update(snapshot.data))
    for _, update in sorted(entries.items()):
        doc.apply_update(update)
    doc.get("text", type=Text)
    return doc


@dataclass
class Oracle:
    """Remembers what was acknowledged, and looks into the store past its interface."""

    store: MemoryStore
    ledgers: dict[str, Ledger] = field(default_factory=dict)
    marks: dict[str, Marks] = field(default_factory=dict)  # of documents that are renumbered
    violations: list[str] = field(default_factory=list)

    def note(self, document: str, epoch: int, update: bytes) -> None:
        """A client has been told that this is durable."""
        ledger = self.ledgers.setdefault(document, Ledger(self.store, document))
        if not ledger.note(epoch, update, self.stored(document)):
            self.violations.append(f"P9: {document}: acknowledged, and not in the store")

    def stored(self, document: str) -> Doc[Any]:
        known = self.store._shared.documents.get(document)
        return document_of(known.snapshot, known.entries) if known else document_of(None, {})

    def check(self, documents: list[str], *, complete: bool = False) -> None:
        """What holds at any moment; `complete`: everything has arrived."""
        for document in documents:
            doc = self.stored(document)
            if doc.has_pending:
                self.violations.append(f"P5: {document}: the store has a hole")
            text = str(doc.get("text", type=Text))
            if document in self.ledgers and not self.ledgers[document].holds(doc):
                self.violations.append(f"P9: {document}: something acknowledged was lost")
            if document in self.marks:
                wrong = self.marks[document].wrong(text, complete=complete)
                if wrong:
                    self.violations.append(f"E1: {document}: {wrong}")
                continue
            tenant = document.partition("/")[0]
            allowed = tenant.upper()
            for char in set(text):
                if char != allowed:
                    self.violations.append(f"P12: {document}: {char!r} has no business there")


class World:
    def __init__(self, seed: int, *, safety: bool) -> None:
        self.seed = seed
        self.safety = safety
        self.chance = chance = Random(f"{seed} {safety}")
        harsh = 2.0 if safety else 1.0
        self.faults = Faults(
            delay=chance.choice([0.001, 0.02, 0.1]),
            cuts=chance.choice([0.0, 0.005, 0.02]) * harsh,
            half_open=chance.choice([0.0, 0.003]) * harsh,
            refused=chance.choice([0.0, 0.2]),
            crashes=chance.choice([0.0, 0.2, 0.5]) * harsh,
            store={
                what: rate * harsh
                for what, rate in (
                    ("fail", 0.05),
                    ("lose", 0.05),
                    ("delay", 0.2),
                    ("conflict", 0.02),
                )
                if chance.random() < 0.6
            },
            store_delay=chance.choice([0.01, 0.3]),
        )
        self.store = MemoryStore(now=lambda: asyncio.get_running_loop().time())
        self.oracle = Oracle(self.store)
        # Where documents are renumbered there are only clients that know epochs.
        self.renumbers = chance.random() < 0.4
        self.policy = DocumentPolicy(stock=(("*", not self.renumbers),), kept_epochs=1000)
        # From how many bytes on documents are joined from their packed form.
        self.limits = replace(LIMITS, packed_bytes=chance.choice([0, 0, 600, 1 << 20]))
        self.documents: list[str] = []
        self.processes: list[Process] = []
        self.clients: list[OurClient | StockClient] = []
        self.of: dict[Any, str] = {}

    async def open(self, _url: str) -> Wire:
        """A balancer: whichever process runs."""
        await asyncio.sleep(self.chance.random() * self.faults.delay)
        running = [process for process in self.processes if process.runs]
        if not running:
            raise Cut(1006, "nobody there")
        return self.chance.choice(running).connect()

    async def run(self) -> None:
        chance = self.chance
        for number in range(chance.choice([1, 2, 2, 3])):
            process = Process(
                f"p{number}", self.store, chance, self.faults, self.policy, self.limits
            )
            self.processes.append(process)
            await process.start()
        for tenant in "ab"[: chance.randint(1, 2)]:
            await self._people(tenant)
        busy = [self._write(client) for client in self.clients]
        busy += [self._die_and_come_back(process) for process in self.processes]
        busy += [self._look()]
        if self.renumbers:
            busy += [self._renumber(document) for document in self.documents]
            busy += [self._go_away(client) for client in self.clients]
        tasks = [asyncio.get_running_loop().create_task(work) for work in busy]
        await asyncio.sleep(chance.uniform(2.0, 5.0))
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for task in tasks:
            if not task.cancelled() and task.exception() is not None:
                raise task.exception()  # type: ignore[misc]
        self.oracle.check(self.documents)
        if not self.safety:
            await self._become_calm()
        for client in self.clients:
            await client.stop()
        for process in self.processes:
            await process.crash()
        self.oracle.check(self.documents)

    async def _people(self, tenant: str) -> None:
        chance = self.chance
        name = "letter"  # of the same name in each tenant
        document = f"{tenant}/{name}"
        self.documents.append(document)
        mark: str | Marks = tenant.upper()
        if self.renumbers:
            mark = self.oracle.marks[document] = Marks(0x4E00 if tenant == "a" else 0x6E00)
        for number in range(chance.randint(1, 3)):
            await self._add(
                document,
                OurClient(
                    self.open,
                    chance,
                    f"{tenant}:ours{number}:editor",
                    name,
                    mark,
                    acknowledged=lambda epoch, update: self.oracle.note(document, epoch, update),
                    text_frames=chance.random() < 0.25,
                ),
            )
        if self.renumbers:
            return
        for number in range(chance.randint(0, 2)):
            token = f"{tenant}:stock{number}:editor"
            client = StockClient(self.open, chance, token, name, tenant.upper())
            await self._add(document, client)
        if chance.random() < 0.4:
            token = f"{tenant}:reader:reader"
            await self._add(document, Trespasser(self.open, chance, token, name, "#"))
        if chance.random() < 0.3:
            token = f"{tenant}:vandal:editor"
            await self._add(document, Vandal(self.open, chance, token, name, "%"))

    async def _add(self, document: str, client: OurClient | StockClient) -> None:
        self.clients.append(client)
        self.of[client] = document
        await client.start()

    # -- what goes on ----------------------------------------------------------------------------

    async def _write(self, client: OurClient | StockClient) -> None:
        pause = self.chance.choice([0.05, 0.2, 0.5])
        while True:
            await asyncio.sleep(self.chance.random() * 2 * pause)
            for _ in range(self.chance.choice([1, 1, 1, 4])):
                client.edit()

    async def _renumber(self, document: str) -> None:
        while True:
            await asyncio.sleep(self.chance.uniform(0.1, 2.0))
            running = [process for process in self.processes if process.runs]
            if running:
                await self.chance.choice(running).renumber(document)

    async def _go_away(self, client: OurClient | StockClient) -> None:
        while isinstance(client, OurClient):
            await asyncio.sleep(self.chance.uniform(0.2, 3.0))
            client.go_away(self.chance.uniform(0.2, 3.0))

    async def _die_and_come_back(self, process: Process) -> None:
        while True:
            await asyncio.sleep(0.25)
            if self.chance.random() < self.faults.crashes * 0.25:
                await process.crash()
                await asyncio.sleep(self.chance.uniform(0.0, 1.5))
                await process.start()

    async def _look(self) -> None:
        while True:
            await asyncio.sleep(0.5)
            self.oracle.check(self.documents)

    async def _become_calm(self) -> None:
        loop = asyncio.get_running_loop()
        chance = self.chance
        self.faults.calm()
        for client in self.clients:
            if isinstance(client, OurClient):
                client.go_away(0)
        for process in self.processes:
            process.calm()
        # The last fault takes all processes but one; and the last word of somebody who is at that
        # one, while others are coming back: nothing is written later that would bring these about.
        for process in self.processes[1:] or self.processes:
            await process.crash()
        for process in self.processes:
            if not process.runs:
                await process.start()
        end = loop.time() + CALM_SECONDS
        await asyncio.sleep(0)
        here = [client for client in self.clients if client.trouble() is None] or self.clients
        last = chance.choice(here)
        loop.call_later(chance.uniform(0.0, 0.3), last.edit)
        await asyncio.sleep(1.0)
        trouble = "nobody has looked"
        while loop.time() < end:
            await asyncio.sleep(0.1)
            trouble = self._trouble()
            if not trouble:
                self.oracle.check(self.documents, complete=True)
                return
        self.oracle.violations.append(f"P15: after {CALM_SECONDS:g} s {trouble}")

    def _trouble(self) -> str:
        for document in self.documents:
            stored = self.oracle.stored(document).get_canonical()
            for client in self.clients:
                if self.of[client] != document or isinstance(client, Vandal):
                    continue
                reason = client.trouble()
                if isinstance(client, OurClient) and client.lost:
                    reason = f"has lost {client.lost} changes"
                client.doc.get("text", type=Text)
                if reason is None and client.doc.has_pending:
                    reason = "has a hole"
                if reason is None and client.doc.get_canonical() != stored:
                    reason = "has another document than the store"
                if reason is not None:
                    return f"{type(client).__name__} of {document} {reason}"
        return ""


def simulate(seed: int, *, safety: bool) -> World:
    """Runs one seed. Violation, with all that was wrong and the command that repeats it."""
    world = World(seed, safety=safety)
    # What goes wrong here is meant to.
    logger = logging.getLogger("ropewalk_server")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        run(world.run())
    except Violation:
        raise
    except Exception as error:
        raise Violation(f"{_repeat(seed, safety)}: {type(error).__name__}: {error}") from error
    finally:
        logger.setLevel(level)
    if world.oracle.violations:
        found = "\n  ".join(dict.fromkeys(world.oracle.violations))
        raise Violation(f"{_repeat(seed, safety)}:\n  {found}")
    return world


def _repeat(seed: int, safety: bool) -> str:
    mode = " --safety" if safety else ""
    return f"python -m simulation --seed {seed}{mode}   (in server/tests)"
