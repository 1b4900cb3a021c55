"""T14: many connections on which nothing happens. What they cost the server: memory, time of a
core, and how fast they come.

    python bench/server/idle.py [CONNECTIONS] [DOCUMENTS]
"""

from __future__ import annotations

import asyncio
import os
import resource
import socket
import subprocess
import sys
import time
from pathlib import Path

import uvloop
from picows import WSFrame, WSListener, WSMsgType, WSTransport, ws_connect

HERE = Path(__file__).parent
# Each process may have 20,000 files at most; a connection has one at either end.
PER_PROCESS = 5_000
AT_ONCE = 100
# Of the time of a core, measured over so many seconds.
SECONDS = 10.0
PAGE = os.sysconf("SC_PAGE_SIZE")
TICK = os.sysconf("SC_CLK_TCK")

HELLO = b'\x78\x07{"v":1}'


class Idle(WSListener):
    """Says hello, and waits for step 1."""

    def __init__(self, ready: asyncio.Future[None]) -> None:
        self.ready = ready

    def on_ws_connected(self, transport: WSTransport) -> None:
        transport.send(WSMsgType.BINARY, HELLO)

    def on_ws_frame(self, _transport: WSTransport, frame: WSFrame) -> None:
        payload = frame.get_payload_as_bytes()
        if payload[:2] == b"\x00\x00" and not self.ready.done():
            self.ready.set_result(None)

    def on_ws_disconnected(self, _transport: WSTransport) -> None:
        if not self.ready.done():
            self.ready.set_exception(ConnectionError("closed before it was in"))


async def connect_all(port: int, first: int, count: int, documents: int) -> None:
    """Connects, says so on standard output, and stays until standard input ends."""
    turn = asyncio.Semaphore(AT_ONCE)

    async def one(number: int) -> WSTransport:
        async with turn:
            ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            url = f"ws://127.0.0.1:{port}/collab/d{number % documents}"
            transport, _ = await ws_connect(lambda: Idle(ready), url)
            await ready
            return transport

    transports = await asyncio.gather(*(one(number) for number in range(first, first + count)))
    print("ready", len(transports), flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    os._exit(0)


def resident(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def wait_for(port: int) -> None:
    end = time.monotonic() + 20
    while time.monotonic() < end:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise TimeoutError("the server does not listen")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def measure(connections: int, documents: int, seconds: float = SECONDS) -> dict[str, float]:
    """Megabytes of the server before and with the connections, the part of a core that it takes
    while nothing happens, connections a second, and what one costs the server in time of a core."""
    port = free_port()
    server = subprocess.Popen([sys.executable, HERE / "served.py", str(port), "memory:"])
    clients = []
    try:
        wait_for(port)
        before = resident(server.pid)
        began, busy = time.monotonic(), cpu_seconds(server.pid)
        for first in range(0, connections, PER_PROCESS):
            count = min(PER_PROCESS, connections - first)
            command = [sys.executable, __file__, "--clients", port, first, count, documents]
            clients.append(
                subprocess.Popen(
                    [str(part) for part in command],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    text=True,
                )
            )
        for client in clients:
            assert client.stdout is not None
            line = client.stdout.readline()
            if not line.startswith("ready"):
                raise ConnectionError("not all are in")
        took, busy = time.monotonic() - began, cpu_seconds(server.pid) - busy
        time.sleep(1)
        used = cpu_seconds(server.pid)
        time.sleep(seconds)
        used = cpu_seconds(server.pid) - used
        return {
            "connections": connections,
            "before_mib": before / 2**20,
            "with_mib": resident(server.pid) / 2**20,
            "core": used / seconds,
            "connects_per_second": connections / took,
            "connect_cpu_ms": busy / connections * 1000,
        }
    finally:
        for client in clients:
            assert client.stdin is not None
            client.stdin.close()
        for client in clients:
            client.wait()
        server.terminate()
        server.wait()


def main() -> None:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    if sys.argv[1:2] == ["--clients"]:
        port, first, count, documents = map(int, sys.argv[2:])
        uvloop.install()
        asyncio.run(connect_all(port, first, count, documents))
        return
    connections = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    documents = int(sys.argv[2]) if len(sys.argv) > 2 else 1_000
    figures = measure(connections, documents)
    print(
        f"{connections} connections to {documents} documents: "
        f"{figures['with_mib']:.0f} MiB ({figures['before_mib']:.0f} before), "
        f"{figures['core']:.1%} of a core, {figures['connects_per_second']:.0f} connects/s "
        f"({figures['connect_cpu_ms']:.2f} ms of the server's time each)"
    )


if __name__ == "__main__":
    main()
