"""What Yjs did, replayed through the package; and that the runner notices what differs."""

from __future__ import annotations

import copy
import json
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from conformance.compare import compare
from conformance.fixtures import Family, from_units, load
from conformance.suite import run_case, run_file
from conformance.values import broken, plain, units_of, whole

TESTS = Path(__file__).resolve().parent
FIXTURES = TESTS.parents[2] / "tests" / "golden" / "fixtures"
FILES = json.loads((FIXTURES / "manifest.json").read_text())["files"]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file["family"])
def test_each_case_does_here_what_it_did_in_yjs(file: dict[str, Any]) -> None:
    result = run_file(FIXTURES / file["file"])
    failed = [f"{case.name}: {line}" for case in result.cases for line in case.lines]
    assert not failed, "\n".join(failed[:40])
    assert len(result.cases) == file["cases"]


def test_the_command_ends_with_what_it_has_counted(tmp_path: Path) -> None:
    for name in ("edges.json", "subdocs.json"):
        (tmp_path / name).write_bytes((FIXTURES / name).read_bytes())

    def replayed(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, str(TESTS / "conformance" / "__main__.py"), str(tmp_path)]
        return subprocess.run([*command, *words], capture_output=True, text=True, check=False)

    everything = replayed()
    assert everything.returncode == 0
    assert everything.stdout.splitlines()[-3:] == [
        "edges: 15 passed, 0 failed, 0 skipped",
        "subdocs: 18 passed, 0 failed, 0 skipped",
        "33 passed, 0 failed, 0 skipped",
    ]
    one = replayed("subdocs", "--case", "subdocs/map-plain")
    assert one.stdout.splitlines()[-1] == "1 passed, 0 failed, 0 skipped"
    assert replayed("no such family").returncode == 2

    content = json.loads((tmp_path / "subdocs.json").read_text())
    content["cases"][0]["steps"][0]["expect"]["subdocs"] = []
    (tmp_path / "subdocs.json").write_text(json.dumps(content))
    bad = replayed()
    assert bad.returncode == 1
    assert f"FAILED {content['cases'][0]['name']}" in bad.stdout
    assert bad.stdout.splitlines()[-1] == "32 passed, 1 failed, 0 skipped"


# -- the runner ----------------------------------------------------------------------------------


@cache
def families() -> list[Family]:
    return [load(FIXTURES / file["file"]) for file in FILES]


# What a step or call expects that is not compared as it stands, and why.
UNCOMPARED = {
    ("check", "state"): "tested by itself",
    ("converged", "equal"): "a case that expects differing documents is compared by other rules",
    ("tx", "error"): "tested by itself",
    ("snapshot.attributes", "attrs"): "where they differ, those of a restored document count",
}


def expectations() -> Iterator[tuple[str, str, dict[str, Any], int | None]]:
    """A case for each thing that a step or a call can expect: (kind, part, case, step)."""
    seen: set[object] = set()
    for family in families():
        for case in family.cases:
            for number, step in enumerate(case.get("steps", [])):
                for part in step.get("expect", {}):
                    key = (step["do"], part)
                    if key not in seen | UNCOMPARED.keys() and step["expect"][part] not in ([], {}):
                        seen.add(key)
                        yield *key, case, number
            if "fn" in case and case["fn"] not in seen and case["fn"] != "applyToEmpty":
                seen.add(case["fn"])
                yield case["fn"], "result", case, None


