"""All rooms of one process, and what they share."""

from __future__ import annotations

import asyncio
import inspect
import logging
import random as _random
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from contextvars import Context
from typing import Any, Protocol

from ..auth.identity import Authenticator, Authorizer, Identity, Refused, Role
from ..errors import CloseCode, LoadFailed, Rejected
from ..limits import Limits
from ..protocol.unfinished import Unfinished
from ..stores.audit import trail_of
from ..stores.connected import connections_of
from ..stores.contract import Store
from .attendance import Attendance, Everybody
from .auditing import Auditing
from .deadlines import Deadlines
from .hooks import Function, HookList
from .names import stored_name
from .policy import DocumentPolicy
from .ports import Clock, Hooks, Metrics, Offload, Surroundings, SystemClock, Threads
from .room import Room
from .whereabouts import Whereabouts

logger = logging.getLogger(__name__)


class Session(Protocol):
    """A connection, as far as it concerns rooms: they may end it."""

    @property
    def identity(self) -> Identity | None: ...

    def end(self, code: int, reason: str) -> None: ...

    def concerns(self, tenant: str | None, user: str | None, document: str | None) -> bool: ...


# Clients that are sent away at once come back at once; they are asked to go one after another.
_DRAIN_BATCH = 200
# In which links send what they have, and that it is over, before whoever serves them ends.
_FAREWELL_SECONDS = 0.05


