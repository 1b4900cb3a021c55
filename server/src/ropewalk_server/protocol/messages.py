"""What is said over a connection, as plain values. Codecs turn them into bytes or text and back;
sessions and rooms know nothing else. Nobody changes one after it was made: a broadcast is shared.

Not frozen: a frozen dataclass takes four times as long to make.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(slots=True)
class Step1:
    """What the sender has: a state vector."""

    state: bytes


@dataclass(slots=True)
class Step2:
    """What the other side lacked, as an update."""

    update: bytes

    @property
    def size(self) -> int:
        """Bytes that are kept with it."""
        return len(self.update)


@dataclass(slots=True)
class MadeStep2:
    """The same as the binary message that says it: made in one piece where that is large, and for
    all who lack the same. Codecs that say it otherwise take it for what plain() gives."""

    message: bytes

    @property
    def size(self) -> int:
        """Bytes that are kept with it."""
        return len(self.message)

    @property
    def update(self) -> bytes:
        """What stands behind the two bytes that say what it is, and the size."""
        at = 2
        while self.message[at] >= 0x80:
            at += 1
        return self.message[at + 1 :]


@dataclass(slots=True)
class Update:
    """A change."""

    update: bytes


@dataclass(slots=True)
class Awareness:
    """An awareness update of y-protocols."""

    update: bytes


@dataclass(slots=True)
class Denied:
    """Permission denied; to the client."""

    reason: str


@dataclass(slots=True)
class QueryAwareness:
    """Asks for everybody's awareness."""


@dataclass(slots=True)
class Hello:
    """A client that knows the extension introduces itself."""

    token: str | None = None
    ticket: str | None = None
    epoch: int | None = None


@dataclass(slots=True)
class Welcome:
    """The answer to a hello, and to a renewal."""

    fields: dict[str, Any]


@dataclass(slots=True)
class Translate:
    """What was written into a copy of an older epoch: all that it has beyond what that epoch had."""

    epoch: int
    update: bytes


@dataclass(slots=True)
class Numbered:
    """A sync message, or a translation, that wants to be acknowledged."""

    number: int
    message: Step1 | Step2 | Update | Translate


@dataclass(slots=True)
class Ack:
    """Numbered messages up to this one are durable."""

    number: int


@dataclass(slots=True)
class Refusal:
    """A numbered message has changed nothing and will not."""

    number: int
    code: str
    reason: str


@dataclass(slots=True)
class Epoch:
    """The document was replaced: the local copy is to be dropped. `had`: what the client's epoch
    had when it ended, if what was written beyond it can be translated."""

    epoch: int
    had: bytes | None = None


@dataclass(slots=True)
class Renew:
    """A new token of the same person."""

    token: str


@dataclass(slots=True)
class State:
    """Whether the store takes changes: "unsynced" or "syncing"."""

    state: str
    reason: str = ""


@dataclass(slots=True)
class Event:
    """Something that happened and is not part of the document; `fields["type"]` says what."""

    fields: dict[str, Any]


@dataclass(slots=True)
class Leave:
    """The client leaves this document; the connection stays."""


@dataclass(slots=True)
class Closing:
    """The connection ends now, for this reason: where what carries it has no close codes."""

    code: int
    reason: str


@dataclass(slots=True)
class Unknown:
    """A message of a type that this version does not know."""

    type: int


Message = (
    Step1
    | Step2
    | MadeStep2
    | Update
    | Awareness
    | Denied
    | QueryAwareness
    | Hello
    | Welcome
    | Translate
    | Numbered
    | Ack
    | Refusal
    | Epoch
    | Renew
    | State
    | Event
    | Leave
    | Closing
    | Unknown
)


def plain(message: Message) -> Message:
    """The message without a form that it has already."""
    return Step2(message.update) if isinstance(message, MadeStep2) else message
