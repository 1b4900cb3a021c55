"""A document while somebody works on it: the cache of a store, and those who are there.

R1  an update is applied whole or refused whole; who sent it hears which
R2  what was applied is sent to the others at once, written in order, and acknowledged when it is
    durable
R3  what others wrote to the store arrives here, and what is known has no effect
R4  step 1 of the server names what is durable: what a client has beyond it is offered again
R5  the document is touched by one at a time, and never by the event loop for long
R6  a large document is joined from its packed form, and built when somebody writes
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Hashable, Sequence
from typing import TYPE_CHECKING

from ropewalk import LimitError, decode_state_vector, encode_state_vector, inspect_update

from ..errors import LoadFailed, Rejected
from ..protocol.messages import (
    Awareness,
    Event,
    MadeStep2,
    Message,
    Refusal,
    State,
    Step1,
    Step2,
    Update,
)
from ..stores.contract import NOTHING, Damage, Damaged, History, StoreError, Version
from ..stores.parts import outline
from .compaction import Compaction
from .epochs import Epochs, send_over
from .content import Content
from .damages import Damages
from .log import Log, Waiting
from .member import Member
from .ports import Change, Surroundings
from .presence import Presences
from .renumbering import renumber_if_due
from .telling import Telling

if TYPE_CHECKING:
    from .deadlines import Deadline

logger = logging.getLogger(__name__)

# An update without structs and without deletions.
EMPTY_UPDATE = b"\x00\x00"

# Answers to step 1 that are kept as long as the document does not change: after a restart of
# anything many ask for the same.
_KEPT_ANSWERS = 8
_KEPT_STATE = 4 * 1024
_KEPT_ANSWER = 8 * 1024 * 1024


class Room:
    """See above. Made by Rooms; open() first."""

    def __init__(self, name: str, around: Surroundings, forget: Callable[[Room], None]) -> None:
        self.name = name
        self.members: dict[Member, None] = {}
        self.presences = Presences(name, around, self._tell_awareness)
        self.retired = False
        # The server goes away: nobody needs to hear who leaves.
        self.ending = False
        # How many are about to join: nobody closes the door before them.
        self.expected = 0
        self.size = 0  # of the document, encoded: what it was when it was measured, and all since
        self._around = around
        self._forget = forget
        self.epochs = Epochs(name, around)
        self._log = Log(name, around, self)
        self._damages = Damages(around, self._write_anew)
        self._compaction = Compaction(name, around, self._damages.heal)
        self._content = Content(name, around, self)
        self._loaded = NOTHING
        self._answers: dict[bytes, Step2 | MadeStep2] = {}
        self._idle: Deadline | None = None
        self._telling = Telling(name, around)
        self._measured_at = float("-inf")

    # -- its life ----------------------------------------------------------------------------------

    async def open(self) -> None:
        """Reads the document from the store. LoadFailed: it is not usable."""
        began = asyncio.get_running_loop().time()
        try:
            found = await self._log.open()
        except Exception as error:
            if isinstance(error, Damaged):
                self._damages.notice(error.damaged)
            raise LoadFailed(f"the store does not give the document: {error}") from error
        self._damages.notice(found.damaged)
        try:
            await self.epochs.load(found.version.epoch)
            await self._content.open(found)
        except LoadFailed:
            self._log.close()
            raise
        except Exception as error:
            self._log.close()
            raise LoadFailed(f"the store says: {error}") from error
        self.size = sum(len(entry.update) for entry in found.entries)
        self.size += 0 if found.snapshot is None else found.snapshot.size
        self._loaded = found.version
        self._compaction.begin(found)
        self._around.metrics.observe("load_seconds", asyncio.get_running_loop().time() - began)
        self._around.spawn(self._around.hooks.loaded(self.name, list(found.damaged)))
        self.rest()

    def rest(self) -> None:
        """Nobody may be here any more: the room is closed after a while, if so."""
        if self._idle is None and not self.members and not self.retired:
            self._idle = self._around.deadlines.after(
                self._around.limits.idle_seconds, self._close_if_idle
            )

    def _close_if_idle(self) -> None:
        self._idle = None
        if self.members or self.expected:
            return
        if self._log.waiting:
            self.rest()  # what is not durable is only here
            return
        changed = self.version != self._loaded
        self.close()
        if changed and self._around.policy.may_be_renumbered(self.name, self.size):
            self._around.spawn(renumber_if_due(self.name, self._around))

    def close(self) -> None:
        """The room ends; a next join makes another one."""
        self.retired = True
        self._forget(self)
        self._log.close()
        self._compaction.close()
        self.presences.close()
        self._content.close()
        if self._idle is not None:
            self._idle.cancel()

    async def settled(self) -> None:
        """Waits until all that was taken is durable."""
        await self._content.settled()
        await self._log.settled()

    @property
    def version(self) -> Version:
        """The newest entry of the store that the document has."""
        return self._log.version

    @property
    def epoch(self) -> int:
        return self._log.version.epoch

    @property
    def is_packed(self) -> bool:
        """Whether there is no document yet, for nobody has written."""
        return self._content.is_packed

    async def _look_for_epoch(self) -> None:
        """The store may be in a later epoch, of which nobody here has heard: then this room ends."""
        try:
            newest = (await outline(self._around.store, self.name)).version
        except StoreError as error:
            raise LoadFailed(f"the store does not say which epoch it is: {error}") from error
        if newest.epoch > self.epoch and not self.retired:
            self.epoch_ended(newest)

    # -- who is there ------------------------------------------------------------------------------

    def enter(self, member: Member) -> None:
        """From now on the member hears what happens. Call it in one piece with what it is told
        first, or it misses something in between."""
        self.members[member] = None
        self._around.attendance.joined(self.name, member, self.version)
        if self._idle is not None:
            self._idle.cancel()
            self._idle = None
        self._announce("user-joined", member)

    def leave(self, member: Member) -> None:
        """The member has gone, and what it showed of itself."""
        member.gone = True
        if self.members.pop(member, self) is self:
            return
        self._around.attendance.left(self.name, member, self.version)
        if not self.retired and not self.ending:
            self.presences.leave(member)
            self._announce("user-left", member)
            self.rest()

    def _announce(self, what: str, member: Member) -> None:
        """Tells of a person, not of a connection: who has another one is here all the time."""
        if len(self.members) > self._around.limits.announced_members:
            return
        if not any(other is not member and other.is_same_person(member) for other in self.members):
            event = Event({"type": what, "user": member.describe()})
            self.broadcast(event, member, extended_only=True)

    def broadcast(
        self, message: Message, sender: Member | None = None, *, extended_only: bool = False
    ) -> None:
        """Sends it to all but the sender; encoded once for all who speak alike."""
        encoded: dict[Hashable, Sequence[bytes | str]] = {}
        for member in self.members:
            if member is sender or (extended_only and not member.extended):
                continue
            parts = encoded.get(member.wire)
            if parts is None:
                parts = encoded[member.wire] = member.encode(message)
            for part in parts:
                member.link.send(part)

    def comment(self, member: Member, event: Event) -> None:
        """Passes on what somebody says about the document."""
        self.broadcast(event, member, extended_only=True)
        self._around.attendance.commented(self.name, member, self.version)

    def _tell_awareness(self, message: Awareness) -> None:
        self.broadcast(message)

    # -- what members send -------------------------------------------------------------------------

    async def take(self, member: Member, update: bytes, number: int | None) -> None:
        """An update from a member who may write. Rejected: it has changed nothing. LoadFailed: nor
        has this, the store does not give the document."""
        since = asyncio.get_running_loop().time()
        await self._log.has_room()
        if self.retired:
            raise Rejected("epoch", "the document was replaced")
        if update == EMPTY_UPDATE:
            self._known_already(member, number)
            return
        await self._check_size(len(update))
        if self.is_packed and await self.has(update):
            # Who joins answers with at least all that is deleted: nothing is built for that.
            self._known_already(member, number)
            return
        await self._check_parked(update)
        if self._content.is_quick(update):
            await self._merge(member, update, number, since)
        else:
            # Finished even if the connection ends: what the document has is written, too.
            await asyncio.shield(self._around.spawn(self._merge(member, update, number, since)))

    async def _merge(
        self, member: Member, update: bytes, number: int | None, since: float
    ) -> None:
        try:
            changed = await self._content.apply(update)
        except LimitError as error:
            raise Rejected("too-large", str(error)) from None
        except ValueError as error:
            raise Rejected("invalid", str(error)) from None
        if self.retired:
            raise Rejected("epoch", "the document was replaced")
        if changed:
            self._passes_on(update, member)
            took = asyncio.get_running_loop().time() - since
            self._around.metrics.observe("broadcast_seconds", took)
            self._log.add(Waiting(update, member, number, since))
        else:
            self._known_already(member, number)
        missing = self._content.missing()
        if missing not in (None, member.asked) and not member.retired:
            # What it depends on is not here, and the member may have it: asked for once a gap.
            member.asked = missing
            member.tell(Step1(missing))

    async def take_translated(
        self, member: Member, epoch: int, update: bytes, number: int
    ) -> None:
        """An update that was made in an older epoch. Rejected: it has changed nothing. LoadFailed:
        try again."""
        if epoch != self.epoch:
            update = await self.epochs.translate(epoch, update)
        await self.take(member, update, number)

    def _known_already(self, member: Member, number: int | None) -> None:
        if number is None:
            return
        if self._log.waiting:
            self._log.add(Waiting(None, member, number))
        else:
            member.acknowledge(number)

    def acknowledge_when_durable(self, member: Member, number: int) -> None:
        """Of a message that changes nothing: its number is acknowledged in its turn."""
        self._known_already(member, number)

    def _passes_on(self, update: bytes, sender: Member | None) -> None:
        """The document has taken an update: everybody else gets it."""
        self._answers = {}  # another one, for an answer may be on its way into this
        self.size += len(update)
        self.broadcast(Update(update), sender)
        user = None if sender is None else sender.identity.user
        self._telling.tell(Change(self.name, update, user))

    async def has(self, update: bytes) -> bool:
        """Whether the document has all of an update already. LoadFailed: as in take()."""
        try:
            return await self._content.has(update, self.size)
        except ValueError:
            return False  # it is no update

    async def answer(self, state: bytes) -> Step2 | MadeStep2:
        """What somebody in this state lacks. Rejected, if it is no state. LoadFailed: as above."""
        answers = self._answers
        known = answers.get(state)
        if known is not None:
            return known
        try:
            answer = await self._content.answer(state, self.size)
        except ValueError as error:
            raise Rejected("invalid", str(error)) from None
        kept = len(state) <= _KEPT_STATE and answer.size <= _KEPT_ANSWER
        if kept and answers is self._answers:  # of the document as it is now
            if len(answers) >= _KEPT_ANSWERS:
                answers.clear()
            answers[state] = answer
        return answer

    async def durable_state(self, known_epoch: int | None = None) -> bytes:
        """The state vector of what the store has (R4). Returns in one piece with its making. Who
        comes from a later epoch is not sent back, and would lose what they bring: the room is
        retired then. LoadFailed: the store does not say."""
        if known_epoch is not None and known_epoch > self.epoch:
            await self._look_for_epoch()
        state = await self._content.state()
        waiting = [w.update for w in self._log.waiting if w.update is not None]
        if not waiting:
            return state
        clocks = decode_state_vector(state)
        for update in waiting:
            for client, (first, _) in inspect_update(update)["clients"].items():
                if clocks.get(client, 0) > first:
                    clocks[client] = first
        return encode_state_vector({client: clock for client, clock in clocks.items() if clock})

    async def state_as_update(self) -> bytes:
        """All of the document, as it is here."""
        return (await self.answer(b"\x00")).update

    async def _write_anew(self) -> None:
        """The store has lost something that is here."""
        update = await self.state_as_update()
        if not self.retired and update != EMPTY_UPDATE:
            logger.warning("%s: the store has lost a part; all is written anew", self.name)
            self._log.add(Waiting(update, since=asyncio.get_running_loop().time()))

    async def _check_size(self, arriving: int) -> None:
        limit = self._around.limits.document_bytes
        if self.size + arriving <= limit:
            return
        # The sum counts what was deleted since; measured at most once a second.
        now = asyncio.get_running_loop().time()
        if now - self._measured_at >= 1:
            self._measured_at = now
            self.size = len(await self.state_as_update())
        if self.size + arriving > limit:
            raise Rejected(
                "too-large",
                f"the document would be larger than {limit} bytes (document_bytes)",
            )

    async def _check_parked(self, update: bytes) -> None:
        """The engine bounds what one update may leave waiting for a gap; this bounds the sum.
        Beyond it only that is taken which leaves no gap itself."""
        limits = self._around.limits
        size, structs = self._content.parked
        if size <= limits.pending_bytes and structs <= limits.pending_structs:
            return
        state = decode_state_vector(await self._content.state())
        try:
            clients = inspect_update(update)["clients"]
        except ValueError as error:
            raise Rejected("invalid", str(error)) from None
        if any(first > state.get(client, 0) for client, (first, _) in clients.items()):
            raise Rejected(
                "too-large",
                "more waits for what is missing than is allowed (pending_bytes, pending_structs)",
            )

    # -- what the log says -------------------------------------------------------------------------

    def stored(self, batch: Sequence[Waiting], version: Version) -> None:
        numbers: dict[Member, int] = {}
        changes: dict[Member, tuple[int, int]] = {}
        updates = 0
        size = 0
        now = asyncio.get_running_loop().time()
        for waiting in batch:
            if waiting.update is not None:
                updates += 1
                size += len(waiting.update)
                self._around.metrics.observe("ack_seconds", now - waiting.since)
                if waiting.member is not None:
                    count, sizes = changes.get(waiting.member, (0, 0))
                    changes[waiting.member] = count + 1, sizes + len(waiting.update)
            if waiting.member is not None and waiting.number is not None:
                numbers[waiting.member] = waiting.number
        for member, number in numbers.items():
            if not member.gone:
                member.acknowledge(number)
        for member, (count, sizes) in changes.items():
            self._around.attendance.changed(self.name, member, count, sizes, version)
        self._compaction.grown(updates, size)
        self._around.metrics.count("updates_stored", updates)
        if updates and self._around.hooks.wants_stored():
            self._around.spawn(self._around.hooks.stored(self.name, version, updates))

    async def others_wrote(self, history: History) -> None:
        self._damages.notice(history.damaged)
        await self._content.others_wrote(history)
        self._compaction.grown(len(history.entries), sum(len(e.update) for e in history.entries))

    # -- what is found in the store ----------------------------------------------------------------

    def found_damaged(self, damaged: Sequence[Damage]) -> None:
        self._damages.notice(damaged)

    def found_news(self, update: bytes) -> None:
        self._passes_on(update, None)

    def epoch_ended(self, newest: Version) -> None:
        waiting = list(self._log.waiting)
        members = list(self.members)
        self.close()
        for one in waiting:
            if one.member is not None and not one.member.gone and one.number is not None:
                one.member.tell(Refusal(one.number, "epoch", "the document was replaced"))
        for member in members:
            member.retired = True
            self._around.attendance.left(self.name, member, self.version)
        self.members.clear()
        self._around.spawn(send_over(self.name, self._around, members, self.epoch, newest.epoch))

    def in_trouble(self, reason: str) -> None:
        self._around.metrics.count("rooms_unsynced")
        logger.error("%s is not stored: %s", self.name, reason)
        self.broadcast(
            State("unsynced", "changes are kept in memory; the store does not take them"),
            extended_only=True,
        )

    def out_of_trouble(self) -> None:
        self.broadcast(State("syncing"), extended_only=True)

    @property
    def unsynced(self) -> bool:
        """Whether the store has not taken changes for longer than the budget."""
        return self._log.troubled
