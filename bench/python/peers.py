#!/usr/bin/env python3
"""ropewalk beside pycrdt, loro and y-py, on the trace automerge-paper, in one run.

    peers.py [--module ropewalk] [--rounds 7] [--only replay] [--figures build/figures.json]
             [--wheel FILE] [--json FILE] [--whole] [--keystrokes N]

Prints a table, then the figures as `id value unit`. Times are CPU time of this process, the best of
all rounds; in each round every contestant runs once (A B A B ...), with the garbage collector at
rest, as in timeit. Every result is compared with the end of the trace, outside of the timing.

A contestant that would need more than two seconds for the whole trace is measured once on the first
20,000 keystrokes, and scaled by their number: a lower bound, marked with >=, since what is so slow
grows faster than that. --whole runs these, too, in full and once (pycrdt: minutes).
"""

from __future__ import annotations

import argparse
import gc
import json
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import footprint
from contestants import Contestant, Loro, LoroSnapshot, PycrdtLike, YPy
from recording import Patch, Recording, read_recording

PREFIX = 20_000
SLOW_SECONDS = 2.0


@dataclass
class Figures:
    only: str
    values: list[dict[str, Any]] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    def wanted(self, figure: str) -> bool:
        return figure.startswith(self.only) or self.only.startswith(figure)

    def add(self, figure: str, value: float, unit: str) -> None:
        self.values.append({"id": figure, "value": value, "unit": unit})

    def check(self, holds: bool, what: str) -> None:
        if not holds:
            self.failures.append(what)


@dataclass
class Entry:
    """One contestant in one measurement: `run(n)` does the work for the first n keystrokes."""

    name: str
    run: Callable[[int], object]
    check: Callable[[Any], bool] = lambda _: True
    best: float = float("inf")  # seconds
    is_bound: bool = False
    rounds: int = 0


def cpu_time(action: Callable[[], object]) -> tuple[float, object]:
    gc.collect()
    gc.disable()
    try:
        start = time.process_time()
        result = action()
        return time.process_time() - start, result
    finally:
        gc.enable()


