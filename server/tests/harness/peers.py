"""Clients without a network: they talk to a Session through a Link that is a list."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable
from typing import Any, TypeVar

from ropewalk import Doc, Text

from ropewalk_server.limits import Limits
from ropewalk_server.protocol import frames
from ropewalk_server.protocol.messages import (
    Ack,
    Awareness,
    Hello,
    Message,
    Numbered,
    Refusal,
    Step1,
    Step2,
    Update,
)
from ropewalk_server.rooms.ports import Connection
from ropewalk_server.rooms.rooms import Rooms
from ropewalk_server.rooms.snapshots import as_update
from ropewalk_server.sessions.session import Session
from ropewalk_server.sessions.states import Credentials
from ropewalk_server.stores.memory import MemoryStore

from .people import may, who

M = TypeVar("M")
_ids = itertools.count(1)


def make_rooms(store: Any = None, **options: Any) -> Rooms:
    """Rooms on a store in memory, where tokens are those of people.py."""
    limits = options.pop("limits", None) or Limits()
    options = {"authenticate": who, "authorize": may, **options}
    return Rooms(MemoryStore() if store is None else store, limits=limits, **options)


async def until(condition: Callable[[], Any], seconds: float = 5.0) -> Any:
    """Waits until it is true; fails if it never is."""
    end = asyncio.get_running_loop().time() + seconds
    while not (value := condition()):
        assert asyncio.get_running_loop().time() < end, "it did not become true"
        await asyncio.sleep(0.002)
    return value


class Peer:
    """A client with a document of its own, which answers as providers do."""

    def __init__(
        self,
        rooms: Rooms,
        document: str | None = "letter",
        token: str | None = None,
        *,
        doc: Doc[Any] | None = None,
    ) -> None:
        self.doc: Doc[Any] = Doc() if doc is None else doc
        self.stock = True
        self.received: list[tuple[str | None, Message]] = []
        self.closed: tuple[int, str] | None = None
        self.number = 0
        self.session = Session(
            rooms,
            self,
            Connection(f"c{next(_ids)}", document),
            document=document,
            credentials=Credentials(token),
        )

    # -- as a Link ---------------------------------------------------------------------------------

    def send(self, message: bytes | str) -> None:
        assert isinstance(message, bytes)
        if self.closed is None:
            self.received.append(frames.decode(message))

    def close(self, code: int, reason: str) -> None:
        assert len(reason.encode()) <= 123 or code != 1000
        if self.closed is None:
            self.closed = (code, reason)

    # -- as a client -------------------------------------------------------------------------------

    async def say(self, message: Message, document: str | None = None) -> None:
        await self.session.receive(frames.encode(document, message))

    async def say_raw(self, message: bytes | str) -> None:
        await self.session.receive(message)

    def all(self, kind: type[M]) -> list[M]:
        """What was received of one kind."""
        return [message for _, message in self.received if isinstance(message, kind)]

    def last(self, kind: type[M]) -> M:
        return self.all(kind)[-1]

    @property
    def code(self) -> int | None:
        return None if self.closed is None else self.closed[0]

    async def hello(self, document: str | None = None, **fields: Any) -> Peer:
        """Introduces itself as a client that knows the extension."""
        await self.say(Hello(**fields), document)
        return self

    async def sync(self, document: str | None = None) -> Peer:
        """Asks for the document and merges all that has come."""
        await self.say(Step1(self.doc.get_state()), document)
        self.merge()
        return self

    def merge(self) -> None:
        for message in [m for _, m in self.received]:
            if isinstance(message, Step2 | Update):
                self.doc.apply_update(message.update)

    def write(self, text: str, at: int | None = None) -> bytes:
        """Writes into the text "t"; the update that tells others."""
        before = self.doc.get_state()
        root = self.doc.get("t", type=Text)
        root.insert(len(root) if at is None else at, text)
        return self.doc.get_update(before)

    async def type(self, text: str, document: str | None = None) -> bytes:
        """Writes and sends it as stock clients do."""
        update = self.write(text)
        await self.say(Update(update), document)
        return update

    async def type_numbered(self, text: str, document: str | None = None) -> int:
        """Writes and sends it with a number, which it returns."""
        self.number += 1
        await self.say(Numbered(self.number, Update(self.write(text))), document)
        return self.number

    @property
    def text(self) -> str:
        return str(self.doc.get("t", type=Text))

    @property
    def acked(self) -> int:
        return max((ack.number for ack in self.all(Ack)), default=0)

    @property
    def refused(self) -> dict[int, str]:
        return {refusal.number: refusal.code for refusal in self.all(Refusal)}

    async def show(self, state: bytes, client: int | None = None, clock: int = 1) -> None:
        """Sends an awareness state."""
        await self.say(Awareness(awareness((client or self.doc.client_id, clock, state))))

    def seen(self) -> dict[int, bytes]:
        """The awareness of others, as it arrives here; null and gone are the same."""
        states: dict[int, bytes] = {}
        for message in self.all(Awareness):
            for client, _, state in entries_of(message.update):
                if state == b"null":
                    states.pop(client, None)
                else:
                    states[client] = state
        return states

    async def leave(self) -> None:
        await self.session.closed()


def awareness(*entries: tuple[int, int, bytes]) -> bytes:
    """An awareness update: client, clock, state."""
    from ropewalk_server.rooms.presence import write_entries

    return write_entries(list(entries))


def entries_of(update: bytes) -> list[tuple[int, int, bytes]]:
    from ropewalk_server.rooms.presence import read_entries

    return read_entries(update, 1 << 30)


async def stored_text(rooms: Rooms, document: str = "letter", tenant: str = "firm") -> str:
    """What the store alone gives."""
    doc = await stored_doc(rooms, document, tenant)
    return str(doc.get("t", type=Text))


async def stored_doc(rooms: Rooms, document: str = "letter", tenant: str = "firm") -> Doc[Any]:
    history = await rooms.store.read(f"{tenant}/{document}")
    doc: Doc[Any] = Doc()
    if history.snapshot is not None:
        doc.apply_update(as_update(history.snapshot.data))
    for entry in history.entries:
        doc.apply_update(entry.update)
    return doc
