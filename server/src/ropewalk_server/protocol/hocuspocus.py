"""The messages of Hocuspocus' provider, version 4.

    message = string document, or document NUL session; varuint type; payload

    0 sync             varuint step, bytes             both ways
    1 awareness        bytes                           both ways
    2 auth             0, string token, string version from the client (or nothing behind the 0: the
                       server asks for it)
                       1, string reason                denied
                       2, string scope                 "read-write" or "readonly"
    3 query awareness                                  both ways
    4 sync reply       as 0, and is not answered       from the client
    5 stateless        string                          both ways
    6 broadcast        between servers only; ignored
    7 close            string reason                   both ways: this document, not the connection
    8 sync status      varuint 1 or 0                  to the client, for each step 1 and 2 of its
    own

A provider counts what it has sent and counts it down with each status of 1. It gets that one when
the change is durable, and not, as from Hocuspocus' own server, when it has been applied.

The providers of one connection may share a document; each then has a session of its own.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from typing import Any

from ropewalk import write_message, write_var_uint

from .codec import Unreadable
from .frames import read_bytes, read_number, read_text
from .link import Link
from .messages import (
    Ack,
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
    Step1,
    Step2,
    Unknown,
    Update,
    Welcome,
    plain,
)

SYNC, AWARENESS, AUTH, QUERY_AWARENESS, SYNC_REPLY = 0, 1, 2, 3, 4
STATELESS, BROADCAST, CLOSE, SYNC_STATUS = 5, 6, 7, 8
TOKEN, PERMISSION_DENIED, AUTHENTICATED = 0, 1, 2

_MAX_ADDRESS_BYTES = 1024 + 256
_MAX_SESSIONS = 16
_WRITERS = ("editor", "owner")
_SEEN_IN_AWARENESS = ("user-joined", "user-left")
_EMPTY_UPDATE = b"\x00\x00"
_STEPS = (Step1, Step2, Update)


@dataclass(slots=True)
class _Document:
    """What is remembered of a document of the connection."""

    sessions: list[str] = field(default_factory=list)  # whole addresses
    scope: str | None = None  # what the client may do; None: it has not been let in
    # Numbers of changes that are not durable, and who sent them.
    unsaved: deque[tuple[int, str]] = field(default_factory=deque)
    last_number: int = 0
    asked: bytes | None = None  # the state vector of our step 0
    asks_again: bool = False


class HocuspocusCodec:
    """The codec of one connection."""

    family: Hashable | None = None
    counts_on = False
    knows_epochs = False  # to its provider a hello is nothing but a token

    def __init__(self) -> None:
        self._documents: dict[str, _Document] = {}
        self._token: str | None = None
        self._link: Link | None = None

    def attach(self, link: Link) -> None:
        self._link = link

    # -- from the client -------------------------------------------------------------------------

    def decode(self, message: bytes | str) -> Sequence[tuple[str | None, Message]]:
        if isinstance(message, str):
            raise Unreadable("text, where a binary message was expected")
        address, at = read_text(message, 0, _MAX_ADDRESS_BYTES)
        kind, at = read_number(message, at)
        name = address.partition("\0")[0]
        if not name:
            raise Unreadable("a message about a document without a name")
        known = self._documents.get(name)
        if kind == AUTH:
            return self._decode_auth(name, address, message, at)
        if known is None or address not in known.sessions:
            # Said before the token, or after the end: of no document that this connection has.
            return ((name, Unknown(kind)),)
        return self._decode(name, known, address, kind, message, at)

    def _decode_auth(
        self, name: str, address: str, data: bytes, at: int
    ) -> Sequence[tuple[str | None, Message]]:
        kind, at = read_number(data, at)
        if kind != TOKEN:
            return ((name, Unknown(AUTH)),)
        token, at = read_text(data, at)
        document = self._documents.setdefault(name, _Document())
        is_new = address not in document.sessions
        if is_new:
            if len(document.sessions) >= _MAX_SESSIONS:
                raise Unreadable(f"more than {_MAX_SESSIONS} sessions of one document")
            document.sessions.append(address)
        said: list[tuple[str | None, Message]] = []
        if self._token is None:
            said.append((None, Hello(token=token)))
        elif token != self._token:
            said.append((None, Renew(token)))
        self._token = token
        if is_new and document.scope is not None:
            # The connection is in the document already, for another session.
            self._greet(address, document.scope, document.asked)
            said.append((name, QueryAwareness()))
        elif is_new:
            said.append((name, Hello()))
        return said

    def _greet(self, address: str, scope: str, asked: bytes | None) -> None:
        if self._link is not None:
            self._link.send(_authenticated(address, scope))
            if asked is not None:
                self._link.send(_to(address) + _sync(0, asked))

    def _decode(
        self, name: str, document: _Document, address: str, kind: int, data: bytes, at: int
    ) -> Sequence[tuple[str | None, Message]]:
        if kind in (SYNC, SYNC_REPLY):
            return self._decode_sync(name, document, address, data, at)
        if kind == AWARENESS:
            return ((name, Awareness(read_bytes(data, at)[0])),)
        if kind == QUERY_AWARENESS:
            return ((name, QueryAwareness()),)
        if kind == STATELESS:
            payload, _ = read_text(data, at)
            return ((name, Event({"type": "stateless", "payload": payload})),)
        if kind == CLOSE:
            document.sessions.remove(address)
            if document.sessions:
                return ()
            del self._documents[name]
            return ((name, Leave()),)
        return ((name, Unknown(kind)),)

    def _decode_sync(
        self, name: str, document: _Document, address: str, data: bytes, at: int
    ) -> Sequence[tuple[str | None, Message]]:
        step, at = read_number(data, at)
        if step >= len(_STEPS):
            return ((name, Unknown(SYNC)),)
        message = _STEPS[step](read_bytes(data, at)[0])
        if isinstance(message, Step1):
            document.asks_again = document.asked is not None
            return ((name, message),)
        if message.update == _EMPTY_UPDATE:  # the answer of those who have nothing to give
            if self._link is not None:
                self._link.send(_to(address) + bytes((SYNC_STATUS, 1)))
            return ()
        document.last_number += 1
        document.unsaved.append((document.last_number, address))
        return ((name, Numbered(document.last_number, message)),)

    # -- to the client ---------------------------------------------------------------------------

    def encode(self, document: str | None, message: Message) -> Sequence[bytes | str]:
        if document is None:
            if not isinstance(message, Denied):
                return ()
            return [data for name in self._documents for data in self.encode(name, message)]
        known = self._documents.get(document)
        if known is None:
            return ()
        message = plain(message)
        if isinstance(message, Welcome):
            return self._encode_welcome(known, message.fields)
        if isinstance(message, Ack):
            return self._encode_ack(known, message.number)
        if isinstance(message, Refusal):
            return self._encode_refusal(known, message.number)
        payload = _payload(message)
        if payload is None:
            return ()
        payloads = [payload]
        if isinstance(message, Step1):
            known.asked = message.state
        if isinstance(message, Step2) and known.asks_again and known.asked is not None:
            # A provider that synchronises again waits for a status, and for our question before.
            known.asks_again = False
            payloads.append(_sync(0, known.asked))
        return [_to(address) + data for data in payloads for address in known.sessions]

    def _encode_welcome(self, document: _Document, fields: dict[str, Any]) -> Sequence[bytes | str]:
        scope = "read-write" if fields.get("role") in _WRITERS else "readonly"
        if scope == document.scope:
            return ()
        document.scope = scope
        return [_authenticated(address, scope) for address in document.sessions]

    def _encode_ack(self, document: _Document, upto: int) -> Sequence[bytes | str]:
        statuses = []
        while document.unsaved and document.unsaved[0][0] <= upto:
            statuses.append(_to(document.unsaved.popleft()[1]) + bytes((SYNC_STATUS, 1)))
        return statuses

    def _encode_refusal(self, document: _Document, refused: int) -> Sequence[bytes | str]:
        for entry in document.unsaved:
            if entry[0] == refused:
                document.unsaved.remove(entry)
                return [_to(entry[1]) + bytes((SYNC_STATUS, 0))]
        return ()


def _payload(message: Message) -> bytes | None:
    """What follows the address; None for what this protocol has no words for."""
    if isinstance(message, _STEPS):
        step = _STEPS.index(type(message))
        return _sync(step, message.state if isinstance(message, Step1) else message.update)
    if isinstance(message, Awareness):
        return bytes((AWARENESS,)) + write_message(message.update)
    if isinstance(message, QueryAwareness):
        return bytes((QUERY_AWARENESS,))
    if isinstance(message, Denied):
        return bytes((AUTH, PERMISSION_DENIED)) + write_message(message.reason.encode())
    if isinstance(message, Event) and message.fields.get("type") not in _SEEN_IN_AWARENESS:
        return bytes((STATELESS,)) + write_message(_stateless(message.fields).encode())
    return None


def _stateless(fields: dict[str, Any]) -> str:
    """A stateless message as it was sent by another provider; any other event as JSON."""
    from json import dumps

    payload = fields.get("payload")
    if fields.get("type") == "stateless" and isinstance(payload, str):
        return payload
    return dumps(fields, ensure_ascii=False, separators=(",", ":"))


def _sync(step: int, data: bytes) -> bytes:
    return b"".join((bytes((SYNC, step)), write_var_uint(len(data)), data))


def _authenticated(address: str, scope: str) -> bytes:
    return _to(address) + bytes((AUTH, AUTHENTICATED)) + write_message(scope.encode())


def _to(address: str) -> bytes:
    return write_message(address.encode())


def begins_hocuspocus(first: bytes) -> bool:
    """Whether this is the first message of a Hocuspocus provider: a name, and a token, to the last
    byte. No message of y-websocket or of ours is that: as a name it would begin with a control
    character, or be cut."""
    try:
        name, at = read_text(first, 0, _MAX_ADDRESS_BYTES)
        if not name or name[0] < " " or first[at : at + 2] != bytes((AUTH, TOKEN)):
            return False
        _, at = read_text(first, at + 2)
        if at < len(first):
            _, at = read_text(first, at)
    except Unreadable:
        return False
    return at == len(first)
