"""A document over a connection: what was said about it, and what is to be said next. No IO.

offline --opened--> asks (hello, step 0) --step 1--> answered --outbox empty--> synced
   ^                  |                 ^                                         |
   |                epoch               +--acknowledged, nothing new: a new Doc   |
   |                  v                 |                                         |
   |                moves (what its epoch had not) --acknowledged, something new: again
   +------------------------------ cut, from anywhere ----------------------------+
"""

from __future__ import annotations

import asyncio
import logging
from base64 import b64decode
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from secrets import token_bytes
from typing import Any, Protocol

from .._awareness import Awareness
from .._core import DecodeError
from .._doc import Doc
from .._update import inspect_update, merge_updates
from .._wire import decode_state_vector, encode_state_vector
from . import _messages as messages
from ._messages import Incoming
from ._outbox import Outbox
from ._snapshot import FetchedSnapshot
from ._states import ChangeRefused, ClientError, Closed, Forbidden, State

logger = logging.getLogger(__name__)

# A message of more than this may be worth going on with after a cut.
_WORTH_RESUMING = 24_000

# The first change is sent at once, what follows within so many seconds in one: servers bound how many
# messages a second they take from a client. The same for presence.
_PACE = 0.02
_PRESENCE_PACE = 0.1

# Of a document without anything in it.
NO_STATE = b"\x00"
_EMPTY_UPDATE = b"\x00\x00"


class Carrier(Protocol):
    """The connection, as a document sees it."""

    resumes: bool  # whether long messages can go on over the next connection

    def post(self, message: bytes) -> None: ...

    def post_resumable(self, message: bytes, source: bytes, *, again: bool) -> None: ...

    def has_left(self, document: SharedDocument) -> None: ...


@dataclass
class _Move:
    """The document is in another epoch: what was written into this copy goes there first."""

    epoch: int  # of the server
    had: bytes  # state vector of what the epoch of this copy had when it ended
    number: int = 0  # of the message that brings it


@dataclass
class _Upload:
    """A long message that was begun, and what is in it."""

    message: bytes
    source: bytes
    number: int
    last: int
    clocks: dict[int, int]


