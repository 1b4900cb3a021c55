#!/usr/bin/env python3
"""Runs the tests in parts, counts every one, and ends with "N passed, N failed".

A part is a few commands that a person could type; each is printed before it runs. What failed is
listed at the end, with the command that repeats it.

A part that passed and of which no file has changed since is not run again, and says so; FRESH=1
runs it.

usage: run_tests.py all | PART...
parts: cpp headers differential python server javascript yjs chromium web; not in all: editors emulator
"""

import argparse
import json
import os
import re
import shlex
import subprocess
import sys
import time
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import unchanged

ROOT = Path(__file__).resolve().parent.parent
SEEDS = os.environ.get("SEEDS", "2000")


@dataclass
class Count:
    passed: int = 0
    failed: int = 0
    repeat: list[str] = field(default_factory=list)  # commands, one for each failure

    def add(self, other: "Count") -> None:
        self.passed += other.passed
        self.failed += other.failed
        self.repeat += other.repeat


# Builds that were begun before their turn, by their commands.
AHEAD: dict[tuple[str, ...], subprocess.Popen[bytes]] = {}


def begin(*command: str) -> None:
    """Begins a build that keeps one core busy for minutes, where others leave something of it."""
    path = ROOT / "build" / f"{Path(command[0]).stem}.log"
    path.parent.mkdir(exist_ok=True)
    print(f"\n$ {shlex.join(command)} &  # prints into {path.relative_to(ROOT)}", flush=True)
    with path.open("wb") as log:
        AHEAD[command] = subprocess.Popen(
            ("nice", *command), cwd=ROOT, stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )


def run(*command: str) -> bool:
    print(f"\n$ {shlex.join(command)}", flush=True)
    begun = AHEAD.pop(command, None)
    if begun is not None:
        # If it failed the next line says why, and if not it finds everything done.
        begun.wait()
    return subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, check=False).returncode == 0


def run_and_read(*command: str) -> tuple[bool, str]:
    """Like run(), and what it printed."""
    print(f"\n$ {shlex.join(command)}", flush=True)
    lines = []
    with subprocess.Popen(
        command,
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        errors="replace",
    ) as process:
        for line in process.stdout or ():
            print(line, end="", flush=True)
            lines.append(line)
    return process.returncode == 0, "".join(lines)


def run_and_read_all(commands: list[tuple[str, ...]]) -> Iterator[tuple[bool, str]]:
    """Programs of one thread, as many at a time as there are cores; each is printed when it ends."""

    def quietly(command: tuple[str, ...]) -> tuple[bool, str]:
        done = subprocess.run(
            command,
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            check=False,
        )
        return done.returncode == 0, done.stdout

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for command, (good, output) in zip(commands, pool.map(quietly, commands), strict=True):
            print(f"\n$ {shlex.join(command)}\n{output}", end="", flush=True)
            yield good, output


def count_output(output: str) -> tuple[int, int] | None:
    """(passed, failed) of a program that counts its own tests; None if this one does not."""
    doctest = re.findall(r"test cases: +\d+ \| +(\d+) passed \| +(\d+) failed", output)
    if doctest:
        return int(doctest[-1][0]), int(doctest[-1][1])
    plain = re.findall(r"^(\d+) passed, (\d+) failed$", output, re.MULTILINE)
    if plain:
        return int(plain[-1][0]), int(plain[-1][1])
    seeds = re.findall(r"^(\d+) seeds, (\d+) differ$", output, re.MULTILINE)
    if seeds:
        return int(seeds[-1][0]) - int(seeds[-1][1]), int(seeds[-1][1])
    python = re.findall(r"^Ran (\d+) tests? in .*\n\n(OK|FAILED.*)", output, re.MULTILINE)
    if python:
        ran, end = int(python[-1][0]), python[-1][1]
        failed = sum(map(int, re.findall(r"(?:failures|errors)=(\d+)", end)))
        return ran - failed, failed
    return None


def shortened(said: str) -> str:
    """What a test that failed said: of a run on another machine nothing else may be left."""
    lines = said.strip().splitlines()
    kept = lines if len(lines) <= 24 else [*lines[:8], "...", *lines[-15:]]
    return "".join(f"\n      {line[:240]}" for line in kept)


