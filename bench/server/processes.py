"""How much more two server processes on one store do than one, on documents of their own, and what
limits it: the clients, the servers and the store share the cores of one machine, and the time of each
is counted.

24 documents, each with one writer that has eight changes on their way: as soon as one is acknowledged,
which is after the store's commit, the next goes out. Documents are spread over the processes. One and
two processes take turns; the best of some tries counts.

    python bench/server/processes.py [--store=sqlite,postgresql,redis] [--seconds=5] [--tries=3]
                                     [--json=FILE]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import uvloop
from picows import WSFrame, WSListener, WSMsgType, WSTransport, ws_connect

from contestants import CONTESTANTS, HERE, started
from ropewalk import Doc, Text

sys.path.insert(0, str(HERE.parents[1] / "server" / "tests"))
from harness.services import PostgreSQL, Redis, _quick_folder, free_port

DOCUMENTS = 24
ON_THEIR_WAY = 8
WARM_UP = 1.0
# So many changes of a document are made beforehand; a second more than any server does.
CHANGES_PER_SECOND = 1500
_OURS = CONTESTANTS[0]
_ACK = 123
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass
class Run:
    """Of one number of processes. Times are microseconds of processor for each change."""

    processes: int
    rate: float  # acknowledged a second
    servers: float
    store: float
    clients: float
    idle: float  # share of the machine's time in which nothing ran

    @property
    def all(self) -> float:
        return self.servers + self.store + self.clients


class Store:
    """A real one, with its files in memory: disks are not what is measured. `root` is the process whose children work for it."""

    def __init__(self, url: str, root: int | None) -> None:
        self.url = url
        self.root = root


@contextmanager
def running_store(name: str) -> Iterator[Store]:
    if name == "sqlite":
        with tempfile.TemporaryDirectory(dir=_quick_folder()) as folder:
            yield Store(f"sqlite:{folder}/db", None)
        return
    service = PostgreSQL(durable=True) if name == "postgresql" else Redis(durable=True)
    try:
        assert service._process is not None
        url = service.url(service.new_database())
        yield Store(url, service._process.pid)
    finally:
        service.remove()


@contextmanager
def running_server(url: str) -> Iterator[tuple[int, int]]:
    port = free_port()
    with started([sys.executable, str(HERE / "served.py"), str(port), url], port) as process:
        yield port, process


def cpu_of(process: int) -> float:
    """Seconds of all its threads, so far."""
    try:
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / _TICKS


def cpu_of_family(root: int | None) -> float:
    if root is None:
        return 0.0
    children = Path(f"/proc/{root}/task/{root}/children").read_text().split()
    return cpu_of(root) + sum(cpu_of(int(child)) for child in children)


def idle_seconds() -> float:
    """Of all cores."""
    fields = Path("/proc/stat").read_text().splitlines()[0].split()
    return (int(fields[4]) + int(fields[5])) / _TICKS


class Writer(WSListener):
    """Keeps so many changes on their way."""

    def __init__(self, changes: list[bytes]) -> None:
        self._changes = changes
        self._sent = 0
        self.acknowledged = 0
        self.transport: WSTransport

    def begin(self, transport: WSTransport) -> None:
        self.transport = transport
        for _ in range(ON_THEIR_WAY):
            self._send()

    def _send(self) -> None:
        if self._sent == len(self._changes):
            raise RuntimeError("the server is faster than CHANGES_PER_SECOND")
        update = self._changes[self._sent]
        self._sent += 1
        self.transport.send(WSMsgType.BINARY, _OURS.change("", self._sent, update))

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        data = frame.get_payload_as_bytes()
        if frame.msg_type is WSMsgType.PING:
            transport.send_pong(data)
        elif frame.msg_type is WSMsgType.BINARY and data[0] == _ACK:
            upto = shift = 0
            for byte in data[1:]:
                upto |= (byte & 0x7F) << shift
                shift += 7
            done, self.acknowledged = upto - self.acknowledged, upto
            for _ in range(done):
                self._send()


def made_changes(count: int) -> list[bytes]:
    updates: list[bytes] = []
    source: Doc[Any] = Doc()
    text = source.get("text", type=Text)
    watching = source.observe(lambda event: updates.append(event.update))
    for change in range(count):
        text.insert(len(text), f"<{change:08d}>")
    watching.drop()
    return updates


async def measure(
    store: Store, servers: list[tuple[int, int]], changes: list[bytes], seconds: float, name: str
) -> Run:
    writers = []
    for number in range(DOCUMENTS):
        port, _ = servers[number % len(servers)]
        writer, doc = Writer(changes), f"{name}-{number}"
        transport, _ = await ws_connect(lambda w=writer: w, _OURS.url(port, doc))  # type: ignore[misc]
        for message in _OURS.hello(doc, writer=True):
            transport.send(WSMsgType.BINARY, message)
        writers.append((writer, transport))
    await asyncio.sleep(0.5)
    for writer, transport in writers:
        writer.begin(transport)
    await asyncio.sleep(WARM_UP)

    def now() -> tuple[float, ...]:
        return (
            time.perf_counter(),
            sum(writer.acknowledged for writer, _ in writers),
            sum(cpu_of(pid) for _, pid in servers),
            cpu_of_family(store.root),
            time.process_time(),
            idle_seconds(),
        )

    before = now()
    await asyncio.sleep(seconds)
    took, done, served, stored, spent, idle = (b - a for a, b in zip(before, now(), strict=True))
    for _, transport in writers:
        transport.disconnect(graceful=False)
    each = 1e6 / done
    return Run(
        len(servers),
        rate=round(done / took),
        servers=round(served * each, 1),
        store=round(stored * each, 1),
        clients=round(spent * each, 1),
        idle=round(idle / (took * (os.cpu_count() or 1)), 2),
    )


def race(name: str, seconds: float, tries: int) -> dict[int, Run]:
    best: dict[int, Run] = {}
    changes = made_changes(int((WARM_UP + seconds + 1) * CHANGES_PER_SECOND))
    with running_store(name) as store:
        for turn in range(tries):
            for processes in (1, 2):
                with ExitStack() as stack:
                    servers = [
                        stack.enter_context(running_server(store.url)) for _ in range(processes)
                    ]
                    doc = f"{processes}-{turn}"
                    run = uvloop.run(measure(store, servers, changes, seconds, doc))
                print(f"# {name} {run}", flush=True)
                if processes not in best or run.rate > best[processes].rate:
                    best[processes] = run
    return best


def figures(name: str, runs: dict[int, Run]) -> list[tuple[str, float, str]]:
    one, two = runs[1], runs[2]
    begin = f"server.processes.{name}"
    return [
        (f"{begin}.one", one.rate, "changes/s"),
        (f"{begin}.two", two.rate, "changes/s"),
        (f"{begin}.gain", round(two.rate / one.rate, 2), "x"),
        # What a change costs in two processes, of what it costs in one: as long as this is 1, each
        # core more is as much more.
        (f"{begin}.cpu_ratio", round(two.servers / one.servers, 2), ""),
        (f"{begin}.server_us", two.servers, "us/change"),
        (f"{begin}.store_us", two.store, "us/change"),
        (f"{begin}.client_us", two.clients, "us/change"),
        (f"{begin}.idle", two.idle * 100, "%"),
    ]


def missed(table: list[tuple[str, float, str]]) -> list[str]:
    """Figures that are above what bench/targets.json allows."""
    targets = json.loads((HERE.parent / "targets.json").read_text(encoding="utf-8"))
    return [
        f"{name}: {value:g} is more than {targets[name]:g}"
        for name, value, _ in table
        if value > targets.get(name, value)
    ]


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--only", default="", help="figures that begin so")
    parser.add_argument("--store", default="sqlite,postgresql,redis")
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--tries", type=int, default=3)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    names = arguments.store.split(",")
    wanted = arguments.only.removeprefix("server.processes").strip(".").partition(".")[0]
    runs = {
        name: race(name, arguments.seconds, arguments.tries)
        for name in names
        if name.startswith(wanted)
    }
    table = [figure for name, found in runs.items() for figure in figures(name, found)]
    for name, value, unit in table:
        print(f"{name} {value:g} {unit}".rstrip())
    if arguments.json:
        everything = {name: [asdict(run) for run in found.values()] for name, found in runs.items()}
        machine = {"machine": platform.machine(), "python": platform.python_version()}
        document = {**machine, "runs": everything, "figures": table}
        arguments.json.parent.mkdir(parents=True, exist_ok=True)
        arguments.json.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    wrong = missed(table)
    for line in wrong:
        print(f"MISSED {line}", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
