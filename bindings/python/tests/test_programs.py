"""Programs written for pycrdt do the same on ropewalk: each runs on both, in one process."""

from __future__ import annotations

import difflib
import importlib
import inspect
from types import ModuleType

import pytest

import twin

pytest.importorskip("pycrdt")
anyio = pytest.importorskip("anyio")

# Name of a program and the modules that it needs beside the two.
PROGRAMS = {
    "notebook_sync": (),
    "fastapi_room": ("fastapi", "httpx2"),
    "awareness": (),
    "undo": (),
    "typed_models": ("pydantic",),
}


def run(program: ModuleType, crdt: ModuleType) -> list[str]:
    if inspect.iscoroutinefunction(program.main):
        lines: list[str] = anyio.run(program.main, crdt)
    else:
        lines = program.main(crdt)
    return lines


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_for_pycrdt_sees_the_same(name: str) -> None:
    for needed in PROGRAMS[name]:
        pytest.importorskip(needed)
    program = importlib.import_module(f"programs.{name}")
    expected = run(program, twin.theirs())
    seen = run(program, twin.ours())
    assert len(expected) > 10
    difference = difflib.unified_diff(expected, seen, "pycrdt", "ropewalk", lineterm="", n=2)
    assert seen == expected, "\n".join(difference)
