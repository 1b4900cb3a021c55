"""Programs of tests/node: clients in Node that do as they are told."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

NODE = Path(__file__).parents[1] / "node"


class Node:
    """A program: a line of JSON in, a line of JSON out."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def __call__(self, do: str, **arguments: Any) -> Any:
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(json.dumps({"do": do, **arguments}).encode() + b"\n")
        line = await asyncio.wait_for(self._process.stdout.readline(), 10)
        return json.loads(line)

    async def until(self, who: str, holds: Callable[[Any], bool]) -> Any:
        for _ in range(500):
            seen = await self("look", **{"as": who})
            if holds(seen):
                return seen
            await asyncio.sleep(0.02)
        raise AssertionError(f"{who} has {seen}")


def _is_installed() -> bool:
    """All that package.json asks for."""
    wanted = json.loads((NODE / "package.json").read_text())["dependencies"]
    return all((NODE / "node_modules" / name).exists() for name in wanted)


@asynccontextmanager
async def node(program: str, *arguments: str) -> AsyncIterator[Node]:
    if not _is_installed():
        npm = await asyncio.create_subprocess_exec(
            *("npm", "ci", "--ignore-scripts", "--prefer-offline", "--no-audit", "--no-fund"),
            cwd=NODE,
        )
        assert await npm.wait() == 0, f"npm ci in {NODE} has failed"
    process = await asyncio.create_subprocess_exec(
        shutil.which("node") or "node",
        str(NODE / program),
        *arguments,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        yield Node(process)
    finally:
        process.kill()
        await process.wait()
