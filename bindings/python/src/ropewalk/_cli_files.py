"""The commands of `python -m ropewalk` for documents in files: verify, compact, repair, and what
inspect says of them."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from . import _cli
from ._core import FileProgress, StoredFile
from ._file import FileReport, FileState, verify_file
from ._update import inspect_update


def add_commands(subparsers: Any) -> None:
    def command(name: str, run: Any, text: str, more: str) -> None:
        made = subparsers.add_parser(name, help=text, description=f"{text.capitalize()}. {more}")
        made.set_defaults(run=run)
        made.add_argument("--json", action="store_true", help="answer in JSON")
        made.add_argument("files", nargs="+", metavar="FILE")

    command(
        "verify",
        verify,
        "compare every byte of documents with its checksum",
        "Nothing is changed. Ends with 1 if something is wrong.",
    )
    command(
        "compact",
        compact,
        "make one snapshot of snapshot and log",
        "The file before is kept as FILE.previous. A damaged file is not compacted.",
    )
    command(
        "repair",
        repair,
        "bring documents back to a sound file, with all that is left",
        "What was damaged is kept as FILE.damaged-N. A sound file is left as it is.",
    )


def is_document(name: str) -> bool:
    """Whether the file begins as a document's does, or is long enough to have been one."""
    try:
        with Path(name).open("rb") as file:
            if file.read(3) == b"RWD":
                return True
            file.seek(2048)
            return file.read(3) == b"RWD"
    except OSError:  # a pipe, or nothing at all: whoever reads it will say so
        return False


def looked_at(name: str) -> FileState:
    watched = FileProgress()
    with _cli.progress(f"reading {name}", watched), _cli.explained(name):
        return verify_file(name, progress=watched)


def inspected(name: str) -> dict[str, Any]:
    state = looked_at(name)
    with _cli.progress(f"merging {name}"), _cli.explained(name):
        info = inspect_update(_stored(name, read_only=True).merged())
    size = Path(name).stat().st_size
    text = _cli.summary(info, v2=False)
    text = (
        f"document, {size:,} bytes: snapshot of {state['snapshot_bytes']:,}, "
        f"{_cli.counted(state['updates'], 'update')} since of {state['update_bytes']:,}; "
        + text.replace(", format V1", "")
    )
    if state["damaged"]:
        text += "; damaged: see `verify`"
    return {"file": name, "bytes": size, **state, **info, "text": text}


def verify(options: argparse.Namespace) -> int:
    answers = []
    damaged = False
    for name in options.files:
        state = looked_at(name)
        problem = None
        try:
            with _cli.progress(f"merging {name}"):
                _stored(name, read_only=True).merged()
        except ValueError as error:
            problem = str(error)
        damaged = damaged or state["damaged"] or problem is not None
        answers.append({"file": name, **state, "unreadable": problem})
        if options.json:
            continue
        verdict = (
            "damaged; `repair` keeps what is sound"
            if state["damaged"] or problem
            else "sound, but its last writer did not finish"
            if state["findings"]
            else "sound"
        )
        print(
            f"  {name}: {verdict}; {_cli.counted(state['updates'], 'update')} behind a snapshot "
            f"of {state['snapshot_bytes']:,} bytes, generation {state['generation']}"
        )
        _tell_findings(state)
        if problem:
            print(f"    {problem}")
    if options.json:
        print(json.dumps(answers if len(answers) > 1 else answers[0], indent=2))
    return 1 if damaged else 0


def compact(options: argparse.Namespace) -> None:
    _rewrite(options, even_damaged=False)


def repair(options: argparse.Namespace) -> None:
    _rewrite(options, even_damaged=True)


def _rewrite(options: argparse.Namespace, *, even_damaged: bool) -> None:
    answers = []
    for name in options.files:
        before = Path(name).stat().st_size if Path(name).exists() else 0
        if not even_damaged and looked_at(name)["damaged"]:
            raise _cli.Failure(f"{name}: the file is damaged; `repair` keeps what is sound")
        watched = FileProgress()
        work = "repairing" if even_damaged else "compacting"
        with _cli.progress(f"{work} {name}", watched), _cli.explained(name):
            stored = _stored(name, read_only=False, progress=watched)
            report = stored.report()
            needed = report["damaged"] or bool(report["findings"]) or not even_damaged
            if needed:
                stored.compact()
            report = stored.report()
            stored.close()
        after = Path(name).stat().st_size
        answers.append({"file": name, "bytes_before": before, "bytes": after, **report})
        if options.json:
            continue
        if even_damaged:
            print(f"  {name}: {_what_was_done(report, needed)}")
        else:
            print(f"  {name}: {after:,} bytes, of {before:,}")
        _tell_findings(report)
    if options.json:
        print(json.dumps(answers if len(answers) > 1 else answers[0], indent=2))


def _what_was_done(report: FileReport, needed: bool) -> str:
    if not needed:
        return "sound; nothing was done"
    if report["from_previous"]:
        said = "the snapshot was lost; the file before it and the log have brought it back"
    elif report["salvaged"]:
        said = "the snapshot is lost; what the log holds is kept"
    else:
        said = "all sound updates are kept"
    if report["set_aside"]:
        said += f"; the damaged bytes are in {report['set_aside']}"
    return said


def _tell_findings(told: FileState | FileReport) -> None:
    for finding in told["findings"]:
        print(f"    {finding['message']}")
    if told["more_findings"]:
        print(f"    and {told['more_findings']:,} more")


def _stored(name: str, *, read_only: bool, progress: FileProgress | None = None) -> StoredFile:
    salvage = not read_only
    return StoredFile(name, False, read_only, "power_loss", True, 0, salvage, False, progress)


