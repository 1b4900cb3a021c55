"""Our binary messages in text frames (ropewalk.text_frames).

A server that lives on keeps what it was sending for a while (unfinished.py). One that keeps nothing
makes it again: the answer to a step 0 is the longest message there is, and its source may say what
it was made from, the version of the document and what the client had.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import NamedTuple

from ropewalk import DecodeError, Decoder, Encoder
from ropewalk.text_frames import MAX_SOURCE, MOST_DATA, FrameError, Head, Resume
from ropewalk.text_stream import StreamState, TextStream

from ..errors import Close, CloseCode
from ..limits import Limits
from .link import Link
from ..stores.contract import Version
from . import frames
from .codec import Unreadable
from .messages import Denied, Message
from .unfinished import UnfinishedMessages

# Of one connection at a time; a client resumes one message.
_MOST_WANTED = 4


class TextFramesCodec:
    """The codec of one connection."""

    family: Hashable | None = None
    counts_on = True
    knows_epochs = True

    def __init__(self, limits: Limits, unfinished: UnfinishedMessages) -> None:
        self._unfinished = unfinished
        self._most_waiting = limits.unsent_bytes
        self._stream = TextStream(
            None,
            max_message=limits.message_bytes,
            max_queued=4 * limits.document_bytes,
            find_kept=unfinished.received,
        )
        self._link: Link | None = None
        self._known = False  # who it is: what was cut is resumed after that
        self._wanted: list[Resume] = []
        self._sources: list[bytes] = []
        self._receiving: Head | None = None

    @classmethod
    def resumed(
        cls,
        limits: Limits,
        unfinished: UnfinishedMessages,
        state: StreamState,
        *,
        known: bool,
        wanted: Sequence[Resume] = (),
        received: bytearray | None = None,
    ) -> TextFramesCodec:
        """Of a connection that another process has begun; `received`: what is here of a message that
        is not complete, if it is about to be."""
        made = cls(limits, unfinished)
        made._stream.restore(state, received)
        made._known = known
        made._wanted = list(wanted)
        made._sources = list(made._stream.unfinished_sources())
        return made

    def attach(self, link: Link) -> None:
        self._link = link

    @property
    def stream(self) -> TextStream:
        return self._stream

    @property
    def known(self) -> bool:
        """Whether the other end has been answered."""
        return self._known

    @property
    def wanted(self) -> Sequence[Resume]:
        """What waits for that."""
        return self._wanted

    def decode(self, message: bytes | str) -> Sequence[tuple[str | None, Message]]:
        if isinstance(message, bytes):
            raise Close(CloseCode.PROTOCOL_ERROR, "a binary message among text frames")
        try:
            arrived = self._stream.receive(message)
        except FrameError as error:
            if error.code in ("damaged", "foreign"):
                if self._stream.stream is None:
                    raise Unreadable(str(error)) from None  # this was never about text frames
                return ()  # what was in it is asked for again
            too_big = error.code == "too_big"
            code = CloseCode.TOO_LARGE if too_big else CloseCode.PROTOCOL_ERROR
            raise Close(code, str(error)) from None
        self._wanted = [*self._wanted, *arrived.wanted][-_MOST_WANTED:]
        if self._known:
            self._go_on()
        self._note_what_is_received()
        self._forget_what_arrived()
        if self._link is not None:
            for text in self._stream.frames(flush=bool(arrived.messages)):
                self._link.send(text)
        return [frames.decode(content) for content in arrived.messages]

    def encode(self, document: str | None, message: Message) -> Sequence[bytes | str]:
        if not self._known and not isinstance(message, Denied):
            self._known = True
            self._go_on()
        content = frames.encode(document, message)
        source = b""
        if len(content) > MOST_DATA:
            source = self._unfinished.begin(content)
            self._sources.append(source)
        self._stream.send(content, source)
        texts = self._stream.frames()
        if self._stream.waiting > self._most_waiting and self._link is not None:
            self._link.close(
                CloseCode.TOO_SLOW,
                f"more than {self._most_waiting} bytes wait to be acknowledged (unsent_bytes)",
            )
        return texts

    def _go_on(self) -> None:
        """Answers those who want the rest of what a cut connection has left."""
        wanted, self._wanted = self._wanted, []
        for one in wanted:
            content = self._unfinished.content(one.head.source)
            self._stream.resume(one, content)
            if content is not None:
                self._sources.append(one.head.source)

    def _note_what_is_received(self) -> None:
        kept = self._stream.kept()
        if self._receiving is not None and (kept is None or kept.head != self._receiving):
            self._unfinished.received(self._receiving)
            self._receiving = None
        if kept is not None:
            self._receiving = kept.head
            self._unfinished.receiving(kept)

    def _forget_what_arrived(self) -> None:
        if self._sources:
            left = self._stream.unfinished_sources()
            for source in self._sources:
                if source not in left:
                    self._unfinished.finish(source)
            self._sources = [source for source in self._sources if source in left]


class Answer(NamedTuple):
    """The answer to a step 0: all of `doc` at `version` that a client in `state_vector` lacks."""

    doc: str
    version: Version
    state_vector: bytes


def answer_source(answer: Answer) -> bytes:
    """Its source; empty if it would be longer than a source may be: then only whoever still has the
    answer can send the rest of it."""
    encoder = Encoder()
    encoder.write_var_string(answer.doc)
    encoder.write_var_uint(answer.version.epoch)
    encoder.write_var_uint(answer.version.seq)
    source = encoder.to_bytes() + answer.state_vector
    return source if len(source) <= MAX_SOURCE else b""


def read_answer_source(source: bytes) -> Answer | None:
    """What it stands for; None if it is no such source."""
    decoder = Decoder(source)
    try:
        doc = decoder.read_var_string()
        version = Version(decoder.read_var_uint(), decoder.read_var_uint())
    except DecodeError:
        return None
    state_vector = source[decoder.i0 :]
    return Answer(doc, version, state_vector) if doc and state_vector else None
