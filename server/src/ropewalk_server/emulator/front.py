"""The port: HTTP/1.1 and WebSockets, as far as clients of the emulator need them. What is answered
at which path the emulator says."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from websockets.exceptions import ProtocolError
from websockets.frames import CloseCode, Frame, Opcode
from websockets.http11 import Request as Handshake
from websockets.protocol import State
from websockets.server import ServerProtocol

from .settings import Quotas

logger = logging.getLogger(__name__)

_HEAD_BYTES = 64 << 10
_BODY_BYTES = 10 << 20
_DATA = (Opcode.TEXT, Opcode.BINARY, Opcode.CONT)


@dataclass
class Request:
    method: str
    target: str
    headers: dict[str, str]  # names in lower case
    source: str
    body: bytes = b""

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def raw_query(self) -> str:
        return urlsplit(self.target).query

    @property
    def query(self) -> dict[str, str]:
        return dict(parse_qsl(self.raw_query, keep_blank_values=True))


@dataclass
class Response:
    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, status: int, value: Mapping[str, Any]) -> Response:
        body = json.dumps(value).encode() if value else b""
        return cls(status, body, {"content-type": "application/json"})


class Socket:
    """One WebSocket. Frames are looked at one by one, for they have a limit of their own."""

    def __init__(
        self, writer: asyncio.StreamWriter, protocol: ServerProtocol, quotas: Quotas
    ) -> None:
        self._writer = writer
        self._protocol = protocol
        self._quotas = quotas
        self._parts: list[bytes] = []
        self._is_fragmented = False
        self.on_text: Callable[[str], None] = lambda _: None
        self.code = 1006

    def send(self, text: str) -> None:
        """In frames of at most 32 KB, as API Gateway cuts them."""
        if self._protocol.state is not State.OPEN:
            return
        data, most = text.encode(), self._quotas.frame_bytes
        if len(data) <= most:
            self._protocol.send_text(data)
        else:
            pieces = [data[start : start + most] for start in range(0, len(data), most)]
            self._protocol.send_text(pieces[0], fin=False)
            for piece in pieces[1:-1]:
                self._protocol.send_continuation(piece, fin=False)
            self._protocol.send_continuation(pieces[-1], fin=True)
        self._flush()

    def close(self, code: int, reason: str) -> None:
        if self._protocol.state is State.OPEN:
            self._protocol.send_close(code, reason)
            self.code = code
            self._flush()

    def _fail(self, code: int, reason: str) -> None:
        if self._protocol.state is State.OPEN:
            self.code = code
            self._protocol.fail(code, reason)

    def _flush(self) -> None:
        if self._writer.is_closing():
            return
        for data in self._protocol.data_to_send():
            if data:
                self._writer.write(data)
            elif self._writer.can_write_eof():
                with suppress(OSError):
                    self._writer.write_eof()

    def cut(self) -> None:
        """As when the network goes."""
        self._writer.transport.abort()

    async def run(self, reader: asyncio.StreamReader) -> int:
        """Until it is closed; the code of that."""
        while True:
            for event in self._protocol.events_received():
                if isinstance(event, Frame):
                    self._take(event)
            self._flush()
            if self._protocol.close_expected() and self._protocol.state is not State.OPEN:
                # The other end has a moment to say that it has heard.
                with suppress(TimeoutError, OSError):
                    async with asyncio.timeout(2):
                        while data := await reader.read(65536):
                            self._protocol.receive_data(data)
                break
            try:
                data = await reader.read(65536)
            except OSError:
                data = b""
            if not data:
                self._protocol.receive_eof()
                self._flush()
                break
            try:
                self._protocol.receive_data(data)
            except ProtocolError:
                break
        received = self._protocol.close_rcvd
        return received.code if received is not None and self.code == 1006 else self.code

    def _take(self, frame: Frame) -> None:
        if self._protocol.state is not State.OPEN or frame.opcode not in _DATA:
            return
        if frame.opcode is Opcode.BINARY:
            self._fail(CloseCode.UNSUPPORTED_DATA, "binary is not supported")
        elif len(frame.data) > self._quotas.frame_bytes:
            self._fail(CloseCode.MESSAGE_TOO_BIG, "a frame of more than 32 KB")
        else:
            self._parts.append(bytes(frame.data))
            if sum(map(len, self._parts)) > self._quotas.message_bytes:
                self._fail(CloseCode.MESSAGE_TOO_BIG, "a message of more than 128 KB")
            elif frame.fin:
                data, self._parts = b"".join(self._parts), []
                try:
                    text = data.decode()
                except UnicodeDecodeError:
                    self._fail(CloseCode.INVALID_DATA, "text is UTF-8")
                    return
                self.on_text(text)



class Front:
    def __init__(
        self,
        quotas: Quotas,
        answer: Callable[[Request], Awaitable[Response]],
        upgrade: Callable[[Request, Upgrade], Awaitable[Response | None]],
    ) -> None:
        """`answer` an HTTP request; `upgrade` a request for a socket, or refuse it."""
        self._quotas = quotas
        self._answer = answer
        self._upgrade = upgrade
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()

    async def bind(self, host: str, port: int) -> int:
        """The port, which is ours from here on; until open() whoever connects is refused."""
        self._server = await asyncio.start_server(
            self._serve, host, port, limit=_HEAD_BYTES, start_serving=False
        )
        bound: int = self._server.sockets[0].getsockname()[1]
        return bound

    async def open(self) -> None:
        assert self._server is not None
        await self._server.start_serving()

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
            for writer in list(self._writers):
                writer.transport.abort()
            await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            while await self._one(reader, writer):
                pass
        except (OSError, EOFError, asyncio.LimitOverrunError):
            pass  # whoever asked has gone
        except Exception:
            logger.exception("a request has made the emulator fail")
        finally:
            self._writers.discard(writer)
            writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Whether another one may follow."""
        head = await reader.readuntil(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").rstrip("\r\n").split("\r\n")
        method, target, _ = first.split(" ")
        headers = {}
        for line in lines:
            name, _, value = line.partition(":")
            headers[name.strip().lower()] = value.strip()
        peer = writer.get_extra_info("peername") or ("",)
        request = Request(method, target, headers, str(peer[0]))
        if headers.get("upgrade", "").lower() == "websocket":
            refusal = await self._upgrade(request, Upgrade(head, reader, writer, self._quotas))
            if refusal is not None:
                self._write(writer, request, refusal, keeps=False)
                await writer.drain()
            return False
        size = int(headers.get("content-length", "0"))
        if size > _BODY_BYTES:
            self._write(writer, request, Response.of(413, {"message": "too large"}), keeps=False)
            return False
        request.body = await reader.readexactly(size)
        keeps = headers.get("connection", "").lower() != "close"
        self._write(writer, request, await self._answer(request), keeps=keeps)
        await writer.drain()
        return keeps

    def _write(
        self, writer: asyncio.StreamWriter, request: Request, response: Response, *, keeps: bool
    ) -> None:
        phrase = HTTPStatus(response.status).phrase
        lines = [f"HTTP/1.1 {response.status} {phrase}"]
        headers = {**response.headers, "content-length": str(len(response.body))}
        if not keeps:
            headers["connection"] = "close"
        lines += [f"{name}: {value}" for name, value in headers.items()]
        writer.write("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n")
        if request.method != "HEAD":
            writer.write(response.body)


class Upgrade:
    """A handshake that waits for an answer."""

    def __init__(
        self,
        head: bytes,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        quotas: Quotas,
    ) -> None:
        self._head = head
        self._reader = reader
        self._writer = writer
        self._quotas = quotas
        # Larger than what is allowed: whoever sends it is told by the code that AWS has for it.
        self._protocol = ServerProtocol(max_size=8 * quotas.message_bytes)
        self.socket = Socket(writer, self._protocol, quotas)

    async def accept(self, headers: Mapping[str, str]) -> bool:
        """False: it was no handshake."""
        self._protocol.receive_data(self._head)
        for event in self._protocol.events_received():
            if isinstance(event, Handshake):
                response = self._protocol.accept(event)
                for name, value in headers.items():
                    response.headers[name] = value
                self._protocol.send_response(response)
        self.socket._flush()
        await self._writer.drain()
        return self._protocol.state is State.OPEN

    async def run(self) -> int:
        return await self.socket.run(self._reader)
