"""Somebody in a room: one document of one connection."""

from __future__ import annotations

import logging
from collections.abc import Hashable, Sequence
from typing import Any

from ..auth.identity import Identity, Role
from ..errors import CloseCode
from ..protocol.codec import Codec
from ..protocol.messages import Ack, Epoch, Message
from ..protocol.link import Link
from .colors import describe

logger = logging.getLogger(__name__)


class Member:
    """What a room knows of whom it talks to."""

    __slots__ = (
        "asked",
        "awareness_client",
        "codec",
        "document",
        "extended",
        "gone",
        "identity",
        "link",
        "number",
        "retired",
        "role",
        "session",
        "wire",
    )

    def __init__(
        self,
        codec: Codec,
        link: Link,
        document: str | None,
        identity: Identity,
        role: Role,
        extended: bool,
        session: str = "",
    ) -> None:
        self.codec = codec
        self.link = link
        # What the document is called on this connection; None: the connection has no other.
        self.document = document
        self.identity = identity
        self.role = role
        # Whether the other end knows our extension of the protocol.
        self.extended = extended
        # Members with the same wire get the same bytes.
        self.wire: Hashable = self if codec.family is None else (codec.family, document)
        # Another one for each time that somebody enters, among those of this process.
        self.session = session
        self.number = 0  # of the last numbered message
        self.asked: bytes | None = None  # what it was asked for, of what a gap lacks
        self.awareness_client: int | None = None
        self.retired = False
        self.gone = False  # nothing is said under its numbers any more

    def tell(self, message: Message) -> None:
        """Sends a message about this document."""
        for part in self.encode(message):
            self.link.send(part)

    def encode(self, message: Message) -> Sequence[bytes | str]:
        """As it looks on this connection. A codec that fails costs its own connection only."""
        try:
            return self.codec.encode(self.document, message)
        except Exception:
            logger.exception("a codec cannot say %s", type(message).__name__)
            self.link.close(CloseCode.SERVER_FAULT, "the server has no words for a message")
            return ()

    def acknowledge(self, number: int) -> None:
        self.tell(Ack(number))

    def retire(self, epoch: int, had: bytes | None = None) -> None:
        """The document is another one now: nothing but translations is taken, and nothing else sent
        until a new hello. `had`: as in the message that says so."""
        self.retired = True
        if self.extended and self.codec.knows_epochs:
            self.tell(Epoch(epoch, had))
        else:
            self.link.close(CloseCode.EPOCH, "the document was replaced; drop the local copy")

    def is_same_person(self, other: Member) -> bool:
        ours, theirs = self.identity, other.identity
        return (ours.user, ours.tenant) == (theirs.user, theirs.tenant)

    def describe(self) -> dict[str, Any]:
        """How others see this person."""
        return describe(self.identity.user, self.identity.name)
