"""How soon a function of Lambda has merged its first update: a process is started, handles one event of a
WebSocket with a change in it, and has it in DynamoDB (Local); and what of that is imports.

usage: cold.py [--json=FILE] [--runs=N]

ids, in milliseconds, the best of N: cold.first_update_ms (process start to the handler's return),
cold.engine_import_ms (of it, `import ropewalk`), cold.imports_ms (all imports); and cold.package_bytes,
zipped, of what is deployed.
"""

from __future__ import annotations

import argparse
import asyncio
import io
import json
import os
import re
import subprocess
import sys
import time
import zipfile
from importlib.util import find_spec
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "server" / "tests")]

# Runs in a process of its own: what Lambda does with a new one.
_CHILD = """
import json, sys
event = json.loads(sys.stdin.readline())
from ropewalk_server.lambdas import handlers
answer = handlers.default(event)
import time
import os
print(json.dumps({"done": time.monotonic(), "status": answer["statusCode"]}), file=sys.stderr, flush=True)
os._exit(0)  # Lambda freezes it; nothing of its end belongs to the event
"""
# Deployed with our own: what checks tokens.
_PACKAGES = ("ropewalk", "ropewalk_server", "jwt", "cryptography", "cffi", "_cffi_backend", "httpx")
_LEFT_OUT = ("/tests/", "__pycache__", "/emulator/", "/cli/", ".pyi")


async def first_updates(runs: int) -> list[float]:
    from aws.conftest import running
    from aws.people import Person, equal_within

    took: list[float] = []
    async with running() as emulator:
        person = Person(emulator, "ann")
        await person.connect()
        await equal_within(_Clocked(emulator), [person], 60)
        invoke = emulator.functions.invoke
        is_next = [False]

        async def cold(name: str, event: Any, **options: Any) -> Any:
            if name != "default" or not is_next[0]:
                return await invoke(name, event, **options)
            before = len(took)
            answer = await asyncio.to_thread(start, event, emulator.environ(), took)
            is_next[0] = len(took) == before  # it was something else
            return answer

        emulator.functions.invoke = cold
        for run in range(runs):
            before = len(person.acked)
            await emulator.settled()
            is_next[0] = True
            person.write(f"{run} ")
            async with asyncio.timeout(60):
                while len(person.acked) == before or len(took) == run:
                    await asyncio.sleep(0.02)
        await person.leave()
    return took


class _Clocked:
    """The emulator, whose clock is real: time passes by itself."""

    def __init__(self, emulator: Any) -> None:
        self.clock = self
        self.trace = emulator.trace
        self.log_lines = emulator.log_lines

    async def advance(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


def start(event: Any, environ: dict[str, str], took: list[float]) -> Any:
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", _CHILD],
        input=json.dumps(event).encode(),
        env={**compiled(), **environ},
        capture_output=True,
        check=False,
    )
    if done.returncode != 0:
        raise RuntimeError(done.stderr.decode())
    said = json.loads(done.stderr.splitlines()[-1])
    counted = [json.loads(line) for line in done.stdout.splitlines() if b'"_aws"' in line]
    if any("appends" in line for line in counted):
        took.append((said["done"] - began) * 1000)
    return {"statusCode": said["status"]}


def compiled() -> dict[str, str]:
    """Packages are deployed with their bytecode."""
    environ = {**os.environ, "PYTHONPYCACHEPREFIX": str(ROOT / "build" / "pycache")}
    environ.pop("PYTHONDONTWRITEBYTECODE", None)
    return environ


def imports(code: str, runs: int) -> dict[str, float]:
    """Milliseconds of each module that was imported, with all it imports itself; the least of some."""
    found: dict[str, float] = {}
    for _ in range(runs):
        done = subprocess.run(
            [sys.executable, "-X", "importtime", "-c", code],
            env=compiled(),
            capture_output=True,
            text=True,
            check=True,
        )
        for line in done.stderr.splitlines():
            match = re.match(r"import time:\s+\d+ \|\s+(\d+) \| +(\S+)$", line)
            if match:
                ms = int(match[1]) / 1000
                found[match[2]] = min(ms, found.get(match[2], ms))
    return found


def package_bytes() -> int:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in _PACKAGES:
            spec = find_spec(name)
            if spec is None or spec.origin is None:
                continue
            origin = Path(spec.origin)
            files = origin.parent.rglob("*") if origin.name == "__init__.py" else [origin]
            for file in files:
                path = str(file.relative_to(origin.parent.parent))
                if file.is_file() and not any(part in f"/{path}" for part in _LEFT_OUT):
                    archive.write(file, path)
    return out.tell()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--runs", type=int, default=9)
    options = parser.parse_args()
    took = asyncio.run(first_updates(options.runs + 1))[1:]  # the first one compiles
    engine = imports("import ropewalk", options.runs)["ropewalk"]
    code = "import ropewalk_server.lambdas.handlers, ropewalk_server.lambdas.sockets"
    modules = imports(code, options.runs)
    figures = {
        "cold.first_update_ms": min(took),
        "cold.engine_import_ms": engine,
        "cold.imports_ms": modules["ropewalk_server.lambdas.handlers"]
        + modules["ropewalk_server.lambdas.sockets"],
        "cold.package_bytes": float(package_bytes()),
    }
    for name, value in figures.items():
        print(f"{name:28} {value:12.1f}")
    slowest = sorted(((ms, name) for name, ms in modules.items()), reverse=True)[:12]
    print("imports: " + ", ".join(f"{name} {ms:.0f}" for ms, name in slowest))
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
