"""Whole files of cases, and the account of a run."""

from __future__ import annotations

import textwrap
import traceback
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from .calls import run_call
from .deviations import DEVIATIONS
from .fixtures import Case, load
from .malformed import run_malformed
from .script import run_script

COLUMNS = 100


class CaseResult(NamedTuple):
    name: str
    lines: list[str]  # what differed; empty if the case passed
    deviations: set[str]


class FamilyResult(NamedTuple):
    family: str
    cases: list[CaseResult]

    @property
    def failed(self) -> int:
        return sum(bool(case.lines) for case in self.cases)

    @property
    def passed(self) -> int:
        return len(self.cases) - self.failed


def run_case(case: Case) -> CaseResult:
    """Never raises: what goes wrong is a failure of the case."""
    try:
        if "fn" in case:
            lines, deviations = run_call(case)
        elif "steps" in case:
            lines, deviations = run_script(case)
        else:
            lines, deviations = run_malformed(case)
    except Exception:  # whatever it is, it is reported
        lines, deviations = traceback.format_exc().splitlines(), set()
    return CaseResult(case["name"], lines, deviations)


def run_file(path: Path, families: Iterable[str] = (), name: str | None = None) -> FamilyResult:
    """Empty where the selection leaves nothing."""
    family = load(path)
    result = FamilyResult(family.name, [])
    if not families or family.name in families:
        for case in family.cases:
            if name is None or case["name"] == name:
                result.cases.append(run_case(case))
    return result


def print_account(families: list[FamilyResult]) -> None:
    """The cases that failed and why, deviations, and at the end what passed: every case is
    replayed, so none is skipped."""
    for family in families:
        for case in family.cases:
            if case.lines:
                print(f"FAILED {case.name}")
                print(*(f"    {line}" for line in case.lines), sep="\n")
    for key, reason in DEVIATIONS.items():
        names = [c.name for family in families for c in family.cases if key in c.deviations]
        if names:
            print(f"Differs from Yjs on purpose: {reason}")
            indent = " " * 6
            print(textwrap.fill(", ".join(names), COLUMNS, initial_indent=indent,
                                subsequent_indent=indent, break_on_hyphens=False))  # fmt: skip
    for family in families:
        if family.cases:
            print(f"{family.family}: {family.passed} passed, {family.failed} failed, 0 skipped")
    passed, failed = sum(f.passed for f in families), sum(f.failed for f in families)
    print(f"{passed} passed, {failed} failed, 0 skipped")
