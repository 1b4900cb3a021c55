"""Writers and readers against servers, ours and others, in turns on the same machine.

20 documents, each with one writer and five readers. Writers send changes at a fixed rate; a change
is late from the moment when it was to be sent, so a server that stalls is not spared. Measured is
the time until another client has the change, for each of the five, and where the server
acknowledges also the time until the writer knows that it is durable.

    python bench/server/load.py [--only=ID] [--seconds=6] [--tries=3] [--json=FILE]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import re
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import uvloop
from picows import WSFrame, WSListener, WSMsgType, WSTransport, ws_connect

from contestants import CONTESTANTS, Contestant
from ropewalk import Doc, Text

DOCUMENTS = 20
READERS = 5
# The first gives the percentiles; then upwards until one is too much, or downwards until one is
# not.
FIRST = 1000
UPWARDS = [1500, 2000, 3000, 4000, 6000, 8000, 10000, 12000]
DOWNWARDS = [500, 250, 125, 60]
FAST_ENOUGH = 0.100
WARM_UP = 1.5
DRAIN = 3.0
MARK = re.compile(rb"<(\d{8})>")
_ACK = 123


@dataclass
class Run:
    """What one rate has given; times in milliseconds."""

    rate: int
    p50: float
    p95: float
    p99: float
    durable_p95: float | None
    delivered: float  # of what was to be delivered
    cpu: float  # microseconds of the server's processors for each change

    @property
    def slowest(self) -> float:
        """What counts: until others have it, and until it is durable, where that is told."""
        return max(self.p95, self.durable_p95 or 0.0)

    def better_than(self, other: Run) -> bool:
        return (-self.delivered, self.slowest) < (-other.delivered, other.slowest)

    @property
    def keeps_up(self) -> bool:
        return self.delivered == 1.0 and self.slowest < FAST_ENOUGH * 1e3


class Writer:
    """The changes of one document, made beforehand: the client is not what is measured."""

    def __init__(self, doc: str, changes: int) -> None:
        self.doc = doc
        self.updates: list[bytes] = []
        self.due: list[float] = []
        self.transport: WSTransport
        source: Doc[Any] = Doc()
        text = source.get("text", type=Text)
        watching = source.observe(lambda event: self.updates.append(event.update))
        for change in range(changes):
            text.insert(len(text), f"<{change:08d}>")
        watching.drop()


class WriterSocket(WSListener):
    def __init__(self, writer: Writer, durable: list[float], measured: Window) -> None:
        self._writer, self._durable, self._measured = writer, durable, measured
        self._acknowledged = 0

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        data = frame.get_payload_as_bytes()
        if frame.msg_type is WSMsgType.BINARY and data[0] == _ACK:
            now, upto, shift = time.perf_counter(), 0, 0
            for byte in data[1:]:
                upto |= (byte & 0x7F) << shift
                shift += 7
            for count in range(self._acknowledged, upto):
                due = self._writer.due[count]
                if due in self._measured:
                    self._durable.append(now - due)
            self._acknowledged = upto
        elif frame.msg_type is WSMsgType.PING:
            transport.send_pong(data)


class ReaderSocket(WSListener):
    def __init__(self, writer: Writer, late: list[float], measured: Window) -> None:
        self._writer, self._late, self._measured = writer, late, measured

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        data = frame.get_payload_as_bytes()
        if frame.msg_type is WSMsgType.PING:
            transport.send_pong(data)
            return
        now = time.perf_counter()
        for mark in MARK.findall(data):
            due = self._writer.due[int(mark)]
            if due in self._measured:
                self._late.append(now - due)


class Window:
    """Changes that were due in it are measured."""

    def __init__(self, begin: float, end: float) -> None:
        self._begin, self._end = begin, end

    def __contains__(self, due: object) -> bool:
        return isinstance(due, float) and self._begin <= due < self._end


def cpu_seconds(process: int) -> float:
    """Of all its threads, so far."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def measure(
    contestant: Contestant, port: int, process: int, rate: int, seconds: float
) -> Run:
    each = rate / DOCUMENTS
    changes = int((WARM_UP + seconds) * each)
    writers = [Writer(f"load-{rate}-{number}", changes) for number in range(DOCUMENTS)]
    window = Window(float("inf"), 0.0)
    late: list[float] = []
    durable: list[float] = []
    sockets = []
    for writer in writers:
        for listener in range(READERS + 1):
            is_writer = listener == READERS
            url = contestant.url(port, writer.doc)
            transport, _ = await ws_connect(
                (lambda w=writer: WriterSocket(w, durable, window))  # type: ignore[misc]
                if is_writer
                else (lambda w=writer: ReaderSocket(w, late, window)),  # type: ignore[misc]
                url,
            )
            for message in contestant.hello(writer.doc, writer=is_writer):
                transport.send(WSMsgType.BINARY, message)
            sockets.append(transport)
            if is_writer:
                writer.transport = transport
    await asyncio.sleep(1.0)
    cpu = cpu_seconds(process)
    begin = time.perf_counter() + 0.05
    window._begin, window._end = begin + WARM_UP, begin + WARM_UP + seconds
    for number, writer in enumerate(writers):
        # Spread evenly: no two writers are due at once.
        writer.due = [begin + (turn + number / DOCUMENTS) / each for turn in range(changes)]
    turns = [(turn, writer) for turn in range(changes) for writer in writers]
    for turn, writer in turns:
        wait = writer.due[turn] - time.perf_counter()
        if wait > 0:
            await asyncio.sleep(wait)
        message = contestant.change(writer.doc, turn + 1, writer.updates[turn])
        writer.transport.send(WSMsgType.BINARY, message)
    expected = sum(due in window for writer in writers for due in writer.due)
    end = time.perf_counter() + DRAIN
    while time.perf_counter() < end and len(late) < expected * READERS:
        await asyncio.sleep(0.05)
    await asyncio.sleep(0.2)
    cpu = (cpu_seconds(process) - cpu) / len(turns) * 1e6
    for socket in sockets:
        socket.disconnect(graceful=False)
    late.sort()
    durable.sort()
    if not late:
        return Run(rate, 1e6, 1e6, 1e6, None, 0.0, round(cpu))
    return Run(
        rate,
        p50=_percentile(late, 0.50),
        p95=_percentile(late, 0.95),
        p99=_percentile(late, 0.99),
        durable_p95=_percentile(durable, 0.95) if durable else None,
        delivered=len(late) / (expected * READERS),
        cpu=round(cpu),
    )


