"""How a connection ends, and why."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


class CloseCode(IntEnum):
    """Codes of docs/formats/sync-protocol.md, section 2."""

    GOING_AWAY = 1001
    UNREADABLE = 1007
    TOO_LARGE = 1009
    SERVER_FAULT = 1011
    TRY_AGAIN = 1013
    PROTOCOL_ERROR = 4400
    NOT_AUTHENTICATED = 4401
    FORBIDDEN = 4403
    NOT_FOUND = 4404
    TOO_SLOW = 4408
    EPOCH = 4409
    STOCK = 4410
    TOO_MANY = 4429


# Ends that pass: the client is to come back.
_PASSING = (CloseCode.TOO_SLOW, CloseCode.TOO_MANY)


def code_on_wire(code: int, *, stock: bool) -> int:
    """What the client hears. y-websocket takes any code from 4400 to 4499 for a refusal and stops for
    good: who has not said hello hears of what passes by a code that brings it back."""
    return int(CloseCode.TRY_AGAIN if stock and code in _PASSING else code)


_REFUSALS = {
    "forbidden": CloseCode.FORBIDDEN,
    "not-found": CloseCode.NOT_FOUND,
    "unavailable": CloseCode.SERVER_FAULT,
}


def code_of(refusal: str) -> CloseCode:
    """How a connection ends that was refused for this reason (the `code` of a Refused)."""
    return _REFUSALS.get(refusal, CloseCode.NOT_AUTHENTICATED)


@dataclass
class Close(Exception):
    """The connection is to be closed; the reason is for the person at the other end."""

    code: CloseCode
    reason: str

    def __str__(self) -> str:
        return f"{self.reason} ({int(self.code)})"


@dataclass
class Rejected(Exception):
    """An update that changes nothing and never will."""

    code: str  # "invalid", "forbidden", "too-large", "epoch", "untranslatable"
    reason: str

    def __str__(self) -> str:
        return self.reason


@dataclass
class LoadFailed(Exception):
    """The store did not give the document; the next join tries again."""

    reason: str

    def __str__(self) -> str:
        return self.reason


@dataclass
class NotStored(Exception):
    """Nothing of a message was taken: it is to be brought again, or said again by the client. From
    places that keep nothing until it is stored."""

    reason: str

    def __str__(self) -> str:
        return self.reason


# A close frame holds 125 bytes, two of which are the code.
MAX_REASON_BYTES = 123


def fitting_reason(reason: str) -> str:
    """The reason, cut to what a close frame can hold, never inside a character."""
    return reason.encode()[:MAX_REASON_BYTES].decode(errors="ignore")
