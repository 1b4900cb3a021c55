"""What has changed, to everybody who is there.

    F1  what a document has taken is written into the row of each connection with a number of its
        stream, and then sent: whoever gets the next one without it asks for it
    F2  a row says how far its connection has been told (`seq`): the same news twice is told once,
        whoever brings it, the writer or the stream of the table
    F3  who does not keep up gets the rest from the log, when there is room
    F4  a connection that is gone (410) is forgotten
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ropewalk import merge_updates
from ropewalk.text_frames import decode_frame, pack

from ..protocol.messages import Awareness, Closing, Epoch, Event, Message, Update
from ..rooms.colors import describe
from ..rooms.epochs import Epochs
from ..rooms.ports import Surroundings
from ..rooms.presence import write_entries
from ..rooms.snapshots import as_update
from ..stores.contract import StoreError, Version
from .connections import Connections
from .frozen import Frozen, Joined
from .management import Management, NobodyThere
from .telling import Voice

if TYPE_CHECKING:
    from .connections import Seat

logger = logging.getLogger(__name__)

# Documents that more people are in are told through the stream, four times a second.
MOST_AT_ONCE = 32
_TOGETHER = 16
_MOST_TRIES = 60
_FIRST_WAIT = 0.004
_LONGEST_WAIT = 0.1


def together(texts: Sequence[str]) -> list[str]:
    """The same items in as few frames as hold them: each is a call."""
    if len(texts) < 2:
        return list(texts)
    frames = [decode_frame(text) for text in texts]
    return pack(frames[0].stream, [item for frame in frames for item in frame.items])


class Fanout:
    def __init__(
        self, around: Surroundings, connections: Connections, management: Management
    ) -> None:
        self._around = around
        self._connections = connections
        self._management = management
        self._read: dict[tuple[str, Version], tuple[bytes, Version]] = {}

    def begin(self) -> None:
        """Another event: what was read for the last one is old."""
        self._read.clear()

    def knows(self, name: str, before: Version, update: bytes, version: Version) -> None:
        """What leads from one version to the next: nobody needs to read it."""
        self._read[name, before] = update, version

    # -- to everybody ------------------------------------------------------------------------------

    async def tell(
        self,
        name: str,
        version: Version | None,
        messages: Sequence[Message] = (),
        *,
        but: str = "",
        extended_only: bool = False,
        seats: Sequence[Seat] | None = None,
        strict: bool = False,
    ) -> int:
        """News of a document up to a version, and messages, to all that are in it; how many. One
        that fails stops no other: what it has missed it gets with what comes next. `strict`: a
        StoreError says that there was one, when all others were told."""
        if seats is None:
            seats = await self._connections.seats(name)
        ids = [
            seat.connection
            for seat in seats
            if seat.connection != but and (seat.extended or not extended_only)
        ]
        places = asyncio.Semaphore(_TOGETHER)
        failures: list[StoreError] = []

        async def one(id: str) -> None:
            async with places:
                try:
                    await self.bring(id, name, version, messages)
                except StoreError as error:
                    self._around.metrics.count("fanout_failures")
                    logger.warning("%s was not told: %s", id, error)
                    failures.append(error)

        await asyncio.gather(*map(one, ids))
        if failures and strict:
            raise failures[0]
        return len(ids)

    # -- to one ------------------------------------------------------------------------------------

    async def bring(
        self, id: str, name: str, version: Version | None, messages: Sequence[Message] = ()
    ) -> None:
        """Up to this version at least, and these messages. StoreError: it is not certain."""
        wait = _FIRST_WAIT
        for _ in range(_MOST_TRIES):
            row = await self._connections.get(id)
            if row is None:
                await self.forget(id, [name])
                return
            frozen = Frozen.from_text(row[0])
            joined = frozen.find(name)
            if joined is None:
                return  # it is about to join, and looks again; or has left
            said = await self._news(frozen, joined, version)
            if not frozen.is_full:
                said += messages
            voice = Voice(id, frozen, self._around.limits, self._connections)
            texts = await voice.say(joined.name, said) if said or frozen.late else []
            if not said and not texts and not voice.differs(row[0]):
                return
            if await voice.save(row[1]):
                await self.post(id, texts, name)
                return
            self._around.metrics.count("row_conflicts")
            await asyncio.sleep(random.random() * wait)
            wait = min(2 * wait, _LONGEST_WAIT)
        raise StoreError("its row changes all the time")

    async def _news(
        self, frozen: Frozen, joined: Joined, version: Version | None
    ) -> list[Message]:
        if version is None or joined.retired or joined.cursor >= version:
            return []
        if version.epoch != joined.epoch:
            joined.retired = True
            return [await self.new_epoch(joined.stored, joined.epoch, version.epoch)]
        if frozen.is_full:
            joined.behind = True
            return []
        update, upto = await self._since(joined.stored, joined.cursor)
        joined.behind = False
        if upto.epoch != joined.epoch:
            joined.retired = True
            return [await self.new_epoch(joined.stored, joined.epoch, upto.epoch)]
        joined.seq = upto.seq
        return [Update(update)] if update else []

    async def new_epoch(self, name: str, epoch: int, newest: int) -> Epoch:
        epochs = Epochs(name, self._around)
        await epochs.load(newest)
        return Epoch(newest, epochs.had(epoch))

    async def _since(self, name: str, cursor: Version) -> tuple[bytes, Version]:
        """All behind a version as one update."""
        known = self._read.get((name, cursor))
        if known is None:
            history = await self._around.store.read(name, cursor)
            updates = [entry.update for entry in history.entries]
            if history.snapshot is not None and history.version.epoch == cursor.epoch:
                updates.insert(0, as_update(history.snapshot.data))
            merged = updates[0] if len(updates) == 1 else b""
            if len(updates) > 1:
                merged = merge_updates(*updates)
            known = self._read[name, cursor] = merged, history.version
        return known

    # -- the way out -------------------------------------------------------------------------------

    async def post(self, id: str, texts: Sequence[str], *names: str) -> bool:
        """False: not all of it was taken; it is said again when something comes of it."""
        try:
            for text in together(texts):
                await self._management.post(id, text)
        except NobodyThere:
            self._around.metrics.count("gone")
            await self.forget(id, names)
            return False
        except StoreError as error:
            self._around.metrics.count("post_failures")
            logger.warning("not sent to %s: %s", id, error)
            await self._note_late(id)
            return False
        return True

    async def end(self, id: str, code: int, reason: str) -> None:
        """Tells a connection why it ends, and ends it."""
        for _ in range(_MOST_TRIES):
            row = await self._connections.get(id)
            if row is None:
                break
            voice = Voice(id, Frozen.from_text(row[0]), self._around.limits, self._connections)
            texts = await voice.say(None, [Closing(code, reason)])
            if await voice.save(row[1]):
                await self.post(id, texts)
                break
            await asyncio.sleep(random.random() * _LONGEST_WAIT)
        await self._management.end(id)
        await self.forget(id)

    async def _note_late(self, id: str) -> None:
        for _ in range(_MOST_TRIES):
            row = await self._connections.get(id)
            if row is None:
                return
            frozen = Frozen.from_text(row[0])
            frozen.late = True
            if await Voice(id, frozen, self._around.limits, self._connections).save(row[1]):
                return
            await asyncio.sleep(random.random() * _LONGEST_WAIT)

    async def forget(self, id: str, names: Sequence[str] = ()) -> None:
        """A connection that is gone: its row, its seats, and what the others see of it."""
        row = await self._connections.get(id)
        stored = set(names)
        if row is not None:
            stored |= {one.stored for one in Frozen.from_text(row[0]).documents}
        left = []
        for name in stored:
            seat = await self._connections.leave_seat(name, id)
            if seat is not None:
                left.append((name, seat))
        await self._connections.delete(id)
        for name, seat in left:
            await self._farewell(name, seat)

    async def _farewell(self, name: str, seat: Seat) -> None:
        """The others hear that somebody has gone, and take away what was shown of them."""
        seats = await self._connections.seats(name)
        moved = any(one.client == seat.client for one in seats)
        if seat.client is not None and not moved:
            gone = Awareness(write_entries([(seat.client, seat.clock, b"null")]))
            await self.tell(name, None, [gone], seats=seats)
        same = (seat.user, seat.tenant)
        if not any((one.user, one.tenant) == same for one in seats):
            event = Event({"type": "user-left", "user": describe(seat.user, seat.name)})
            await self.tell(name, None, [event], extended_only=True, seats=seats)
