"""Binary messages over a transport that carries only short texts, such as Amazon API Gateway's
WebSockets (frames of 32 KB). The wire format is section 3 of docs/formats/sync-protocol.md.

A frame is base64 of at most 24,000 bytes: a stream's number, a checksum, and items. Messages are
numbered from 1 in each direction. One that fits a frame goes whole, several small ones share a
frame; a long one is announced by a head and follows in parts. What was received is acknowledged,
and no more than WINDOW bytes are on the way without that.

A head (source, length, checksum) names a message beyond the connection: after a cut the receiver
asks for the rest of it, and any process that can make the same bytes again from `source` goes on
where the last one stopped. `cut()` does that without any state.
"""

from __future__ import annotations

from binascii import a2b_base64, b2a_base64
from dataclasses import dataclass
from typing import NamedTuple, Union
from zlib import crc32

from ._core import DecodeError
from ._sync import Decoder, write_message, write_var_uint

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Literal

    Refusal = Literal["damaged", "foreign", "protocol", "too_big"]

VERSION = 1
MAX_FRAME = 24_000  # bytes, before base64 makes 32,000 characters of them
MAX_TEXT = MAX_FRAME // 3 * 4
MAX_SOURCE = 4096
# What a message costs of the window beside its bytes, so that empty ones are bounded too.
OVERHEAD = 16
WINDOW = 96_000
ACKNOWLEDGE_AFTER = WINDOW // 2

# Room for the header of a frame, and for what stands in front of the bytes of an item; what is left
# for these.
_HEADER = 1 + 4 + 8
_ITEM = 1 + 8 + 8 + 4
MOST_DATA = MAX_FRAME - _HEADER - _ITEM

_MESSAGE, _HEAD, _PART, _RECEIVED, _AGAIN, _RESUME, _GONE, _OFFER = range(1, 9)


@dataclass
class FrameError(ValueError):
    """A frame that was not taken; nothing was changed by it.

    `code`: "damaged" and "foreign" (of another stream) frames may be ignored: what was in them is
    asked for again. After "protocol" and "too_big" the connection is of no more use.
    """

    code: Refusal
    message: str

    def __str__(self) -> str:
        return self.message


class Head(NamedTuple):
    """Names a long message: from what it is made, its length, and the CRC-32 of its bytes."""

    source: bytes
    length: int
    checksum: int

    @staticmethod
    def of(content: bytes, source: bytes) -> Head:
        if len(source) > MAX_SOURCE:
            raise ValueError(f"a source of {len(source)} bytes; at most {MAX_SOURCE} are allowed")
        return Head(source, len(content), crc32(content))


class Message(NamedTuple):
    """A whole message."""

    number: int
    content: bytes


class Begin(NamedTuple):
    """The parts of a long message follow, from `start` on."""

    number: int
    head: Head
    start: int


class Part(NamedTuple):
    """Bytes of the message that was begun."""

    number: int
    offset: int
    data: bytes


class Received(NamedTuple):
    """All before `number` is here, and of it the bytes before `offset`; `head` if there are
    such."""

    number: int
    offset: int
    head: Head | None
    again: bool  # what follows there got lost: go back to it


class Resume(NamedTuple):
    """In a new connection: the receiver keeps this message up to `offset` and wants the rest."""

    head: Head
    offset: int


class Gone(NamedTuple):
    """This message cannot be made any more; what is kept of it is of no use."""

    head: Head


class Offer(NamedTuple):
    """In a new connection: the sender has this message. How much of it is kept? Resume says."""

    head: Head


Item = Union[Message, Begin, Part, Received, Resume, Gone, Offer]


@dataclass(frozen=True)
class Frame:
    stream: int
    items: list[Item]


def _write_head(head: Head) -> bytes:
    checksum = head.checksum.to_bytes(4, "little")
    return b"".join((write_message(head.source), write_var_uint(head.length), checksum))


def _write_item(item: Item) -> bytes:
    if isinstance(item, Message):
        fields: list[int | bytes] = [_MESSAGE, item.number, write_message(item.content)]
    elif isinstance(item, Begin):
        fields = [_HEAD, item.number, _write_head(item.head), item.start]
    elif isinstance(item, Part):
        fields = [_PART, item.number, item.offset, write_message(item.data)]
    elif isinstance(item, Received):
        kind = _AGAIN if item.again else _RECEIVED
        fields = [kind, item.number, item.offset]
        if item.offset:
            if item.head is None:
                raise ValueError("what is received of a message in parts is told with its head")
            fields.append(_write_head(item.head))
    elif isinstance(item, Resume):
        fields = [_RESUME, _write_head(item.head), item.offset]
    else:
        fields = [_GONE if isinstance(item, Gone) else _OFFER, _write_head(item.head)]
    return b"".join(f if isinstance(f, bytes) else write_var_uint(f) for f in fields)


def encode_frame(stream: int, items: list[Item]) -> str:
    """The text of a frame; ValueError if that is longer than a frame may be."""
    return _encode(stream, [_write_item(item) for item in items])


