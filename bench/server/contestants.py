"""The servers that are compared: how each is started, and how its clients speak."""

from __future__ import annotations

import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ropewalk import write_message, write_var_uint

HERE = Path(__file__).parent
PEERS = HERE / "peers"
# On a disk, not in memory: commits are what is measured.
BUILD = HERE.parents[1] / "build"


@dataclass(frozen=True)
class Contestant:
    """`acknowledges`: its clients hear when a change is durable."""

    id: str
    what: str
    path: str = ""
    hocuspocus: bool = False
    acknowledges: bool = False
    durable: bool = False

    def command(self, port: int, directory: str) -> list[str]:
        if self.id == "ropewalk":
            return [sys.executable, str(HERE / "served.py"), str(port), f"sqlite:{directory}/db"]
        program = "hocuspocus.mjs" if self.hocuspocus else "y-websocket.mjs"
        mode = ["durable"] if self.durable else []
        return ["node", str(PEERS / program), str(port), f"{directory}/db", *mode]

    def url(self, port: int, doc: str) -> str:
        name = "" if self.hocuspocus else doc
        return f"ws://127.0.0.1:{port}/{self.path}{name}"

    def hello(self, doc: str, *, writer: bool) -> list[bytes]:
        """What a client says first."""
        step1 = b"\x00\x00\x01\x00"
        if self.hocuspocus:
            name = write_message(doc.encode())
            return [name + b"\x02\x00" + write_message(b"token") + write_message(b"4.8.0"), name + step1]
        if writer and self.acknowledges:
            return [b"\x78" + write_message(b'{"v":1}'), step1]
        return [step1]

    def change(self, doc: str, count: int, update: bytes) -> bytes:
        message = b"\x00\x02" + write_message(update)
        if self.hocuspocus:
            return write_message(doc.encode()) + message
        return b"\x7a" + write_var_uint(count) + message if self.acknowledges else message

    @contextmanager
    def running(self) -> Iterator[tuple[int, int]]:
        """The server, in a directory of its own; its port, and the number of its process."""
        BUILD.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(dir=BUILD) as directory, socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
            probe.close()
            with started(self.command(port, directory), port) as process:
                yield port, process


@contextmanager
def started(command: list[str], port: int) -> Iterator[int]:
    """A server that answers at this port; the number of its process."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        _wait_for(port, process)
        yield process.pid
    finally:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    for _ in range(400):
        if process.poll() is not None:
            raise RuntimeError(f"the server has ended with {process.returncode}")
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError("the server does not listen")


CONTESTANTS = [
    Contestant(
        "ropewalk", "ours, SQLite (WAL, FULL)", path="collab/", acknowledges=True, durable=True
    ),
    Contestant("y_websocket", "y-websocket's, LevelDB, as shipped"),
    Contestant(
        "y_websocket_durable", "y-websocket's, committed before it is sent on", durable=True
    ),
    Contestant("hocuspocus", "Hocuspocus', SQLite, as shipped", hocuspocus=True),
    Contestant(
        "hocuspocus_durable",
        "Hocuspocus', committed before it is sent on",
        hocuspocus=True,
        durable=True,
    ),
]
