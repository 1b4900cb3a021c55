"""The real PostgreSQL and Redis on loopback, on free ports, with their files in a temporary folder.

A session of tests starts each once, as soon as a test asks for it, and keeps its tests apart by
databases of their own. Tests that kill a service start one for themselves. What is missing is an
error that says what to install: no test is passed over."""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from abc import ABC, abstractmethod
from functools import cache
from pathlib import Path

_START_SECONDS = 60.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def program(name: str, package: str) -> str:
    """Where a program is; PostgreSQL's servers lie where no PATH leads."""
    found = shutil.which(name)
    if found is None:
        versions = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=_version)
        found = str(versions[-1]) if versions else None
    if found is None:
        raise RuntimeError(f"{name} is not installed: tools/setup.sh test, or the package {package}")
    return found


def _version(path: Path) -> int:
    return int(path.parts[-3]) if path.parts[-3].isdigit() else 0


def _wait_for_port(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + _START_SECONDS
    while time.monotonic() < end:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        if process.poll() is not None:
            break
        time.sleep(0.01)
    raise RuntimeError(f"{process.args!r} does not start: {log.read_text()[-2000:]}")


def _quick_folder() -> str | None:
    """In memory, if there is enough of it: what survives kill -9 there survives it on a disk."""
    memory = Path("/dev/shm")
    if memory.is_dir() and shutil.disk_usage(memory).free > 2 << 30:
        return str(memory)
    return None


class Service(ABC):
    """A program that listens on one port, and can be killed and started again on the same files."""

    name: str  # as people call it
    # Settings with which a half-open connection is noticed while a test runs.
    quick = "timeout=3&connect_timeout=5"

    def __init__(self, folder: str | None = None) -> None:
        self.folder = Path(folder or tempfile.mkdtemp(prefix="ropewalk-", dir=_quick_folder()))
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        atexit.register(self.remove)

    @abstractmethod
    def command(self) -> list[str]:
        """Starts the program on its files and its port."""

    def start(self) -> None:
        """Returns when it takes connections."""
        log = self.folder / "log"
        with log.open("ab") as out:
            self._process = subprocess.Popen(
                self.command(), stdout=out, stderr=out, stdin=subprocess.DEVNULL, **self._as_whom()
            )
        _wait_for_port(self.port, self._process, log)

    def _as_whom(self) -> dict[str, object]:
        return {}

    def kill(self) -> None:
        """kill -9, with all its children."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()
            self._process = None

    def restart(self) -> None:
        self.kill()
        self.start()

    def remove(self) -> None:
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)


class Redis(Service):
    """`durable`: each write is on the disk before it is answered (appendfsync always)."""

    name = "redis"

    def __init__(self, *options: str, durable: bool = False) -> None:
        """`options` are those of redis-server's command line."""
        super().__init__()
        self._options = options
        self._durable = durable
        self._databases = 0
        self.start()

    def command(self) -> list[str]:
        durable = ["--appendonly", "yes", "--appendfsync", "always"]
        return [
            program("redis-server", "redis-server"),
            *("--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self.folder)),
            *("--save", "", *self._options),
            *(() if "--cluster-enabled" in self._options else ("--databases", "4096")),
            *(durable if self._durable else ["--appendonly", "no"]),
        ]

    def new_database(self) -> str:
        """The number of one that was never used."""
        self._databases += 1
        return str(self._databases)

    def url(self, database: str = "0", port: int | None = None) -> str:
        return f"redis://127.0.0.1:{port or self.port}/{database}"


class PostgreSQL(Service):
    """`durable`: with fsync, for tests that kill it. It never runs as root."""

    name = "postgresql"

    def __init__(self, *, durable: bool = False) -> None:
        super().__init__()
        self._durable = durable
        self.folder.chmod(0o755)
        data = self.folder / "data"
        data.mkdir(mode=0o700)
        if self._as_whom():
            user = pwd.getpwnam("postgres")
            os.chown(data, user.pw_uid, user.pw_gid)
        subprocess.run(
            [
                program("initdb", "postgresql"),
                *("-D", str(data), "-A", "trust", "-U", "postgres", "--no-sync"),
                *("--encoding", "UTF8", "--locale", "C", "--no-instructions"),
            ],
            check=True,
            stdout=subprocess.DEVNULL,
            **self._as_whom(),
        )
        self.start()
        self._databases = 0
        self._shared: str | None = None

    def _as_whom(self) -> dict[str, object]:
        if os.geteuid() != 0:
            return {}
        try:
            user = pwd.getpwnam("postgres")
        except KeyError:
            raise RuntimeError(
                "PostgreSQL does not run as root, and there is no user postgres: install the "
                "package postgresql"
            ) from None
        return {"user": user.pw_uid, "group": user.pw_gid, "cwd": "/", "extra_groups": []}

    def command(self) -> list[str]:
        settings = {
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",
            "max_connections": "200",
            "shared_buffers": "32MB",
            "max_wal_size": "256MB",
            "restart_after_crash": "off",
            **({} if self._durable else {"fsync": "off", "full_page_writes": "off"}),
        }
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        data = str(self.folder / "data")
        return [program("postgres", "postgresql"), "-D", data, "-p", str(self.port), *options]

    def kill(self) -> None:
        """The postmaster's children notice that it is gone and end; a new one waits for them."""
        process = self._process
        children = _children_of(process.pid) if process is not None else []
        super().kill()
        for child in children:
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
        for child in children:
            while Path(f"/proc/{child}").exists() and not _is_zombie(child):
                time.sleep(0.005)
        with contextlib.suppress(FileNotFoundError):
            (self.folder / "data" / "postmaster.pid").unlink()

    def _wait_until_it_answers(self) -> None:
        import asyncpg

        async def ask() -> None:
            end = time.monotonic() + _START_SECONDS
            while True:
                try:
                    connection = await asyncpg.connect(self.url("postgres"), timeout=5)
                except (OSError, asyncpg.PostgresError, TimeoutError):
                    if time.monotonic() > end:
                        raise
                    await asyncio.sleep(0.02)
                else:
                    await connection.close()
                    return

        _run(ask())

    def start(self) -> None:
        super().start()
        self._wait_until_it_answers()

    def empty_database(self) -> str:
        """The URL of one that has nothing in it: the same each time, so no two may use it at once."""
        import asyncpg

        if self._shared is None:
            self._shared = self.new_database()
        url = self.url(self._shared)

        async def empty() -> None:
            connection = await asyncpg.connect(url)
            tables = await connection.fetch(
                "SELECT tablename FROM pg_tables"
                " WHERE schemaname = 'ropewalk' AND tablename <> 'migrations'"
            )
            if tables:
                names = ", ".join(f"ropewalk.{row[0]}" for row in tables)
                await connection.execute(f"TRUNCATE {names}")
            await connection.close()

        _run(empty())
        return url

    def new_database(self) -> str:
        """The name of one that was never used."""
        import asyncpg

        self._databases += 1
        name = f"test_{os.getpid()}_{self._databases}"

        async def create() -> None:
            connection = await asyncpg.connect(self.url("postgres"))
            await connection.execute(f'CREATE DATABASE "{name}" STRATEGY wal_log')
            await connection.close()

        _run(create())
        return name

    def url(self, database: str, port: int | None = None) -> str:
        return f"postgresql://postgres@127.0.0.1:{port or self.port}/{database}"


def _run(work: object) -> None:
    """Also from inside a running event loop: in a thread with a loop of its own."""
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(1) as pool:
        pool.submit(asyncio.run, work).result()  # type: ignore[arg-type]


def _children_of(pid: int) -> list[int]:
    with contextlib.suppress(OSError):
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return []


def _is_zombie(pid: int) -> bool:
    try:
        return ") Z" in Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return True


@cache
def postgresql() -> PostgreSQL:
    """The one of this session of tests."""
    return PostgreSQL()


@cache
def redis() -> Redis:
    """The one of this session of tests."""
    return Redis()
