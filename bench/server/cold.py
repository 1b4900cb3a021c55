"""How soon a function of Lambda has merged its first update. A package is made as docs/guides/aws.md says; a
process is started with it and nothing else, handles one event of a WebSocket with a change in it, and has it in
DynamoDB (Local); and what of that is imports.

usage: cold.py [--json=FILE] [--runs=N]

ids, the best of N: server.cold.first_update_ms (process start to the handler's return),
server.cold.engine_import_ms (of it, `import ropewalk`), server.cold.imports_ms (all imports); and
server.cold.package_bytes, zipped with its bytecode, and .unpacked_bytes, of which Lambda takes 250 MB.
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
from pathlib import Path
from typing import Any

from figures import write_figures

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "build" / "function"
# -S: of what is installed beside it, nothing is seen.
PYTHON = (sys.executable, "-S")
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
# What the functions use of others: not what only `ropewalk serve` needs.
_OTHERS = ("xxhash", "pyjwt[crypto]", "httpx")


def make_package() -> None:
    """With bytecode, which pip makes: compiling is not for each cold start to do."""
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    pip += ["--upgrade", "--target", str(PACKAGE)]
    wheel = max((ROOT / "build" / "wheels").glob("ropewalk-*.whl"), key=os.path.getmtime)
    server = ["--no-deps", "--no-build-isolation", str(ROOT / "server")]
    for what in ([str(wheel), *_OTHERS], server):
        subprocess.run([*pip, *what], check=True)


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
        [*PYTHON, "-c", _CHILD],
        input=json.dumps(event).encode(),
        env={**packaged(), **environ},
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


def packaged() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(PACKAGE)}


def imports(code: str, runs: int) -> dict[str, float]:
    """Milliseconds of each module that was imported, with all it imports itself; the least of some."""
    found: dict[str, float] = {}
    for _ in range(runs):
        done = subprocess.run(
            [*PYTHON, "-X", "importtime", "-c", code],
            env=packaged(),
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


def package_bytes() -> tuple[int, int]:
    """Zipped, and as it is."""
    out = io.BytesIO()
    unpacked = 0
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in PACKAGE.rglob("*"):
            if file.is_file():
                unpacked += file.stat().st_size
                archive.write(file, file.relative_to(PACKAGE))
    return out.tell(), unpacked


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--runs", type=int, default=9)
    options = parser.parse_args()
    make_package()
    took = asyncio.run(first_updates(options.runs + 1))[1:]  # files are in memory then
    engine = imports("import ropewalk", options.runs)["ropewalk"]
    code = "import ropewalk_server.lambdas.handlers, ropewalk_server.lambdas.sockets"
    modules = imports(code, options.runs)
    all_imports = sum(modules[f"ropewalk_server.lambdas.{name}"] for name in ("handlers", "sockets"))
    zipped, unpacked = package_bytes()
    figures = [
        ("server.cold.first_update_ms", round(min(took), 1), "ms"),
        ("server.cold.engine_import_ms", round(engine, 1), "ms"),
        ("server.cold.imports_ms", round(all_imports, 1), "ms"),
        ("server.cold.package_bytes", zipped, "B"),
        ("server.cold.unpacked_bytes", unpacked, "B"),
    ]
    for figure in figures:
        print("{} {} {}".format(*figure))
    slowest = sorted(((ms, name) for name, ms in modules.items()), reverse=True)[:12]
    print("imports: " + ", ".join(f"{name} {ms:.0f}" for ms, name in slowest))
    if options.json:
        write_figures(options.json, figures, "one change, told to one person")


if __name__ == "__main__":
    main()
