#!/usr/bin/env python3
"""Tables from what the benchmarks wrote.

report.py bench.json      ratios over a gap buffer, a row for each trace (from ropewalk_bench)
report.py figures.json    figures beside their targets (from figures --json); exits 1 on a miss
"""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path
from typing import Any

COLUMNS = ("replay", "keystrokes", "apply", "load", "encode", "to_string")
Times = dict[str, list[float]]


def print_table(rows: list[list[str]]) -> None:
    """Names to the left, numbers to the right."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for row in rows:
        cells = (
            cell.ljust(width) if i == 0 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        print("  ".join(cells).rstrip())


def times_by_name(report: dict[str, Any]) -> Times:
    """The times of all repetitions of each benchmark, in nanoseconds."""
    scale = {"ns": 1.0, "us": 1e3, "ms": 1e6, "s": 1e9}
    times: Times = {}
    for run in report["benchmarks"]:
        if run.get("run_type") == "iteration":
            times.setdefault(run["run_name"].removesuffix("/manual_time"), []).append(
                run["real_time"] * scale[run["time_unit"]]
            )
    return times


def geometric_mean(values: list[float]) -> float:
    return math.exp(sum(map(math.log, values)) / len(values))


def report_ratios(report: dict[str, Any]) -> None:
    """Best of the repetitions over the best of the gap buffer's, and how far the median is."""
    times = times_by_name(report)
    traces = sorted(name.split("/")[1] for name in times if name.startswith("BM_gap_replay/"))
    rows = [["trace", "gap buffer", *COLUMNS, "spread"]]
    ratios: dict[str, list[float]] = {column: [] for column in COLUMNS}
    for trace in traces:
        gap = min(times[f"BM_gap_replay/{trace}"])
        row = [trace, f"{gap / 1e6:.3f} ms"]
        spread = 0.0
        for column in COLUMNS:
            measured = times.get(f"BM_doc_{column}/{trace}")
            if measured is None:
                row.append("-")
                continue
            best = min(measured)
            spread = max(spread, sorted(measured)[len(measured) // 2] / best - 1)
            ratios[column].append(best / gap)
            row.append(f"{best / gap:.2f}")
        rows.append([*row, f"{spread:.0%}"])
    means = [
        f"{geometric_mean(ratios[column]):.2f}" if ratios[column] else "-" for column in COLUMNS
    ]
    rows.append(["geometric mean", "", *means, ""])
    print("Time over that of replaying the same edits into a gap buffer, best of each:\n")
    print_table(rows)
    if traces and not rows[-1][2].startswith("-"):
        print(f"\nscore: {rows[-1][2]} (replay, geometric mean; lower is better)")


def report_figures(report: dict[str, Any]) -> bool:
    """True if no target was missed and nothing was wrong."""
    targets = json.loads((Path(__file__).parent / "targets.json").read_text(encoding="utf-8"))
    rows = [["figure", "value", "unit", "target", ""]]
    missed = 0
    for figure in report["figures"]:
        target = targets.get(figure["id"])
        verdict = ""
        if target is not None:
            verdict = "ok" if figure["value"] <= target else "MISSED"
            missed += verdict == "MISSED"
        rows.append(
            [
                figure["id"],
                f"{figure['value']:g}",
                figure["unit"],
                "" if target is None else f"<= {target:g}",
                verdict,
            ]
        )
    print(f"Traces: {report['traces']}\n")
    print_table(rows)
    for failure in report["failures"]:
        print(f"WRONG: {failure}")
    print(f"\n{missed} targets missed")
    return missed == 0 and not report["failures"]


def main(arguments: list[str]) -> int:
    if len(arguments) != 1:
        print(__doc__, file=sys.stderr)
        return 2
    report = json.loads(Path(arguments[0]).read_text(encoding="utf-8"))
    if "figures" in report:
        return 0 if report_figures(report) else 1
    report_ratios(report)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
