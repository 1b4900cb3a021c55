"""One end of a stream of text frames (text_frames.py): what was sent and not acknowledged, and what
was received of a message that is not complete. It does no input or output and knows no time.

    stream = TextStream(number)
    stream.send(message)
    for text in stream.frames(): await socket.send(text)
    ...
    arrived = stream.receive(await socket.recv())
    for message in arrived.messages: ...

Whoever carries the frames calls frames() after each send() and receive(), frames(flush=True) when
there is nothing more to do for a moment, and repeat() when no acknowledgement came for some
seconds.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import NamedTuple
from zlib import crc32

from .text_frames import (
    ACKNOWLEDGE_AFTER,
    MOST_DATA,
    OVERHEAD,
    WINDOW,
    Begin,
    FrameError,
    Gone,
    Head,
    Message,
    Offer,
    Part,
    Received,
    Resume,
    decode_frame,
    pack,
    parts,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from .text_frames import Item

MAX_MESSAGE = 16 * 1024 * 1024
# Answers to the other side that wait to be sent; one that asks for more is hostile.
_MOST_ANSWERS = 64


class Arrived(NamedTuple):
    """What a frame has brought: complete messages, in their order; of which messages the other side
    wants the rest, to be answered by resume(); which it cannot make again."""

    messages: list[bytes]
    wanted: list[Resume]
    gone: list[Head]


@dataclass
class Kept:
    """What was received of a long message."""

    head: Head
    data: bytearray = field(default_factory=bytearray)


class SavedMessage(NamedTuple):
    """One that was not acknowledged as a whole; `head` if it is long."""

    number: int
    content: bytes
    head: Head | None
    start: int
    offered: bool


@dataclass
class StreamState:
    """One end of a stream as values. Places are a number of a message and an offset in it."""

    stream: int | None
    next_number: int
    sent: tuple[int, int]
    acknowledged: tuple[int, int]
    furthest: tuple[int, int]
    begun: int
    expected: int
    unacknowledged: int
    asked: tuple[int, int] | None
    queue: list[SavedMessage]
    current: tuple[Head, int] | None  # what is here of a long message, and how much
    kept: tuple[Head, int] | None  # the same from an earlier connection


@dataclass
class _Outgoing:
    number: int
    content: bytes
    head: Head | None = None  # of a long one
    start: int = 0  # where this connection begins with it
    offered: bool = False  # waits until the other side has told how much it keeps

    def begin_at(self, offset: int) -> None:
        # Of what is all there, its last byte is sent again: a part has to complete it.
        self.start = min(offset, max(0, len(self.content) - 1))


class TextStream:
    """One end of one connection; `kept` is what the connection before has left unfinished."""

    def __init__(
        self,
        stream: int | None,
        *,
        kept: Kept | None = None,
        max_message: int = MAX_MESSAGE,
        max_queued: int = 2 * MAX_MESSAGE,
        find_kept: Callable[[Head], Kept | None] | None = None,
    ) -> None:
        """`stream`: its number, chosen by the client; a server gives None and takes the client's.
        `max_message` is what the other side may send, `max_queued` what may wait to be sent.
        `find_kept` finds what other connections have left of a message that is offered again."""
        self.stream = stream
        self.ignored = 0  # frames that brought nothing new
        self._max_message = max_message
        self._max_queued = max_queued
        self._find_kept = find_kept
        # Sending. The place up to which all was sent is (number, offset), and so is what the other
        # side has acknowledged; the queue holds what is not.
        self._queue: deque[_Outgoing] = deque()
        self._queued = 0
        self._next_number = 1
        self._sent = (1, 0)
        self._acknowledged = (1, 0)
        self._furthest = (1, 0)  # whatever was sent and then taken back, too
        self._begun = 0  # the message whose head was sent
        self._in_flight = 0
        self._resumed: Head | None = None
        self._answers: list[Item] = []
        # Receiving.
        self._expected = 1
        self._current: Kept | None = None
        self._kept = kept
        self._unacknowledged = 0
        self._tell = False
        self._asked: tuple[int, int] | None = None
        if kept is not None:
            self._answers.append(Resume(kept.head, len(kept.data)))

    # -- from one process to another ---------------------------------------------------------------

    def save(self) -> StreamState:
        """What another process needs to go on with this end, when frames() has given all there was
        to say."""
        current, kept = self._current, self._kept
        return StreamState(
            stream=self.stream,
            next_number=self._next_number,
            sent=self._sent,
            acknowledged=self._acknowledged,
            furthest=self._furthest,
            begun=self._begun,
            expected=self._expected,
            unacknowledged=self._unacknowledged,
            asked=self._asked,
            queue=[
                SavedMessage(m.number, m.content, m.head, m.start, m.offered) for m in self._queue
            ],
            current=None if current is None else (current.head, len(current.data)),
            kept=None if kept is None else (kept.head, len(kept.data)),
        )

    def restore(
        self, state: StreamState, current: bytearray | None = None, kept: bytearray | None = None
    ) -> None:
        """Goes on where save() was called. Of long messages in the queue `content` may be anything
        with a length that gives those bytes that are sent next; `current` and `kept` are what is
        here of messages that are not complete."""
        self.stream = state.stream
        self._next_number = state.next_number
        self._sent = state.sent
        self._acknowledged = state.acknowledged
        self._furthest = state.furthest
        self._begun = state.begun
        self._expected = state.expected
        self._unacknowledged = state.unacknowledged
        self._asked = state.asked
        self._queue = deque(_Outgoing(*message) for message in state.queue)
        self._queued = sum(len(message.content) + OVERHEAD for message in self._queue)
        self._in_flight = self._cost_between(self._acknowledged, self._sent)
        if state.current is not None:
            self._current = Kept(state.current[0], current or bytearray(state.current[1]))
        if state.kept is not None:
            self._kept = Kept(state.kept[0], kept or bytearray(state.kept[1]))

    # -- sending -----------------------------------------------------------------------------------

    @property
    def queued(self) -> int:
        """Bytes that wait to be sent or to be acknowledged."""
        return self._queued

    @property
    def waits(self) -> bool:
        """Something was sent that is not acknowledged, or a message is here in part: repeat() after
        some seconds of this."""
        asks = self._kept is not None or any(message.offered for message in self._queue)
        return asks or self._in_flight > 0 or self._current is not None

    @property
    def waiting(self) -> int:
        """The same without the message that is on its way, however long that is."""
        return self._queued - (len(self._queue[0].content) + OVERHEAD if self._queue else 0)

    def send(self, message: bytes, source: bytes = b"", *, offer: bool = False) -> None:
        """Puts a message at the end of the queue.

        Args:
            message: Its bytes.
            source: From what the same bytes can be made again, for long messages that shall survive
                a cut connection.
            offer: Part of it may have arrived in an earlier connection: ask first.
        """
        self._enqueue(message, source, offer=offer)

    def resume(self, wanted: Resume, content: bytes | None) -> None:
        """Answers a wish: with the message, made again, or None if that cannot be."""
        if content is None or Head.of(content, wanted.head.source) != wanted.head:
            self._answer(Gone(wanted.head))
        else:
            self._resumed = wanted.head
            self._enqueue(content, wanted.head.source, wanted=wanted)

    def _enqueue(
        self, content: bytes, source: bytes, *, wanted: Resume | None = None, offer: bool = False
    ) -> None:
        if self._queued + len(content) > self._max_queued:
            raise FrameError(
                "too_big", f"{self._queued} bytes wait already; at most {self._max_queued} may"
            )
        message = _Outgoing(self._next_number, content)
        if len(content) > MOST_DATA or wanted is not None:
            message.head = Head.of(content, source)
            message.offered = offer
        if wanted is not None:
            message.begin_at(wanted.offset)
        if message.offered and message.head is not None:
            self._answer(Offer(message.head))
        self._next_number += 1
        self._queue.append(message)
        self._queued += len(content) + OVERHEAD

    def unfinished(self) -> list[bytes]:
        """Messages that were not acknowledged as a whole, in their order."""
        return [message.content for message in self._queue]

    def unfinished_sources(self) -> set[bytes]:
        """The sources of those of them that are long."""
        return {message.head.source for message in self._queue if message.head is not None}

    def frames(self, *, flush: bool = False) -> list[str]:
        """What may be sent now. `flush`: with all acknowledgements that are due at some time."""
        if self.stream is None:
            return []  # the client has not said a word yet
        items, self._answers = self._answers, []
        to_send = self._items_to_send()
        flush = flush or bool(items or to_send) or self._unacknowledged >= ACKNOWLEDGE_AFTER
        if self._tell or (flush and self._unacknowledged):
            items.append(self._received(again=False))
            self._unacknowledged, self._tell = 0, False
        return pack(self.stream, items + to_send)

    def repeat(self) -> None:
        """Goes back to what was acknowledged last, and asks again what was asked."""
        self._go_back()
        self._asked = None
        if self._current is not None:  # whoever sends it may not know that its last parts got lost
            self._answer(self._received(again=True))
        for message in self._queue:
            if message.offered and message.head is not None:
                self._answer(Offer(message.head))
        if self._kept is not None:
            self._answer(Resume(self._kept.head, len(self._kept.data)))

    def _go_back(self) -> None:
        self._sent = self._acknowledged
        self._begun = 0
        self._in_flight = 0

    def _items_to_send(self) -> list[Item]:
        """As much of the queue as the window has room for; `_sent` moves behind it."""
        items: list[Item] = []
        for message in self._queue:
            if message.offered or self._in_flight >= WINDOW:
                break
            if message.number < self._sent[0]:
                continue
            if message.head is None:
                items.append(Message(message.number, message.content))
                self._in_flight += len(message.content) + OVERHEAD
                self._sent = (message.number + 1, 0)
            else:
                items += self._parts_to_send(message, message.head)
                if self._sent[0] == message.number:
                    break
        self._furthest = max(self._furthest, self._sent)
        return items

    def _parts_to_send(self, message: _Outgoing, head: Head) -> list[Item]:
        number, content = message.number, message.content
        offset = max(self._sent[1] if self._sent[0] == number else 0, message.start)
        end = min(len(content), offset + WINDOW - self._in_flight)
        items = parts(number, content, offset, end)
        if self._begun != number:
            items.insert(0, Begin(number, head, offset))
            self._begun = number
        self._in_flight += end - offset
        self._sent = (number, end) if end < len(content) else (number + 1, 0)
        return items

    # -- receiving ---------------------------------------------------------------------------------

    def kept(self) -> Kept | None:
        """For the next connection: what is here of a long message that is not complete. It goes on
        growing while this one lives."""
        if self._current is not None and self._current.data:
            return self._current
        return self._kept

    def forget(self) -> None:
        """Gives up what the connection before has left."""
        self._kept = None

    def receive(self, text: str) -> Arrived:
        """Takes a frame; FrameError if it is none, and nothing is changed then but by whole items
        before the bad one."""
        frame = decode_frame(text)
        if self.stream is None:
            self.stream = frame.stream
        if frame.stream != self.stream:
            raise FrameError("foreign", f"a frame of stream {frame.stream} in stream {self.stream}")
        arrived = Arrived([], [], [])
        for item in frame.items:
            self._take(item, arrived)
        return arrived

    def _take(self, item: Item, arrived: Arrived) -> None:
        if isinstance(item, Message):
            if self._is_next(item.number, 0):
                self._complete(item.content, len(item.content) + OVERHEAD, arrived)
        elif isinstance(item, Begin):
            self._begin(item)
        elif isinstance(item, Part):
            self._take_part(item, arrived)
        elif isinstance(item, Received):
            self._take_received(item)
        elif isinstance(item, Resume):
            self._take_resume(item, arrived)
        elif isinstance(item, Offer):
            if self._kept is None or self._kept.head != item.head:
                found = self._find_kept(item.head) if self._find_kept is not None else None
                self._kept = found or self._kept
            kept = self._kept
            size = len(kept.data) if kept is not None and kept.head == item.head else 0
            self._answer(Resume(item.head, size))
        else:
            if self._kept is not None and self._kept.head == item.head:
                self._kept = None
            arrived.gone.append(item.head)

    def _is_next(self, number: int, offset: int) -> bool:
        """Whether this is what was to come; asks for it if something before it is lacking."""
        here = (self._expected, len(self._current.data) if self._current is not None else 0)
        if (number, offset) == here:
            return True
        self.ignored += 1
        if (number, offset) < here:
            self._tell = True  # sent again, so the other side does not know
        elif self._asked != here:
            self._asked = here
            self._answer(self._received(again=True))
        return False

    def _received(self, *, again: bool) -> Received:
        current = self._current
        size = len(current.data) if current is not None else 0
        head = current.head if current is not None and size else None
        return Received(self._expected, size, head, again)

    def _begin(self, item: Begin) -> None:
        if item.number != self._expected:
            self._is_next(item.number, 0)
            return
        head = item.head
        if head.length > self._max_message:
            raise FrameError(
                "too_big",
                f"a message of {head.length} bytes; at most {self._max_message} are allowed",
            )
        if self._current is not None and self._current.head == head:
            return  # said again
        if self._current is not None and self._current.data:
            raise FrameError("protocol", f"message {item.number} begins as another one")
        kept = self._kept
        if kept is None or kept.head != head:
            kept = Kept(head)
        if item.start > len(kept.data) or item.start >= head.length:
            raise FrameError(
                "protocol",
                f"message {item.number} begins at byte {item.start}; {len(kept.data)} are kept",
            )
        if kept is self._kept:
            self._kept = None
        self._current = kept
        del kept.data[item.start :]

    def _take_part(self, item: Part, arrived: Arrived) -> None:
        current = self._current
        if not self._is_next(item.number, item.offset):
            return
        if current is None:
            if self._asked != (item.number, 0):  # its beginning got lost
                self._asked = (item.number, 0)
                self._answer(self._received(again=True))
            return
        if not item.data or item.offset + len(item.data) > current.head.length:
            raise FrameError("protocol", f"a part of message {item.number} that reaches beyond it")
        current.data += item.data
        if len(current.data) < current.head.length:
            self._unacknowledged += len(item.data)
            self._asked = None
            return
        if crc32(current.data) != current.head.checksum:
            self._current = None
            raise FrameError(
                "protocol", f"message {item.number} is not what its beginning has named"
            )
        self._complete(bytes(current.data), len(item.data), arrived)

    def _complete(self, content: bytes, cost: int, arrived: Arrived) -> None:
        if len(content) > self._max_message:
            raise FrameError(
                "too_big",
                f"a message of {len(content)} bytes; at most {self._max_message} are allowed",
            )
        arrived.messages.append(content)
        self._expected += 1
        self._current = None
        self._asked = None
        self._unacknowledged += cost

    def _take_received(self, item: Received) -> None:
        place = (item.number, item.offset)
        if place < self._acknowledged:
            return  # an old one, overtaken
        first = next((m for m in self._queue if m.number >= item.number), None)
        known = first is not None and (first.number, first.head) == (item.number, item.head)
        if place > self._furthest or (item.offset and not known):
            raise FrameError("protocol", f"message {item.number} is acknowledged and was not sent")
        while self._queue and self._queue[0].number < item.number:
            self._queued -= len(self._queue.popleft().content) + OVERHEAD
        self._acknowledged = place
        if item.again or self._sent < place:
            self._go_back()
        else:
            self._in_flight = self._cost_between(place, self._sent)

    def _cost_between(self, first: tuple[int, int], last: tuple[int, int]) -> int:
        cost = 0
        for message in self._queue:
            if message.number > last[0]:
                break
            begin = max(message.start, first[1] if message.number == first[0] else 0)
            end = last[1] if message.number == last[0] else len(message.content)
            cost += max(0, end - begin)
            if message.number < last[0] and message.head is None:
                cost += OVERHEAD
        return cost

    def _take_resume(self, item: Resume, arrived: Arrived) -> None:
        if item.offset > item.head.length:
            raise FrameError("protocol", "more of a message is kept than it has bytes")
        known = [message for message in self._queue if message.head == item.head]
        for message in known:
            if message.offered or (message.number, 0) >= self._sent:
                message.offered = False
                message.begin_at(item.offset)
        if not known and self._resumed != item.head:
            arrived.wanted.append(item)

    def _answer(self, item: Item) -> None:
        if item in self._answers:
            return
        if len(self._answers) >= _MOST_ANSWERS:
            raise FrameError("protocol", f"more than {_MOST_ANSWERS} questions in one go")
        self._answers.append(item)
