"""What rooms and sessions need from outside, each with a default that does nothing or the least.

Time passes only through Clock and the event loop, chance comes only from the random source that is
handed in, and threads are only behind Offload: a simulation replaces these and runs the rest as it
is.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from ..auth.identity import Identity
from ..limits import Limits
from ..stores.contract import Damage, Store, Version
from .kept_parts import KeptParts
from .policy import DocumentPolicy

if TYPE_CHECKING:
    from .attendance import Attendance
    from .deadlines import Deadlines

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Connection:
    """What hooks are told of a connection. No credential is in it."""

    id: str
    document: str | None  # as it was asked for, before anybody has said whose it is
    address: str = ""
    origin: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """An update that a document has taken and that its store may not have yet."""

    document: str  # as the store calls it
    update: bytes
    user: str | None  # None: it came from another process


class Hooks:
    """Moments at which an application may do something. connect() and authenticated() may refuse by
    raising auth.identity.Refused; what the others raise is logged and changes nothing."""

    async def connect(self, connection: Connection) -> None:
        """Somebody has connected; nobody knows who it is."""

    async def authenticated(self, connection: Connection, identity: Identity) -> None:
        """It is known who it is."""

    async def loaded(self, document: str, damaged: list[Damage]) -> None:
        """A document was read from the store."""

    def wants_changes(self, document: str) -> bool:  # noqa: ARG002
        """Whether changed() is to be called for this document."""
        return False

    async def changed(self, change: Change) -> None:
        """A document has changed; in the order of its changes."""

    def wants_stored(self) -> bool:
        """Whether stored() is to be called."""
        return False

    async def stored(self, document: str, version: Version, updates: int) -> None:
        """The store has committed changes up to this version."""

    async def disconnect(self, connection: Connection, identity: Identity | None) -> None:
        """The connection is gone."""


class Metrics:
    """Where numbers go. Names are those of ops/metrics.py; labels have few values."""

    def count(self, name: str, value: float = 1, **labels: str) -> None:
        """Something has happened so many times more."""

    def observe(self, name: str, value: float, **labels: str) -> None:
        """One measurement of a distribution, such as seconds or bytes."""

    def gauge(self, name: str, value: float, **labels: str) -> None:
        """What something is now."""


class Fleet(Protocol):
    """What several processes on one store tell each other; a store that can has one."""

    @property
    def process(self) -> str:
        """What this one is called among them."""
        ...

    def send(self, topic: str, message: bytes) -> None:
        """To all of them, this one, too; it may be lost."""
        ...

    def on(self, topic: str, receive: Callable[[bytes], None]) -> None:
        """Calls it with each message of a topic."""
        ...

    def off(self, topic: str, receive: Callable[[bytes], None]) -> None: ...

    def on_missed(self, restore: Callable[[], None]) -> None:
        """Calls it when messages may have been lost."""
        ...


class Clock(Protocol):
    def now(self) -> float:
        """Seconds since 1970. Only dates of tokens depend on it."""
        ...


class SystemClock:
    def now(self) -> float:
        return time.time()


class Offload(Protocol):
    """Runs long work of the engine beside the event loop."""

    async def __call__(self, work: Callable[..., Result], *arguments: Any) -> Result: ...


class Threads:
    """A few threads: the engine releases the GIL while it works."""

    def __init__(self, count: int = 2) -> None:
        self._pool = ThreadPoolExecutor(count, thread_name_prefix="ropewalk-engine")

    async def __call__(self, work: Callable[..., Result], *arguments: Any) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self._pool, work, *arguments)

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)


async def at_once(work: Callable[..., Result], *arguments: Any) -> Result:
    """An Offload that has no threads."""
    return work(*arguments)


def _nobody() -> Attendance:
    from .attendance import Attendance

    return Attendance()


@dataclass(slots=True)
class Surroundings:
    """All of this together, as rooms and sessions get it."""

    store: Store
    deadlines: Deadlines
    limits: Limits = field(default_factory=Limits)
    hooks: Hooks = field(default_factory=Hooks)
    metrics: Metrics = field(default_factory=Metrics)
    clock: Clock = field(default_factory=SystemClock)
    offload: Offload = at_once
    random: random.Random = field(default_factory=random.Random)
    policy: DocumentPolicy = field(default_factory=DocumentPolicy)
    spawn: Callable[[Coroutine[Any, Any, Any]], asyncio.Task[Any]] = asyncio.create_task
    fleet: Fleet | None = None
    kept_parts: KeptParts = field(init=False)
    attendance: Attendance = field(default_factory=_nobody)
    # Documents that change together are due together: they are put together one after another.
    compacting: asyncio.Lock = field(default_factory=asyncio.Lock)

    def __post_init__(self) -> None:
        self.kept_parts = KeptParts(self.limits.kept_parts_bytes)
