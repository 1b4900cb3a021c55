"""The messages of the Yjs sync and awareness protocols (y-protocols), and the numbers, strings and
byte strings of lib0 that they are made of.

    message   = byte kind, then
        SYNC       byte step, bytes payload      (a state vector for SYNC_STEP1, else an update)
        AWARENESS  bytes payload
    bytes     = number of bytes, the bytes
    string    = bytes in UTF-8
    number    = groups of 7 bits, the lowest first, 128 added to all but the last; at most 2^53 - 1

What is read comes from others: whatever it is, the answer is a value or a DecodeError.
"""

from __future__ import annotations

from enum import IntEnum
from operator import index

from ._core import DecodeError, encode_any, read_any

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from ._doc import Doc

# JavaScript's greatest exact integer, and how many groups of 7 bits it takes.
MAX_NUMBER = 2**53 - 1
_MAX_GROUPS = 8

# An update without blocks and without deletions.
_EMPTY_UPDATE = b"\x00\x00"


class YMessageType(IntEnum):
    """What a message is about: its first byte."""

    SYNC = 0
    AWARENESS = 1


class YSyncMessageType(IntEnum):
    """The step of a SYNC message: its second byte.

    SYNC_STEP1 carries what its sender has (a state vector), SYNC_STEP2 answers it with what it
    lacks, SYNC_UPDATE carries a change made later.
    """

    SYNC_STEP1 = 0
    SYNC_STEP2 = 1
    SYNC_UPDATE = 2


def write_var_uint(num: int) -> bytes:
    """Encodes a number from 0 to 2^53 - 1 (ValueError outside: no peer could read it)."""
    num = index(num)
    if 0 <= num < 0x80:
        return bytes((num,))
    if not 0 <= num <= MAX_NUMBER:
        raise ValueError(f"a number in a message is from 0 to 2^53 - 1, not {num}")
    groups = bytearray()
    while num > 0x7F:
        groups.append(0x80 | (num & 0x7F))
        num >>= 7
    groups.append(num)
    return bytes(groups)


def write_message(stream: bytes) -> bytes:
    """Puts the number of bytes in front of the bytes, so that read_message() finds their end."""
    size = len(stream) if isinstance(stream, bytes) else memoryview(stream).nbytes
    return b"".join((write_var_uint(size), stream))


def create_awareness_message(data: bytes) -> bytes:
    """Makes the message that carries an awareness update."""
    return bytes((YMessageType.AWARENESS,)) + write_message(data)


def _sync_message(step: YSyncMessageType, payload: bytes) -> bytes:
    return bytes((YMessageType.SYNC, step)) + write_message(payload)


def create_update_message(data: bytes) -> bytes:
    """Makes the SYNC_UPDATE message that carries an update of a document."""
    return _sync_message(YSyncMessageType.SYNC_UPDATE, data)


def create_sync_message(ydoc: Doc[Any]) -> bytes:
    """Makes the SYNC_STEP1 message by which a document asks for what it lacks."""
    return _sync_message(YSyncMessageType.SYNC_STEP1, ydoc.get_state())


def handle_sync_message(message: bytes, ydoc: Doc[Any]) -> bytes | None:
    """Answers a SYNC_STEP1 with the message to send back, or applies the update of the others.

    `message` begins with the step: a SYNC message without its first byte. A message that is cut or
    of an unknown step is a DecodeError, and the document stays as it was.
    """
    if len(message) == 0:
        raise DecodeError("a sync message of no bytes: its step is missing")
    step = message[0]
    if step > YSyncMessageType.SYNC_UPDATE:
        raise DecodeError(f"a sync message of the unknown step {step}; 0, 1 and 2 are known")
    payload = read_message(message[1:])
    if step == YSyncMessageType.SYNC_STEP1:
        return _sync_message(YSyncMessageType.SYNC_STEP2, ydoc.get_update(payload))
    if payload != _EMPTY_UPDATE:
        ydoc.apply_update(payload)
    return None


def create_permission_denied_message(reason: str) -> bytes:
    """Makes what a server says when it refuses somebody: the auth protocol of y-protocols, without a
    first byte of its own."""
    return b"\x00" + write_message(reason.encode())


def read_permission_denied_message(message: bytes) -> str | None:
    """The reason of such a message; None of one of another kind, which says something else."""
    if len(message) == 0:
        raise DecodeError("an auth message of no bytes: its kind is missing")
    decoder = Decoder(message)
    if decoder.read_var_uint() != 0:
        return None
    if decoder.length == 0:
        raise DecodeError("an auth message that ends before its reason; was it cut?")
    return decoder.read_var_string()


