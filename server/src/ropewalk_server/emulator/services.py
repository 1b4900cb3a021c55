"""DynamoDB Local and S3 (as moto has it), started on free ports and stopped with the emulator."""

from __future__ import annotations

import asyncio
import shutil
import socket
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

from ..config import ConfigError

_START_SECONDS = 60.0
_ADVICE = (
    "DynamoDB Local is not there: say --dynamodb HOST:PORT of one that runs, or "
    "--dynamodb-library FOLDER with its jars (in a checkout tools/dynamodb.sh fetches them to "
    "build/dynamodb-local)"
)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Service:
    """A program that listens on a port of this machine."""

    def __init__(self, name: str, command: list[str], port: int) -> None:
        self._name = name
        self._command = command
        self._process: asyncio.subprocess.Process | None = None
        self.port = port
        self.address = f"127.0.0.1:{port}"

    async def start(self) -> None:
        with tempfile.TemporaryFile() as log:
            self._process = await asyncio.create_subprocess_exec(
                *self._command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
            with suppress(TimeoutError):
                async with asyncio.timeout(_START_SECONDS):
                    while self._process.returncode is None:
                        try:
                            _, writer = await asyncio.open_connection("127.0.0.1", self.port)
                        except OSError:
                            await asyncio.sleep(0.05)
                            continue
                        writer.close()
                        return
            log.seek(0)
            said = log.read()[-2000:].decode(errors="replace")
        await self.stop()
        raise ConfigError(f"{self._name} does not start: {said.strip() or 'it says nothing'}")

    async def stop(self) -> None:
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()


def dynamodb(library: Path | None) -> Service:
    """ConfigError: it is not there."""
    java = shutil.which("java")
    if library is None or not any(library.glob("DynamoDBLocal*.jar")):
        raise ConfigError(_ADVICE)
    if java is None:
        raise ConfigError("DynamoDB Local needs Java 17 (default-jre-headless)")
    port = free_port()
    command = [
        java,
        *("-Xmx384m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto"),
        f"-Djava.library.path={library}",
        *("-cp", f"{library}/*", "com.amazonaws.services.dynamodbv2.local.main.ServerRunner"),
        *("-inMemory", "-sharedDb", "-disableTelemetry", "-port", str(port)),
    ]
    return Service("DynamoDB Local", command, port)


def moto() -> Service | None:
    """None: it is not installed, and there is no S3 then."""
    from importlib.util import find_spec

    if find_spec("moto") is None or find_spec("flask") is None:
        return None
    port = free_port()
    return Service("moto", [sys.executable, "-m", "moto.server", "-p", str(port)], port)
