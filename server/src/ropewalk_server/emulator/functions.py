"""Processes of functions. One handles one event at a time; between two it stands still (SIGSTOP), and
it may be killed at any moment, also while it does: then the event has failed, and nobody knows how
much of it was done."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from .clock import EmulatorClock
from .settings import Quotas
from .zygote import READY

_LINE_BYTES = 64 << 20


@dataclass
class FunctionError(Exception):
    """The function has raised something, ran out of time, or its process has ended."""

    kind: str
    message: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.message}"


class Throttled(Exception):
    """All processes are busy, for too long."""


@dataclass(eq=False)
class Process:
    pid: int
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    group: str
    events: int = 0


@dataclass
class Group:
    """A deployable: functions that share processes."""

    name: str
    environ: Mapping[str, str]
    idle: list[Process] = field(default_factory=list)
    running: set[Process] = field(default_factory=set)
    starting: int = 0
    waiting: deque[asyncio.Future[None]] = field(default_factory=deque)


class Functions:
    def __init__(
        self,
        clock: EmulatorClock,
        quotas: Quotas,
        log: Callable[[str], None],
        trace: Callable[..., None],
    ) -> None:
        self._clock = clock
        self._quotas = quotas
        self._log = log
        self._trace = trace
        self._groups: dict[str, Group] = {}
        self._handlers: dict[str, tuple[Group, str]] = {}
        self._control: socket.socket | None = None
        self._zygote: subprocess.Popen[bytes] | None = None
        self._forking = asyncio.Lock()
        self._reading: asyncio.Task[None] | None = None
        self._ids = itertools.count(1)
        self.active = 0
        self.invocations = 0
        self.kills = 0
        self.cold_starts = 0
        # Called with each event that begins; a test may kill the process meanwhile.
        self.on_invoke: Callable[[str, Process], None] | None = None

    def deploy(self, group: str, functions: Mapping[str, str], environ: Mapping[str, str]) -> None:
        """Functions by name, and the places of their handlers."""
        made = self._groups[group] = Group(group, dict(environ))
        for name, handler in functions.items():
            self._handlers[name] = made, handler

    async def start(self) -> None:
        ours, theirs = socket.socketpair()
        reading, writing = os.pipe()
        self._zygote = subprocess.Popen(
            [sys.executable, "-m", "ropewalk_server.emulator.zygote", str(theirs.fileno())],
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=writing,
            stderr=writing,
            start_new_session=True,
        )
        theirs.close()
        os.close(writing)
        ours.setblocking(False)
        self._control = ours
        self._reading = asyncio.ensure_future(self._read_log(reading))
        loop, said = asyncio.get_running_loop(), b""
        while len(said) < len(READY):
            got = await loop.sock_recv(ours, len(READY) - len(said))
            if not got:
                raise FunctionError("Zygote.Ended", "functions cannot be imported; see the log")
            said += got

    async def _read_log(self, descriptor: int) -> None:
        loop = asyncio.get_running_loop()
        reader = asyncio.StreamReader(limit=1 << 20)
        pipe = os.fdopen(descriptor, "rb")
        transport, _ = await loop.connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), pipe
        )
        try:
            while line := await reader.readline():
                self._log(line.decode(errors="replace").rstrip())
        finally:
            transport.close()

    async def close(self) -> None:
        for group in self._groups.values():
            for process in [*group.idle, *group.running]:
                self.kill(process, counts=False)
        if self._control is not None:
            self._control.close()
        if self._zygote is not None:
            with suppress(subprocess.TimeoutExpired):
                self._zygote.wait(5)
            if self._zygote.poll() is None:
                self._zygote.kill()
                self._zygote.wait()
        if self._reading is not None:
            await asyncio.wait([self._reading], timeout=2)
            self._reading.cancel()

    # -- processes ---------------------------------------------------------------------------------

    @property
    def processes(self) -> list[Process]:
        return [p for g in self._groups.values() for p in (*g.idle, *g.running)]

    def kill(self, process: Process, *, counts: bool = True) -> None:
        """kill -9, whatever it does."""
        self.kills += counts
        with suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGKILL)
        process.writer.close()
        group = self._groups[process.group]
        if process in group.idle:
            group.idle.remove(process)

    def kill_all(self) -> None:
        """As when AWS takes all its machines away."""
        for process in self.processes:
            self.kill(process)

    async def _fork(self, group: Group) -> Process:
        assert self._control is not None
        loop = asyncio.get_running_loop()
        ours, theirs = socket.socketpair()
        async with self._forking:
            socket.send_fds(self._control, [b"fork"], [theirs.fileno()])
            answer = b""
            while len(answer) < 4:
                got = await loop.sock_recv(self._control, 4 - len(answer))
                if not got:
                    raise FunctionError("Zygote.Ended", "no process can be started any more")
                answer += got
        theirs.close()
        reader, writer = await asyncio.open_connection(sock=ours, limit=_LINE_BYTES)
        writer.write(json.dumps(dict(group.environ)).encode() + b"\n")
        self.cold_starts += 1
        return Process(int.from_bytes(answer, "little"), reader, writer, group.name)

    async def _take(self, group: Group) -> Process:
        while True:
            if group.idle:
                process = group.idle.pop()
                group.running.add(process)
                with suppress(ProcessLookupError):
                    os.kill(process.pid, signal.SIGCONT)
                return process
            if len(group.running) + group.starting < self._quotas.concurrency:
                group.starting += 1
                try:
                    process = await self._fork(group)
                finally:
                    group.starting -= 1
                group.running.add(process)
                return process
            turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            group.waiting.append(turn)
            try:
                async with asyncio.timeout(self._quotas.integration):
                    await turn
            except TimeoutError:
                raise Throttled(group.name) from None

    def _give_back(self, group: Group, process: Process, *, usable: bool) -> None:
        group.running.discard(process)
        if usable:
            # From here on it does nothing until it is woken.
            with suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGSTOP)
            group.idle.append(process)
        while group.waiting:
            turn = group.waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                break

    # -- events ------------------------------------------------------------------------------------

    async def invoke(self, name: str, event: Any, *, seconds: float | None = None) -> Any:
        """What the function returns. FunctionError: it has failed, or nobody knows."""
        group, handler = self._handlers[name]
        self.active += 1
        try:
            process = await self._take(group)
            id = f"{next(self._ids):08x}"
            self.invocations += 1
            process.events += 1
            self._trace("invoke", function=name, request=id)
            if self.on_invoke is not None:
                self.on_invoke(name, process)
            usable = False
            try:
                answer = await self._ask(process, name, handler, event, id, seconds)
                usable = True
            finally:
                self._give_back(group, process, usable=usable)
            if "error" in answer:
                raise FunctionError(answer["error"], answer["message"])
            return answer["result"]
        finally:
            self.active -= 1

    async def _ask(
        self, process: Process, name: str, handler: str, event: Any, id: str, seconds: float | None
    ) -> dict[str, Any]:
        limit = self._quotas.integration if seconds is None else seconds
        line = {
            "id": id,
            "function": name,
            "handler": handler,
            "event": event,
            "seconds": limit,
            "ahead": self._clock.now() - time.time(),
        }
        data = json.dumps(line).encode() + b"\n"
        if len(data) > self._quotas.payload_bytes:
            raise FunctionError("RequestTooLarge", f"an event of {len(data)} bytes")
        answer = asyncio.ensure_future(self._talk(process, data))
        too_late = asyncio.ensure_future(self._clock.sleep(limit))
        try:
            await asyncio.wait([answer, too_late], return_when=asyncio.FIRST_COMPLETED)
            if not answer.done():
                self.kill(process, counts=False)
                raise FunctionError("Sandbox.Timedout", f"{name} took more than {limit:g} s")
            return answer.result()
        finally:
            too_late.cancel()
            answer.cancel()

    async def _talk(self, process: Process, data: bytes) -> dict[str, Any]:
        try:
            process.writer.write(data)
            await process.writer.drain()
            answer = await process.reader.readline()
        except (OSError, ValueError) as error:
            answer, reason = b"", str(error)
        else:
            reason = "the process was killed"
        if not answer:
            raise FunctionError("Runtime.ExitError", reason)
        found: dict[str, Any] = json.loads(answer)
        return found