def read_message(stream: bytes) -> bytes:
    """Reads the bytes that write_message() has written; what follows them is ignored."""
    message = Decoder(stream).read_message()
    if message is None:
        raise DecodeError("no bytes, where a message was to begin")
    return message


class Encoder:
    """Collects numbers and strings; to_bytes() joins them."""

    stream: list[bytes]

    def __init__(self) -> None:
        self.stream = []

    def write_var_uint(self, num: int) -> None:
        """Appends a number from 0 to 2^53 - 1."""
        self.stream.append(write_var_uint(num))

    def write_var_string(self, text: str) -> None:
        """Appends a string: the number of its bytes in UTF-8, then these."""
        self.stream.append(write_message(text.encode()))

    def write_var_int(self, num: float) -> None:
        """Appends a whole number from -(2^53 - 1) to 2^53 - 1; -0.0 keeps its sign."""
        size = abs(int(num))
        negative = num < 0 or str(num) == "-0.0"
        if size != abs(num) or size > MAX_NUMBER:
            raise ValueError(f"a number in a message is whole and below 2^53, not {num}")
        # The first group has 6 bits, and the sign.
        first = (0x80 if size > 0x3F else 0) | (0x40 if negative else 0) | (size & 0x3F)
        self.stream.append(bytes((first,)))
        if size > 0x3F:
            self.stream.append(write_var_uint(size >> 6))

    def write_any(self, value: Any) -> None:
        """Appends a value: None, bool, int, float, str, bytes, list or dict."""
        self.stream.append(encode_any(value))

    def to_bytes(self) -> bytes:
        """All that was written, in its order."""
        return b"".join(self.stream)


class Decoder:
    """Reads what an Encoder has written, front to back.

    A read that fails raises DecodeError and takes nothing: `i0`, the number of bytes read, and
    `length`, the number of bytes left, stay as they were.
    """

    def __init__(self, stream: bytes) -> None:
        self.stream = stream
        self.length = len(stream)
        self.i0 = 0

    def read_var_uint(self) -> int:
        """Reads a number."""
        value, end = self._number()
        self._advance(end)
        return value

    def read_var_int(self) -> int:
        """Reads a number that may be negative."""
        if self.length == 0:
            raise DecodeError(f"no bytes left at byte {self.i0}, where a number was to be read")
        start, length = self.i0, self.length
        first = self.stream[start]
        value = first & 0x3F
        self._advance(start + 1)
        if first & 0x80:
            try:
                value |= self.read_var_uint() << 6
            except DecodeError:
                self.i0, self.length = start, length
                raise
        if value > MAX_NUMBER:
            self.i0, self.length = start, length
            raise DecodeError(f"a number greater than 2^53 - 1 at byte {start}")
        return -value if first & 0x40 else value

    def read_any(self) -> Any:
        """Reads a value that write_any() has written. Undefined is read as None, a BigInt as int."""
        value, end = read_any(self.stream, self.i0)
        self._advance(end)
        return value

    def read_message(self) -> bytes | None:
        """Reads bytes with their number in front; None if nothing is left."""
        if self.length == 0:
            return None
        size, start = self._number()
        left = self.i0 + self.length - start
        if size > left:
            raise DecodeError(
                f"{size} bytes announced at byte {self.i0}, {left} are there; was the message cut?"
            )
        self._advance(start + size)
        return bytes(self.stream[start : start + size])

    def read_messages(self) -> Iterator[bytes]:
        """Yields what read_message() reads until nothing is left."""
        while (message := self.read_message()) is not None:
            yield message

    def read_var_string(self) -> str:
        """Reads a string; an empty one if nothing is left."""
        start, length = self.i0, self.length
        message = self.read_message()
        if message is None:
            return ""
        try:
            return message.decode()
        except UnicodeDecodeError as error:
            bad = self.i0 - len(message) + error.start
            self.i0, self.length = start, length
            raise DecodeError(f"a string that is not UTF-8 at byte {bad}") from None

    def _advance(self, end: int) -> None:
        self.length -= end - self.i0
        self.i0 = end

    def _number(self) -> tuple[int, int]:
        """The number that begins here, and where it ends."""
        value = 0
        available = min(self.length, _MAX_GROUPS)
        for i in range(available):
            group = self.stream[self.i0 + i]
            value |= (group & 0x7F) << (7 * i)
            if group < 0x80:
                if value > MAX_NUMBER:
                    break
                return value, self.i0 + i + 1
        else:
            if available < _MAX_GROUPS:
                raise DecodeError(
                    f"{self.length} bytes left at byte {self.i0}, where a number was to be read; "
                    "was the message cut?"
                )
        raise DecodeError(f"a number greater than 2^53 - 1 at byte {self.i0}")
