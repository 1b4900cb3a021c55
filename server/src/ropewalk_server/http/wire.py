"""uvicorn's WebSocket protocol, with what a server of many quiet and some busy connections needs.

    W1  a message for many is made into a frame once, and written without a task or a queue for
        whoever keeps up
    W2  the first message, which comes before it is known who sends it, has a limit of its own; and
        a connection that is closed for a larger one is told which setting that is
    W3  who does not read is cut off for good: closing alone would wait for them
    W4  when the server ends, clients hear 1001
    W5  who breaks a rule of WebSockets hears which: what they still send is read and dropped for
        some seconds, since a system that throws it away takes the last frame along; what came
        before counts

Used with `uvicorn.Config(ws=WireProtocol)`; under any other protocol sockets.py uses an Outbox.
"""

from __future__ import annotations

import socket
from asyncio import BaseTransport
from collections import deque
from contextlib import suppress
from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.exceptions import InvalidState
from websockets.frames import Frame, Opcode
from websockets.server import ServerProtocol

from ..errors import CloseCode, code_on_wire, fitting_reason

# Under this name the protocol is found in the extensions of the scope.
EXTENSION = "ropewalk.wire"

_TEXT, _BINARY = 0x81, 0x82
_DATA = (Opcode.CONT, Opcode.TEXT, Opcode.BINARY)
# A larger message is written behind its header instead of being copied behind it.
_COPIED = 16 * 1024
# Of the system, for each connection; it reserves twice as much.
_SEND_BUFFER = 256 * 1024
# How long a client may take to accept what is left and to answer the closing.
_LINGER_SECONDS = 5.0
# Who has sent nothing for so long has nothing on the way.
_QUIET_SECONDS = 0.1
# More of it is not read: whoever still sends does not want to hear.
_DROPPED_BYTES = 64 * 1024 * 1024


def frame_header(opcode: int, size: int) -> bytes:
    """What stands in front of a message from a server: nothing in it is masked."""
    if size < 126:
        return bytes((opcode, size))
    if size < 1 << 16:
        return bytes((opcode, 126)) + size.to_bytes(2, "big")
    return bytes((opcode, 127)) + size.to_bytes(8, "big")


class Framer:
    """Makes messages into frames. A broadcast gives the same message to one link after another: the
    last frame is kept."""

    __slots__ = ("_frame", "_message")

    def __init__(self) -> None:
        self._message: bytes | str | None = None
        self._frame: tuple[bytes, ...] = ()

    def frame(self, message: bytes | str) -> tuple[bytes, ...]:
        """The parts of the frame, to be written in order."""
        if message is not self._message:
            text = isinstance(message, str)
            data = message.encode() if isinstance(message, str) else message
            header = frame_header(_TEXT if text else _BINARY, len(data))
            self._frame = (header + data,) if len(data) <= _COPIED else (header, data)
            self._message = message
        return self._frame


class _Protocol(ServerProtocol):
    """Has a limit of its own for the first message, and says which setting was too small."""

    setting = "message_bytes"
    later: int | None = None

    def recv_frame(self, frame: Frame) -> None:
        super().recv_frame(frame)
        # What comes behind the first message may be here already while that is being looked at.
        if self.later is not None and frame.fin and frame.opcode in _DATA:
            self.max_message_size, self.later = self.later, None
            self.setting = "message_bytes"

    def fail(self, code: int, reason: str = "") -> None:
        if code == CloseCode.TOO_LARGE:
            reason = fitting_reason(
                f"a message of more than {self.max_message_size} bytes ({self.setting})"
            )
        super().fail(code, reason)


def _bound_send_buffer(transport: BaseTransport) -> None:
    """The system would let it grow to some megabytes for a client that does not read."""
    connection = transport.get_extra_info("socket")
    if connection is not None and connection.family in (socket.AF_INET, socket.AF_INET6):
        own = socket.socket(fileno=connection.fileno())
        try:
            own.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER)
        finally:
            own.detach()