class Bench:
    def __init__(self, options: argparse.Namespace, recording: Recording) -> None:
        self.options = options
        self.patches: list[Patch] = recording.patches
        self.end = recording.end
        self.figures = Figures(options.only)
        self.ours = PycrdtLike(options.module)
        self.loro = Loro()
        self.peers: list[Contestant] = [self.loro, PycrdtLike("pycrdt"), YPy()]
        self.rows: list[tuple[str, str, str, str]] = []

    @property
    def everybody(self) -> list[Contestant]:
        return [self.ours, *self.peers]

    def is_end(self, contestant: Contestant) -> Callable[[Any], bool]:
        return lambda document: contestant.text(document) == self.end

    # How it is measured.

    def race(self, what: str, entries: list[Entry]) -> dict[str, Entry]:
        """All in turns. The first is ours, and is never cut short."""
        whole = len(self.patches)
        prefix = min(PREFIX, whole)
        racing = []
        for i, entry in enumerate(entries):
            seconds, _ = cpu_time(lambda entry=entry: entry.run(prefix))  # type: ignore[misc]
            if i > 0 and seconds * whole / prefix > SLOW_SECONDS:
                self.run_slow(what, entry, seconds * whole / prefix)
            else:
                racing.append(entry)
        for _ in range(self.options.rounds):
            for entry in racing:
                seconds, result = cpu_time(lambda entry=entry: entry.run(whole))  # type: ignore[misc]
                if entry.rounds == 0:
                    self.figures.check(entry.check(result), f"{what}: {entry.name} ends otherwise")
                entry.best = min(entry.best, seconds)
                entry.rounds += 1
                del result
                # One that is slow on the whole and was not on its beginning.
                if entry is not entries[0] and seconds > 2 * SLOW_SECONDS:
                    racing = [other for other in racing if other is not entry]
        for entry in entries:
            bound = ">= " if entry.is_bound else ""
            self.rows.append((what, entry.name, f"{bound}{entry.best * 1e3:.1f}", self.note(entry)))
        return {entry.name: entry for entry in entries}

    def run_slow(self, what: str, entry: Entry, scaled: float) -> None:
        if self.options.whole:
            entry.best, result = cpu_time(lambda: entry.run(len(self.patches)))
            entry.rounds = 1
            self.figures.check(entry.check(result), f"{what}: {entry.name} ends otherwise")
        else:
            entry.best, entry.is_bound = scaled, True

    @staticmethod
    def note(entry: Entry) -> str:
        return "first 20,000, scaled" if entry.is_bound else f"best of {entry.rounds}"

    def against_peers(self, figure: str, entries: list[Entry], apart: str = "") -> float:
        """Adds our milliseconds, and the best peer's time over ours; returns ours in seconds."""
        raced = self.race(figure, entries)
        ours = entries[0].best
        peers = [entry for entry in entries[1:] if entry.name != apart]
        self.figures.add(figure, ours * 1e3, "ms")
        self.figures.add(f"{figure}.vs_best", min(peer.best for peer in peers) / ours, "x")
        if apart:
            self.figures.add(f"{figure}.vs_snapshot", raced[apart].best / ours, "x")
        return ours

    # What is measured.

    def replay_one(self) -> None:
        entries = [
            Entry(c.name, lambda n, c=c: c.replay_one(self.patches[:n]), self.is_end(c))  # type: ignore[misc]
            for c in self.everybody
        ]
        ours = self.against_peers("python.replay_one_ms", entries)
        self.against_empty("python.replay_one.vs_empty", ours, "one")

    def replay_each(self) -> None:
        entries = [
            Entry(c.name, lambda n, c=c: c.replay_each(self.patches[:n]), self.is_end(c))  # type: ignore[misc]
            for c in self.everybody
        ]
        ours = self.against_peers("python.replay_txn_ms", entries)
        self.against_empty("python.replay_txn.vs_empty", ours, "each")

    def against_empty(self, figure: str, ours: float, kind: str) -> None:
        """Our time over that of calls that do nothing and the engine's own time together."""
        engine_ms = footprint.engine_ms(self.options.figures, kind, len(self.patches))
        if kind == "one" and self.options.engine_ms is not None:
            engine_ms = self.options.engine_ms
        try:
            nothing = footprint.nothing()
        except (OSError, subprocess.CalledProcessError) as error:
            print(f"{figure}: not measured, {error}", file=sys.stderr)
            return
        empty = Entry("empty calls", lambda n: footprint.call_nothing(nothing, self.patches[:n]))
        self.race(figure, [empty])
        # One transaction a keystroke is to open, to edit and to close it: three calls.
        calls = empty.best * 1e3 * (1 if kind == "one" else 3)
        if engine_ms is None:
            print(f"{figure}: wants the engine's time, --figures or --engine-ms", file=sys.stderr)
            return
        self.rows.append((figure, "engine", f"{engine_ms:.1f}", "told by the C++ figures"))
        self.figures.add(figure, ours * 1e3 / (calls + engine_ms), "x")

    def load_and_encode(self) -> None:
        """Encoding: what was edited here; y-py and pycrdt hold our document, opened."""
        edited = self.ours.replay_one(self.patches)
        shared = self.ours.encode(edited)
        loro_edited = self.loro.replay_one(self.patches)
        snapshot = LoroSnapshot()
        documents: list[tuple[Contestant, Any]] = [(self.ours, edited)]
        documents += [
            (peer, loro_edited if peer is self.loro else peer.open(shared)) for peer in self.peers
        ]
        documents.append((snapshot, loro_edited))
        if self.figures.wanted("python.encode_ms"):
            entries = [
                Entry(c.name, lambda _, c=c, d=d: c.encode(d), lambda r: len(r) > 1000)  # type: ignore[misc]
                for c, d in documents
            ]
            self.against_peers("python.encode_ms", entries, apart=snapshot.name)
        if self.figures.wanted("python.load_ms"):
            stored = {c.name: c.encode(d) for c, d in documents}
            entries = [
                Entry(
                    c.name,
                    lambda _, c=c: c.text(c.open(stored[c.name])),  # type: ignore[misc]
                    lambda text: text == self.end,
                )
                for c, _ in documents
            ]
            self.against_peers("python.load_ms", entries, apart=snapshot.name)

    def updates(self) -> None:
        if self.figures.wanted("python.update_make_ms"):
            entries = [
                Entry(
                    c.name,
                    lambda n, c=c: c.make_updates(self.patches[:n]),  # type: ignore[misc]
                    lambda made, c=c: (  # type: ignore[misc]
                        # y-py hands out an update for getting the text as well.
                        len(made[1]) >= len(self.patches) and c.text(made[0]) == self.end
                    ),
                )
                for c in self.everybody
            ]
            self.against_peers("python.update_make_ms", entries)
        apply, merge = (
            self.figures.wanted(f"python.{f}") for f in ("update_apply_ms", "merge_all")
        )
        if not apply and not merge:
            return
        made = self.ours.make_updates(self.patches)[1]
        if apply:
            # pycrdt and y-py apply the updates that we made: the format is one, and the bytes too.
            given = {c.name: made for c in self.everybody}
            given[self.loro.name] = self.loro.make_updates(self.patches)[1]
            entries = [
                Entry(
                    c.name,
                    lambda n, c=c: c.apply_updates(given[c.name][:n]),  # type: ignore[misc]
                    self.is_end(c),
                )
                for c in self.everybody
            ]
            self.against_peers("python.update_apply_ms", entries)
        if merge:
            self.merge_all(made)

    def merge_all(self, made: list[bytes]) -> None:
        quarter = len(made) // 4
        peer = PycrdtLike("pycrdt")
        small, _ = cpu_time(lambda: self.ours.merge(made[:PREFIX]))
        theirs, _ = cpu_time(lambda: peer.merge(made[:PREFIX]))
        what = "python.merge_all_s"
        self.rows.append((what, f"{peer.name}, 20,000", f"{theirs * 1e3:.1f}", "once"))
        self.rows.append((what, f"{self.ours.name}, 20,000", f"{small * 1e3:.1f}", "once"))
        if small * (len(made) / PREFIX) ** 2 > 300:
            # Only where pycrdt stands in for ropewalk: its merge grows with the square.
            print(f"{what}: left out, the first 20,000 took {small:.2f} s", file=sys.stderr)
            return
        whole_best = quarter_best = float("inf")
        for turn in range(max(3, self.options.rounds // 2)):
            seconds, merged = cpu_time(lambda: self.ours.merge(made))
            whole_best = min(whole_best, seconds)
            if turn == 0 and isinstance(merged, bytes):
                opened = self.ours.open(merged)
                self.figures.check(self.ours.text(opened) == self.end, "merge_all ends otherwise")
            quarter_best = min(quarter_best, cpu_time(lambda: self.ours.merge(made[:quarter]))[0])
        self.rows.append((what, f"{self.ours.name}, all", f"{whole_best * 1e3:.1f}", ""))
        self.rows.append((what, f"{self.ours.name}, a quarter", f"{quarter_best * 1e3:.1f}", ""))
        self.figures.add(what, whole_best, "s")
        # 1 is linear; 4 would be quadratic.
        self.figures.add("python.merge_all.growth", whole_best / quarter_best / 4, "x")

    def run(self) -> None:
        wanted = self.figures.wanted
        if wanted("python.replay_one"):
            self.replay_one()
        if wanted("python.replay_txn"):
            self.replay_each()
        if wanted("python.load_ms") or wanted("python.encode_ms"):
            self.load_and_encode()
        if wanted("python.update_") or wanted("python.merge_all"):
            self.updates()
        if wanted("python.import_ms"):
            self.figures.add("python.import_ms", footprint.import_ms(self.ours.name), "ms")
        if wanted("python.wheel_mb"):
            size = footprint.wheel_mb(self.options.wheel, self.ours.name)
            if size is None:
                print("python.wheel_mb: no wheel, name it with --wheel", file=sys.stderr)
            else:
                self.figures.add("python.wheel_mb", size, "MB")


def parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--module", default="ropewalk", help="what stands for ropewalk")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--only", default="", help="figures whose id starts so")
    parser.add_argument("--figures", type=Path, help="JSON of the C++ figures: the engine's time")
    parser.add_argument("--engine-ms", type=float, help="the engine's time for replay_one, instead")
    parser.add_argument("--wheel", type=Path)
    parser.add_argument("--json", type=Path, help="the figures, as bench/report.py reads them")
    parser.add_argument("--whole", action="store_true", help="run slow contestants in full, once")
    parser.add_argument("--keystrokes", type=int, help="only the first of the trace: to try it out")
    options = parser.parse_args(arguments)
    options.only = "python." + options.only.removeprefix("python.")
    return options


def main(arguments: list[str]) -> int:
    options = parse(arguments)
    bench = Bench(options, read_recording(keystrokes=options.keystrokes))
    bench.run()
    widths = [max((len(row[i]) for row in bench.rows), default=0) for i in range(4)]
    for what, name, value, note in bench.rows:
        print(f"{what:{widths[0]}}  {name:{widths[1]}}  {value:>{widths[2]}} ms  {note}".rstrip())
    print()
    for figure in bench.figures.values:
        print(f"{figure['id']} {figure['value']:.6g} {figure['unit']}")
    for failure in bench.figures.failures:
        print(f"WRONG: {failure}", file=sys.stderr)
    if options.json:
        report = {
            "traces": "recorded",
            "figures": bench.figures.values,
            "failures": bench.figures.failures,
        }
        options.json.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    return 1 if bench.figures.failures else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
