"""The seam between what is said and how it looks on the wire."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import TYPE_CHECKING, Protocol

from .messages import Message

if TYPE_CHECKING:
    from .link import Link


class Unreadable(ValueError):
    """A message that is cut short or is not what it says; the connection ends with 1007."""


class Codec(Protocol):
    """Of one connection, which begins with its first message and keeps what it needs to remember.

    `family`: codecs of the same family write the same bytes for the same message, so that a
    broadcast is encoded once for all of them. None: each connection has bytes of its own.
    """

    family: Hashable | None
    # Whether the client's numbers go on from its connection before; else they count up from 1.
    counts_on: bool
    # Whether clients that say hello in it know that documents have epochs.
    knows_epochs: bool

    def attach(self, link: Link) -> None:
        """Where it may send what is its own affair, such as acknowledgements of frames. Called once,
        before all others."""

    def decode(self, message: bytes | str) -> Sequence[tuple[str | None, Message]]:
        """What a message from the client says, and about which document: None is that of the
        connection, or none. Nothing, as long as parts are lacking. Unreadable, if it cannot be; Close,
        if what came is not allowed."""
        ...

    def encode(self, document: str | None, message: Message) -> Sequence[bytes | str]:
        """The messages that say it to the client; none, if this codec has no words for it."""
        ...
