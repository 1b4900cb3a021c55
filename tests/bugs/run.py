#!/usr/bin/env python3
"""Puts known bugs back, one by one, and expects the tests to fail. See README.md beside this file.

usage: run.py [name...]; ends with "N passed, N failed", where passed means noticed.
"""

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
COPY = ROOT / "build" / "bugs" / "source"
BUILD = COPY / "build" / "dev"
# The copy lies inside the repository and is none itself: git is to take it for a plain folder.
ENVIRONMENT = os.environ | {"GIT_CEILING_DIRECTORIES": str(COPY.parent)}


@dataclass
class Bug:
    patch: Path
    targets: list[str]
    tests: str


def read(patch: Path) -> Bug:
    head = patch.read_text(encoding="utf-8").split("\ndiff --git", 1)[0]
    targets = re.search(r"^Target: (.+)$", head, re.MULTILINE)
    tests = re.search(r"^Test: (.+)$", head, re.MULTILINE)
    if targets is None or tests is None:
        sys.exit(f"{patch}: the lines Target: and Test: belong above the diff")
    return Bug(patch, targets.group(1).split(), tests.group(1).strip())


def refresh_copy() -> None:
    """Makes the copy equal to the sources; untouched files keep their time, so builds are short."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    names = {n for n in listed.stdout.decode().split("\0") if n and (ROOT / n).is_file()}
    for name in names:
        content = (ROOT / name).read_bytes()
        copy = COPY / name
        if not copy.is_file() or copy.read_bytes() != content:
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(content)
            copy.chmod((ROOT / name).stat().st_mode)
    for path in list(COPY.rglob("*")):
        relative = path.relative_to(COPY)
        if relative.parts[0] != "build" and path.is_file() and relative.as_posix() not in names:
            path.unlink()


def run(*command: str) -> tuple[bool, str]:
    done = subprocess.run(
        command,
        cwd=COPY,
        env=ENVIRONMENT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    return done.returncode == 0, done.stdout


def must(*command: str) -> None:
    good, output = run(*command)
    if not good:
        print(output)
        sys.exit(f"failed, in {COPY.relative_to(ROOT)}: {' '.join(command)}")


def build(bug: Bug) -> None:
    must("cmake", "--build", "--preset", "dev", "--target", *bug.targets)


def tests_pass(bug: Bug) -> tuple[bool, str]:
    return run("ctest", "--preset", "dev", "-R", bug.tests)


def notices(bug: Bug) -> str | None:
    """None if the bug is noticed, else what is wrong."""
    refresh_copy()
    build(bug)
    good, output = tests_pass(bug)
    if not good:
        return f"the tests fail without it already:\n{output}"
    good, output = run("git", "apply", str(bug.patch))
    if not good:
        return f"it does not apply any more:\n{output}"
    build(bug)
    good, output = tests_pass(bug)
    if good:
        return f"nobody notices; these ran:\n{output}"
    return None


def main() -> int:
    wanted = sys.argv[1:]
    bugs = [read(p) for p in sorted(HERE.glob("*.patch")) if not wanted or p.stem in wanted]
    if not bugs:
        sys.exit("there is no such patch in tests/bugs")
    refresh_copy()
    must("cmake", "--preset", "dev")
    failed = 0
    for bug in bugs:
        problem = notices(bug)
        print(f"{bug.patch.stem}: {'noticed' if problem is None else problem}", flush=True)
        if problem is not None:
            failed += 1
            print(f"repeat with: make bugs ONLY={bug.patch.stem}", flush=True)
    refresh_copy()
    print(f"{len(bugs) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
