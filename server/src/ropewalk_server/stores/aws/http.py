"""HTTP/1.1 for clients: bodies are in memory, connections are kept and used again."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    import ssl

# Of the head of a response, and of a response as a whole.
_HEAD_BYTES = 1 << 16
_BODY_BYTES = 1 << 30


@dataclass(frozen=True, slots=True)
class Response:
    status: int
    headers: Mapping[str, str]  # names in lower case
    body: bytes


class _Connection:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @property
    def is_open(self) -> bool:
        return not (self._reader.at_eof() or self._writer.is_closing())

    def close(self) -> None:
        # Whatever the other side may still say: nobody waits for it.
        self._writer.transport.abort()

    async def request(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[Response, bool]:
        """The response, and whether the connection can be used again."""
        lines = [f"{method} {path} HTTP/1.1"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        lines.append(f"content-length: {len(body)}\r\n\r\n")
        self._writer.write("\r\n".join(lines).encode("latin-1"))
        self._writer.write(body)
        await self._writer.drain()
        status, received = await self._head()
        while status == 100:  # "go on", which nobody asked for
            status, received = await self._head()
        whole = b""
        if method != "HEAD" and status not in (204, 304):
            whole = await self._body(received)
        keeps = received.get("connection", "").lower() != "close"
        return Response(status, received, whole), keeps

    async def _head(self) -> tuple[int, dict[str, str]]:
        first, *lines = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        version, _, rest = first.partition(" ")
        if not version.startswith("HTTP/1.") or not rest[:3].isdigit():
            raise ValueError(f"no HTTP response: {first[:80]!r}")
        headers = {}
        for line in lines:
            name, colon, value = line.partition(":")
            if colon:
                headers[name.strip().lower()] = value.strip()
        return int(rest[:3]), headers

    async def _body(self, headers: Mapping[str, str]) -> bytes:
        if headers.get("transfer-encoding", "").lower() != "chunked":
            length = int(headers.get("content-length", "0"))
            if length > _BODY_BYTES:
                raise ValueError(f"a response of {length} bytes")
            return await self._reader.readexactly(length)
        pieces: list[bytes] = []
        total = 0
        while True:
            line = await self._reader.readuntil(b"\r\n")
            size = int(line.split(b";")[0], 16)
            total += size
            if total > _BODY_BYTES:
                raise ValueError(f"a response of more than {_BODY_BYTES} bytes")
            if size == 0:
                while await self._reader.readuntil(b"\r\n") != b"\r\n":
                    pass
                return b"".join(pieces)
            pieces.append(await self._reader.readexactly(size))
            await self._reader.readexactly(2)


class Connections:
    """To one server: as many as `most`, and who comes beyond that waits."""

    def __init__(self, url: str, *, most: int = 32) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"{url!r} is no http: or https: address")
        self._host = parts.hostname
        self._tls = parts.scheme == "https"
        self._port = parts.port or (443 if self._tls else 80)
        self._context: ssl.SSLContext | None = None
        self._idle: list[_Connection] = []
        self._places = asyncio.Semaphore(most)

    async def request(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes
    ) -> Response:
        """OSError or EOFError if the connection was cut, ValueError if the answer is no HTTP."""
        async with self._places:
            connection = await self._take()
            try:
                response, keeps = await connection.request(method, path, headers, body)
            except asyncio.LimitOverrunError as error:
                connection.close()
                raise ValueError(f"the head of a response is too long: {error}") from error
            except BaseException:  # given up in the middle, it is of no use any more
                connection.close()
                raise
            if keeps:
                self._idle.append(connection)
            else:
                connection.close()
            return response

    async def _take(self) -> _Connection:
        while self._idle:
            connection = self._idle.pop()
            if connection.is_open:
                return connection
            connection.close()
        if self._tls and self._context is None:
            import ssl

            self._context = ssl.create_default_context()
        reader, writer = await asyncio.open_connection(
            self._host, self._port, ssl=self._context, limit=_HEAD_BYTES
        )
        return _Connection(reader, writer)

    def forget(self) -> None:
        """Connections that wait are closed: one of them was cut, and the others may be, too."""
        while self._idle:
            self._idle.pop().close()

    close = forget
