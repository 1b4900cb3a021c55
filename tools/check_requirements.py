#!/usr/bin/env python3
"""Checks docs/requirements.md: every id has one row, every row a known state, and what is done or
partly done names tests that exist. What S0, S1 and S3 lack has a reason behind its state:
`partly: why`. No row about storage is open.

A test is `file::name`, where the name is that of a function of pytest, of a test of vitest or of a
TEST_CASE; or a file of tests; or a program that tools/run_tests.py runs. Prints what is wrong and
ends with 1, or counts the states.

usage: check_requirements.py [requirements.md]
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
STATES = ("done", "partly", "open")

# How many rows each system has: plain ones, then those that it left open, then those it rejected.
SYSTEMS = {"S0": (33, 4, 1), "S1": (28, 0, 0), "S2": (42, 3, 4), "S3": (79, 0, 0), "S4": (70, 0, 0)}

# Those of which it is said why something is not done.
EXPLAINED = ("S0", "S1", "S3")

# Those that are about where things are kept.
STORAGE = {
    "S0": ("8", "9", "16", "18", "19", "20", "21", "24", "25", "26", "27", "29", "O2", "R1"),
    "S1": ("4", "5", "7", "9", "10", "18", "19", "20", "21", "22", "23", "24", "25"),
    "S3": (
        *("18", "19", "20", "25", "26", "31", "40", "41", "42", "51", "52", "53", "54", "56", "57"),
        *("64", "71", "72", "75"),
    ),
}


@dataclass(frozen=True)
class Row:
    id: str
    what: str
    tests: tuple[str, ...]
    state: str
    why: str


def is_about_storage(id_: str) -> bool:
    system, _, number = id_.partition("-")
    return number in STORAGE.get(system, ())


def expected_ids() -> list[str]:
    return [
        f"{system}-{kind}{number}"
        for system, counts in SYSTEMS.items()
        for kind, count in zip(("", "O", "R"), counts, strict=True)
        for number in range(1, count + 1)
    ]


def read_rows(page: str) -> Iterator[Row]:
    for line in page.splitlines():
        if not re.match(r"\| S\d", line):
            continue
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        if len(cells) != 4:
            raise ValueError(f"not four cells: {line}")
        tests = tuple(re.findall(r"`([^`]+)`", cells[2]))
        state, _, why = (part.strip() for part in cells[3].partition(":"))
        yield Row(cells[0], cells[1], tests, state, why)


@cache
def source(path: str) -> str | None:
    file = ROOT / path
    return file.read_text("utf-8") if file.is_file() else None


def missing(test: str) -> str | None:
    """Why a test does not exist; None if it does."""
    path, colons, name = test.partition("::")
    text = source(path)
    if text is None:
        return "there is no such file"
    if not colons:
        is_tests = re.search(r"(^|/)test_[^/]*\.py$|\.test\.[a-z]+$|_test\.cpp$", path)
        # Programs are named without the folder that all of them are in.
        runner = source("tools/run_tests.py") or ""
        is_run = any(f'"{path[at:]}"' in runner for at in _ends(path))
        return (
            None
            if is_tests or is_run
            else "it is no file of tests, and tools/run_tests.py does not run it"
        )
    return None if _has(path, text, name) else "no test in it has this name"


def _ends(path: str) -> Iterator[int]:
    yield 0
    yield from (match.end() for match in re.finditer("/", path))


def _has(path: str, text: str, name: str) -> bool:
    if path.endswith(".py"):
        is_test = name.startswith("test_")
        return is_test and re.search(rf"^ *(async )?def {name}\(", text, re.M) is not None
    if path.endswith(".cpp"):
        return f'TEST_CASE("{name}"' in text
    quoted = re.escape(name).replace("'", r"\\?'")
    return (
        re.search(rf"\b(test|it)\s*(\.\w+\s*)*(\([^()]*\)\s*)?\(\s*(['\"`]){quoted}\4", text)
        is not None
    )


def problems(page: str) -> list[str]:
    rows = list(read_rows(page))
    seen = Counter(row.id for row in rows)
    wanted = expected_ids()
    found = [f"{id_}: there is no row" for id_ in wanted if id_ not in seen]
    found += [f"{id_}: no system has this" for id_ in seen if id_ not in set(wanted)]
    found += [f"{id_}: {count} rows" for id_, count in seen.items() if count > 1]
    for row in rows:
        if row.state not in STATES:
            found.append(f"{row.id}: the state is one of {', '.join(STATES)}, not {row.state!r}")
        if row.state == "open" and is_about_storage(row.id):
            found.append(f"{row.id}: it is about storage, and nothing shows any of it")
        if row.state in STATES[1:] and row.id.startswith(EXPLAINED) and not row.why:
            found.append(f"{row.id}: {row.state}, and it does not say what is missing")
        if row.state == "done" and row.why:
            found.append(f"{row.id}: done, and yet something is missing: {row.why}")
        if not row.what:
            found.append(f"{row.id}: it does not say what")
        if row.state != "open" and not row.tests:
            found.append(f"{row.id}: {row.state}, and no test shows it")
        for test in row.tests:
            why = missing(test)
            if why is not None:
                found.append(f"{row.id}: {test}: {why}")
    return found


def main() -> int:
    page = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs" / "requirements.md"
    text = page.read_text("utf-8")
    found = problems(text)
    for problem in found:
        print(problem, file=sys.stderr)
    states = Counter(row.state for row in read_rows(text))
    print(", ".join(f"{states[state]} {state}" for state in STATES))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
