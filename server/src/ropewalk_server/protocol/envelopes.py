"""Messages as JSON, for clients that have no binary ones: two dialects, told by the first member.

With `type` (bytes in base64; `doc` names the document where the URL does not):

    {"type": "hello", "token"?, "ticket"?, "epoch"?}      {"type": "renew", "token"}
    {"type": "sync", "step": "step1" | "step2" | "update", "data", "n"?}
    {"type": "sync", "step": "translate", "epoch", "data", "n"}
    {"type": "awareness", "data"}    {"type": "query-awareness"}    {"type": "leave"}
    {"type": "comment", ...}         {"type": "user-joined" | "user-left", "user"}
    {"type": "welcome", ...}  "ack" {"n"}  "refused" {"n", "code", "message"}  "denied" {"reason"}
    "epoch" {"epoch", "had"?}  "state" {"state", "message"}  "warning" {"message"}

With `action` (`docId` names the document; operations are those of text_ops.py):

    {"action": "JOIN_DOC", "docId", "token"?, "stateVector"?, "root"?}
        is answered by the same with "text", "runs" (the ids of the characters) and "update"
    {"action": "SEND_OP", "docId", "op" or "ops"}
        is answered, for each when it is durable, by {"action": "ACK", "id", "seq"}, or by ERROR;
        the operations of others come as {"action": "OPS", "ops"}
    {"action": "SYNC_STATE", "docId", "stateVector"}
        is answered by the same with "update"
    {"action": "PRESENCE", "users"}, {"action": "EVENT", "event"}, {"action": "ERROR", "code",
    "message"}

A type or an action that is not known is answered by a warning, counted, and changes nothing.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Hashable, Sequence
from typing import Any

from ..limits import Limits
from .link import Link
from .actions import Actions
from .codec import Unreadable
from .fields import data, encoded, optional, text
from .frames import epoch_fields, parse_object
from .messages import (
    Ack,
    Awareness,
    Denied,
    Epoch,
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
    Welcome,
    plain,
)

# What stands in for a step where a change of an older epoch is brought.
_TRANSLATE = "translate"
_STEPS: dict[str, type[Step1 | Step2 | Update]] = {
    "step1": Step1,
    "step2": Step2,
    "update": Update,
}


class EnvelopeCodec:
    """The codec of one connection."""

    family: Hashable | None = None
    counts_on = False
    knows_epochs = True

    def __init__(self, limits: Limits, now: Callable[[], float] | None = None) -> None:
        """`now`: the time in seconds; that of the running loop, if none is given."""
        self._limits = limits
        self._now = now
        self._link: Link | None = None
        self._actions: Actions | None = None

    def attach(self, link: Link) -> None:
        self._link = link

    def decode(self, message: bytes | str) -> Sequence[tuple[str | None, Message]]:
        if isinstance(message, bytes):
            raise Unreadable("a binary message among JSON")
        fields = parse_object(message)
        if "action" in fields:
            if self._actions is None:
                self._actions = Actions(
                    self._limits, self._send, self._now or asyncio.get_running_loop().time
                )
            return self._actions.decode(fields)
        kind = text(fields, "type")
        document = optional(fields, "doc", str)
        if kind == "sync":
            return ((document, _read_sync(fields)),)
        if kind == "awareness":
            return ((document, Awareness(data(fields, "data"))),)
        if kind == "comment":
            return ((document, Event({k: v for k, v in fields.items() if k != "doc"})),)
        if kind == "query-awareness":
            return ((document, QueryAwareness()),)
        if kind == "leave":
            return ((document, Leave()),)
        if kind == "renew":
            return ((None, Renew(text(fields, "token"))),)
        if kind == "hello":
            hello = Hello(
                token=optional(fields, "token", str),
                ticket=optional(fields, "ticket", str),
                epoch=optional(fields, "epoch", int),
            )
            return ((document, hello),)
        self._send({"type": "warning", "message": f"messages of type {kind!r} are not known"})
        return ((document, Unknown(-1)),)

    def encode(self, document: str | None, message: Message) -> Sequence[bytes | str]:
        if self._actions is not None:
            return [_json(fields) for fields in self._actions.encode(document, message)]
        fields = _fields(plain(message))
        if fields is None:
            return ()
        return [_json(fields if document is None else {**fields, "doc": document})]

    def _send(self, fields: dict[str, Any]) -> None:
        if self._link is not None:
            self._link.send(_json(fields))


def _read_sync(fields: dict[str, Any]) -> Message:
    step = text(fields, "step")
    number = optional(fields, "n", int)
    if step == _TRANSLATE:
        epoch = optional(fields, "epoch", int)
        if number is None or epoch is None:
            raise Unreadable("'translate' has 'n' and 'epoch'")
        return Numbered(number, Translate(epoch, data(fields, "data")))
    made = _STEPS.get(step)
    if made is None:
        raise Unreadable(f"'step' is {step!r}; step1, step2, update and translate are known")
    message = made(data(fields, "data"))
    return message if number is None else Numbered(number, message)


def _fields(message: Message) -> dict[str, Any] | None:
    if isinstance(message, Step1):
        return {"type": "sync", "step": "step1", "data": encoded(message.state)}
    if isinstance(message, (Step2, Update)):
        step = "step2" if isinstance(message, Step2) else "update"
        return {"type": "sync", "step": step, "data": encoded(message.update)}
    if isinstance(message, Awareness):
        return {"type": "awareness", "data": encoded(message.update)}
    if isinstance(message, Event):
        return message.fields
    if isinstance(message, Welcome):
        return {"type": "welcome", **message.fields}
    if isinstance(message, Ack):
        return {"type": "ack", "n": message.number}
    if isinstance(message, Refusal):
        return {
            "type": "refused",
            "n": message.number,
            "code": message.code,
            "message": message.reason,
        }
    if isinstance(message, Denied):
        return {"type": "denied", "reason": message.reason}
    if isinstance(message, Epoch):
        return {"type": "epoch", **epoch_fields(message)}
    if isinstance(message, State):
        return {"type": "state", "state": message.state, "message": message.reason}
    if isinstance(message, QueryAwareness):
        return {"type": "query-awareness"}
    return None


def _json(fields: dict[str, Any]) -> str:
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":"))
