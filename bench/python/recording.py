"""The trace of the Python figures: automerge-paper, which has one keystroke a transaction."""

from __future__ import annotations

import gzip
import json
import os
from dataclasses import dataclass
from pathlib import Path

Patch = tuple[int, int, str]  # position and length in characters, then what is inserted


@dataclass(frozen=True)
class Recording:
    patches: list[Patch]
    end: str


def find_folder() -> Path:
    """As the C++ benchmarks do: ROPEWALK_TRACES, else beside the repository or further up."""
    named = os.environ.get("ROPEWALK_TRACES", "")
    if named:
        if not Path(named).is_dir():
            raise SystemExit(f"ROPEWALK_TRACES names no folder: {named}")
        return Path(named)
    here = Path.cwd()
    for at in (here, *here.parents):
        folder = at / "shared" / "data" / "editing-traces"
        if folder.is_dir():
            return folder
    raise SystemExit("no traces: name their folder in ROPEWALK_TRACES (see docs/benchmarks.md)")


def read_recording(name: str = "automerge-paper", keystrokes: int | None = None) -> Recording:
    """The whole of it, or its beginning."""
    folder = find_folder()
    if (folder / "sequential").is_dir():
        folder /= "sequential"
    with gzip.open(folder / f"{name}.json.gz", "rt", encoding="utf-8") as file:
        trace = json.load(file)
    if trace["startContent"]:
        raise SystemExit(f"{name} does not start empty")
    patches = [
        (position, deleted, inserted)
        for transaction in trace["txns"]
        for position, deleted, inserted in transaction["patches"]
    ]
    # pycrdt counts UTF-8 bytes and the others characters: only ASCII is the same work for all.
    if not trace["endContent"].isascii():
        raise SystemExit(f"{name} is not ASCII")
    if keystrokes is None or keystrokes >= len(patches):
        return Recording(patches, trace["endContent"])
    patches = patches[:keystrokes]
    return Recording(patches, end_of(patches))


def end_of(patches: list[Patch]) -> str:
    letters: list[str] = []
    for position, deleted, inserted in patches:
        letters[position : position + deleted] = inserted
    return "".join(letters)
