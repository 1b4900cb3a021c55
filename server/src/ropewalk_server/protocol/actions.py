"""The dialect of envelopes with `action`: operations on the characters of one text a document."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from ropewalk import DecodeError, Decoder

from ..limits import Limits
from .codec import Unreadable
from .fields import data, encoded, optional, text
from .frames import parse_object
from .messages import (
    Ack,
    Awareness,
    Denied,
    Epoch,
    Event,
    Hello,
    Message,
    Numbered,
    Refusal,
    State,
    Step1,
    Step2,
    Unknown,
    Update,
    Welcome,
    plain,
)
from .text_ops import BadOperation, TextMirror

DEFAULT_ROOT = "text"
MAX_OPERATIONS = 500
# Of a document, as an update, and of all updates since: each connection has a replica of its own.
MAX_DOCUMENT_BYTES = 1024 * 1024
# Telling all ids of a text takes about 5 microseconds for each character.
MAX_CHARACTERS = 20_000
MAX_UPDATES_BYTES = 8 * 1024 * 1024
JOINS = 10
_NOTHING = b"\x00"  # the state vector of an empty document

Fields = dict[str, Any]


@dataclass(slots=True)
class _Document:
    mirror: TextMirror
    joining: bytes | None = None  # the state vector that JOIN_DOC has named
    welcome: Fields = field(default_factory=dict)
    size: int = 0  # of what the mirror was given
    number: int = 0
    unsaved: deque[tuple[int, str]] = field(default_factory=deque)
    spoiled: bool = False  # the mirror is not the document any more


class Actions:
    """What one connection says and is told in this dialect."""

    def __init__(
        self, limits: Limits, send: Callable[[Fields], None], now: Callable[[], float]
    ) -> None:
        self._limits = limits
        self._send = send
        self._now = now
        self._joins = float(JOINS)
        self._joined_at = now()
        self._documents: dict[str | None, _Document] = {}

    # -- from the client -------------------------------------------------------------------------

    def decode(self, fields: Fields) -> Sequence[tuple[str | None, Message]]:
        action = text(fields, "action")
        document = optional(fields, "docId", str)
        if action == "JOIN_DOC":
            return self._join(document, fields)
        if action not in ("SEND_OP", "SYNC_STATE"):
            self._error(document, "unknown-action", f"{action!r} is no action that is known here")
            return ((document, Unknown(-1)),)
        known = self._documents.get(document)
        if known is None or known.joining is not None or known.spoiled:
            self._error(document, "not-joined", "JOIN_DOC comes first")
            return ()
        if action == "SYNC_STATE":
            return ((document, Step1(data(fields, "stateVector"))),)
        return self._operations(document, known, fields)

    def _join(self, document: str | None, fields: Fields) -> Sequence[tuple[str | None, Message]]:
        if not self._may_join():
            self._error(document, "too-soon", "JOIN_DOC may be said once a second")
            return ()
        root = optional(fields, "root", str) or DEFAULT_ROOT
        state = data(fields, "stateVector") if "stateVector" in fields else _NOTHING
        mirror = TextMirror(root, self._limits.for_documents())
        self._documents[document] = _Document(mirror, joining=state)
        hello = Hello(token=optional(fields, "token", str), ticket=optional(fields, "ticket", str))
        return ((document, hello), (document, Step1(_NOTHING)))

    def _may_join(self) -> bool:
        """Each join costs a while of the server's time: some at once, then one a second."""
        now = self._now()
        self._joins = min(float(JOINS), self._joins + now - self._joined_at)
        self._joined_at = now
        if self._joins < 1.0:
            return False
        self._joins -= 1.0
        return True

    def _operations(
        self, document: str | None, known: _Document, fields: Fields
    ) -> Sequence[tuple[str | None, Message]]:
        operations = fields["ops"] if "ops" in fields else [fields.get("op")]
        if not isinstance(operations, list) or not operations:
            raise Unreadable("'ops' is a list of operations")
        if len(operations) > MAX_OPERATIONS:
            raise Unreadable(f"{len(operations)} operations in a message; {MAX_OPERATIONS} may be")
        said: list[tuple[str | None, Message]] = []
        for operation in operations:
            name = operation.get("id") if isinstance(operation, dict) else None
            try:
                update = known.mirror.update_of(operation)
            except BadOperation as bad:
                self._error(document, bad.code, bad.reason, id=name)
                continue
            known.number += 1
            known.unsaved.append((known.number, str(name)))
            said.append((document, Numbered(known.number, Update(update))))
        return said

    def _error(self, document: str | None, code: str, message: str, **more: Any) -> None:
        self._send(_about(document, "ERROR", code=code, message=message, **more))

    # -- to the client ---------------------------------------------------------------------------

    def encode(self, document: str | None, message: Message) -> Sequence[Fields]:
        known = self._documents.get(document)
        if isinstance(message, Denied):
            return [_about(document, "ERROR", code="denied", message=message.reason)]
        if known is None:
            return ()
        message = plain(message)
        if isinstance(message, Welcome):
            known.welcome = message.fields
            return ()
        if isinstance(message, Step2):
            return self._state(document, known, message)
        if isinstance(message, Update):
            known.size += len(message.update)
            if known.spoiled or known.size > MAX_UPDATES_BYTES:
                return self._too_much(document, known)
            operations = known.mirror.apply(message.update)
            if operations is None:
                known.spoiled = True
                reason = "more was changed at once than is told in operations; JOIN_DOC again"
                return [_about(document, "ERROR", code="resync", message=reason)]
            return [_about(document, "OPS", ops=operations)] if operations else ()
        if isinstance(message, Ack):
            return self._acknowledged(document, known, message.number)
        if isinstance(message, Refusal):
            known.spoiled = True
            name = next((name for number, name in known.unsaved if number == message.number), None)
            return [_about(document, "ERROR", code=message.code, message=message.reason, id=name)]
        return _other(document, message)

    def _too_much(self, document: str | None, known: _Document) -> Sequence[Fields]:
        """The replica is given up; the client is told so once."""
        if known.spoiled:
            return ()
        known.spoiled = True
        known.mirror = TextMirror(DEFAULT_ROOT, self._limits.for_documents())
        reason = "the document is too large for operations as JSON; binary messages take it"
        return [_about(document, "ERROR", code="too-large", message=reason)]

    def _state(self, document: str | None, known: _Document, answer: Step2) -> Sequence[Fields]:
        if len(answer.update) > MAX_DOCUMENT_BYTES:
            return self._too_much(document, known)
        known.mirror.apply(answer.update)
        if known.joining is None:
            update = encoded(answer.update)
            return [_about(document, "SYNC_STATE", update=update)]
        if known.mirror.length > MAX_CHARACTERS:
            return self._too_much(document, known)
        state, known.joining = known.joining, None
        try:
            update = encoded(known.mirror.diff(state))
        except ValueError as error:
            return [_about(document, "ERROR", code="invalid", message=str(error))]
        who = {name: known.welcome[name] for name in ("user", "role") if name in known.welcome}
        return [_about(document, "JOIN_DOC", **who, update=update, **known.mirror.state())]

    def _acknowledged(self, document: str | None, known: _Document, upto: int) -> list[Fields]:
        told = []
        while known.unsaved and known.unsaved[0][0] <= upto:
            number, name = known.unsaved.popleft()
            told.append(_about(document, "ACK", id=name, seq=number))
        return told


def _other(document: str | None, message: Message) -> Sequence[Fields]:
    if isinstance(message, Awareness):
        return [_about(document, "PRESENCE", users=_users(message.update))]
    if isinstance(message, Event):
        return [_about(document, "EVENT", event=message.fields)]
    if isinstance(message, State):
        return [_about(document, "STATE", state=message.state, message=message.reason)]
    if isinstance(message, Epoch):
        return [_about(document, "ERROR", code="epoch", message="the document was replaced")]
    return ()


def _users(update: bytes) -> list[Fields]:
    """The states of an awareness update; null: that one has gone."""
    decoder = Decoder(update)
    users = []
    try:
        for _ in range(decoder.read_var_uint()):
            client, _clock = decoder.read_var_uint(), decoder.read_var_uint()
            state = decoder.read_var_string()
            users.append(
                {"client": client, "state": None if state == "null" else parse_object(state)}
            )
    except (DecodeError, Unreadable):
        return users
    return users


def _about(document: str | None, action: str, **fields: Any) -> Fields:
    made: Fields = {"action": action}
    if document is not None:
        made["docId"] = document
    return {**made, **fields}