def count_ctest(preset: str) -> Count:
    """The tests of the last run of a preset, from the report that it has written."""
    count = Count()
    report = ROOT / "build" / preset / "junit.xml"
    shown = subprocess.run(
        ["ctest", "--test-dir", f"build/{preset}", "--show-only=json-v1"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    commands = {t["name"]: t.get("command", []) for t in json.loads(shown.stdout)["tests"]}
    for case in ET.parse(report).getroot().iter("testcase"):
        name = case.get("name", "")
        output = case.findtext("system-out", "")
        good = case.get("status") == "run"
        passed, failed = count_output(output) or (0, 0)
        if good and not failed:
            count.add(Count(max(passed, 1), 0))
            continue
        count.add(Count(passed, max(failed, 1)))
        # doctest names the case; one that ended the program is the last that was named.
        cases = list(dict.fromkeys(re.findall(r"^TEST CASE:  (.*)$", output, re.MULTILINE)))
        command = commands.get(name, [])
        if cases and command:
            program = os.path.relpath(command[0], ROOT)
            for case_name in cases:
                pattern = case_name.replace(",", "\\,")
                count.repeat.append(shlex.join([program, *command[1:], f"--test-case={pattern}"]))
        else:
            count.repeat.append(f"ctest --preset {preset} -R {shlex.quote(f'^{re.escape(name)}$')}")
        count.repeat[-1] += shortened(output)
    return count


def cpp() -> Count:
    """The whole C++ suite with AddressSanitizer and UndefinedBehaviorSanitizer."""
    report = ROOT / "build" / "asan" / "junit.xml"
    report.unlink(missing_ok=True)
    workflow = ("cmake", "--workflow", "--preset", "asan")
    good = run(*workflow)
    if not report.exists():
        return Count(failed=1, repeat=[shlex.join(workflow)])
    count = count_ctest("asan")
    if not good and not count.failed:
        count.add(Count(failed=1, repeat=[shlex.join(workflow)]))
    return count


def headers() -> Count:
    """Each header compiles alone."""
    workflow = ("cmake", "--workflow", "--preset", "headers")
    if not run(*workflow):
        return Count(failed=1, repeat=[shlex.join(workflow)])
    return Count(passed=len(list((ROOT / "include").rglob("*.hpp"))))


def differential() -> Count:
    """Random histories here and in Yjs; each seed counts."""
    build = ("cmake", "--build", "--preset", "release", "--target", "differential_peer")
    if not run("cmake", "--preset", "release") or not run(*build):
        return Count(failed=1, repeat=[shlex.join(build)])
    command = ("tests/differential/run.sh", SEEDS)
    good, output = run_and_read(*command)
    passed, failed = count_output(output) or (0, 1)
    if not good and not failed:
        failed = 1
    return Count(passed, failed, [shlex.join(command)] if failed else [])


def python() -> Count:
    """The Python package in an environment of its own; each test of pytest counts."""
    if not run("tools/python.sh"):
        return Count(failed=1, repeat=["tools/python.sh"])
    report = ROOT / "build" / "python" / "junit.xml"
    pytest = ("build/venv/python/bin/python", "-m", "pytest", "-q", "-n", str(os.cpu_count()))
    command = (*pytest, "bindings/python/tests")
    return count_report(command, report, f"--junitxml={report.relative_to(ROOT)}", select="-k")


def server() -> Count:
    """The server on loopback, with real stores and clients; each test of pytest counts."""
    for tool in ("tools/server.sh", "tools/dynamodb.sh"):
        if not run(tool):
            return Count(failed=1, repeat=[tool])
    report = ROOT / "build" / "server" / "junit.xml"
    # They wait more than they work: four at a time, whatever there are of cores.
    command = ("build/venv/server/bin/python", "-m", "pytest", "-q", "-n", "4", "server/tests")
    return count_report(command, report, f"--junitxml={report.relative_to(ROOT)}", select="-k")


def javascript() -> Count:
    """The npm package in Node; each test of vitest counts."""
    if not run("tools/wasm.sh"):
        return Count(failed=1, repeat=["tools/wasm.sh"])
    report = ROOT / "build" / "js" / "junit.xml"
    command = ("npm", "--prefix", "bindings/wasm", "test", "--silent", "--")
    options = ("--reporter=default", "--reporter=junit", f"--outputFile.junit={report}")
    return count_report(command, report, *options, select="-t")


def yjs() -> Count:
    """The npm package beside Yjs: each program counts its own cases, names or histories."""
    if not run("tools/wasm.sh"):
        return Count(failed=1, repeat=["tools/wasm.sh"])
    programs = (
        ("conformance/main.mjs", "tests/golden/fixtures"),
        ("conformance/selftest.mjs", "tests/golden/fixtures"),
        ("api/list.mjs",),
        ("api/types_test.mjs",),
        ("protocols/sync_test.mjs",),
        ("protocols/websocket_test.mjs",),
        ("protocols/provider_test.mjs",),
        ("protocols/indexeddb_test.mjs",),
        ("differential/strict.mjs", "300"),
        ("differential/main.mjs", "200"),
    )
    # What they share is installed before, since several of them run at a time.
    for engine in ("yjs", "ropewalk"):
        installed = ("node", "bindings/wasm/tests/packages/install.mjs", engine)
        if not run(*installed):
            return Count(failed=1, repeat=[shlex.join(installed)])
    commands = [("node", f"bindings/wasm/tests/{name}", *options) for name, *options in programs]
    count = Count()
    for command, (good, output) in zip(commands, run_and_read_all(commands), strict=True):
        passed, failed = count_output(output) or (0, 1)
        if not good and not failed:
            failed = 1
        count.add(Count(passed, failed, [shlex.join(command)] if failed else []))
    return count


def chromium() -> Count:
    """The npm package in Chromium: its tests, an app by every bundler, editors beside Yjs."""
    return in_browser("chromium", "browser", "bundlers", "editors/editors")


def web() -> Count:
    """The server, its editor and stock clients together in Chromium."""
    for tool in ("tools/server.sh", "tools/editor.sh", "tools/dynamodb.sh"):
        if not run(tool):
            return Count(failed=1, repeat=[tool])
    targets = ("server", "emulator")
    for target in targets:
        started = ("env", "ONCE=1", f"TARGET={target}", "tools/run.sh")
        if not run(*started):
            return Count(failed=1, repeat=[shlex.join(started)])
    count = in_browser("web", "web")
    count.passed += len(targets)
    return count


def editors() -> Count:
    """The editors at length, installed by every package manager, and measured."""
    os.environ.setdefault("EDITOR_ROUNDS", "40")
    return in_browser("editors", "editors")


def emulator() -> Count:
    """The journeys of the editor in Chromium, on an emulated AWS: minutes, for an event is a process that wakes."""
    for tool in ("tools/server.sh", "tools/editor.sh", "tools/dynamodb.sh"):
        if not run(tool):
            return Count(failed=1, repeat=[tool])
    return in_browser("emulator", "emulator")


def in_browser(name: str, *files: str) -> Count:
    if not run("tools/wasm.sh"):
        return Count(failed=1, repeat=["tools/wasm.sh"])
    report = ROOT / "build" / "js" / f"{name}.xml"
    command = ("npm", "--prefix", "bindings/wasm", "run", "test:web", "--silent", "--", *files)
    options = ("--reporter=default", "--reporter=junit", f"--outputFile.junit={report}")
    return count_report(command, report, *options, select="-t")


def count_report(command: tuple[str, ...], report: Path, *options: str, select: str) -> Count:
    """Runs what writes a report of its tests, and counts these."""
    report.unlink(missing_ok=True)
    good = run(*command, *options)
    if not report.exists():
        return Count(failed=1, repeat=[shlex.join(command)])
    count = Count()
    for case in ET.parse(report).getroot().iter("testcase"):
        bad = [each for each in (case.find("failure"), case.find("error")) if each is not None]
        if not bad:
            count.passed += case.find("skipped") is None
            continue
        count.failed += 1
        name = f"{case.get('classname', '')}.{case.get('name', '')}"
        repeat = shlex.join([*command, select, case.get("name", "")])
        said = bad[0].text or bad[0].get("message", "")
        count.repeat.append(f"{repeat}  # {name}{shortened(said)}")
    if not good and not count.failed:
        count.add(Count(failed=1, repeat=[shlex.join(command)]))
    return count


PARTS: dict[str, Callable[[], Count]] = {
    "cpp": cpp,
    "headers": headers,
    "differential": differential,
    "python": python,
    "server": server,
    "javascript": javascript,
    "yjs": yjs,
    "chromium": chromium,
    "web": web,
    "editors": editors,
    "emulator": emulator,
}
AT_LENGTH = ("editors", "emulator")
NEED_WASM = ("javascript", "yjs", "chromium", "web", *AT_LENGTH)
GROUPS = {"all": [part for part in PARTS if part not in AT_LENGTH], "cpp": ["cpp", "headers"]}


def run_part(part: str) -> tuple[Count, str]:
    """What of it has passed, and what to say of how long that took."""
    start = time.monotonic()
    files = unchanged.digest(part)
    known = unchanged.passed_before(part, files)
    if known is not None:
        print(f"\n{part}: nothing it depends on has changed since {known} passed", flush=True)
        return Count(passed=known), "unchanged since"
    count = PARTS[part]()
    if count.failed or not count.passed:
        unchanged.forget(part)
    else:
        unchanged.remember(part, files, count.passed)
    return count, f"{time.monotonic() - start:5.0f} s"


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("parts", nargs="+", choices=[*GROUPS, *PARTS])
    wanted = [p for name in parser.parse_args().parts for p in GROUPS.get(name, [name])]

    if "cpp" in wanted and any(part in wanted for part in NEED_WASM):
        begin("tools/wasm.sh")
    total = Count()
    table = []
    for part in dict.fromkeys(wanted):
        count, how_long = run_part(part)
        table.append(f"  {part:14}{count.passed:7} passed {count.failed:5} failed   {how_long}")
        total.add(count)
    for build in AHEAD.values():
        build.wait()
    print("\n" + "\n".join(table))
    if total.failed:
        print("\nFailed; repeat with:")
        for command in total.repeat:
            print(f"  {command}")
        print()
    print(f"{total.passed} passed, {total.failed} failed", flush=True)
    return 1 if total.failed or not total.passed else 0


if __name__ == "__main__":
    sys.exit(main())
