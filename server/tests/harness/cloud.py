"""The real DynamoDB Local with its Streams, and S3 as moto has it, on loopback.

All workers of a run of tests share one of each: a virtual machine of Java is slow to start and takes
its memory. Tests keep apart by tables and buckets of their own. Tests that kill a service start
one for themselves, with its data on the disk."""

from __future__ import annotations

import fcntl
import itertools
import os
import subprocess
import sys
import tempfile
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import IO

from harness.services import Service, _run, _wait_for_port, free_port, program

from ropewalk_server.stores import open_store

LIBRARIES = Path(__file__).parents[3] / "build" / "dynamodb-local"
_KEEPER = Path(__file__).parent / "keeper.py"
_users: list[IO[bytes]] = []  # open as long as this process lives
_numbers = itertools.count(1)

# What every client of these services needs to know.
os.environ.setdefault("AWS_ACCESS_KEY_ID", "test")
os.environ.setdefault("AWS_SECRET_ACCESS_KEY", "test")
os.environ.setdefault("AWS_REGION", "eu-central-1")


def dynamodb_command(port: int, folder: Path | None = None) -> list[str]:
    """In memory, unless there is a folder for it."""
    if not LIBRARIES.is_dir():
        raise RuntimeError("DynamoDB Local is not there: tools/dynamodb.sh fetches it")
    return [
        program("java", "default-jre-headless"),
        *("-Xmx384m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto"),
        f"-Djava.library.path={LIBRARIES}",
        *("-cp", f"{LIBRARIES}/*", "com.amazonaws.services.dynamodbv2.local.main.ServerRunner"),
        *(["-dbPath", str(folder)] if folder else ["-inMemory"]),
        *("-sharedDb", "-disableTelemetry", "-port", str(port)),
    ]


def moto_command(port: int) -> list[str]:
    return [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]


class DynamoDB(Service):
    """One of its own. `durable`: it keeps what it has when it is killed."""

    name = "dynamodb"
    quick = "timeout=0.5&patience=2"

    def __init__(self, *, durable: bool = False) -> None:
        super().__init__()
        self._durable = durable
        self.start()

    def command(self) -> list[str]:
        return dynamodb_command(self.port, self.folder if self._durable else None)

    def new_database(self) -> str:
        """The name of a table that was never used."""
        table = new_name()
        _run(open_store(self.url(table)).create())  # type: ignore[attr-defined]
        return table

    def url(self, table: str, port: int | None = None) -> str:
        return f"dynamodb://127.0.0.1:{port or self.port}/{table}"


class Bucket(Service):
    """What speaks like S3, one of its own. Whatever `durable` says, it keeps nothing when it ends."""

    name = "s3"
    quick = DynamoDB.quick

    def __init__(self, *, durable: bool = False) -> None:  # noqa: ARG002 - as the others
        super().__init__()
        self.start()

    def command(self) -> list[str]:
        return moto_command(self.port)

    def new_database(self) -> str:
        """The name of a bucket that was never used."""
        bucket = new_name()
        _run(open_store(self.url(bucket)).create())  # type: ignore[attr-defined]
        return bucket

    def url(self, bucket: str, port: int | None = None) -> str:
        return f"s3://{bucket}/rooms?endpoint=http://127.0.0.1:{port or self.port}"


def _shared(name: str, command: object) -> int:
    """The port of the service that all workers of this run share."""
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID", f"process-{os.getpid()}")
    folder = Path(tempfile.gettempdir()) / f"ropewalk-{name}-{run}"
    folder.mkdir(exist_ok=True)
    users = (folder / "users").open("ab")
    fcntl.flock(users, fcntl.LOCK_SH)
    _users.append(users)
    with (folder / "starting").open("ab") as starting:
        fcntl.flock(starting, fcntl.LOCK_EX)
        known = folder / "port"
        with suppress(FileNotFoundError):
            return int(known.read_text())
        port = free_port()
        keeper = subprocess.Popen(
            [sys.executable, str(_KEEPER), str(folder), *command(port)],  # type: ignore[operator]
            start_new_session=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        _wait_for_port(port, keeper, folder / "log")
        known.write_text(str(port))
        return port


@cache
def dynamodb() -> int:
    """The port of the one of this run."""
    return _shared("dynamodb", dynamodb_command)


@cache
def s3() -> int:
    """The port of the one of this run."""
    return _shared("s3", moto_command)


def new_name() -> str:
    """For a table or a bucket."""
    return f"rooms-{os.getpid()}-{next(_numbers)}"


def new_table() -> str:
    """The URL of a table that was never used."""
    url = f"dynamodb://127.0.0.1:{dynamodb()}/{new_name()}"
    _run(open_store(url).create())  # type: ignore[attr-defined]
    return url


def dynamodb_url(table: str, port: int | None = None, **settings: str) -> str:
    endpoint = f"http://127.0.0.1:{port or dynamodb()}"
    more = "".join(f"&{name}={value}" for name, value in settings.items())
    return f"dynamodb://{table}?endpoint={endpoint}{more}"
