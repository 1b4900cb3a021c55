"""One connection as a state machine: new, open, closed. It does no IO: what comes is handed to
receive(), what goes is handed to a Link.

    new     bounded in time, bytes and messages; the first message tells the codec, and proves who
            it is: by a hello, or by what came with the URL
    open    one member for each document; every message is checked against the role of its member
    closed  whatever comes is dropped
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from ..auth.identity import Identity, Refused, Role
from ..errors import Close, CloseCode, LoadFailed, NotStored, Rejected, code_of
from ..protocol.codec import Codec, Unreadable
from ..protocol.messages import (
    Awareness,
    Denied,
    Event,
    Hello,
    Leave,
    Message,
    Numbered,
    QueryAwareness,
    Refusal,
    Renew,
    State,
    Step1,
    Step2,
    Translate,
    Unknown,
    Update,
)
from ..protocol.link import Link
from ..protocol.recognition import recognise
from ..rooms.member import Member
from ..rooms.names import BadName
from ..rooms.ports import Connection
from ..rooms.room import EMPTY_UPDATE
from ..rooms.rooms import Rooms
from .budget import Budget
from .epochs import STOCK_REFUSED, check_copy, count, is_translation, knows_epochs, translate
from .states import Closed, Credentials, Joined, New, Open, check_handshake
from .welcome import welcome

logger = logging.getLogger(__name__)

# By so much a deadline may be missed before the server counts as busy.
_LATE_SECONDS = 0.25

# Of what a message costs: a text frame that completes none. A client that sends or gets a long one
# has many of these a second.
PART_COST = 0.02


class Session:
    """See above. Whoever owns the link calls receive() with one message after another, and closed()
    when the connection is gone."""

    __slots__ = (
        "__weakref__",
        "_announced",
        "_budget",
        "_codec",
        "_connection",
        "_document",
        "_entrances",
        "_identity",
        "_link",
        "_rooms",
        "_state",
        "_told_denied",
    )

    def __init__(
        self,
        rooms: Rooms,
        link: Link,
        connection: Connection,
        *,
        document: str | None,
        credentials: Credentials | None = None,
        codec: Codec | None = None,
        opened: Open | None = None,
    ) -> None:
        """`document`: that of the URL; None: each message says which it is about. `codec`: None, if
        the first message tells. `opened`: the state that the session was in elsewhere."""
        self._rooms = rooms
        self._link = link
        self._connection = connection
        self._document = document
        self._codec = codec
        if codec is not None:
            codec.attach(link)
        self._budget = Budget(rooms.limits)
        self._told_denied = False
        self._identity: Identity | None = None
        self._announced = False  # to the hooks
        self._entrances = 0  # into documents
        self._state: New | Open | Closed = New(
            credentials or Credentials(),
            rooms.deadlines.after(rooms.limits.handshake_seconds, self._too_late),
        )
        if opened is not None:
            self._leave_new(opened)
        rooms.sessions.add(self)
        rooms.metrics.gauge("connections", len(rooms.sessions))

    def _leave_new(self, opened: Open) -> None:
        assert isinstance(self._state, New)
        self._state.deadline.cancel()
        self._identity = opened.identity
        self._announced = True
        self._state = opened
        self._watch_expiry(opened)

    # -- from outside ------------------------------------------------------------------------------

    @property
    def identity(self) -> Identity | None:
        """Who it is, as soon as that is known."""
        return self._identity

    @property
    def opened(self) -> Open | None:
        """The state that another process could go on with; None: there is none, or no more."""
        return self._state if isinstance(self._state, Open) else None

    @property
    def is_closed(self) -> bool:
        return isinstance(self._state, Closed)

    def concerns(self, tenant: str | None, user: str | None, document: str | None) -> bool:
        """Whether it is one of these: for revocations."""
        state = self._state
        return (
            isinstance(state, Open)
            and tenant in (None, state.identity.tenant)
            and user in (None, state.identity.user)
            and (document is None or document in self._names(state))
        )

    def _names(self, state: Open) -> set[str | None]:
        return {self._document if name is None else name for name in state.documents}

    async def receive(self, message: bytes | str) -> None:
        """Takes one message. Returns when the next may come."""
        if isinstance(self._state, Closed):
            return
        if self._rooms.draining:
            # Not taken, so not acknowledged: the client offers it again where it connects next.
            if self._rooms.over:
                self.end(CloseCode.GOING_AWAY, "the server goes away")
            return
        try:
            self._check_bounds(len(message))
            if self._codec is None:
                self._codec = recognise(
                    message, self._rooms.limits, self._rooms.unfinished, several=self._document is None
                )
                self._codec.attach(self._link)
            metrics = self._rooms.metrics
            metrics.count("received_bytes", len(message))
            decoded = self._codec.decode(message)
            self._spend(len(decoded))
            for document, said in decoded:
                metrics.count("messages", type=type(said).__name__)
                await self._handle(document, said)
                if isinstance(self._state, Closed):
                    return
        except Close as close:
            self.end(close.code, close.reason)
        except Unreadable as error:
            self.end(CloseCode.UNREADABLE, str(error))
        except Refused as refused:
            self._refuse(refused)
        except LoadFailed as error:  # what was not taken is offered again
            self.end(CloseCode.SERVER_FAULT, f"{error}; try again")
        except NotStored:
            raise
        except Exception:
            logger.exception("a message has made the server fail")
            self._rooms.metrics.count("session_failures")
            self.end(CloseCode.SERVER_FAULT, "the server has failed at this message")

    def end(self, code: int, reason: str) -> None:
        """Closes the connection from this side."""
        if not isinstance(self._state, Closed):
            self._rooms.metrics.count("closed", code=str(int(code)))
            self._leave_everything()
            self._link.close(int(code), reason)

    async def closed(self) -> None:
        """The connection is gone."""
        self._leave_everything()
        if self._announced:
            self._announced = False
            await self._rooms.hooks.disconnect(self._connection, self._identity)

    def _leave_everything(self) -> None:
        state = self._state
        self._state = Closed()
        if isinstance(state, New):
            state.deadline.cancel()
        elif isinstance(state, Open):
            if state.expiry is not None:
                state.expiry.cancel()
            for joined in state.documents.values():
                joined.room.leave(joined.member)
        self._rooms.sessions.discard(self)
        self._rooms.metrics.gauge("connections", len(self._rooms.sessions))

    # -- bounds ------------------------------------------------------------------------------------

    def _check_bounds(self, size: int) -> None:
        limits = self._rooms.limits
        state = self._state
        if isinstance(state, New):
            check_handshake(state, size, limits)
        if size > limits.message_bytes:
            raise Close(
                CloseCode.TOO_LARGE,
                f"a message of {size} bytes; {limits.message_bytes} are allowed (message_bytes)",
            )

    def _spend(self, messages: int) -> None:
        """What came pays for each message in it; what is only part of one pays little."""
        limits = self._rooms.limits
        cost = float(messages) or PART_COST
        if not self._budget.spend(asyncio.get_running_loop().time(), cost):
            raise Close(
                CloseCode.TOO_MANY,
                f"more than {limits.messages_per_second:g} messages a second "
                "(messages_per_second, message_burst)",
            )

    def _too_late(self) -> None:
        state = self._state
        if not isinstance(state, New):
            return
        if asyncio.get_running_loop().time() - state.deadline.at > _LATE_SECONDS:
            # It is the server that was late: what has come in the meantime is looked at first.
            state.deadline = self._rooms.deadlines.after(_LATE_SECONDS, self._too_late)
        else:
            self.end(
                CloseCode.NOT_AUTHENTICATED,
                f"nobody has said who they are within {self._rooms.limits.handshake_seconds:g} "
                "seconds (handshake_seconds)",
            )

    def _refuse(self, refused: Refused) -> None:
        self._rooms.metrics.count("refused", reason=refused.code)
        logger.info("refused: %s", refused.reason, extra={"why": refused.code})
        if self._codec is not None:
            for part in self._codec.encode(None, Denied(refused.reason)):
                self._link.send(part)
        self.end(code_of(refused.code), refused.reason)

    # -- who it is ---------------------------------------------------------------------------------

    async def _handle(self, document: str | None, said: Message) -> None:
        if isinstance(self._state, New):
            await self._open(self._state, said)
        if isinstance(self._state, Open):
            await self._handle_open(self._state, document, said)

    async def _open(self, state: New, said: Message) -> None:
        """Finds out who it is."""
        token, ticket = state.credentials.token, state.credentials.ticket
        if isinstance(said, Hello) and (said.token is not None or said.ticket is not None):
            token, ticket = said.token, said.ticket
        if not self._announced:
            self._announced = True
            await self._rooms.hooks.connect(self._connection)
        identity = await self._rooms.authenticate(token, ticket)
        await self._rooms.hooks.authenticated(self._connection, identity)
        if self._state is not state:
            return  # it has ended in the meantime
        assert self._codec is not None
        self._identity = identity
        state.deadline.cancel()
        opened = self._state = Open(identity, self._codec, isinstance(said, Hello))
        self._watch_expiry(opened)

    def _watch_expiry(self, state: Open) -> None:
        if state.expiry is not None:
            state.expiry.cancel()
            state.expiry = None
        expires = state.identity.expires
        if expires is not None:
            left = max(0.0, expires - self._rooms.clock.now())
            # A date far away is looked at again each day: clocks are set.
            state.expiry = self._rooms.deadlines.after(min(left, 86_400.0), self._expire)

    def _expire(self) -> None:
        state = self._state
        if not isinstance(state, Open):
            return
        state.expiry = None
        expires = state.identity.expires
        if expires is not None and expires <= self._rooms.clock.now():
            self.end(CloseCode.NOT_AUTHENTICATED, "the token has expired")
        else:
            self._watch_expiry(state)

    # -- what is said ------------------------------------------------------------------------------

    async def _handle_open(self, state: Open, document: str | None, said: Message) -> None:
        kind = type(said)
        if kind is Hello:
            await self._hello(state, document, said)  # type: ignore[arg-type]
        elif kind is Renew:
            await self._renew(state, said)  # type: ignore[arg-type]
        elif kind is Leave:
            joined = state.documents.pop(document, None)
            if joined is not None:
                joined.room.leave(joined.member)
        elif kind is Unknown:
            self._rooms.metrics.count("unknown_messages")
        else:
            joined = state.documents.get(document)
            if joined is None:
                joined = await self._join(state, document, None)
            if joined is None or (joined.member.retired and not is_translation(said)):
                return
            handler = _HANDLERS.get(kind)
            if handler is None:
                # What only a server says.
                self._rooms.metrics.count("unexpected_messages")
            else:
                await handler(self, joined, said)

    async def _hello(self, state: Open, document: str | None, hello: Hello) -> None:
        state.extended = True
        self._link.stock = False
        if document is None and self._document is None:
            self._welcome(state, None)
            return
        joined = state.documents.pop(document, None)
        if joined is not None:
            joined.room.leave(joined.member)
        await self._join(state, document, hello)

    async def _renew(self, state: Open, renew: Renew) -> None:
        identity = await self._rooms.authenticate(renew.token, None)
        if isinstance(self._state, Closed):
            return
        was = state.identity
        if (identity.tenant, identity.user) != (was.tenant, was.user):
            raise Refused("the token is somebody else's")
        state.identity = identity
        self._watch_expiry(state)
        for name, joined in list(state.documents.items()):
            document = self._document if name is None else name
            role = await self._rooms.role(identity, document or "")
            if role is None:
                raise Refused("the token allows this document no more", "forbidden")
            joined.member.role = role
            joined.member.identity = identity
        self._welcome(state, state.documents.get(None))

    def _welcome(self, state: Open, joined: Joined | None) -> None:
        """Answers a hello or a renewal."""
        message = welcome(state.identity, self._rooms.limits, joined)
        for part in state.codec.encode(None if joined is None else joined.member.document, message):
            self._link.send(part)

    # -- documents ---------------------------------------------------------------------------------

    async def _join(self, state: Open, document: str | None, hello: Hello | None) -> Joined | None:
        """Enters a document. None: it was refused, or the connection has ended."""
        name = self._document if document is None else document
        if name is None:
            raise Close(CloseCode.PROTOCOL_ERROR, "a message that says no document")
        if len(state.documents) >= self._rooms.limits.documents_per_connection:
            raise Close(
                CloseCode.TOO_MANY,
                f"more than {self._rooms.limits.documents_per_connection} documents over one "
                "connection (documents_per_connection)",
            )
        try:
            stored = self._rooms.name_of(state.identity, name)
        except BadName as error:
            raise Close(CloseCode.PROTOCOL_ERROR, str(error)) from None
        try:
            role = await self._rooms.role(state.identity, name)
            room = None if role is None else await self._rooms.room(stored)
        except Refused as refused:
            self._deny(state, document, code_of(refused.code), refused.reason)
            return None
        except LoadFailed as error:
            logger.warning("%s: %s", stored, error)
            # With it the connection, whatever else it carries: a denial would be for good.
            raise LoadFailed("the document could not be loaded") from None
        if role is None or room is None:
            self._deny(state, document, CloseCode.FORBIDDEN, "no right to this document")
            return None
        if not knows_epochs(state.codec, state.extended) and not self._rooms.admits_stock(stored):
            self._deny(state, document, CloseCode.STOCK, STOCK_REFUSED)
            room.rest()
            return None
        # The name of the connection, and of a later entrance over it one of its own.
        self._entrances += 1
        again = f".{self._entrances}" if self._entrances > 1 else ""
        member = Member(
            state.codec, self._link, document, state.identity, role, state.extended,
            f"{self._connection.id}{again}",
        )  # fmt: skip
        room.expected += 1
        try:
            durable = await room.durable_state(None if hello is None else hello.epoch)
        finally:
            room.expected -= 1
            room.rest()
        if isinstance(self._state, Closed):
            return None
        if room.retired:  # meanwhile; there is another one
            return await self._join(state, document, hello)
        joined = state.documents[document] = Joined(room, member)
        if hello is not None and hello.epoch is not None and hello.epoch != room.epoch:
            member.retire(room.epoch, room.epochs.had(hello.epoch))
            return joined
        room.enter(member)
        if state.extended:
            self._welcome(state, joined)
            if room.unsynced:
                member.tell(State("unsynced"))
        member.tell(Step1(durable))
        everybody = room.presences.everybody()
        if everybody is not None:
            member.tell(everybody)
        return joined

    def _deny(self, state: Open, document: str | None, code: CloseCode, reason: str) -> None:
        """A document that is refused: with it the connection, if that is what it is for."""
        self._rooms.metrics.count("refused", reason=code.name.lower())
        for part in state.codec.encode(document, Denied(reason)):
            self._link.send(part)
        if document is None:
            raise Close(code, reason)

    async def _step1(self, joined: Joined, said: Step1) -> None:
        try:
            if await check_copy(joined, said.state):
                joined.member.tell(await joined.room.answer(said.state))
        except Rejected as error:
            raise Unreadable(f"a state vector that is none: {error}") from None

    async def _changes(self, joined: Joined, said: Step2 | Update) -> None:
        if joined.member.role < Role.EDITOR:
            # Every client answers step 1, also one that has nothing to give: that is no attempt.
            if type(said) is Update:
                self._deny_change(joined)
            return
        try:
            await joined.room.take(joined.member, said.update, None)
        except Rejected as error:
            code = CloseCode.UNREADABLE
            if error.code == "too-large":
                code = CloseCode.TOO_LARGE
            elif error.code == "epoch":
                return  # it was told
            raise Close(code, error.reason) from None

    def _deny_change(self, joined: Joined) -> None:
        self._rooms.metrics.count("changes_denied")
        if not self._told_denied:
            self._told_denied = True
            joined.member.tell(Denied("you may read this document, not change it"))

    async def _numbered(self, joined: Joined, said: Numbered) -> None:
        member, room = joined.member, joined.room
        count(member, said)
        inner = said.message
        if isinstance(inner, Translate):
            await translate(self._rooms, joined, said.number, inner)
        elif isinstance(inner, Step1):
            await self._step1(joined, inner)
            room.acknowledge_when_durable(member, said.number)
        elif inner.update == EMPTY_UPDATE:
            room.acknowledge_when_durable(member, said.number)
        elif member.role < Role.EDITOR:
            # Who answers step 1 names at least all that is deleted: that is no change.
            if isinstance(inner, Step2) and await room.has(inner.update):
                room.acknowledge_when_durable(member, said.number)
                return
            self._rooms.metrics.count("changes_denied")
            reason = "you may read this document, not change it"
            member.tell(Refusal(said.number, "forbidden", reason))
        else:
            try:
                await room.take(member, inner.update, said.number)
            except Rejected as error:
                member.tell(Refusal(said.number, error.code, error.reason))

    async def _awareness(self, joined: Joined, said: Awareness) -> None:
        joined.room.presences.apply(said.update, joined.member)

    async def _query_awareness(self, joined: Joined, _said: QueryAwareness) -> None:
        everybody = joined.room.presences.everybody()
        if everybody is not None:
            joined.member.tell(everybody)

    async def _event(self, joined: Joined, said: Event) -> None:
        member = joined.member
        if said.fields.get("type") != "comment" or member.role < Role.COMMENTER:
            self._rooms.metrics.count("unexpected_messages")
            return
        event = Event({**said.fields, "user": member.describe()})  # not for them to say
        joined.room.comment(member, event)


_HANDLERS: dict[type, Callable[[Session, Joined, Any], Awaitable[None]]] = {
    Step1: Session._step1,
    Step2: Session._changes,
    Update: Session._changes,
    Numbered: Session._numbered,
    Awareness: Session._awareness,
    QueryAwareness: Session._query_awareness,
    Event: Session._event,
}
