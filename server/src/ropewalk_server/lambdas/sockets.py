"""Messages of a WebSocket: the session of its connection is thawed, told what came, and frozen again.

    K1  a row is written on condition that nobody has written it since it was read; who loses reads
        again and handles the event again, without writing any update twice
    K2  what is said to the client is sent when the row that knows of it is written
    K3  an event that is not handled to its end has done nothing that is in the way of the next one:
        the client says it again
    K4  frames that overtake each other wait for their turn, for a moment
"""

from __future__ import annotations

import asyncio
import json
import logging
import random
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from ropewalk.text_frames import Item, Part
from ropewalk.text_frames import Message as FramedMessage

from ..auth.identity import Role
from ..errors import CloseCode, NotStored
from ..protocol.messages import Closing, State
from ..protocol.text_frames import TextFramesCodec
from ..rooms.member import Member
from ..rooms.ports import Connection
from ..sessions.session import Session
from ..sessions.states import Credentials, Joined, Open
from ..stores.contract import StoreError, Version
from . import clock
from .frozen import Frozen
from .frozen import Joined as FrozenJoined
from .hall import Visit
from .management import NobodyThere
from .place import Place
from .telling import Voice, Wire
from .transfers import Transfers, items_of

if TYPE_CHECKING:
    from ..rooms.room import Room
    from .app import App

logger = logging.getLogger(__name__)

Answer = dict[str, Any]

OK: Answer = {"statusCode": 200}
_MOST_TRIES = 60
_FIRST_WAIT = 0.004
_LONGEST_WAIT = 0.1
# A frame that comes before the one before it waits so long.
_TURN_SECONDS = 0.4
# API Gateway closes a connection after two hours: the client is told to take another one before.
MOVE_SECONDS = 110 * 60.0


# -- messages --------------------------------------------------------------------------------------


async def default(app: App, event: Mapping[str, Any]) -> Answer:
    id, text = event["requestContext"]["connectionId"], event.get("body") or ""
    if text.lstrip()[:1] == "{":
        return await _plain(app, event, id, text)
    return await _Handling(app, event, id, text).run()


async def _plain(app: App, event: Mapping[str, Any], id: str, text: str) -> Answer:
    """JSON is for those who only want to know that somebody is there."""
    try:
        action = json.loads(text).get("action")
    except (ValueError, AttributeError, RecursionError):
        action = None
    if action == "ping":
        answer = {"type": "pong"}
    else:
        app.metrics.count("unexpected_messages")
        answer = {"type": "error", "message": "documents speak text frames here, not JSON"}
    try:
        await app.management(event).post(id, json.dumps(answer))
    except NobodyThere:
        await app.fanout(event).forget(id)
    return OK


