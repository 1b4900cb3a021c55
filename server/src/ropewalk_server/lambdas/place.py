"""A document as sessions see it, for the length of one event. It has what a Room has for a session,
and nothing that lives on: each question is one to the store.

    P1  an update is looked at, and refused or appended as it is: no document is built; what comes
        with one event is one row
    P2  it is acknowledged when it is in the log and the others were told, so whoever hears nothing
        says it again, and nobody misses it for long
    P3  who joins takes a seat before the document is read
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ropewalk import inspect_update, merge_updates

from ..errors import LoadFailed, NotStored, Rejected
from ..protocol.messages import Awareness, Event, Message, Refusal, State, Step2
from ..rooms.epochs import Epochs
from ..rooms.member import Member
from ..rooms.presence import Presences
from ..rooms.room import EMPTY_UPDATE
from ..stores.contract import Conflict, StoreError, Version
from . import clock
from .fanout import MOST_AT_ONCE

if TYPE_CHECKING:
    from .connections import Seat
    from .frozen import Joined
    from .hall import Visit

logger = logging.getLogger(__name__)


class Place:
    def __init__(self, visit: Visit, name: str, joined: Joined | None) -> None:
        """`joined`: as it stands in the row; None: the connection is about to join."""
        around = visit.around
        self.name = name
        self.retired = False
        self.ending = False
        self.unsynced = False
        self.expected = 0
        self.size = 0 if joined is None else joined.size
        self.version = Version(0, 0) if joined is None else joined.cursor
        self.epochs = Epochs(name, around)
        self.presences = Presences(name, around, self._tell_awareness)
        self.seats: Sequence[Seat] = ()
        self.is_new = joined is None
        self.left = False
        self._waiting: list[tuple[Member, bytes | None, int | None]] = []
        self._visit = visit
        self._around = around

    @property
    def epoch(self) -> int:
        return self.version.epoch

    async def open(self) -> None:
        """For somebody who joins (P3). LoadFailed: this time it was not possible."""
        visit = self._visit
        try:
            await visit.take_seat(self.name, None)
            await self.look_around()
            found = await visit.copies.look(self.name)
            self.version, self.size = found.version, found.size
            await self.epochs.load(found.version.epoch)
        except StoreError as error:
            raise LoadFailed(f"the store does not give the document: {error}") from error

    async def look_around(self) -> None:
        """Who is there, and what they show."""
        self.seats = await self._visit.connections.seats(self.name)
        now, lifetime = clock.now(), self._around.limits.awareness_seconds
        for seat in self.seats:
            age = now - seat.heard
            if seat.client is not None and age < lifetime:
                self.presences.restore(
                    seat.client,
                    seat.clock,
                    seat.state,
                    user=seat.user,
                    process=seat.connection,
                    age=max(0.0, age),
                )

    def rest(self) -> None:
        """Nothing is kept that could be closed."""

    # -- who is there ------------------------------------------------------------------------------

    def enter(self, member: Member) -> None:
        self.left = False
        self._announce("user-joined", member)

    def leave(self, member: Member) -> None:
        member.gone = True
        self.left = True
        self.presences.leave(member)
        self._announce("user-left", member)

    def _announce(self, what: str, member: Member) -> None:
        if len(self.seats) > self._around.limits.announced_members:
            return
        own = (member.identity.user, member.identity.tenant)
        mine = self._visit.id
        if not any(one.connection != mine and (one.user, one.tenant) == own for one in self.seats):
            event = Event({"type": what, "user": member.describe()})
            self.broadcast(event, member, extended_only=True)

    def broadcast(
        self, message: Message, sender: Member | None = None, *, extended_only: bool = False
    ) -> None:
        self._visit.later.append((self, message, extended_only))

    def _tell_awareness(self, message: Awareness) -> None:
        self.broadcast(message)
        self._visit.echo(self, message)

    # -- what members send -------------------------------------------------------------------------

    async def take(self, member: Member, update: bytes, number: int | None) -> None:
        """As Room.take(); appended with all else that comes with the event (commit)."""
        if self.retired:
            raise Rejected("epoch", "the document was replaced")
        if update == EMPTY_UPDATE or await self._knows(update):
            self._acknowledge(member, number)
            return
        limit = self._around.limits.document_bytes
        if self.size + len(update) > limit:
            self._visit.copies.forget(self.name)
            self.size = (await self._visit.copies.look(self.name)).size
            if self.size + len(update) > limit:
                raise Rejected(
                    "too-large",
                    f"the document would be larger than {limit} bytes (document_bytes)",
                )
        self.size += len(update)
        self._waiting.append((member, update, number))

    async def commit(self) -> None:
        """Appends what was taken in this event, as one row; then the others are told, and it is
        acknowledged. NotStored: nothing of it was taken, and it is to be said again."""
        waiting, self._waiting = self._waiting, []
        updates = [update for _, update, _ in waiting if update is not None]
        numbers = {member: number for member, _, number in waiting if number is not None}
        if updates and not self.retired:
            try:
                await self._append(updates)
            except Conflict as conflict:
                await self._retire(conflict.newest, numbers)
                return
        for member, number in numbers.items():
            member.acknowledge(number)
        if updates and self.unsynced:
            self.unsynced = False
            for member in numbers:
                member.tell(State("syncing"))

    async def _retire(self, newest: Version, numbers: dict[Member, int]) -> None:
        """The document was replaced while something was on its way into it."""
        self.retired = True
        epochs = Epochs(self.name, self._around)
        await epochs.load(newest.epoch)
        for member, number in numbers.items():
            member.tell(Refusal(number, "epoch", "the document was replaced"))
            member.retire(newest.epoch, epochs.had(self.epoch))

    async def _append(self, updates: list[bytes]) -> None:
        visit = self._visit
        key = self.name, b"".join(updates)
        version = visit.written.get(key)  # in this very event, which is handled again
        if version is None:
            try:
                version = await visit.append(self.name, updates, self.epoch)
            except Conflict:
                raise
            except StoreError as error:
                logger.warning("%s: not stored: %s", self.name, error)
                raise NotStored(str(error)) from None
            visit.written[key] = version
            before = Version(version.epoch, version.seq - len(updates))
            merged = updates[0] if len(updates) == 1 else merge_updates(*updates)
            visit.fanout.knows(self.name, before, merged, version)
            # Those that are here may be many: the stream tells them, with what else has come.
            if len(self.seats) <= MOST_AT_ONCE:
                await visit.fanout.tell(self.name, version, but=visit.id)
        if self.version.seq == version.seq - len(updates):
            self.version = version  # what it has written itself it need not be told

    async def _knows(self, update: bytes) -> bool:
        """Whether all of it is there: who joins answers with all that is deleted. Rejected: it is
        no update."""
        try:
            new = inspect_update(update)["clients"]
        except ValueError as error:
            raise Rejected("invalid", str(error)) from None
        if new:
            return False
        return await self.has(update)

    async def take_translated(
        self, member: Member, epoch: int, update: bytes, number: int
    ) -> None:
        if epoch != self.epoch:
            await self.epochs.load(self.epoch)
            update = await self.epochs.translate(epoch, update)
        await self.take(member, update, number)

    def acknowledge_when_durable(self, member: Member, number: int) -> None:
        self._acknowledge(member, number)

    def _acknowledge(self, member: Member, number: int | None) -> None:
        """When all before it is durable: an acknowledgement is of all up to its number."""
        if number is None:
            return
        if self._waiting:
            self._waiting.append((member, None, number))
        else:
            member.acknowledge(number)

    # -- what members ask --------------------------------------------------------------------------

    async def has(self, update: bytes) -> bool:
        try:
            return await (await self._visit.copies.look(self.name)).content.has(update)
        except ValueError:
            return False

    async def answer(self, state: bytes) -> Step2:
        copy = await self._visit.copies.look(self.name)
        self._check_epoch(copy.version)
        try:
            return Step2(await copy.content.answer(state))
        except ValueError as error:
            raise Rejected("invalid", str(error)) from None

    async def durable_state(self, known_epoch: int | None = None) -> bytes:
        copy = await self._visit.copies.look(self.name)
        self._check_epoch(copy.version)
        return copy.state

    def _check_epoch(self, found: Version) -> None:
        if found.epoch != self.epoch:
            raise LoadFailed("the document was replaced")