def _percentile(ordered: list[float], part: float) -> float:
    return round(ordered[min(len(ordered) - 1, int(len(ordered) * part))] * 1e3, 2)


Races = dict[str, list[Run]]


def race(contestants: list[Contestant], seconds: float, tries: int) -> Races:
    """All of them at the first rate; then upwards those that kept up, and downwards the others,
    until that changes. Rate by rate in turns, since others use this machine too."""
    races: Races = {contestant.id: [] for contestant in contestants}
    _in_turns(races, contestants, FIRST, seconds, tries, always=True)
    quick = [contestant for contestant in contestants if races[contestant.id][0].keeps_up]
    slow = [contestant for contestant in contestants if contestant not in quick]
    for rates, running, wanted in ((UPWARDS, quick, True), (DOWNWARDS, slow, False)):
        for rate in rates:
            _in_turns(races, running, rate, seconds, tries, always=False)
            running = [one for one in running if races[one.id][-1].keeps_up == wanted]
    return races


def _in_turns(
    races: Races,
    contestants: list[Contestant],
    rate: int,
    seconds: float,
    tries: int,
    *,
    always: bool,
) -> None:
    """The best of some tries of each. Without `always`, who has kept up is not tried again."""
    best: dict[str, Run] = {}
    for _ in range(tries):
        for contestant in contestants:
            known = best.get(contestant.id)
            if known is not None and known.keeps_up and not always:
                continue
            with contestant.running() as (port, process):
                run = uvloop.run(measure(contestant, port, process, rate, seconds))
            print(f"# {contestant.id} {run}", flush=True)
            if known is None or run.better_than(known):
                best[contestant.id] = run
    for name, run in best.items():
        races[name].append(run)


def figures(contestant: Contestant, runs: list[Run]) -> list[tuple[str, float, str]]:
    at_1000 = runs[0]
    best = max((run.rate for run in runs if run.keeps_up), default=0)
    found = [
        (f"server.{contestant.id}.p95", at_1000.p95, "ms"),
        (f"server.{contestant.id}.p99", at_1000.p99, "ms"),
        (f"server.{contestant.id}.rate", float(best), "changes/s"),
    ]
    if at_1000.durable_p95 is not None:
        found.insert(1, (f"server.{contestant.id}.durable_p95", at_1000.durable_p95, "ms"))
    return found


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--only", default="")
    parser.add_argument("--seconds", type=float, default=6.0)
    parser.add_argument("--tries", type=int, default=3)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    contestants = [one for one in CONTESTANTS if one.id.startswith(arguments.only)]
    races = race(contestants, arguments.seconds, arguments.tries)
    everything = {name: [asdict(run) for run in runs] for name, runs in races.items()}
    table = [figure for one in contestants for figure in figures(one, races[one.id])]
    for name, value, unit in table:
        print(f"{name} {value:g} {unit}")
    if arguments.json:
        machine = {"machine": platform.machine(), "python": platform.python_version()}
        document = {**machine, "runs": everything, "figures": table}
        arguments.json.parent.mkdir(parents=True, exist_ok=True)
        arguments.json.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
