"""What the package costs beside its edits: to import, to download, to call."""

from __future__ import annotations

import importlib.util
import json
import os
import resource
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path
from typing import Any

from recording import Patch


def nothing() -> Any:
    """A native object whose `insert` and `__delitem__` take what Text's take, and do nothing.

    Compiled here: with $CXX, else c++, for the Python that runs this.
    """
    source = Path(__file__).with_name("empty.cpp")
    with tempfile.TemporaryDirectory() as folder:
        module = Path(folder, f"empty{sysconfig.get_config_var('EXT_SUFFIX')}")
        command = [os.environ.get("CXX", "c++"), "-std=c++20", "-O2", "-shared", "-fPIC"]
        if sys.platform == "darwin":
            command += ["-undefined", "dynamic_lookup"]
        command += [f"-I{sysconfig.get_path('include')}", str(source), "-o", str(module)]
        subprocess.run(command, check=True)
        spec = importlib.util.spec_from_file_location("empty", module)
        assert spec is not None and spec.loader is not None
        loaded = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(loaded)
    return loaded.Nothing()


def call_nothing(text: Any, patches: list[Patch]) -> None:
    """The loop of PycrdtLike.replay_one, letter by letter."""
    for position, deleted, inserted in patches:
        if deleted:
            del text[position : position + deleted]
        if inserted:
            text.insert(position, inserted)


def engine_ms(figures: Path | None, kind: str, keystrokes: int) -> float | None:
    """The engine's own time for the trace, from the JSON that the program `figures` has written."""
    if figures is None:
        return None
    report = json.loads(figures.read_text(encoding="utf-8"))["figures"]
    values = {figure["id"]: figure["value"] for figure in report}
    try:
        if kind == "one":
            ratio = values["replay.gap_ratio.automerge-paper"]
            return float(ratio * values["replay.gap_edit_ns"] * keystrokes / 1e6)
        return float(values["keystroke.update_ns"] * keystrokes / 1e6)
    except KeyError as missing:
        print(f"{figures} lacks {missing}", file=sys.stderr)
        return None


def import_ms(module: str, rounds: int = 25) -> float:
    """CPU time of a new process that imports it, over one that does not; in turns, best of each."""
    best = {"pass": float("inf"), f"import {module}": float("inf")}
    for _ in range(rounds):
        for program in best:
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            subprocess.run([sys.executable, "-c", program], check=True)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
            best[program] = min(best[program], seconds)
    return (best[f"import {module}"] - best["pass"]) * 1e3


def wheel_mb(wheel: Path | None, module: str) -> float | None:
    """Of the wheel that is named, else of the newest one below dist/ or build/."""
    if wheel is None:
        found = [*Path("dist").glob(f"{module}-*.whl"), *Path("build").rglob(f"{module}-*.whl")]
        if not found:
            return None
        wheel = max(found, key=lambda path: path.stat().st_mtime)
    return wheel.stat().st_size / 1e6
