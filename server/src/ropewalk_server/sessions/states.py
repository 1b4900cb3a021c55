"""The states of a connection, each with what it has in that state and no more."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..auth.identity import Identity
from ..errors import Close, CloseCode
from ..limits import Limits
from ..protocol.codec import Codec
from ..rooms.deadlines import Deadline
from ..rooms.member import Member
from ..rooms.room import Room


@dataclass(frozen=True, slots=True)
class Credentials:
    """What came with the URL or the handshake."""

    token: str | None = None
    ticket: str | None = None


@dataclass(slots=True)
class New:
    """Nobody knows yet who it is."""

    credentials: Credentials
    deadline: Deadline
    messages: int = 0
    size: int = 0


@dataclass(slots=True)
class Joined:
    """A document that this connection is in. Its member is retired when the document was replaced:
    then it waits for a new hello."""

    room: Room
    member: Member


@dataclass(slots=True)
class Open:
    """Somebody, and the documents that they are in."""

    identity: Identity
    codec: Codec
    extended: bool  # a hello was said
    expiry: Deadline | None = None
    documents: dict[str | None, Joined] = field(default_factory=dict)


class Closed:
    """Over."""


def check_handshake(state: New, size: int, limits: Limits) -> None:
    """Counts a message that comes before it is known who sends it. Close: it is one too many."""
    state.messages += 1
    state.size += size
    if state.messages > limits.handshake_messages:
        raise Close(
            CloseCode.TOO_MANY,
            f"more than {limits.handshake_messages} messages before it is known who sends "
            "them (handshake_messages)",
        )
    if state.size > limits.handshake_bytes:
        raise Close(
            CloseCode.TOO_LARGE,
            f"more than {limits.handshake_bytes} bytes before it is known who sends them "
            "(handshake_bytes)",
        )
