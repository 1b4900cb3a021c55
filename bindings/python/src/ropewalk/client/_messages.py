"""The messages of docs/formats/sync-protocol.md, section 1, as a client needs them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from .._core import DecodeError
from .._sync import Decoder, write_message, write_var_uint

SYNC, AWARENESS, AUTH, QUERY_AWARENESS = 0, 1, 2, 3
CLOSING, TRANSLATE, EVENT, STATE, HELLO, WELCOME, NUMBERED = 116, 117, 118, 119, 120, 121, 122
ACK, REFUSED, EPOCH, DOCUMENT, RENEW = 123, 124, 125, 126, 127
STEP1, STEP2, UPDATE = 0, 1, 2


@dataclass(frozen=True)
class Incoming:
    """A message of the server. `step` and `data` of sync and awareness; `number` of acks and
    refusals; `fields` of what is JSON; `text` of a denial."""

    kind: int
    document: str | None = None
    step: int = -1
    data: bytes = b""
    number: int = 0
    fields: dict[str, Any] | None = None
    text: str = ""


def sync(step: int, data: bytes) -> bytes:
    return bytes((SYNC, step)) + write_message(data)


def awareness(update: bytes) -> bytes:
    return bytes((AWARENESS,)) + write_message(update)


def translate(epoch: int, update: bytes) -> bytes:
    return bytes((TRANSLATE,)) + write_var_uint(epoch) + write_message(update)


def numbered(number: int, message: bytes) -> bytes:
    return bytes((NUMBERED,)) + write_var_uint(number) + message


def with_json(kind: int, fields: dict[str, Any]) -> bytes:
    return bytes((kind,)) + write_message(json.dumps(fields, separators=(",", ":")).encode())


def renew(token: str) -> bytes:
    return bytes((RENEW,)) + write_message(token.encode())


def about(document: str, message: bytes) -> bytes:
    return bytes((DOCUMENT,)) + write_message(document.encode()) + message


def read(message: bytes) -> Incoming:
    """DecodeError, if it is cut or is not what it says."""
    decoder = Decoder(message)
    kind = decoder.read_var_uint()
    document = None
    if kind == DOCUMENT:
        document = decoder.read_var_string()
        kind = decoder.read_var_uint()
    if kind == SYNC:
        step = decoder.read_var_uint()
        return Incoming(kind, document, step=step, data=_bytes(decoder))
    if kind == AWARENESS:
        return Incoming(kind, document, data=_bytes(decoder))
    if kind == AUTH and decoder.read_var_uint() == 0:
        return Incoming(kind, document, text=decoder.read_var_string())
    if kind == ACK:
        return Incoming(kind, document, number=decoder.read_var_uint())
    if kind == REFUSED:
        number = decoder.read_var_uint()
        return Incoming(kind, document, number=number, fields=_object(decoder))
    if kind in (WELCOME, EPOCH, STATE, EVENT, CLOSING):
        return Incoming(kind, document, fields=_object(decoder))
    return Incoming(kind, document)


def _bytes(decoder: Decoder) -> bytes:
    data = decoder.read_message()
    if data is None:
        raise DecodeError("a message that ends before its bytes")
    return data


def _object(decoder: Decoder) -> dict[str, Any]:
    try:
        fields = json.loads(decoder.read_var_string())
    except (ValueError, RecursionError) as error:
        raise DecodeError(f"a message with JSON that is none: {error}") from None
    if not isinstance(fields, dict):
        raise DecodeError("a message with JSON that is no object")
    return fields
