"""T16: all clients are cut off at once and come back at once. How long until all are equal again,
and whether the server's memory comes back to what it was.

    python bench/server/storm.py [CLIENTS] [STORMS] [STORE]
"""

from __future__ import annotations

import asyncio
import json
import random
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import uvloop
from idle import HELLO, free_port, resident, wait_for
from picows import WSFrame, WSListener, WSMsgType, WSTransport, ws_connect
from ropewalk import Doc, Text

from ropewalk_server.protocol import frames
from ropewalk_server.protocol.messages import Ack, Numbered, Step1, Step2, Update

HERE = Path(__file__).parent
# So many clients are in one document.
TOGETHER = 20


class Client(WSListener):
    """A document that is kept through many connections."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.doc: Doc[Any] = Doc()
        self.transport: WSTransport | None = None
        self.number = self.acked = 0
        self.sent_away = 0  # by the server; it comes back as any provider does
        self.cutting = False

    async def come(self) -> None:
        while True:
            try:
                await ws_connect(lambda: self, self.url, websocket_handshake_timeout=60)
                return
            except (TimeoutError, OSError):
                await asyncio.sleep(0.2)

    def cut(self) -> None:
        self.cutting = True
        if self.transport is not None:
            self.transport.disconnect(graceful=False)

    def on_ws_connected(self, transport: WSTransport) -> None:
        self.transport, self.number, self.acked = transport, 0, 0
        self.cutting = False
        transport.send(WSMsgType.BINARY, HELLO)

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        if self.transport is transport:
            self.transport = None
            if not self.cutting:
                self.sent_away += 1
                self.coming = asyncio.get_running_loop().create_task(self.come_later())

    async def come_later(self) -> None:
        await asyncio.sleep(random.uniform(0.2, 1.0))
        await self.come()

    def on_ws_frame(self, _transport: WSTransport, frame: WSFrame) -> None:
        if frame.msg_type != WSMsgType.BINARY:
            return
        _, message = frames.decode(frame.get_payload_as_bytes())
        if isinstance(message, Step1):
            self.say(Step2(self.doc.get_update(message.state)))
            self.send(frames.encode(None, Step1(self.doc.get_state())))
        elif isinstance(message, Step2 | Update):
            self.doc.apply_update(message.update)
        elif isinstance(message, Ack):
            self.acked = message.number

    def type(self, text: str) -> None:
        before = self.doc.get_state()
        self.doc.get("t", type=Text).insert(0, text)
        self.say(Update(self.doc.get_update(before)))

    def say(self, message: Step2 | Update) -> None:
        self.number += 1
        self.send(frames.encode(None, Numbered(self.number, message)))

    def send(self, data: bytes) -> None:
        if self.transport is not None:
            self.transport.send(WSMsgType.BINARY, data)

    @property
    def settled(self) -> bool:
        return self.transport is not None and 0 < self.number == self.acked


async def settle(groups: list[list[Client]]) -> float:
    """Waits until all are equal and all is acknowledged; how long that took."""
    began = time.monotonic()
    while not all(
        all(client.settled for client in group)
        and len({client.doc.get_state() for client in group}) == 1
        for group in groups
    ):
        await asyncio.sleep(0.02)
        if time.monotonic() - began > 120:
            raise TimeoutError("not equal after two minutes")
    return time.monotonic() - began


async def storms(port: int, clients: int, count: int, server: int) -> list[dict[str, float]]:
    groups: list[list[Client]] = []
    for first in range(0, clients, TOGETHER):
        url = f"ws://127.0.0.1:{port}/collab/s{first // TOGETHER}"
        groups.append([Client(url) for _ in range(min(TOGETHER, clients - first))])
    everybody = [client for group in groups for client in group]
    await asyncio.gather(*(client.come() for client in everybody))
    await settle(groups)
    figures = []
    for _ in range(count):
        for group in groups:
            group[0].type("online ")
        for client in everybody:
            client.cut()
        while any(client.transport for client in everybody):
            await asyncio.sleep(0.01)
        for group in groups:
            group[-1].type("offline ")
        began = time.monotonic()
        await asyncio.gather(*(client.come() for client in everybody))
        back = time.monotonic() - began
        await settle(groups)
        equal = time.monotonic() - began
        await asyncio.sleep(0.5)
        sent_away = sum(client.sent_away for client in everybody)
        mib = resident(server) / 2**20
        figures.append({"back": back, "equal": equal, "mib": mib, "sent_away": sent_away})
        print(figures[-1], file=sys.stderr, flush=True)
    for group in groups:
        assert len({str(client.doc.get("t", type=Text)) for client in group}) == 1
    return figures


def measure(clients: int, count: int, store: str = "memory:") -> list[dict[str, float]]:
    """Of each storm: seconds until all were back, until all were equal, and the server's memory."""
    port = free_port()
    server = subprocess.Popen([sys.executable, HERE / "served.py", str(port), store])
    try:
        wait_for(port)
        command = [sys.executable, __file__, "--clients", port, clients, count, server.pid]
        done = subprocess.run([str(part) for part in command], stdout=subprocess.PIPE, check=True)
        return list(json.loads(done.stdout))
    finally:
        server.terminate()
        server.wait()


def main() -> None:
    if sys.argv[1:2] == ["--clients"]:
        uvloop.install()
        print(json.dumps(asyncio.run(storms(*map(int, sys.argv[2:])))))
        return
    clients = int(sys.argv[1]) if len(sys.argv) > 1 else 2_000
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 20
    figures = measure(clients, count, sys.argv[3] if len(sys.argv) > 3 else "memory:")
    print(
        f"{clients} clients, {count} storms: back after {max(f['back'] for f in figures):.1f} s at "
        f"most, equal after {max(f['equal'] for f in figures):.1f} s at most; "
        f"{figures[0]['mib']:.0f} MiB after the first, {figures[-1]['mib']:.0f} after the last; "
        f"{figures[-1]['sent_away']} came twice"
    )


if __name__ == "__main__":
    main()
