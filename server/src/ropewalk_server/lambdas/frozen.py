"""A connection as values: what stands in its row between two events."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field
from typing import Any, cast

from ropewalk.text_frames import WINDOW, Head, Resume
from ropewalk.text_stream import SavedMessage, StreamState

from ..auth.identity import Identity, Role
from ..stores.contract import Version

# Of messages that wait to be acknowledged; beyond it others wait in the log.
MOST_QUEUED = 64 * 1024


class Elsewhere:
    """A long message of which only that is here which may be sent next."""

    __slots__ = ("_data", "_length", "_start")

    def __init__(self, length: int, start: int = 0, data: bytes = b"") -> None:
        self._length = length
        self._start = start
        self._data = data

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, part: slice) -> bytes:
        start, stop, _ = part.indices(self._length)
        first = start - self._start
        if first < 0 or stop > self._start + len(self._data):
            raise LookupError(f"bytes {start} to {stop} were not fetched")
        return self._data[first : stop - self._start]


@dataclass(slots=True)
class Joined:
    """A document that the connection is in."""

    name: str | None  # as the connection calls it
    stored: str
    role: int
    epoch: int
    seq: int  # what was sent to it reaches so far
    number: int = 0
    client: int | None = None  # of the awareness
    size: int = 0
    retired: bool = False
    behind: bool = False  # there is more in the log, which waited for room
    asked: bool = False

    @property
    def cursor(self) -> Version:
        return Version(self.epoch, self.seq)


@dataclass(slots=True)
class Frozen:
    document: str | None
    connected: float
    address: str = ""
    origin: str = ""
    identity: Identity | None = None
    is_open: bool = False  # it has said who it is, here or with its URL
    extended: bool = False
    known: bool = False
    late: bool = False  # something that was said may not have been sent
    unsynced: bool = False
    told_to_move: bool = False
    stream: StreamState | None = None
    wanted: list[Resume] = field(default_factory=list)
    documents: list[Joined] = field(default_factory=list)

    def find(self, stored: str) -> Joined | None:
        return next((one for one in self.documents if one.stored == stored), None)

    @property
    def is_full(self) -> bool:
        """Whether what waits to be acknowledged is enough for now."""
        if self.stream is None:
            return True
        queue = self.stream.queue
        long = any(message.head is not None for message in queue)
        return long or sum(len(message.content) for message in queue) > MOST_QUEUED

    # -- as text -----------------------------------------------------------------------------------

    def to_text(self) -> str:
        fields: dict[str, Any] = {
            "doc": self.document,
            "at": self.connected,
            "from": self.address,
            "origin": self.origin,
            "flags": [
                name
                for name in ("is_open", "extended", "known", "late", "unsynced", "told_to_move")
                if getattr(self, name)
            ],
        }
        if self.identity is not None:
            who = self.identity
            fields["who"] = {
                "user": who.user,
                "tenant": who.tenant,
                "name": who.name,
                "expires": who.expires,
                "document": who.document,
                "claims": dict(who.claims),
            }
        if self.documents:
            fields["docs"] = [
                {name: getattr(one, name) for name in Joined.__slots__} for one in self.documents
            ]
        if self.wanted:
            fields["wanted"] = [[*_head(one.head), one.offset] for one in self.wanted]
        if self.stream is not None:
            fields["stream"] = _stream(self.stream)
        return json.dumps(fields, separators=(",", ":"))

    @classmethod
    def from_text(cls, text: str) -> Frozen:
        fields = json.loads(text)
        who, stream = fields.get("who"), fields.get("stream")
        made = cls(
            fields["doc"],
            fields["at"],
            fields["from"],
            fields["origin"],
            None if who is None else Identity(**who),
            stream=None if stream is None else _read_stream(stream),
            wanted=[
                Resume(_read_head(one[:3]), one[3]) for one in fields.get("wanted", ())
            ],
            documents=[Joined(**one) for one in fields.get("docs", ())],
        )
        for name in fields["flags"]:
            setattr(made, name, True)
        return made


def role_of(joined: Joined) -> Role:
    return Role(joined.role)


def _head(head: Head) -> list[Any]:
    return [base64.b64encode(head.source).decode(), head.length, head.checksum]


def _read_head(parts: list[Any]) -> Head:
    return Head(base64.b64decode(parts[0]), parts[1], parts[2])


def _stream(state: StreamState) -> dict[str, Any]:
    return {
        "id": state.stream,
        "n": [state.next_number, state.begun, state.expected, state.unacknowledged],
        "sent": state.sent,
        "ack": state.acknowledged,
        "far": state.furthest,
        "asked": state.asked,
        "queue": [
            [
                m.number,
                # What is long is elsewhere, and has a head that names it.
                len(m.content) if m.head else base64.b64encode(m.content).decode(),
                None if m.head is None else _head(m.head),
                m.start,
                m.offered,
            ]
            for m in state.queue
        ],
        "here": [
            None if one is None else [*_head(one[0]), one[1]] for one in (state.current, state.kept)
        ],
    }


def _read_stream(fields: dict[str, Any]) -> StreamState:
    next_number, begun, expected, unacknowledged = fields["n"]
    asked = fields["asked"]
    queue = [
        SavedMessage(
            number,
            # Replaced by what was fetched, if it is long (transfers.py).
            base64.b64decode(content) if head is None else cast("bytes", Elsewhere(content)),
            None if head is None else _read_head(head),
            start,
            offered,
        )
        for number, content, head, start, offered in fields["queue"]
    ]
    current, kept = (
        None if one is None else (_read_head(one[:3]), one[3]) for one in fields["here"]
    )
    return StreamState(
        stream=fields["id"],
        next_number=next_number,
        sent=_place(fields["sent"]),
        acknowledged=_place(fields["ack"]),
        furthest=_place(fields["far"]),
        begun=begun,
        expected=expected,
        unacknowledged=unacknowledged,
        asked=None if asked is None else _place(asked),
        queue=queue,
        current=current,
        kept=kept,
    )


def _place(pair: list[int]) -> tuple[int, int]:
    return pair[0], pair[1]


# What may be sent of one message while an event is handled: what is on the way, sent again, and a
# window behind that.
MOST_SENT = 2 * WINDOW
