"""Who takes part: our client, a stock one, readers who try to write, and those who send rubbish."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from random import Random
from typing import Any

from ropewalk import Doc, Text
from ropewalk.client import Backoff, Connection, Cut, Outbox, SharedDocument, State
from ropewalk_server.protocol import frames
from ropewalk_server.protocol.codec import Unreadable
from ropewalk_server.protocol.messages import (
    Awareness,
    Hello,
    Message,
    Numbered,
    Step1,
    Step2,
    Update,
)
from simulation.epochs import Marks
from simulation.network import Wire

Open = Callable[[str], Awaitable[Wire]]


class RecordingOutbox(Outbox):
    """Tells an oracle what was acknowledged, the moment it is."""

    def __init__(self, acknowledged: Callable[[int, bytes], None]) -> None:
        super().__init__()
        self._acknowledged = acknowledged

    def drop_through(self, number: int) -> None:
        before = dict(self._entries)
        super().drop_through(number)
        for entry, update in before.items():
            if entry <= number and update:
                assert self.epoch is not None
                self._acknowledged(self.epoch, update)


def edit(doc: Doc[Any], chance: Random, mark: str | Marks) -> None:
    """Writes a mark somewhere, or takes some of the text away."""
    text = doc.get("text", type=Text)
    size = len(text)
    if size > 12 and chance.random() < 0.3:
        at = chance.randrange(size - 3)
        end = at + chance.randint(1, 3)
        if isinstance(mark, Marks):
            mark.gone |= set(str(text)[at:end])
        del text[at:end]
    else:
        new = mark.new() if isinstance(mark, Marks) else mark
        text.insert(chance.randint(0, size), new)


class OurClient:
    """ropewalk.client with all that it promises."""

    def __init__(
        self,
        open_: Open,
        chance: Random,
        token: str,
        name: str,
        mark: str | Marks,
        *,
        acknowledged: Callable[[int, bytes], None],
        text_frames: bool,
    ) -> None:
        self.doc: Doc[Any] = Doc(client_id=chance.getrandbits(32))
        self.name, self.mark = name, mark
        self._chance = chance
        self._acknowledged = acknowledged
        self._shared: SharedDocument | None = None
        self._open = open_
        self._wire: Wire | None = None
        self._away_until = 0.0
        self.lost = 0  # changes that could not be brought into a new epoch
        self.moves = 0
        self._connection = Connection(
            "sim://",
            token=token,
            opener=self._reach,
            text_frames=text_frames,
            backoff=Backoff(0.1, 1.0, Random(chance.random())),
            random=Random(chance.random()),
        )

    async def start(self) -> None:
        outbox = RecordingOutbox(self._acknowledged)
        self._shared = await self._connection.join(self.name, self.doc, outbox=outbox)
        self._shared.renew = lambda _: Doc(client_id=self._chance.getrandbits(32))
        self._shared.on_replaced = self._replaced

    def _replaced(self, _old: Doc[Any], lost: list[bytes]) -> None:
        assert self._shared is not None
        self.doc = self._shared.doc
        self.lost += len(lost)
        self.moves += 1

    async def _reach(self, url: str) -> Wire:
        if asyncio.get_running_loop().time() < self._away_until:
            raise Cut(1006, "no network")
        self._wire = await self._open(url)
        return self._wire

    def go_away(self, seconds: float) -> None:
        """No network for so long; what is written meanwhile waits."""
        self._away_until = asyncio.get_running_loop().time() + seconds
        if self._wire is not None:
            self._wire.cut()

    def edit(self) -> None:
        edit(self.doc, self._chance, self.mark)
        if self._chance.random() < 0.2 and self._shared is not None:
            self._shared.awareness.set_local_state({"at": self._chance.random()})

    def trouble(self) -> str | None:
        """What is not as it should be once all faults are over."""
        assert self._shared is not None
        if self._connection.error is not None:
            return f"has ended: {self._connection.error!r}"
        if self._shared.refused is not None:
            return f"was refused: {self._shared.refused}"
        if self._shared.state is not State.SYNCED:
            return f"is {self._shared.state.value}, with {self._shared.unsaved} unsaved"
        return None

    async def stop(self) -> None:
        await self._connection.close()


class StockClient:
    """Knows y-websocket's messages alone. It keeps its document, so what it has is offered
    again."""

    writes = True

    def __init__(self, open_: Open, chance: Random, token: str, name: str, mark: str) -> None:
        self.doc: Doc[Any] = Doc(client_id=chance.getrandbits(32))
        self.name, self.mark = name, mark
        self._open = open_
        self._chance = chance
        self._token = token
        self._wire: Wire | None = None
        self._asked = False
        self._running: asyncio.Task[None] | None = None
        self._changes = self.doc.observe(self._changed)

    async def start(self) -> None:
        self._running = asyncio.get_running_loop().create_task(self._run())

    async def stop(self) -> None:
        if self._running is not None:
            self._running.cancel()
            await asyncio.gather(self._running, return_exceptions=True)

    def edit(self) -> None:
        edit(self.doc, self._chance, self.mark)

    def trouble(self) -> str | None:
        return None if self._asked else "is not connected"

    async def say(self, message: Message, document: str | None = "") -> None:
        if self._wire is not None:
            about = self.name if document == "" else document
            await self._wire.send(frames.encode(about, message))

    def _changed(self, event: Any) -> None:
        if event.transaction.origin is not self and self._asked and self._wire is not None:
            self._wire._carry("up", frames.encode(self.name, Update(event.update)))

    async def _run(self) -> None:
        while True:
            try:
                self._wire = await self._open("sim://")
                await self.say(Hello(token=self._token), None)
                await self.say(Step1(self.doc.get_state()))
                while True:
                    await self._take(await self._wire.recv())
            except Cut:
                self._wire, self._asked = None, False
            await asyncio.sleep(self._chance.uniform(0.05, 1.0))

    async def _take(self, message: bytes | str) -> None:
        assert isinstance(message, bytes)
        _, said = frames.decode(message)
        if isinstance(said, Step1):
            await self.say(Step2(self.doc.get_update(said.state)))
            self._asked = True
        elif isinstance(said, Step2 | Update):
            self.doc.apply_update(said.update, origin=self)
            if self.doc.has_pending:
                await self.say(Step1(self.doc.get_missing()))


class Trespasser(StockClient):
    """A reader who writes all the same, by every message there is."""

    writes = False

    def __init__(self, open_: Open, chance: Random, token: str, name: str, mark: str) -> None:
        super().__init__(open_, chance, token, name, mark)
        self._number = 0
        self._forged: Doc[Any] = Doc(client_id=chance.getrandbits(32))

    def edit(self) -> None:
        text = self._forged.get("text", type=Text)
        text.insert(0, self.mark)
        update = self._forged.get_update()
        self._number += 1
        message = self._chance.choice(
            [
                Update(update),
                Step2(update),
                Numbered(self._number, Update(update)),
                Awareness(update),
            ]
        )
        if self._wire is not None and not self._wire.gone:
            self._wire._carry("up", frames.encode(self.name, message))


class Vandal(StockClient):
    """Sends what no client sends."""

    writes = False

    def edit(self) -> None:
        chance = self._chance
        rubbish = bytes(chance.getrandbits(8) for _ in range(chance.randint(0, 30)))
        choice = chance.randrange(4)
        message: bytes | str = rubbish
        if choice == 1:
            whole = frames.encode(self.name, Update(self.doc.get_update()))
            message = whole[: chance.randint(0, len(whole))]
        elif choice == 2:
            message = frames.encode(self.name, Update(rubbish))
        elif choice == 3:
            message = "text among binary messages"
        if self._wire is not None and not self._wire.gone:
            self._wire._carry("up", message)

    async def _take(self, message: bytes | str) -> None:
        try:
            await super()._take(message)
        except (Unreadable, AssertionError):
            self._asked = False