class Rooms:
    """Serves documents of a store to whoever proves to be allowed.

        rooms = Rooms(store="sqlite:rooms.db", authenticate=who_is_it)
        app = FastAPI(lifespan=rooms.lifespan)
        app.include_router(rooms_router(rooms), prefix="/collab")

    `authenticate` is an Authenticator, or a function of a token that returns an Identity or raises
    Refused; `authorize` an Authorizer, or a function of an identity and a name that returns a Role
    or None. Without one, everybody who is authenticated edits all documents of their tenant.
    """

    def __init__(
        self,
        store: Store | str,
        *,
        authenticate: Authenticator | Function,
        authorize: Authorizer | Function | None = None,
        limits: Limits | None = None,
        hooks: Hooks | None = None,
        metrics: Metrics | None = None,
        clock: Clock | None = None,
        policy: DocumentPolicy | None = None,
        offload: Offload | None = None,
        random: _random.Random | None = None,
        audit_days: float = 0.0,
    ) -> None:
        """`audit_days`: so long the store keeps who did what; 0: it keeps nothing of it. ValueError:
        it has no place for that."""
        if isinstance(store, str):
            from ..stores import open_store

            self.store = open_store(store)
        else:
            self.store = store
        self.limits = limits or Limits()
        self.hooks = HookList(hooks or Hooks())
        self.metrics = metrics or Metrics()
        self.clock = clock or SystemClock()
        self.random = random or _random.Random()
        self.policy = policy or DocumentPolicy()
        self.deadlines = Deadlines()
        self.attendance = Everybody(attendances(self.store, self.clock, audit_days))
        self.unfinished = Unfinished()
        self.sessions: set[Session] = set()
        self.draining = False  # nothing more is taken
        self.over = False  # and everybody was sent away
        self._authenticate = authenticate
        self._authorize = authorize
        self._threads = Threads() if offload is None else None
        self._rooms: dict[str, Room] = {}
        self._loading: dict[str, asyncio.Task[Room]] = {}
        self._tasks: set[asyncio.Task[Any]] = set()
        self._around = Surroundings(
            store=self.store,
            deadlines=self.deadlines,
            limits=self.limits,
            hooks=self.hooks,
            metrics=self.metrics,
            clock=self.clock,
            offload=offload or self._threads,  # type: ignore[arg-type]
            random=self.random,
            policy=self.policy,
            spawn=self.spawn,
            fleet=getattr(self.store, "fleet", None),
            attendance=self.attendance,
        )

    # -- its life ----------------------------------------------------------------------------------

    async def start(self) -> None:
        """Opens the store."""
        self.draining = self.over = False
        await self.store.open()
        self.attendance.start()

    async def drain(self) -> None:
        """Takes nothing more, waits until all that was taken is durable, and sends everybody away
        (1001). Waits no longer than drain_seconds for a store that does not take it."""
        self.draining = True
        settling = [asyncio.ensure_future(room.settled()) for room in self._rooms.values()]
        if settling:
            _, late = await asyncio.wait(settling, timeout=self.limits.drain_seconds)
            for task in late:
                task.cancel()
            if late:
                logger.error("%d documents are not stored; clients keep the changes", len(late))
        self.over = True
        for room in self._rooms.values():
            room.ending = True
        for number, session in enumerate(list(self.sessions), 1):
            session.end(CloseCode.GOING_AWAY, "the server goes away")
            if number % _DRAIN_BATCH == 0:
                await asyncio.sleep(0.01)
        await asyncio.sleep(_FAREWELL_SECONDS)

    async def stop(self) -> None:
        """drain(), then closes the store."""
        await self.drain()
        for room in list(self._rooms.values()):
            room.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self.deadlines.close()
        await self.attendance.close()
        await self.store.close()
        if self._threads is not None:
            self._threads.close()

    @asynccontextmanager
    async def lifespan(self, _app: object = None) -> AsyncIterator[None]:
        """For FastAPI(lifespan=rooms.lifespan)."""
        await self.start()
        try:
            yield
        finally:
            await self.stop()

    def spawn(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """A task that lives no longer than this. It does not belong to the connection that happens
        to cause it, and has nothing of its context."""
        task = asyncio.get_running_loop().create_task(work, context=Context())
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None and not isinstance(error, Rejected | LoadFailed):
            logger.error("a task has failed", exc_info=error)

    # -- rooms -------------------------------------------------------------------------------------

    @property
    def open_rooms(self) -> dict[str, Room]:
        """Those that are loaded, by the names that stores know."""
        return dict(self._rooms)

    async def room(self, name: str) -> Room:
        """The room of a document, named as the store knows it; loaded once, however many ask.
        LoadFailed: this time it was not possible."""
        while True:
            room = self._rooms.get(name)
            if room is not None:
                return room
            loading = self._loading.get(name)
            if loading is None:
                loading = self._loading[name] = self.spawn(self._load(name))
            room = await asyncio.shield(loading)
            if not room.retired:
                return room

    async def _load(self, name: str) -> Room:
        room = Room(name, self._around, self._forget)
        try:
            await room.open()
            self._rooms[name] = room
            self.metrics.gauge("rooms", len(self._rooms))
        except LoadFailed:
            self.metrics.count("load_failures")
            raise
        finally:
            self._loading.pop(name, None)
        return room

    def _forget(self, room: Room) -> None:
        if self._rooms.get(room.name) is room:
            del self._rooms[room.name]
            self.metrics.gauge("rooms", len(self._rooms))

    # -- who may what ------------------------------------------------------------------------------

    async def authenticate(self, token: str | None, ticket: str | None) -> Identity:
        """Who presents this. Refused, if it proves nothing."""
        who = self._authenticate
        if hasattr(who, "authenticate"):
            identity = await who.authenticate(token, ticket=ticket)
        else:
            identity = await _called(who, token if token is not None else ticket)
        if not isinstance(identity, Identity):
            raise Refused("nobody is known by this")
        if identity.expires is not None and identity.expires <= self.clock.now():
            raise Refused("the token has expired", "expired")
        return identity

    async def role(self, identity: Identity, document: str) -> Role | None:
        """What somebody may do with a document of their tenant."""
        if identity.document not in (None, document):
            return None  # what proved who they are was meant for another one
        may = self._authorize
        if may is None:
            return Role.EDITOR
        ask = may.role if hasattr(may, "role") else may
        role = await _called(ask, identity, document)
        return role if isinstance(role, Role) else None

    def admits_stock(self, stored: str) -> bool:
        """Whether clients that know no epochs may have this document."""
        return self.policy.admits_stock(stored)

    async def revoke(
        self, *, tenant: str | None = None, user: str | None = None, document: str | None = None
    ) -> int:
        """Ends the connections of which all that is given is true; how many those were."""
        ended = 0
        for session in list(self.sessions):
            if session.concerns(tenant, user, document):
                session.end(CloseCode.NOT_AUTHENTICATED, "what allowed this was taken back")
                ended += 1
        return ended

    @staticmethod
    def name_of(identity: Identity, document: str) -> str:
        """What a document of somebody's tenant is called in the store."""
        return stored_name(identity.tenant, document)

    # -- hooks -------------------------------------------------------------------------------------

    def on_connect(self, function: Function) -> Function:
        """Called with a Connection; may raise Refused."""
        self.hooks.on_connect.append(function)
        return function

    def on_authenticate(self, function: Function) -> Function:
        """Called with a Connection and an Identity; may raise Refused."""
        self.hooks.on_authenticate.append(function)
        return function

    def on_load(self, function: Function) -> Function:
        """Called with the name and the list of damaged records, when a document was loaded."""
        self.hooks.on_load.append(function)
        return function

    def on_change(self, pattern: str = "*") -> Callable[[Function], Function]:
        """Called with each Change of documents whose names match, in order."""

        def add(function: Function) -> Function:
            self.hooks.on_change.append((pattern, function))
            return function

        return add

    def on_store(self, function: Function) -> Function:
        """Called with name, version and the number of updates that were committed."""
        self.hooks.on_store.append(function)
        return function

    def on_disconnect(self, function: Function) -> Function:
        """Called with a Connection and its Identity, or None."""
        self.hooks.on_disconnect.append(function)
        return function


def attendances(store: Store, clock: Clock, audit_days: float) -> list[Attendance]:
    """What the store can keep of who is there."""
    found: list[Attendance] = []
    connections = connections_of(store)
    if connections is not None:
        found.append(Whereabouts(connections, clock))
    if audit_days > 0:
        trail = trail_of(store)
        if trail is None:
            raise ValueError(
                "documents.audit_days: this store keeps no audit trail; sqlite: and postgresql: do"
            )
        found.append(Auditing(trail, clock, audit_days))
    return found


async def _called(function: Function, *arguments: Any) -> Any:
    result = function(*arguments)
    return await result if inspect.isawaitable(result) else result