class _Handling:
    """One message of one connection, handled until the row takes it."""

    def __init__(self, app: App, event: Mapping[str, Any], id: str, text: str) -> None:
        self._app = app
        self._event = event
        self._id = id
        self._text = text
        self._items = items_of(text)
        self._written: dict[tuple[str, bytes], Version] = {}
        self._made: dict[tuple[int, int], bytes] = {}
        self._fanout = app.fanout(event)
        self._waited = 0.0

    async def run(self) -> Answer:
        wait = _FIRST_WAIT
        for _ in range(_MOST_TRIES):
            row = await self._app.connections.get(self._id)
            if row is None:
                await self._app.management(self._event).end(self._id)
                return {"statusCode": 410}
            frozen = Frozen.from_text(row[0])
            if self._is_early(frozen) and self._waited < _TURN_SECONDS:
                self._waited += wait
                await asyncio.sleep(wait)
                wait = min(2 * wait, _LONGEST_WAIT)
                continue
            try:
                if await self._once(frozen, row[1]):
                    return OK
            except NotStored as error:
                await self._say_unsynced(str(error))
                return {"statusCode": 503}
            self._app.metrics.count("row_conflicts")
            await asyncio.sleep(random.random() * wait)
            wait = min(2 * wait, _LONGEST_WAIT)
        return {"statusCode": 503}

    def _is_early(self, frozen: Frozen) -> bool:
        """Whether what comes before it has not been taken (K4)."""
        state = frozen.stream
        here = (1, 0)
        if state is not None:
            here = (state.expected, 0 if state.current is None else state.current[1])
        first = next((item for item in self._items if _has_place(item)), None)
        return first is not None and _place_of(first) > here

    async def _once(self, frozen: Frozen, version: int) -> bool:
        """False: the row was written by somebody else meanwhile."""
        before = frozen.stream
        transfers = Transfers(self._app.connections, self._id, self._made)
        if before is not None:
            before = transfers.copy_of(before)
        received = await transfers.fetch(frozen, self._items)
        visit = Visit(
            self._id,
            self._app.hall,
            self._app.connections,
            self._app.copies,
            self._fanout,
            self._written,
            frozen.identity,
        )
        wire = Wire(stock=not frozen.extended)
        codec, session = await self._thaw(frozen, visit, wire, transfers, received)
        await session.receive(self._text)
        await visit.commit()
        self._say_again(frozen, codec, wire)
        self._end_what_is_over(frozen, codec, session, wire)
        if wire.closing is not None and codec.stream.stream is not None:
            # API Gateway closes with a code of its own: ours is told before.
            wire.texts += codec.encode(None, Closing(*wire.closing))  # type: ignore[arg-type]
        self._freeze(frozen, codec, session, visit)
        if frozen.stream is not None:
            kept = codec.stream.kept()
            data = bytearray() if kept is None else kept.data
            await transfers.store(before, frozen.stream, data)
        user = "" if frozen.identity is None else frozen.identity.user
        if not await self._app.connections.put(
            self._id, frozen.to_text(), version, user=user, connected=frozen.connected
        ):
            return False
        await self._finish(frozen, visit, wire, transfers)
        return True

    # -- from and to the row -----------------------------------------------------------------------

    async def _thaw(
        self,
        frozen: Frozen,
        visit: Visit,
        wire: Wire,
        transfers: Transfers,
        received: bytearray | None,
    ) -> tuple[TextFramesCodec, Session]:
        hall = self._app.hall
        if frozen.stream is None:
            codec = TextFramesCodec(hall.limits, transfers)
        else:
            codec = TextFramesCodec.resumed(
                hall.limits,
                transfers,
                frozen.stream,
                known=frozen.known,
                wanted=frozen.wanted,
                received=received,
            )
        opened = None
        if frozen.is_open and frozen.identity is not None:
            opened = Open(frozen.identity, codec, frozen.extended)
            says = any(isinstance(item, FramedMessage | Part) for item in self._items)
            for one in frozen.documents:
                place = await visit.restore(one, looks=says)
                place.unsynced = frozen.unsynced
                member = Member(
                    codec, wire, one.name, frozen.identity, Role(one.role), frozen.extended
                )
                member.number, member.retired = one.number, one.retired
                if one.client is not None:
                    place.presences.claim(one.client, member)
                opened.documents[one.name] = Joined(cast("Room", place), member)
        session = Session(
            hall,
            wire,
            Connection(self._id, frozen.document, frozen.address, frozen.origin),
            document=frozen.document,
            credentials=Credentials(),
            codec=codec,
            opened=opened,
        )
        visit.session = session
        hall.sessions.clear()
        return codec, session

    def _say_again(self, frozen: Frozen, codec: TextFramesCodec, wire: Wire) -> None:
        """Who says something again has not heard our answer, or not all of it."""
        stream = codec.stream
        state = frozen.stream
        repeated = state is not None and any(
            _has_place(item)
            and _place_of(item) < (state.expected, state.current[1] if state.current else 0)
            for item in self._items
        )
        if frozen.late or (repeated and stream.queued):
            stream.repeat()
            for text in stream.frames(flush=True):
                wire.send(text)

    def _end_what_is_over(
        self, frozen: Frozen, codec: TextFramesCodec, session: Session, wire: Wire
    ) -> None:
        opened = session.opened
        if opened is None:
            return
        expires = opened.identity.expires
        if expires is not None and expires <= clock.now():
            session.end(CloseCode.NOT_AUTHENTICATED, "the token has expired")
        elif not frozen.told_to_move and clock.now() - frozen.connected >= MOVE_SECONDS:
            frozen.told_to_move = True
            for text in codec.encode(None, Closing(CloseCode.GOING_AWAY, "take another connection")):
                wire.send(text)

    def _freeze(
        self, frozen: Frozen, codec: TextFramesCodec, session: Session, visit: Visit
    ) -> None:
        opened = session.opened
        frozen.stream = codec.stream.save() if codec.stream.stream is not None else None
        frozen.known, frozen.wanted = codec.known, list(codec.wanted)
        frozen.late = False
        if opened is None:
            return
        frozen.is_open, frozen.extended = True, opened.extended
        frozen.identity = opened.identity
        frozen.unsynced = False
        before = {one.stored: one for one in frozen.documents}
        frozen.documents = []
        for name, joined in opened.documents.items():
            place, member = cast("Place", joined.room), joined.member
            known = before.get(place.name)
            frozen.documents.append(
                FrozenJoined(
                    name,
                    place.name,
                    int(member.role),
                    place.version.epoch,
                    place.version.seq,
                    member.number,
                    member.awareness_client,
                    place.size,
                    member.retired,
                    known is not None and known.behind,
                )
            )

    # -- when the row is written -------------------------------------------------------------------

    async def _finish(
        self, frozen: Frozen, visit: Visit, wire: Wire, transfers: Transfers
    ) -> None:
        names = [one.stored for one in frozen.documents]
        is_there = await self._fanout.post(self._id, wire.texts, *names)
        if wire.closing is not None:
            await self._close(frozen, wire.closing[0])
            is_there = False
        for name, place in visit.places.items():
            if place.left and name not in names:
                await self._app.connections.leave_seat(name, self._id)
        if is_there:
            await self._show(frozen, visit)
        for place, message, extended_only in visit.later:
            await self._fanout.tell(
                place.name, None, [message], but=self._id, extended_only=extended_only
            )
        await transfers.tidy()
        if is_there:
            await self._catch_up(frozen, visit)

    async def _show(self, frozen: Frozen, visit: Visit) -> None:
        """Seats, as far as they are others now: new ones, and what is shown."""
        opened = None if visit.session is None else visit.session.opened
        for joined in () if opened is None else opened.documents.values():
            place = cast("Place", joined.room)
            shown = place.presences.shown(joined.member)
            known = next((one for one in place.seats if one.connection == self._id), None)
            before = None
            if known is not None and known.client is not None:
                before = known.client, known.clock, known.state
            if place.seats and shown != before and not joined.member.retired:
                await visit.take_seat(place.name, shown)

    async def _catch_up(self, frozen: Frozen, visit: Visit) -> None:
        """Whoever has just joined may have missed what came meanwhile; so has who was behind."""
        before = {one.stored for one in frozen.documents if one.behind}
        for one in frozen.documents:
            place = visit.places.get(one.stored)
            joined_now = place is not None and place.is_new
            if one.retired or not (joined_now or one.stored in before):
                continue
            if one.stored in before and frozen.is_full:
                continue
            try:
                version = await self._app.store.look(one.stored)
                await self._fanout.bring(self._id, one.stored, version)
            except StoreError as error:
                logger.warning("%s: not looked at again: %s", one.stored, error)

    async def _close(self, frozen: Frozen, code: int) -> None:
        self._app.metrics.count("closed", code=str(code))
        await self._app.management(self._event).end(self._id)
        await self._fanout.forget(self._id, [one.stored for one in frozen.documents])

    async def _say_unsynced(self, reason: str) -> None:
        """The store takes nothing: the client keeps what it has, and says it again."""
        self._app.metrics.count("unsynced")
        logger.error("not stored: %s", reason)
        try:
            row = await self._app.connections.get(self._id)
            if row is None:
                return
            frozen = Frozen.from_text(row[0])
            if frozen.unsynced or frozen.stream is None:
                return
            frozen.unsynced = True
            voice = Voice(self._id, frozen, self._app.hall.limits, self._app.connections)
            said = State("unsynced", "the store does not take changes; they wait with you")
            texts = []
            for one in frozen.documents:
                texts += await voice.say(one.name, [said])
            if await voice.save(row[1]):
                await self._fanout.post(self._id, texts)
        except StoreError as error:
            logger.error("nor can that be told: %s", error)


def _has_place(item: Item) -> bool:
    return isinstance(item, FramedMessage | Part)


def _place_of(item: Item) -> tuple[int, int]:
    if isinstance(item, Part):
        return item.number, item.offset
    assert isinstance(item, FramedMessage)
    return item.number, 0