class WireProtocol(WebSocketsSansIOProtocol):
    """See above."""

    link: WireLink | None = None
    conn: _Protocol
    # A rule was broken: nothing more is understood. When something last came, and how much since.
    failed = False
    heard = 0.0
    dropped = 0

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.conn = _Protocol(max_size=self.config.ws_max_size, logger=self.conn.logger)

    def connection_made(self, transport: BaseTransport) -> None:
        super().connection_made(transport)
        _bound_send_buffer(transport)

    async def run_asgi(self) -> None:
        extensions: dict[Any, Any] = self.scope["extensions"]
        extensions[EXTENSION] = self
        await super().run_asgi()
        if not self.disconnected:
            # Closing waits until all was accepted, which may be never.
            self.loop.call_later(_LINGER_SECONDS, self.transport.abort)

    def limit_messages(self, first: int, later: int) -> None:
        """How many bytes the first message, and each later one, may have."""
        self.conn.max_message_size, self.conn.later = first, later
        self.conn.setting = "handshake_bytes"

    # -- writing -----------------------------------------------------------------------------------

    def write(self, frame: tuple[bytes, ...]) -> None:
        """Hands a frame to the transport."""
        if self.close_sent or self.disconnected:
            return
        try:
            for part in frame:
                self.transport.write(part)
        except RuntimeError:
            pass  # it is gone, and will say so

    def end(self, code: int, reason: str) -> None:
        """Closes from this side; whoever does not answer is cut off."""
        if self.close_sent or self.disconnected:
            return
        if self.conn.state.name == "OPEN":
            self.conn.send_close(code, reason)
            self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        self.queue.put_nowait({"type": "websocket.disconnect", "code": code, "reason": reason})
        if self.read_paused:
            self.read_paused = False
            self.transport.resume_reading()
        self.close_timer = self.loop.call_later(_LINGER_SECONDS, self.transport.abort)

    # -- breaches ----------------------------------------------------------------------------------

    def data_received(self, data: bytes) -> None:
        if self.failed:
            self.heard = self.loop.time()
            self.dropped += len(data)
            if self.dropped > _DROPPED_BYTES:
                self.transport.abort()
            return
        self.conn.receive_data(data)
        # What came before the breach; a text that is none there is no worse.
        with suppress(InvalidState):
            self.handle_events()
        if self.conn.parser_exc is not None:
            self.handle_parser_exception()

    def handle_parser_exception(self) -> None:
        closing = self.conn.close_sent
        if self.failed or closing is None:
            return
        self.failed = True
        self.heard = self.loop.time()
        self.stop_keepalive()
        self.queue.put_nowait(
            {"type": "websocket.disconnect", "code": closing.code, "reason": closing.reason}
        )
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        if self.read_paused:
            self.read_paused = False
            self.transport.resume_reading()
        self.loop.call_later(_QUIET_SECONDS, self._end_when_quiet)
        self.close_timer = self.loop.call_later(_LINGER_SECONDS, self.transport.abort)

    def _end_when_quiet(self) -> None:
        """They have heard it, and have nothing more on the way."""
        rest = self.heard + _QUIET_SECONDS - self.loop.time()
        if self.disconnected:
            return
        if rest > 0.001:
            self.loop.call_later(rest, self._end_when_quiet)
        else:
            self.transport.close()

    def pause_writing(self) -> None:
        super().pause_writing()
        if self.link is not None:
            self.link.pause()

    def resume_writing(self) -> None:
        super().resume_writing()
        if self.link is not None:
            self.link.resume()

    def keepalive_timeout(self) -> None:
        super().keepalive_timeout()
        self.transport.abort()

    def shutdown(self) -> None:
        self.stop_keepalive()
        if self.handshake_complete and not self.close_sent:
            self.end(CloseCode.GOING_AWAY, "the server goes away")
        elif not self.handshake_complete:
            super().shutdown()


class WireLink:
    """A Link straight to the protocol."""

    __slots__ = ("_closing", "_framer", "_limit", "_paused", "_queue", "_unsent", "_wire", "stock")

    def __init__(self, wire: WireProtocol, framer: Framer, limit: int) -> None:
        self._wire = wire
        self._framer = framer
        self._limit = limit
        self._queue: deque[tuple[bytes, ...]] | None = None
        self._unsent = 0
        self._paused = not wire.writable.is_set()
        self._closing: tuple[int, str] | None = None
        self.stock = True
        wire.link = self

    @property
    def unsent(self) -> int:
        """How many bytes wait here; the transport has up to 64 KiB and a message more."""
        return self._unsent

    def send(self, message: bytes | str) -> None:
        if self._closing is not None:
            return
        if not self._paused:
            self._wire.write(self._framer.frame(message))
            return
        if self._unsent + len(message) > self._limit:
            self._queue = None
            self._unsent = 0
            self.close(
                CloseCode.TOO_SLOW,
                f"more than {self._limit} bytes wait to be sent (unsent_bytes)",
            )
            return
        if self._queue is None:
            self._queue = deque()
        frame = self._framer.frame(message)
        self._queue.append(frame)
        self._unsent += sum(map(len, frame))

    def close(self, code: int, reason: str) -> None:
        if self._closing is not None:
            return
        self._closing = (code_on_wire(code, stock=self.stock), fitting_reason(reason))
        if self._queue:
            self._wire.loop.call_later(_LINGER_SECONDS, self._wire.transport.abort)
        else:
            self._wire.end(*self._closing)

    def lost(self) -> None:
        """The connection is gone."""
        self._closing = self._closing or (int(CloseCode.GOING_AWAY), "")
        self._queue = None
        self._unsent = 0
        self._wire.link = None

    def pause(self) -> None:
        """The client does not keep up."""
        self._paused = True

    def resume(self) -> None:
        """It does again."""
        self._paused = False
        queue = self._queue
        while queue and not self._paused:
            frame = queue.popleft()
            self._unsent -= sum(map(len, frame))
            self._wire.write(frame)
        if not queue:
            self._queue = None
            if self._closing is not None:
                self._wire.end(*self._closing)
