"""docs/requirements.md says what is so: every row is there, and what is done has a test that exists."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]
TOOL = ROOT / "tools" / "check_requirements.py"
PAGE = (ROOT / "docs" / "requirements.md").read_text()


def loaded() -> ModuleType:
    spec = importlib.util.spec_from_file_location("check_requirements", TOOL)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


CHECK = loaded()


def test_every_requirement_has_a_row_and_what_is_done_a_test() -> None:
    done = subprocess.run([sys.executable, str(TOOL)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip().endswith("open")


def row(id_: str) -> str:
    return next(line for line in PAGE.splitlines() if line.startswith(f"| {id_} |"))


HERE = "server/tests/test_requirements.py"


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        (lambda page: page.replace(row("S3-23") + "\n", ""), "S3-23: there is no row"),
        (lambda page: page + row("S3-23") + "\n", "S3-23: 2 rows"),
        (lambda page: page + "| S5-1 | x | - | open |\n", "S5-1: no system has this"),
        (
            lambda page: page.replace(row("S2-9"), "| S2-9 | x | - | finished |"),
            "S2-9: the state is one of",
        ),
        (
            lambda page: page.replace(row("S2-9"), "| S2-9 |  | - | open |"),
            "S2-9: it does not say what",
        ),
        (
            lambda page: page.replace(row("S2-9"), "| S2-9 | x | - | done |"),
            "S2-9: done, and no test shows it",
        ),
        (
            lambda page: page.replace(
                row("S2-9"), f"| S2-9 | x | `{HERE}::test_that_is_not` | open |"
            ),
            "no test in it",
        ),
        (
            lambda page: page.replace(row("S3-1"), "| S3-1 | x | - | open |"),
            "S3-1: open, and it does not say what is missing",
        ),
        (
            lambda page: page.replace(row("S0-18"), "| S0-18 | x | - | open: later |"),
            "S0-18: it is about storage, and nothing shows any of it",
        ),
        (
            lambda page: page.replace(row("S0-4"), "| S0-4 | x | - | open |"),
            "S0-4: open, and it does not say what is missing",
        ),
        (
            lambda page: page.replace(row("S2-9"), f"| S2-9 | x | `{HERE}` | done: or not |"),
            "S2-9: done, and yet something is missing: or not",
        ),
        (
            lambda page: page.replace(row("S2-9"), "| S2-9 | x | `no/file.py::test_x` | done |"),
            "no such file",
        ),
        (
            lambda page: page.replace(row("S2-9"), "| S2-9 | x | `README.md` | done |"),
            "it is no file of tests",
        ),
        (
            lambda page: page.replace(row("S2-9"), "| S2-9 | x | `server/tests/live.py` | done |"),
            "it is no file of tests",
        ),
    ],
)
def test_what_is_wrong_is_noticed(changed: object, says: str) -> None:
    page = changed(PAGE)  # type: ignore[operator]
    assert page != PAGE
    assert any(says in problem for problem in CHECK.problems(page)), CHECK.problems(page)


@pytest.mark.parametrize(
    ("test", "exists"),
    [
        (f"{HERE}::test_what_is_wrong_is_noticed", True),
        (f"{HERE}::test_what_is_wrong", False),
        (f"{HERE}::row", False),
        ("tests/differential/run.sh", True),
        ("tests/property/convergence_test.cpp::[P1] eight replicas converge", True),
        ("tests/property/convergence_test.cpp::[P1] eight replicas", False),
        ("bindings/wasm/tests/first-steps.test.ts::tells observers what changed", True),
        ("bindings/wasm/tests/first-steps.test.ts::tells observers what", False),
    ],
)
def test_tests_are_found_in_every_language(test: str, exists: bool) -> None:
    assert (CHECK.missing(test) is None) is exists