def _encode(stream: int, items: list[bytes]) -> str:
    body = b"".join((write_var_uint(stream), *items))
    frame = b"".join((bytes((VERSION,)), crc32(body).to_bytes(4, "little"), body))
    if len(frame) > MAX_FRAME:
        raise ValueError(f"a frame of {len(frame)} bytes; at most {MAX_FRAME} are allowed")
    return b2a_base64(frame, newline=False).decode("ascii")


def decode_frame(text: str) -> Frame:
    """What stands in a frame; FrameError if it is not one, or was damaged."""
    if len(text) > MAX_TEXT:
        raise FrameError(
            "too_big", f"a frame of {len(text)} characters; at most {MAX_TEXT} are allowed"
        )
    try:
        raw = a2b_base64(text)
    except ValueError as error:  # binascii.Error is one
        raise FrameError("damaged", f"a frame that is not base64: {error}") from None
    if b2a_base64(raw, newline=False).decode("ascii") != text:
        raise FrameError("damaged", "a frame that is not base64, or not written in the one way")
    if len(raw) < 6:
        raise FrameError("damaged", f"a frame of {len(raw)} bytes; its header alone has 6")
    if raw[0] != VERSION:
        raise FrameError("protocol", f"a frame of version {raw[0]}; {VERSION} is spoken here")
    body = raw[5:]
    if crc32(body) != int.from_bytes(raw[1:5], "little"):
        raise FrameError("damaged", "the checksum of a frame does not fit its bytes")
    decoder = Decoder(body)
    try:
        stream = decoder.read_var_uint()
        items = []
        while decoder.length:
            items.append(_read_item(decoder))
    except DecodeError as error:
        raise FrameError("protocol", f"a frame that cannot be read: {error}") from None
    return Frame(stream, items)


def _read_head(decoder: Decoder) -> Head:
    source = _read_bytes(decoder)
    if len(source) > MAX_SOURCE:
        raise DecodeError(f"a source of {len(source)} bytes; at most {MAX_SOURCE} are allowed")
    length = decoder.read_var_uint()
    checksum = 0
    for shift in (0, 8, 16, 24):
        checksum |= _read_byte(decoder) << shift
    return Head(source, length, checksum)


def _read_byte(decoder: Decoder) -> int:
    if decoder.length == 0:
        raise DecodeError("a checksum that ends too soon")
    byte = decoder.stream[decoder.i0]
    decoder.i0 += 1
    decoder.length -= 1
    return byte


def _read_bytes(decoder: Decoder) -> bytes:
    data = decoder.read_message()
    if data is None:
        raise DecodeError("an item that ends before its bytes")
    return data


def _read_item(decoder: Decoder) -> Item:
    kind = decoder.read_var_uint()
    if kind == _MESSAGE:
        return Message(decoder.read_var_uint(), _read_bytes(decoder))
    if kind == _HEAD:
        return Begin(decoder.read_var_uint(), _read_head(decoder), decoder.read_var_uint())
    if kind == _PART:
        return Part(decoder.read_var_uint(), decoder.read_var_uint(), _read_bytes(decoder))
    if kind in (_RECEIVED, _AGAIN):
        number, offset = decoder.read_var_uint(), decoder.read_var_uint()
        return Received(number, offset, _read_head(decoder) if offset else None, kind == _AGAIN)
    if kind == _RESUME:
        return Resume(_read_head(decoder), decoder.read_var_uint())
    if kind in (_GONE, _OFFER):
        head = _read_head(decoder)
        return Gone(head) if kind == _GONE else Offer(head)
    raise DecodeError(f"an item of the unknown kind {kind}; 1 to 8 are known")


def pack(stream: int, items: list[Item]) -> list[str]:
    """Items into as few frames as hold them in their order."""
    frames: list[list[bytes]] = []
    room = 0
    for item in items:
        written = _write_item(item)
        if len(written) > room:
            frames.append([])
            room = MAX_FRAME - _HEADER
        frames[-1].append(written)
        room -= len(written)
    return [_encode(stream, frame) for frame in frames]


def parts(number: int, content: bytes, offset: int, end: int) -> list[Item]:
    """The bytes of a message from `offset` to `end`, in parts that each fill a frame."""
    return [
        Part(number, start, content[start : min(start + MOST_DATA, end)])
        for start in range(offset, end, MOST_DATA)
    ]


def cut(
    stream: int, number: int, head: Head, content: bytes, offset: int, *, window: int = WINDOW
) -> list[str]:
    """The frames with the next `window` bytes of a message behind `offset`: all that a process
    needs to answer a Received or a Resume of which it knows nothing but what stands in it.

    Raises ValueError if the content is not what the head names.
    """
    if Head.of(content, head.source) != head:
        raise ValueError("this is not the message that was begun: length or checksum differ")
    end = min(len(content), offset + window)
    if offset >= end:
        return []
    return pack(stream, [Begin(number, head, offset), *parts(number, content, offset, end)])