class SharedDocument:
    """A document that is kept in step; Connection.join() makes them.

    `doc` is another one after the server's was replaced: its old content stays in the old one, and
    `on_replaced` is called with that and with the changes that could not be brought along, which
    after a renumbering are none. `renew` makes the new one, of the old one.
    """

    def __init__(
        self,
        carrier: Carrier,
        name: str,
        doc: Doc[Any],
        *,
        awareness: Awareness | None = None,
        outbox: Outbox | None = None,
    ) -> None:
        self.name = name
        self.role: str | None = None
        self.error: ClientError | None = None
        self.refused: ChangeRefused | None = None
        self.on_state: Callable[[State], object] | None = None
        self.on_event: Callable[[dict[str, Any]], object] | None = None
        self.on_replaced: Callable[[Doc[Any], list[bytes]], object] | None = None
        self.renew: Callable[[Doc[Any]], Doc[Any]] = _new_doc
        self._carrier = carrier
        self._outbox = Outbox() if outbox is None else outbox
        self._waiters: list[asyncio.Future[None]] = []
        self._told = State.OFFLINE
        self._open = False
        self._in_step = False  # the server has answered our step 0
        self._asked = False  # it has said its own: changes may be sent
        self._given: tuple[bytes, bytes] | None = None  # what it said, and an incomplete answer
        self._server_stores = True
        self._number = 0
        self._sent = self._outbox.first - 1  # the last entry that is on its way
        self._numbers: deque[tuple[int, int]] = deque()  # message, the last entry in it
        self._flushing = False
        self._flushed_at = -_PACE
        self._showing = False
        self._shown_at = -_PRESENCE_PACE
        self._upload: _Upload | None = None
        self._move: _Move | None = None
        self._watch(doc, awareness)
        for update in list(self._outbox):
            if update:
                doc.apply_update(update, origin=self)
        if not len(self._outbox) and doc.get_state() != NO_STATE:
            self._outbox.add(b"")  # whatever is in the document may be new to the server

    def begin_with(self, found: FetchedSnapshot) -> None:
        """Before the first connection. If changes of an older epoch wait here, the server is told of
        them first."""
        if self._outbox.epoch not in (None, found.epoch):
            return
        try:
            self.doc.apply_update(found.update, origin=self)
        except DecodeError as error:
            logger.warning("%s: all comes through the connection: %s", self.name, error)
        else:
            self._outbox.welcome(found.epoch)

    def _watch(self, doc: Doc[Any], awareness: Awareness | None) -> None:
        self.doc = doc
        loop = asyncio.get_running_loop()
        self.awareness = awareness or Awareness(doc, timestamp=lambda: int(loop.time() * 1000))
        self._changes = doc.observe(self._changed)
        self._presence = self.awareness.observe(self._presence_changed)

    def _unwatch(self) -> None:
        self._changes.drop()
        self.awareness.unobserve(self._presence)

    # -- for whoever uses it -----------------------------------------------------------------------

    @property
    def state(self) -> State:
        if not self._open:
            return State.OFFLINE
        if not self._server_stores or self.refused is not None:
            return State.UNSYNCED
        return State.SYNCED if self._in_step and not len(self._outbox) else State.SYNCING

    @property
    def unsaved(self) -> int:
        """How many changes are not known to be durable."""
        return len(self._outbox)

    async def synced(self) -> None:
        """Waits until all is here and all that was written here is durable."""
        await self._until(lambda: self.state is State.SYNCED)

    async def durable(self) -> None:
        """Waits until the server has stored all that was written here before this call.

        Waits as long as there is no connection. Raises ChangeRefused if it will never be stored.
        """
        last = self._outbox.last
        await self._until(lambda: self._outbox.first > last)

    def send_event(self, fields: dict[str, Any]) -> None:
        """Tells the others something that is no part of the document: `{"type": "comment", …}`. It
        is lost if there is no connection."""
        if self._open:
            self._post(messages.with_json(messages.EVENT, fields))

    async def leave(self) -> None:
        """Done with it. What was not stored stays in the outbox, if that is a file."""
        if self.error is None:
            self.awareness.set_local_state(None)
            self._fail(Closed(f"{self.name!r} was left"))

    async def _until(self, holds: Callable[[], bool]) -> None:
        while True:
            if self.refused is not None:
                raise self.refused
            if holds():
                return
            if self.error is not None:
                raise self.error
            waiter = asyncio.get_running_loop().create_future()
            self._waiters.append(waiter)
            await waiter

    def _wake(self) -> None:
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)
        if self._told is not self.state:
            self._told = self.state
            if self.on_state is not None:
                self.on_state(self._told)

    def _post(self, message: bytes) -> None:
        self._carrier.post(messages.about(self.name, message))

    # -- the connection comes and goes -------------------------------------------------------------

    def opened(self, *, ask: bool = True) -> None:
        """There is a connection, and a hello was said. `ask`: say step 0 at once."""
        self._open = True
        self._in_step = self._asked = False
        self._given = None
        self._move = None
        self._numbers.clear()
        self._sent = self._outbox.first - 1
        if not self._carrier.resumes:
            self._number, self._upload = 0, None
        hello: dict[str, Any] = {"v": 1}
        if self._outbox.epoch is not None:
            hello["epoch"] = self._outbox.epoch
        self._post(messages.with_json(messages.HELLO, hello))
        if self._upload is not None:
            upload = self._upload
            self._carrier.post_resumable(upload.message, upload.source, again=True)
            self._numbers.append((upload.number, upload.last))
            self._sent = upload.last
        if ask:
            self.ask()
        # With a greater clock: others ignore the one that they have dropped.
        state = self.awareness.get_local_state()
        if state:
            self.awareness.set_local_state(state)
        self._wake()

    def ask(self) -> None:
        """Says step 0: what is here."""
        if self._open:
            self._post(messages.sync(messages.STEP1, self.doc.get_state()))

    def cut(self) -> None:
        """The connection is gone."""
        self._open = False
        self._server_stores = True
        others = [id for id in self.awareness.states if id != self.awareness.client_id]
        self.awareness.remove_awareness_states(others, self)
        self._wake()

    def _fail(self, error: ClientError) -> None:
        """It ends, for good."""
        if self.error is not None:
            return
        self.error = error
        self._open = False
        self._unwatch()
        self._outbox.close()
        self._wake()
        self._carrier.has_left(self)

    def fail(self, error: ClientError) -> None:
        """The connection has ended for good."""
        self._fail(error)

    # -- what happens here -------------------------------------------------------------------------

    def _changed(self, event: Any) -> None:
        if event.transaction.origin is self:
            return
        self._outbox.add(event.update)
        if self._open and self._asked and not self._flushing:
            self._flushing = True
            _at(self._flushed_at + _PACE, self._flush)
        self._wake()

    def _flush(self) -> None:
        """Sends what was written since, as one change."""
        self._flushing = False
        self._flushed_at = asyncio.get_running_loop().time()
        if not (self._open and self._asked) or self._sent >= self._outbox.last:
            return
        unsent = list(self._outbox)[self._sent - self._outbox.last :]
        update = unsent[0] if len(unsent) == 1 else merge_updates(*unsent)
        self._send(messages.UPDATE, update)

    def _send(self, step: int, update: bytes) -> None:
        """A change with all that is in the outbox and was not sent."""
        self._number += 1
        self._sent = self._outbox.last
        self._numbers.append((self._number, self._sent))
        inner = messages.numbered(self._number, messages.sync(step, update))
        message = messages.about(self.name, inner)
        if self._carrier.resumes and self._upload is None and len(message) > _WORTH_RESUMING:
            clocks = {c: end for c, (_, end) in inspect_update(update)["clients"].items()}
            source = token_bytes(16)
            self._upload = _Upload(message, source, self._number, self._sent, clocks)
            self._carrier.post_resumable(message, source, again=False)
        else:
            self._carrier.post(message)

    def _presence_changed(self, topic: str, what: tuple[dict[str, Any], Any]) -> None:
        changes, origin = what
        own = self.awareness.client_id
        if topic != "update" or origin is self or not self._open:
            return
        if own in changes["removed"]:
            self._show()  # for the last time, perhaps
        elif own in changes["added"] + changes["updated"] and not self._showing:
            self._showing = True
            _at(self._shown_at + _PRESENCE_PACE, self._show)

    def _show(self) -> None:
        """Tells the others the own state, as it is now."""
        self._showing = False
        self._shown_at = asyncio.get_running_loop().time()
        if self._open:
            own = [self.awareness.client_id]
            self._post(messages.awareness(self.awareness.encode_awareness_update(own)))

    # -- what the server says ----------------------------------------------------------------------

    def take(self, message: Incoming) -> None:
        """A message about this document. DecodeError, if it cannot be read."""
        if message.kind == messages.SYNC:
            self._take_sync(message)
        elif message.kind == messages.ACK:
            self._settle(message.number)
        elif message.kind == messages.REFUSED:
            fields = message.fields or {}
            code = str(fields.get("code", ""))
            if self._move is not None:
                self._move_refused(code, message)
            elif code != "epoch":  # that is told by a message of its own
                self.refused = ChangeRefused(code, str(fields.get("message", "")))
                self._settle(message.number)
        elif message.kind == messages.AWARENESS:
            self.awareness.apply_awareness_update(message.data, self)
        elif message.kind == messages.QUERY_AWARENESS:
            self._show()
        elif message.kind == messages.AUTH:
            self._fail(Forbidden(message.text))
        elif message.fields is not None:
            self._take_fields(message.kind, message.fields)
        self._wake()

    def _take_fields(self, kind: int, fields: dict[str, Any]) -> None:
        if kind == messages.WELCOME:
            self.role = fields.get("role")
            if isinstance(fields.get("epoch"), int):
                self._outbox.welcome(fields["epoch"])
        elif kind == messages.STATE:
            self._server_stores = fields.get("state") != "unsynced"
        elif kind == messages.EVENT and self.on_event is not None:
            self.on_event(fields)
        elif kind == messages.EPOCH and isinstance(fields.get("epoch"), int):
            had = fields.get("had")
            if isinstance(had, str) and self._outbox.epoch is not None:
                self._begin_move(fields["epoch"], b64decode(had))
            else:
                self._replace(fields["epoch"])

    def _take_sync(self, message: Incoming) -> None:
        if self._move is not None:
            return  # of before it was told that the epoch is over
        if message.step == messages.STEP1:
            self._answer(message.data)
        elif message.step in (messages.STEP2, messages.UPDATE):
            if message.data != _EMPTY_UPDATE:
                self.doc.apply_update(message.data, origin=self)
            if message.step == messages.STEP2:
                self._in_step = True
            if self.doc.has_pending:
                # Something before it is lacking: it is asked for, and hidden until it comes.
                self._post(messages.sync(messages.STEP1, self.doc.get_missing()))
            elif self._given is not None:
                self._answer_late(*self._given)

    def _answer(self, state: bytes) -> None:
        """The server says what it has stored: it gets all the rest. What waits here was written by
        others, upon what is lacking: they bring both, and one without the other would be a hole in
        what is stored. If it comes here first, the answer is given once more."""
        if self._upload is not None:
            clocks = decode_state_vector(state)
            for client, clock in self._upload.clocks.items():
                clocks[client] = max(clock, clocks.get(client, 0))
            state = encode_state_vector(clocks)
        self._asked = True
        # What the document had before it came here may be all there is of it, whatever it waits for.
        is_held_back = self.doc.has_pending and b"" not in self._outbox
        update = self.doc.get_update(state, pending=not is_held_back)
        self._given = None
        if is_held_back:
            update = merge_updates(update, *self._outbox)
            self._given = state, update
        if len(self._outbox) or update != _EMPTY_UPDATE:
            self._send(messages.STEP2, update)

    def _answer_late(self, state: bytes, given: bytes) -> None:
        """What it waited for has come: the answer with what was held back, if anything was."""
        self._given = None
        update = self.doc.get_update(state)
        if merge_updates(given, update) != merge_updates(given):
            self._send(messages.STEP2, update)

    def _settle(self, number: int) -> None:
        while self._numbers and self._numbers[0][0] <= number:
            self._outbox.drop_through(self._numbers.popleft()[1])
        if self._upload is not None and self._upload.number <= number:
            self._upload = None
        if self._move is not None and number >= self._move.number:
            self._bring()  # what was written since, or nothing

    # -- into another epoch ------------------------------------------------------------------------

    def _begin_move(self, epoch: int, had: bytes) -> None:
        """Nothing is taken of this copy until what it has of its own is stored there."""
        self._upload = self._given = None
        self._asked = False
        self._move = _Move(epoch, had)
        self._numbers.clear()
        self._bring()

    def _bring(self) -> None:
        """Sends all that this copy has and its epoch had not; if there is nothing left, the copy is
        given up. Sent twice it is there once, so it is all of it each time."""
        assert self._move is not None and self._outbox.epoch is not None
        # What waits builds on what the old epoch never had: whoever wrote that brings it.
        beyond = self.doc.get_update(self._move.had, pending=False)
        update = merge_updates(beyond, *filter(None, self._outbox))
        brought = self._move.number > 0
        if not len(self._outbox) and (brought or not inspect_update(update)["clients"]):
            self._replace(self._move.epoch)
            return
        self._number += 1
        self._move.number, self._sent = self._number, self._outbox.last
        self._numbers.append((self._number, self._sent))
        inner = messages.translate(self._outbox.epoch, update)
        self._post(messages.numbered(self._number, inner))

    def _move_refused(self, code: str, message: Incoming) -> None:
        assert self._move is not None
        if code == "epoch":
            self.opened()  # it was replaced once more: the new way is asked for
        elif message.number == self._move.number:
            if len(self._outbox):
                reason = str((message.fields or {}).get("message", ""))
                self.refused = ChangeRefused(code, reason)
            self._replace(self._move.epoch)

    def _replace(self, epoch: int) -> None:
        old = self.doc
        self._unwatch()
        lost = self._outbox.set_aside(epoch)
        state = self.awareness.get_local_state()
        self._watch(self.renew(old), None)
        self._upload = self._given = self._move = None
        if state:
            self.awareness.set_local_state(state)
        if self.on_replaced is not None:
            self.on_replaced(old, lost)
        self.opened()


def _new_doc(old: Doc[Any]) -> Doc[Any]:
    """An empty one with the settings of the old one, and a client id of its own."""
    return Doc(guid=old.guid, offsets=old.offsets, skip_gc=old.skip_gc)


def _at(moment: float, action: Callable[[], None]) -> None:
    """Does it then, or as soon as this turn of the loop is over."""
    loop = asyncio.get_running_loop()
    if moment <= loop.time():
        loop.call_soon(action)
    else:
        loop.call_at(moment, action)


__all__ = ["Carrier", "DecodeError", "SharedDocument"]