def spoiled(value: Any) -> Any:
    """Something else in the place of the first leaf."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, dict):
        key = next(iter(value), None)
        return {"unexpected": 1} if key is None else {**value, key: spoiled(value[key])}
    if isinstance(value, list):
        return [spoiled(value[0]), *value[1:]] if value else ["unexpected"]
    if isinstance(value, str):
        return "AQEBAAQBAXQBeAA=" if value.endswith("=") else value + "A"
    return 1 if value is None else value + 1


def test_whatever_is_expected_is_compared() -> None:
    unnoticed = []
    for kind, part, case, number in expectations():
        changed = copy.deepcopy(case)
        expect = changed["expect"] if number is None else changed["steps"][number]["expect"]
        expect[part] = spoiled(expect.get(part))
        expect.pop("error" if part == "result" else "", None)
        if not run_case(changed).lines:
            unnoticed.append(f"{kind}: {part} in {case['name']}, step {number}")
    assert not unnoticed


STATE: dict[str, Any] = {
    "roots": {"t": {"$type": "text", "delta": [{"insert": "ab", "attributes": [["b", True]]}]}},
    "strings": {"t": "ab"},
    "sv": [[1, 4]],
}
INSERT = {"op": "text.insert", "path": ["t"], "index": 0, "text": "ab", "attrs": [["b", True]]}
SCRIPT: dict[str, Any] = {
    "name": "script",
    "roots": {"t": "text"},
    "docs": {"A": {"client": 1, "gc": True}},
    "steps": [
        {
            "do": "tx",
            "doc": "A",
            "ops": [INSERT],
        },
        {"do": "check", "doc": "A", "expect": {"state": STATE}},
    ],
}


def with_state(**parts: Any) -> dict[str, Any]:
    made = copy.deepcopy(SCRIPT)
    made["steps"][1]["expect"]["state"].update(parts)
    return made


def test_states_are_compared_in_each_part() -> None:
    assert run_case(SCRIPT).lines == []
    text = {"$type": "text", "delta": [{"insert": "ab"}]}
    changes: tuple[dict[str, Any], ...] = (
        {"roots": {"t": text}},
        {"roots": {}},
        {"roots": {**STATE["roots"], "u": {"$type": "map", "entries": []}}},
        {"strings": {"t": "abc"}},
        {"sv": [[1, 3]]},
        {"pendingMissing": [[2, 0]]},
        {"pendingDeletes": [[2, [[0, 1]]]]},
        {"v1": "AAA="},
        {"v2": "AAAAAAAAAAAAAAAAAAAAAAAAAA=="},
    )
    for parts in changes:
        assert run_case(with_state(**parts)).lines, parts


def test_an_op_that_fails_and_one_that_does_not() -> None:
    for op, error in (
        ({"op": "array.insert", "path": ["a"], "index": 5, "values": [1]}, True),
        ({"op": "array.push", "path": ["a"], "values": [1]}, False),
    ):
        case: dict[str, Any] = {
            "name": "ops",
            "roots": {"a": "array"},
            "docs": {"A": {"client": 1}},
            "steps": [{"do": "tx", "doc": "A", "ops": [op], "expect": {}}],
        }
        assert bool(run_case(case).lines) == error
        case["steps"][0]["expect"] = {"error": True}
        assert bool(run_case(case).lines) != error


def test_what_cannot_be_replayed_fails() -> None:
    for change in (
        {"steps": [{"do": "no such step"}]},
        {"steps": [{"do": "tx", "doc": "B", "ops": []}]},
        {"steps": [{"do": "tx", "doc": "A", "ops": [{"op": "text.no", "path": ["t"]}]}]},
        {"docs": 3},
    ):
        assert run_case({**SCRIPT, **change}).lines


def test_malformed_input_is_held_to_its_contract() -> None:
    good, cut = "AQEBAAQBAXQBeAA=", "AQEBAAQBAXQBeA=="
    case = {"name": "malformed", "format": "v1", "expect": {"changed": True}}
    for data, contract, fails in (
        (good, "accept", False),
        (good, "any", False),
        (good, "error", True),
        (cut, "accept", True),
        (cut, "error", False),
        (cut, "match", False),
    ):
        assert bool(run_case({**case, "bytes": data, "contract": contract}).lines) == fails
    unchanged = {**case, "bytes": good, "contract": "match", "expect": {"changed": False}}
    assert run_case(unchanged).lines


def test_comparison() -> None:
    assert compare({"$obj": [["a", 1], ["b", 2]]}, {"$obj": [["b", 2], ["a", 1]]}) is None
    assert compare([1, 2], [2, 1])
    assert compare(1, True)
    assert compare(None, 0)
    assert compare(1, 1.0) is None
    assert compare({"$num": "-0"}, 0)
    assert compare({"a": None}, {})
    difference = compare({"a": ["x" * 50 + "y"]}, {"a": ["x" * 50 + "z"]})
    assert difference is not None
    assert difference.where == ".a[0] from character 30"


def test_strings() -> None:
    assert from_units([0x61, 0xD83D, 0xDE00, 0xD83D]) == "a😀\ud83d"
    assert units_of("a😀\ud83d") == 4
    assert whole("a😀\ud83d") == "a😀\ufffd"
    assert broken("a😀\ud83d") == "a\ufffd\ufffd\ufffd"
    assert plain({"k": [{"$undefined": True}, {"$bigint": str(2**64 + 5)}]}) == {"k": [None, 5]}
