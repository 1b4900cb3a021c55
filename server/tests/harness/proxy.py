"""A TCP proxy in front of a real service, which harms connections as networks do.

    async with Proxy(port_of_the_service) as proxy:
        ...                     # clients connect to 127.0.0.1:proxy.port
        proxy.delay = 0.05      # each piece is late by so much, either way
        proxy.rate = 1024       # and no more bytes a second than this, either way
        proxy.cut()             # all connections are reset; new ones are taken
        proxy.refuse()          # and new ones are not, until heal()
        proxy.half_open()       # connections stand, and nothing comes through them any more
        proxy.heal()            # all is well for new connections; half-open ones are reset
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct

_PIECE = 1 << 16
# Closed so, a socket answers with a reset, as a service that was killed does.
_RESET = struct.pack("ii", 1, 0)


class Proxy:
    """See above. Everything happens in the event loop of the test."""

    def __init__(self, port: int, host: str = "127.0.0.1") -> None:
        """`port` and `host` are those of the service."""
        self.port = 0
        self.delay = 0.0
        self.rate: float | None = None
        self.connections = 0  # how many were ever taken
        self._target = (host, port)
        self._refusing = False
        self._silent = asyncio.Event()  # set: nothing comes through
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server

    async def __aenter__(self) -> Proxy:
        self._server = await asyncio.start_server(self._take, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *error: object) -> None:
        self._server.close()
        self.cut()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def cut(self) -> None:
        """Resets all connections."""
        for writer in tuple(self._writers):
            _reset(writer)
        self._writers.clear()

    def refuse(self) -> None:
        """As if nobody listened."""
        self._refusing = True
        self.cut()

    def half_open(self) -> None:
        """The other end is gone and nobody says so: what is sent is swallowed, also by connections
        that begin now."""
        self._silent.set()

    def heal(self) -> None:
        """No more harm. What was swallowed is lost, so its connections are reset."""
        self._refusing = False
        self.delay, self.rate = 0.0, None
        if self._silent.is_set():
            self._silent.clear()
            self.cut()

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._writers.add(writer)
        if self._refusing:
            self._drop(writer)
            return
        try:
            other_reader, other_writer = await asyncio.open_connection(*self._target)
        except OSError:
            self._drop(writer)
            return
        self._writers.add(other_writer)
        for one, two in ((reader, other_writer), (other_reader, writer)):
            task = asyncio.ensure_future(self._carry(one, two))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One way of one connection, until it ends; the end is passed on, too."""
        try:
            while piece := await reader.read(_PIECE if self.rate is None else 512):
                if self.delay:
                    await asyncio.sleep(self.delay)
                if self.rate is not None:
                    await asyncio.sleep(len(piece) / self.rate)
                if self._silent.is_set():
                    continue
                writer.write(piece)
                await writer.drain()
            if not self._silent.is_set():
                writer.close()
        except OSError:
            self._drop(writer)

    def _drop(self, writer: asyncio.StreamWriter) -> None:
        self._writers.discard(writer)
        _reset(writer)


def _reset(writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    writer.transport.abort()
