"""A document while somebody works on it: the cache of a store, and those who are there.

R1  an update is applied whole or refused whole; who sent it hears which
R2  what was applied is sent to the others at once, written in order, and acknowledged when it is
    durable
R3  what others wrote to the store arrives here, and what is known has no effect
R4  step 1 of the server names what is durable: what a client has beyond it is offered again
R5  the document is touched by one at a time, and never by the event loop for long
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import Callable, Hashable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from ropewalk import Doc, LimitError, decode_state_vector, encode_state_vector, inspect_update

from ..errors import LoadFailed, Rejected
from ..protocol.messages import Awareness, Event, Message, Refusal, State, Step1, Step2, Update
from ..stores.contract import Damage, Damaged, History, Version
from .compaction import Compaction
from .contents import deletions_of, ends_of
from .log import Log, Waiting
from .member import Member
from .ports import Change, Surroundings
from .presence import Presences

if TYPE_CHECKING:
    from .deadlines import Deadline

logger = logging.getLogger(__name__)

T = TypeVar("T")

# An update without structs and without deletions.
EMPTY_UPDATE = b"\x00\x00"

# Bytes that the engine merges, and encodes, in about a millisecond: more goes off the loop.
SHORT_MERGE = 48 * 1024
SHORT_ENCODE = 192 * 1024

# Answers to step 1 that are kept as long as the document does not change: after a restart of
# anything many ask for the same.
_KEPT_ANSWERS = 8
_KEPT_STATE = 4 * 1024
_KEPT_ANSWER = 8 * 1024 * 1024


class Room:
    """See above. Made by Rooms; open() first."""

    def __init__(self, name: str, around: Surroundings, forget: Callable[[Room], None]) -> None:
        self.name = name
        self.doc: Doc[Any] = Doc(limits=around.limits.for_documents())
        self.members: dict[Member, None] = {}
        self.presences = Presences(around, self._tell_awareness)
        self.retired = False
        # The server goes away: nobody needs to hear who leaves.
        self.ending = False
        # How many are about to join: nobody closes the door before them.
        self.expected = 0
        self.size = 0  # of the document, encoded: what it was when it was measured, and all since
        self._around = around
        self._forget = forget
        self._log = Log(name, around, self)
        self._compaction = Compaction(name, around, self._notice_damage)
        self._turn = asyncio.Lock()
        self._observer = self.doc.observe(self._note_change)
        self._changed = False
        self._answers: dict[bytes, Step2] = {}
        self._idle: Deadline | None = None
        self._wants_changes = around.hooks.wants_changes(name)
        self._changes: asyncio.Queue[Change] | None = None
        self._measured_at = float("-inf")
        self._damaged: set[str] = set()  # what was counted
        # Of updates that wait for what is missing, since nothing did last.
        self._parked = 0
        self._parked_structs = 0
        self._waits = b""  # a digest of all that waits, with what is deleted; empty: nothing waits

    # -- its life ----------------------------------------------------------------------------------

    async def open(self) -> None:
        """Reads the document from the store. LoadFailed: it is not usable."""
        began = asyncio.get_running_loop().time()
        try:
            history = await self._log.open()
        except Exception as error:
            if isinstance(error, Damaged):
                self._notice_damage(error.damaged)
            raise LoadFailed(f"the store does not give the document: {error}") from error
        self._notice_damage(history.damaged)
        updates = _updates_of(history)
        try:
            await self._exclusively(sum(map(len, updates)), SHORT_MERGE, self._apply_all, updates)
        except Exception as error:
            self._log.close()
            raise LoadFailed(f"what is stored is not a document: {error}") from error
        self.size = sum(map(len, updates))
        self._compaction.begin(history)
        self._around.metrics.observe("load_seconds", asyncio.get_running_loop().time() - began)
        self._around.spawn(self._around.hooks.loaded(self.name, list(history.damaged)))
        self.rest()

    def _notice_damage(self, damaged: Sequence[Damage]) -> None:
        new = {damage.where for damage in damaged} - self._damaged
        if new:
            self._damaged |= new
            self._around.metrics.count("damaged_records", len(new))

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
        else:
            self.close()

    def close(self) -> None:
        """The room ends; a next join makes another one."""
        self.retired = True
        self._forget(self)
        self._log.close()
        self._compaction.close()
        self.presences.close()
        self._observer.drop()
        if self._idle is not None:
            self._idle.cancel()

    async def settled(self) -> None:
        """Waits until all that was taken is durable."""
        async with self._turn:
            pass
        await self._log.settled()

    @property
    def version(self) -> Version:
        """The newest entry of the store that the document has."""
        return self._log.version

    @property
    def epoch(self) -> int:
        return self._log.version.epoch

    # -- who is there ------------------------------------------------------------------------------

    def enter(self, member: Member) -> None:
        """From now on the member hears what happens. Call it in one piece with what it is told
        first, or it misses something in between."""
        self.members[member] = None
        if self._idle is not None:
            self._idle.cancel()
            self._idle = None
        self._announce("user-joined", member)

    def leave(self, member: Member) -> None:
        """The member has gone, and what it showed of itself."""
        if self.members.pop(member, self) is self:
            return
        if not self.retired and not self.ending:
            self.presences.leave(member)
            self._announce("user-left", member)
            self.rest()

    def _announce(self, what: str, member: Member) -> None:
        if len(self.members) <= self._around.limits.announced_members:
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

    def _tell_awareness(self, message: Awareness) -> None:
        self.broadcast(message)

    # -- what members send -------------------------------------------------------------------------

    async def take(self, member: Member, update: bytes, number: int | None) -> None:
        """An update from a member who may write. Rejected: it has changed nothing."""
        since = asyncio.get_running_loop().time()
        await self._log.has_room()
        if self.retired:
            raise Rejected("epoch", "the document was replaced")
        if update == EMPTY_UPDATE:
            self._known_already(member, number)
            return
        await self._check_size(len(update))
        await self._check_parked(update)
        if len(update) + self._parked <= SHORT_MERGE and not self._turn.locked():
            await self._merge(member, update, number, since)
        else:
            # Finished even if the connection ends: what the document has is written, too.
            await asyncio.shield(self._around.spawn(self._merge(member, update, number, since)))

    async def _merge(
        self, member: Member, update: bytes, number: int | None, since: float
    ) -> None:
        try:
            size = len(update) + self._parked
            changed = await self._exclusively(size, SHORT_MERGE, self._apply, update)
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
        if self.doc.has_pending:
            self._ask_again(member)

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
        self._answers.clear()
        self.size += len(update)
        self.broadcast(Update(update), sender)
        if self._wants_changes:
            self._queue_change(update, sender)

    def _ask_again(self, member: Member) -> None:
        """Something the member has sent depends on what is not here: it may have it. Each gap is
        asked for once."""
        missing = self.doc.get_missing()
        if missing != member.asked:
            member.asked = missing
            member.tell(Step1(missing))

    async def has(self, update: bytes) -> bool:
        """Whether the document has all of an update already."""
        try:
            return await self._exclusively(
                len(update) + self.size, SHORT_ENCODE, self._has, update
            )
        except ValueError:
            return False  # it is no update

    async def answer(self, state: bytes) -> Step2:
        """What somebody in this state lacks. Rejected, if it is no state."""
        known = self._answers.get(state)
        if known is not None:
            return known
        try:
            answer = Step2(
                await self._exclusively(self.size, SHORT_ENCODE, self.doc.get_update, state)
            )
        except ValueError as error:
            raise Rejected("invalid", str(error)) from None
        if len(state) <= _KEPT_STATE and len(answer.update) <= _KEPT_ANSWER:
            if len(self._answers) >= _KEPT_ANSWERS:
                self._answers.clear()
            self._answers[state] = answer
        return answer

    async def durable_state(self) -> bytes:
        """The state vector of what the store has (R4). Returns in one piece with its making."""
        state = await self._exclusively(0, 1, self.doc.get_state)
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

    # -- the engine --------------------------------------------------------------------------------

    async def _exclusively(
        self, size: int, short: int, work: Callable[..., T], *arguments: Any
    ) -> T:
        """Does something with the document: at once, if it is short and nobody is at it; else when
        its turn comes, and off the loop if it is long."""
        if size <= short and not self._turn.locked():
            return work(*arguments)
        async with self._turn:
            if size <= short:
                return work(*arguments)
            return await self._around.offload(work, *arguments)

    def _note_change(self, _event: object) -> None:
        self._changed = True

    def _apply(self, update: bytes) -> bool:
        """Whether the document has become another one, or keeps something more for later."""
        self._changed = False
        self.doc.apply_update(update)
        before, self._waits = self._waits, self._what_waits()
        if not self._waits:
            self._parked = self._parked_structs = 0
        elif not self._changed and self._waits != before:
            self._count_parked(update)
            return True
        return self._changed

    def _count_parked(self, update: bytes) -> None:
        self._parked += len(update)
        self._parked_structs += inspect_update(update)["items"]

    def _what_waits(self) -> bytes:
        """As long as the document does not change, it is another one when more waits."""
        if not self.doc.has_pending:
            return b""
        waiting = self.doc.get_update(self.doc.get_state())
        return hashlib.blake2b(waiting, digest_size=16).digest()

    def _apply_all(self, updates: Sequence[bytes]) -> None:
        for update in updates:
            self._changed = False
            self.doc.apply_update(update)
            if not self.doc.has_pending:
                self._parked = self._parked_structs = 0
            elif not self._changed:
                self._count_parked(update)
        self._waits = self._what_waits()

    def _has(self, update: bytes) -> bool:
        state = decode_state_vector(self.doc.get_state())
        if any(end > state.get(client, 0) for client, end in ends_of(update).items()):
            return False
        known = deletions_of(self.doc.get_update(self.doc.get_state()))
        return not deletions_of(update) - known

    def _apply_sound(self, updates: Sequence[bytes]) -> list[bytes]:
        """Those of the updates that were new. One that another process has stored and that cannot
        be merged here stops nobody here; whoever opens the document next is refused."""
        new = []
        for update in updates:
            try:
                if self._apply(update):
                    new.append(update)
            except ValueError as error:
                logger.error("%s: an entry of the store is no update: %s", self.name, error)
                self._around.metrics.count("entries_refused")
        return new

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
        if self._parked <= limits.pending_bytes and self._parked_structs <= limits.pending_structs:
            return
        state = decode_state_vector(await self._exclusively(0, 1, self.doc.get_state))
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
        updates = 0
        size = 0
        now = asyncio.get_running_loop().time()
        for waiting in batch:
            if waiting.update is not None:
                updates += 1
                size += len(waiting.update)
                self._around.metrics.observe("ack_seconds", now - waiting.since)
            if waiting.member is not None and waiting.number is not None:
                numbers[waiting.member] = waiting.number
        for member, number in numbers.items():
            if member in self.members:
                member.acknowledge(number)
        self._compaction.grown(updates, size)
        self._around.metrics.count("updates_stored", updates)
        if updates and self._around.hooks.wants_stored():
            self._around.spawn(self._around.hooks.stored(self.name, version, updates))

    async def others_wrote(self, history: History) -> None:
        self._notice_damage(history.damaged)
        updates = _updates_of(history)
        size = sum(map(len, updates)) + self._parked
        new = await self._exclusively(size, SHORT_MERGE, self._apply_sound, updates)
        for update in new:
            self._passes_on(update, None)
        self._compaction.grown(len(history.entries), sum(len(e.update) for e in history.entries))

    def epoch_ended(self, newest: Version) -> None:
        waiting = list(self._log.waiting)
        members = list(self.members)
        self.close()
        for one in waiting:
            if one.member in self.members and one.number is not None:
                one.member.tell(Refusal(one.number, "epoch", "the document was replaced"))
        for member in members:
            member.retire(newest.epoch)
        self.members.clear()

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

    # -- hooks -------------------------------------------------------------------------------------

    def _queue_change(self, update: bytes, sender: Member | None) -> None:
        change = Change(self.name, update, None if sender is None else sender.identity.user)
        if self._changes is None:
            self._changes = asyncio.Queue()
            self._around.spawn(self._tell_changes())
        self._changes.put_nowait(change)

    async def _tell_changes(self) -> None:
        """Ends when all is told: rooms in which nothing happens cost no task."""
        queue = self._changes
        assert queue is not None
        while not queue.empty():
            await self._around.hooks.changed(queue.get_nowait())
        self._changes = None


def _updates_of(history: History) -> list[bytes]:
    updates = [entry.update for entry in history.entries]
    if history.snapshot is not None:
        updates.insert(0, history.snapshot.update)
    return updates
