"""What passed and has not changed since need not run again.

A part of the tests depends on every file of the project but those that are named here: a new file
is in until somebody says otherwise. What it passed with is kept in build/passed as a hash of those
files' names and contents, so a clean clone runs everything, and so does FRESH=1.
"""

import hashlib
import json
import os
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
KEPT = ROOT / "build" / "passed"

_PROSE = ("CHANGELOG.md", "CONTRIBUTING.md", "docs/decisions/", "docs/dead-ends.md")
_NATIVE_TESTS = ("tests/unit/", "tests/property/", "tests/regressions/", "tests/compile_fail/",
                 "tests/consumer/", "tests/bugs/", "tests/support/", "fuzz/", "examples/cpp/")  # fmt: skip
_BENCHES = ("bench/",)
_WEB = ("examples/web/", "examples/node/")

# Files and folders that a part does not see.
UNSEEN: dict[str, tuple[str, ...]] = {
    "cpp": ("bindings/", "server/", *_WEB, *_PROSE),
    "headers": ("bindings/", "server/", "examples/", "docs/", "bench/", "tests/", "fuzz/", *_PROSE),
    "differential": ("bindings/", "server/", "examples/", "docs/", *_NATIVE_TESTS, *_PROSE),
    "python": ("bindings/wasm/", "server/", *_NATIVE_TESTS, *_WEB, *_PROSE),
    "server": (*_NATIVE_TESTS, *_WEB, *_PROSE),
    "javascript": ("bindings/python/", "server/", *_NATIVE_TESTS, *_BENCHES, *_WEB, *_PROSE),
    "yjs": ("bindings/python/", "server/", *_NATIVE_TESTS, *_BENCHES, *_WEB, *_PROSE),
    "chromium": ("bindings/python/", "server/", *_NATIVE_TESTS, *_BENCHES, *_WEB, *_PROSE),
    "web": (*_NATIVE_TESTS, *_BENCHES, *_PROSE),
}


def digest(part: str) -> str | None:
    """Of all that a part depends on; None: it cannot be told, so the part runs."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, check=False,
    )  # fmt: skip
    if listed.returncode or part not in UNSEEN:
        return None
    total = hashlib.sha256(repr((os.environ.get("SEEDS"), UNSEEN[part])).encode())
    for name in sorted(os.fsdecode(path) for path in listed.stdout.split(b"\0") if path):
        file = ROOT / name
        if not name.startswith(UNSEEN[part]) and file.is_file():
            total.update(f"\0{name}\0{file.stat().st_mode & 0o100}\0".encode())
            total.update(hashlib.sha256(file.read_bytes()).digest())
    return total.hexdigest()


def passed_before(part: str, now: str | None) -> int | None:
    """How many tests of it passed with the same files, if all did."""
    if now is None or os.environ.get("FRESH"):
        return None
    try:
        known = json.loads((KEPT / f"{part}.json").read_text())
    except (OSError, ValueError):
        return None
    return int(known["passed"]) if known.get("files") == now else None


def remember(part: str, before: str | None, passed: int) -> None:
    """All of it passed; unless something was changed meanwhile."""
    if before is not None and digest(part) == before:
        KEPT.mkdir(parents=True, exist_ok=True)
        (KEPT / f"{part}.json").write_text(json.dumps({"files": before, "passed": passed}) + "\n")


def forget(part: str) -> None:
    """Some of it failed."""
    (KEPT / f"{part}.json").unlink(missing_ok=True)
