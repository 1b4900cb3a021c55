"""`ropewalk` as a program: how it starts, how it ends, and the commands beside it."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from ropewalk import Doc, Text
from websockets.asyncio.client import connect

import ropewalk_server
from ropewalk_server.protocol.messages import Ack, Hello

from .running import Client

COMMAND = (
    sys.executable,
    "-c",
    "import sys; from ropewalk_server.cli import main; sys.exit(main())",
)
SOURCE = str(Path(ropewalk_server.__file__).parents[1])


def environment(**more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ROPEWALK_")}
    return {**kept, "PYTHONPATH": SOURCE, **more}


def ropewalk(*arguments: str, cwd: Path, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *arguments],
        cwd=cwd,
        env=environment(**env),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        stdin=subprocess.DEVNULL,
    )


def succeed(*arguments: str, cwd: Path, **env: str) -> str:
    done = ropewalk(*arguments, cwd=cwd, **env)
    assert done.returncode == 0, done.stderr
    return done.stdout


@dataclass
class Program:
    process: asyncio.subprocess.Process
    place: str
    announced: str
    log: str = ""

    async def end(self, sig: int = signal.SIGTERM) -> int:
        self.process.send_signal(sig)
        async with asyncio.timeout(60):
            assert self.process.stderr is not None
            self.log = (await self.process.stderr.read()).decode()
            return await self.process.wait()

    def client(self, document: str = "letter") -> Any:
        return connect(f"ws://{self.place}/collab/{document}", compression=None)


@asynccontextmanager
async def program(cwd: Path, *arguments: str, **env: str) -> AsyncIterator[Program]:
    process = await asyncio.create_subprocess_exec(
        *COMMAND,
        "serve",
        "--port",
        "0",
        *arguments,
        cwd=cwd,
        env=environment(**env),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    announced = ""
    try:
        async with asyncio.timeout(60):
            while "identity" not in announced:
                line = await process.stdout.readline()
                assert line, (await process.stderr.read()).decode()
                announced += line.decode()
        found = re.search(r"page +http://([^/]+)/", announced)
        assert found is not None
        yield Program(process, found[1], announced)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def test_it_says_where_to_look_and_ends_in_order(tmp_path: Path) -> None:
    async with program(tmp_path) as server:
        for said in (
            "/collab/{name}",
            "/hocuspocus",
            "sqlite:ropewalk.db",
            "DEVELOPMENT",
            "ropewalk token",
        ):
            assert said in server.announced
        token = succeed(
            "token", "--user", "alice", "--server", f"http://{server.place}", cwd=tmp_path
        ).strip()
        async with server.client() as socket:
            client = Client(socket)
            await client.say(Hello(token=token))
            await client.sync()
            await client.write_durably("Dear Sir")
            # On its way while the signal comes: acknowledged, or not; but then not lost without a word.
            numbers = [await client.write(f" {n}") for n in range(20)]
            ending = asyncio.create_task(server.end())
            assert await client.closed(15) == 1001
            assert await ending == 0
        acked = max(message.number for message in client.heard if isinstance(message, Ack))
        assert numbers[0] > 1
        for line in server.log.splitlines():
            json.loads(line)
        assert token[:20] not in server.log
    # What was acknowledged is there, whoever reads it.
    stored = json.loads(
        succeed("docs", "export", "letter", "-o", "-", "--format", "json", cwd=tmp_path)
    )["t"]
    expected = "Dear Sir" + "".join(f" {n}" for n in range(acked - 1))
    assert stored.startswith(expected)
    async with program(tmp_path) as server:
        token = succeed(
            "token", "--user", "bob", "--server", f"http://{server.place}", cwd=tmp_path
        ).strip()
        async with server.client() as socket:
            client = Client(socket)
            await client.say(Hello(token=token))
            await client.sync()
            assert client.text == stored
        assert await server.end(signal.SIGINT) == 0


async def test_a_second_signal_ends_it_at_once(tmp_path: Path) -> None:
    async with program(tmp_path, "--limits-drain-seconds", "60") as server:
        server.process.send_signal(signal.SIGTERM)
        await asyncio.sleep(0.05)
        assert await server.end() is not None


async def test_settings_of_all_kinds_reach_it(tmp_path: Path) -> None:
    (tmp_path / "ropewalk.toml").write_text('[store]\nurl = "memory:"\n[log]\nlevel = "warning"\n')
    async with program(
        tmp_path, "--auth", "none", ROPEWALK_ADMIN_KEY="k" * 20, ROPEWALK_ADMIN_KE="x"
    ) as server:
        assert "memory:" in server.announced
        assert "NONE" in server.announced
        await server.end()
    (line,) = [json.loads(line) for line in server.log.splitlines()]
    assert (
        line["message"] == "environment: ROPEWALK_ADMIN_KE is no setting; ROPEWALK_ADMIN_KEY is one"
    )


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--host", "0.0.0.0"), "say --force"),
        (("--port", "x"), "flag --port: server.port is a whole number"),
        (("--store", "mongo:x"), "no store is named"),
        (("--auth", "https://x.example"), "auth.audience"),
        (("--config", "none.toml"), "none.toml: No such file"),
    ],
)
def test_what_is_wrong_is_one_sentence_and_status_2(
    tmp_path: Path, arguments: tuple[str, ...], says: str
) -> None:
    done = ropewalk("serve", *arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert says in done.stderr
    assert done.stderr.startswith("ropewalk: ")
    assert done.stderr.count("\n") == 1


async def test_a_port_that_is_taken(tmp_path: Path) -> None:
    async with program(tmp_path) as server:
        done = await asyncio.to_thread(
            ropewalk,
            "serve",
            "--store",
            "memory:",
            "--port",
            server.place.split(":")[1],
            cwd=tmp_path,
        )
    assert done.returncode not in (0, None)
    assert "address already in use" in done.stderr
    assert "Traceback" not in done.stderr


def update(text: str) -> bytes:
    doc: Doc[Any] = Doc()
    doc["t"] = Text(text)
    return doc.get_update()


def test_to_look_into_a_store_does_not_make_it(tmp_path: Path) -> None:
    done = ropewalk("docs", "list", "--store", "sqlite:none.db", cwd=tmp_path)
    assert done.returncode == 2
    assert "none.db: No such file" in done.stderr
    assert not list(tmp_path.iterdir())


def test_damage_is_status_1(tmp_path: Path) -> None:
    doc: Doc[Any] = Doc()
    doc["t"] = text = Text("a")
    state = doc.get_state()
    text += "b"
    (tmp_path / "hole.bin").write_bytes(doc.get_update(state))
    succeed("docs", "import", "hole.bin", cwd=tmp_path)
    done = ropewalk("docs", "verify", cwd=tmp_path)
    assert done.returncode == 1
    assert "1 document verified, 1 not sound" in done.stdout


def test_a_server_that_is_not_there_is_a_sentence(tmp_path: Path) -> None:
    for arguments in (
        ("token", "--user", "a"),
        ("ticket", "a", "--token", "t"),
        ("docs", "list", "--token", "t"),
    ):
        done = ropewalk(*arguments, "--server", "http://127.0.0.1:9", cwd=tmp_path)
        assert done.returncode == 2
        assert done.stderr.startswith("ropewalk: the server at http://127.0.0.1:9")
        assert "Traceback" not in done.stderr


def test_config_shows_what_counts_and_no_secret(tmp_path: Path) -> None:
    shown = succeed(
        "config", "--show", "--port", "9", cwd=tmp_path, ROPEWALK_ADMIN_KEY="hunter2hunter2"
    )
    assert re.search(r"server.port +9 +flag --port", shown)
    assert re.search(r"admin.key +\(hidden\) +environment ROPEWALK_ADMIN_KEY", shown)
    assert "hunter2" not in shown


def test_the_engine_s_commands_are_here_too(tmp_path: Path) -> None:
    (tmp_path / "a.bin").write_bytes(update("Dear Sir"))
    assert "t (text)" in succeed("inspect", "a.bin", cwd=tmp_path)
    succeed("merge", "a.bin", "a.bin", "-o", "b.bin", cwd=tmp_path)
    assert (tmp_path / "b.bin").read_bytes() == (tmp_path / "a.bin").read_bytes()
    assert ropewalk("inspect", "none.bin", cwd=tmp_path).returncode == 2


def test_help_lists_the_commands(tmp_path: Path) -> None:
    shown = succeed("--help", cwd=tmp_path)
    for command in (
        "serve",
        "config",
        "docs",
        "token",
        "ticket",
        "inspect",
        "merge",
        "diff",
        "convert",
    ):
        assert f"\n    {command} " in shown
    assert "--store" in succeed("serve", "--help", cwd=tmp_path)
