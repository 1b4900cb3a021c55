"""The binary messages of docs/formats/sync-protocol.md: bytes to plain values and back. No IO.

What is read comes from others: whatever it is, the answer is a value or Unreadable. Every length is
checked against what is left before anything is copied.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Callable, Hashable, Sequence
from typing import TYPE_CHECKING, Any

from ropewalk import write_message, write_var_uint

from .codec import Unreadable
from .messages import (
    Ack,
    Awareness,
    Closing,
    Denied,
    Epoch,
    Event,
    Hello,
    MadeStep2,
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
)

if TYPE_CHECKING:
    from .link import Link

SYNC, AWARENESS, AUTH, QUERY_AWARENESS = 0, 1, 2, 3
CLOSING, TRANSLATE, EVENT, STATE, HELLO, WELCOME, NUMBERED = 116, 117, 118, 119, 120, 121, 122
ACK, REFUSED, EPOCH, DOCUMENT, RENEW = 123, 124, 125, 126, 127

_STEPS = (Step1, Step2, Update)

# JavaScript's greatest exact integer, and how many groups of 7 bits it takes.
MAX_NUMBER = 2**53 - 1
_MAX_GROUPS = 8
# Of JSON in a message; what holds a document is never JSON.
MAX_JSON_BYTES = 64 * 1024
# The name of a document; stores keep no longer ones.
_MAX_NAME_BYTES = 1024


# -- reading -------------------------------------------------------------------------------------


def read_number(data: bytes, at: int) -> tuple[int, int]:
    """The number that begins there, and where it ends."""
    if at < len(data) and data[at] < 0x80:
        return data[at], at + 1  # as nearly all are
    value = shift = 0
    for end in range(at, min(at + _MAX_GROUPS, len(data))):
        group = data[end]
        value |= (group & 0x7F) << shift
        if group < 0x80:
            if value > MAX_NUMBER:
                break
            return value, end + 1
        shift += 7
    else:
        if len(data) < at + _MAX_GROUPS:
            raise Unreadable(f"the message ends in a number at byte {at}; was it cut?")
    raise Unreadable(f"a number greater than 2^53 - 1 at byte {at}")


def read_bytes(data: bytes, at: int) -> tuple[bytes, int]:
    """The bytes that begin there with their number, and where they end."""
    size, start = read_number(data, at)
    end = start + size
    if end > len(data):
        raise Unreadable(
            f"{size} bytes announced at byte {at}, {len(data) - start} are there; was it cut?"
        )
    return data[start:end], end


def read_text(data: bytes, at: int, limit: int = MAX_JSON_BYTES) -> tuple[str, int]:
    """The string that begins there, and where it ends."""
    raw, end = read_bytes(data, at)
    if len(raw) > limit:
        raise Unreadable(f"a string of {len(raw)} bytes at byte {at}; {limit} are allowed here")
    try:
        return raw.decode(), end
    except UnicodeDecodeError:
        raise Unreadable(f"a string that is not UTF-8 at byte {at}") from None


def read_object(data: bytes, at: int) -> dict[str, Any]:
    """The JSON object in the string that begins there."""
    text, _ = read_text(data, at)
    return parse_object(text)


def parse_object(text: str) -> dict[str, Any]:
    """A JSON object, with nothing in it that JSON does not have."""
    try:
        value = json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"what should be JSON is not: {error}") from None
    if not isinstance(value, dict):
        raise Unreadable(f"a JSON object was expected, not {type(value).__name__}")
    return value


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def decode(message: bytes) -> tuple[str | None, Message]:
    """A whole message, and the name of the document it is about, if it says one. Bytes behind the
    message are ignored, as y-websocket does."""
    kind, at = read_number(message, 0)
    if kind != DOCUMENT:
        return None, _decode(kind, message, at)
    name, at = read_text(message, at, _MAX_NAME_BYTES)
    kind, at = read_number(message, at)
    if kind == DOCUMENT:
        raise Unreadable("a message about a document within a message about a document")
    return name, _decode(kind, message, at)


def _decode(kind: int, data: bytes, at: int) -> Message:
    reader = _READERS.get(kind)
    return Unknown(kind) if reader is None else reader(data, at)


def _read_sync(data: bytes, at: int) -> Message:
    step, at = read_number(data, at)
    if step > 2:
        return Unknown(SYNC)
    return _STEPS[step](read_bytes(data, at)[0])


def _read_numbered(data: bytes, at: int) -> Message:
    number, at = read_number(data, at)
    kind, at = read_number(data, at)
    if kind == TRANSLATE:
        epoch, at = read_number(data, at)
        return Numbered(number, Translate(epoch, read_bytes(data, at)[0]))
    inner = _read_sync(data, at) if kind == SYNC else None
    if not isinstance(inner, _STEPS):
        raise Unreadable(f"only sync messages and translations are numbered, not type {kind}")
    return Numbered(number, inner)


def _read_auth(data: bytes, at: int) -> Message:
    kind, at = read_number(data, at)
    return Denied(read_text(data, at)[0]) if kind == 0 else Unknown(AUTH)


def _read_hello(data: bytes, at: int) -> Message:
    fields = read_object(data, at)
    return Hello(
        token=_optional(fields, "token", str),
        ticket=_optional(fields, "ticket", str),
        epoch=_optional(fields, "epoch", int),
    )


def _read_refused(data: bytes, at: int) -> Message:
    number, at = read_number(data, at)
    fields = read_object(data, at)
    return Refusal(
        number, _optional(fields, "code", str) or "", _optional(fields, "message", str) or ""
    )


def _read_epoch(data: bytes, at: int) -> Message:
    fields = read_object(data, at)
    epoch, had = _optional(fields, "epoch", int), _optional(fields, "had", str)
    if epoch is None:
        raise Unreadable("a message about the epoch that does not name it")
    try:
        return Epoch(epoch, None if had is None else b64decode(had, validate=True))
    except ValueError:
        raise Unreadable("'had' is not base64") from None


def _read_state(data: bytes, at: int) -> Message:
    fields = read_object(data, at)
    return State(_optional(fields, "state", str) or "", _optional(fields, "message", str) or "")


def _read_closing(data: bytes, at: int) -> Message:
    fields = read_object(data, at)
    return Closing(
        _optional(fields, "code", int) or 0, _optional(fields, "message", str) or ""
    )


def _optional(fields: dict[str, Any], name: str, kind: type) -> Any:
    value = fields.get(name)
    if value is None:
        return None
    if type(value) is not kind:
        raise Unreadable(f"{name!r} is of type {type(value).__name__}, not {kind.__name__}")
    return value


_READERS: dict[int, Callable[[bytes, int], Message]] = {
    SYNC: _read_sync,
    AWARENESS: lambda data, at: Awareness(read_bytes(data, at)[0]),
    AUTH: _read_auth,
    QUERY_AWARENESS: lambda _data, _at: QueryAwareness(),
    HELLO: _read_hello,
    WELCOME: lambda data, at: Welcome(read_object(data, at)),
    NUMBERED: _read_numbered,
    ACK: lambda data, at: Ack(read_number(data, at)[0]),
    REFUSED: _read_refused,
    EPOCH: _read_epoch,
    RENEW: lambda data, at: Renew(read_text(data, at)[0]),
    STATE: _read_state,
    EVENT: lambda data, at: Event(read_object(data, at)),
    CLOSING: _read_closing,
}


# -- writing -------------------------------------------------------------------------------------


def _text(value: str) -> bytes:
    return write_message(value.encode())


def _object(**fields: Any) -> bytes:
    return _text(json.dumps(fields, ensure_ascii=False, separators=(",", ":")))


def _sync(step: int, payload: bytes) -> bytes:
    return b"".join((bytes((SYNC, step)), write_var_uint(len(payload)), payload))


_WRITERS: dict[type, Callable[[Any], bytes]] = {
    Step1: lambda m: _sync(0, m.state),
    Step2: lambda m: _sync(1, m.update),
    MadeStep2: lambda m: m.message,
    Update: lambda m: _sync(2, m.update),
    Awareness: lambda m: bytes((AWARENESS,)) + write_message(m.update),
    Denied: lambda m: bytes((AUTH, 0)) + _text(m.reason),
    QueryAwareness: lambda _: bytes((QUERY_AWARENESS,)),
    Hello: lambda m: bytes((HELLO,)) + _object(v=1, **_given(m, "token", "ticket", "epoch")),
    Welcome: lambda m: bytes((WELCOME,)) + _object(**m.fields),
    Numbered: lambda m: bytes((NUMBERED,)) + write_var_uint(m.number) + encode(None, m.message),
    Ack: lambda m: bytes((ACK,)) + write_var_uint(m.number),
    Refusal: lambda m: (
        bytes((REFUSED,)) + write_var_uint(m.number) + _object(code=m.code, message=m.reason)
    ),
    Epoch: lambda m: bytes((EPOCH,)) + _object(**epoch_fields(m)),
    Translate: lambda m: (
        bytes((TRANSLATE,)) + write_var_uint(m.epoch) + write_message(m.update)
    ),
    Renew: lambda m: bytes((RENEW,)) + _text(m.token),
    State: lambda m: bytes((STATE,)) + _object(state=m.state, message=m.reason),
    Event: lambda m: bytes((EVENT,)) + _object(**m.fields),
    Closing: lambda m: bytes((CLOSING,)) + _object(code=m.code, message=m.reason),
}


def epoch_fields(message: Epoch) -> dict[str, Any]:
    """What stands in the JSON of that message."""
    if message.had is None:
        return {"epoch": message.epoch}
    return {"epoch": message.epoch, "had": b64encode(message.had).decode()}


def _given(message: Hello, *names: str) -> dict[str, Any]:
    values = {name: getattr(message, name) for name in names}
    return {name: value for name, value in values.items() if value is not None}


def encode(document: str | None, message: Message) -> bytes:
    """A whole message, about a document if one is named. ValueError for what is never sent."""
    writer = _WRITERS.get(type(message))
    if writer is None:
        raise ValueError(f"{type(message).__name__} is never sent")
    data = writer(message)
    return data if document is None else bytes((DOCUMENT,)) + _text(document) + data


class BinaryCodec:
    """The codec of y-websocket's binary messages and of our extension. It remembers nothing."""

    __slots__ = ()

    family: Hashable | None = "binary"
    counts_on = False
    knows_epochs = True

    def attach(self, link: Link) -> None:
        """It has nothing to say of its own."""

    def decode(self, message: bytes | str) -> Sequence[tuple[str | None, Message]]:
        if isinstance(message, str):
            raise Unreadable("text, where a binary message was expected")
        return (decode(message),)

    def encode(self, document: str | None, message: Message) -> Sequence[bytes | str]:
        return (encode(document, message),)
