"""A WebSocket API of API Gateway: text alone, 32 KB a frame, 128 KB a message, ten minutes of silence,
two hours at most; what comes is handed to a function, and what a function says comes back through
@connections."""

from __future__ import annotations

import asyncio
import base64
import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .clock import EmulatorClock
from .functions import FunctionError, Functions, Throttled
from .settings import Quotas

CONNECT, DISCONNECT, DEFAULT = "$connect", "$disconnect", "$default"


class TooMany(Exception):
    """Throttled."""


class Bucket:
    """So many a second, and as many at once. 0: no limit."""

    def __init__(self, rate: float, clock: EmulatorClock) -> None:
        self._rate = rate
        self._clock = clock
        self._left = rate
        self._filled = clock.now()

    def spend(self) -> bool:
        if self._rate <= 0:
            return True
        now = self._clock.now()
        self._left = min(self._rate, self._left + (now - self._filled) * self._rate)
        self._filled = now
        if self._left < 1:
            return False
        self._left -= 1
        return True


@dataclass(eq=False)
class Connection:
    """One client, as API Gateway has it. `send` and `close` reach it."""

    id: str
    source: str
    connected: float
    send: Callable[[str], None]
    close: Callable[[int, str], None]
    active: float = 0.0
    query: Mapping[str, str] = field(default_factory=dict)
    closed: bool = False
    tasks: set[asyncio.Task[None]] = field(default_factory=set)


class Gateway:
    def __init__(
        self,
        functions: Functions,
        clock: EmulatorClock,
        quotas: Quotas,
        *,
        stage: str,
        domain: Callable[[], str],
        trace: Callable[..., None],
    ) -> None:
        self._functions = functions
        self._clock = clock
        self._quotas = quotas
        self._stage = stage
        self._domain = domain
        self._trace = trace
        self._new = Bucket(quotas.connections_per_second, clock)
        self._posts = Bucket(quotas.posts_per_second, clock)
        self.connections: dict[str, Connection] = {}
        self.routes: dict[str, str] = {CONNECT: "connect", DISCONNECT: "disconnect"}
        # A test may decide that a disconnect is not told, as AWS says may happen.
        self.tells_disconnect: Callable[[Connection], bool] = lambda _: True
        self.busy = 0
        self._is_over = False
        self._watching: set[asyncio.Task[None]] = set()

    # -- from clients ------------------------------------------------------------------------------

    async def connect(
        self,
        query: Mapping[str, str],
        headers: Mapping[str, str],
        source: str,
        send: Callable[[str], None],
        close: Callable[[int, str], None],
    ) -> tuple[Connection | None, int, Mapping[str, str]]:
        """The connection, or None and the status that the handshake is refused with."""
        if not self._new.spend():
            return None, 429, {}
        id = base64.b64encode(secrets.token_bytes(11)).decode()
        now = self._clock.now()
        connection = Connection(id, source, now, send, close, now, query)
        event = {
            "headers": dict(headers),
            "queryStringParameters": dict(query) or None,
            "requestContext": self._context(connection, CONNECT, "CONNECT"),
            "isBase64Encoded": False,
        }
        self.busy += 1
        try:
            answer = await self._functions.invoke("connect", event)
        except (FunctionError, Throttled) as error:
            self._trace("connect failed", error=str(error))
            return None, 500 if isinstance(error, FunctionError) else 429, {}
        finally:
            self.busy -= 1
        status = int((answer or {}).get("statusCode", 200))
        if not 200 <= status < 300:
            return None, status, {}
        self.connections[id] = connection
        self._trace("connected", connection=id)
        return connection, 101, (answer or {}).get("headers") or {}

    def opened(self, connection: Connection) -> None:
        """The handshake is over: its time begins."""
        self._watch(self._end_in(connection, self._quotas.life))
        self._watch(self._end_when_idle(connection))

    def _watch(self, work: Any) -> None:
        task = asyncio.ensure_future(work)
        self._watching.add(task)
        task.add_done_callback(self._watching.discard)

    async def _end_in(self, connection: Connection, seconds: float) -> None:
        await self._clock.sleep(seconds)
        if not connection.closed:
            self._trace("two hours are over", connection=connection.id)
            connection.close(1001, "Going away")

    async def _end_when_idle(self, connection: Connection) -> None:
        while not connection.closed:
            left = connection.active + self._quotas.idle - self._clock.now()
            if left <= 0:
                self._trace("idle", connection=connection.id)
                connection.close(1001, "Going away")
                return
            await self._clock.sleep(left)

    def received(self, connection: Connection, text: str) -> None:
        """A message: handed to its route. What comes next does not wait for that."""
        connection.active = self._clock.now()
        task = asyncio.ensure_future(self._message(connection, text))
        connection.tasks.add(task)
        task.add_done_callback(connection.tasks.discard)

    async def _message(self, connection: Connection, text: str) -> None:
        route = self._route(text)
        event = {
            "requestContext": {
                **self._context(connection, route, "MESSAGE"),
                "messageId": secrets.token_hex(6),
            },
            "body": text,
            "isBase64Encoded": False,
        }
        self.busy += 1
        try:
            await self._functions.invoke(self.routes.get(route, "default"), event)
        except (FunctionError, Throttled) as error:
            self._trace("message failed", connection=connection.id, error=str(error))
            failed = {
                "message": "Internal server error",
                "connectionId": connection.id,
                "requestId": secrets.token_hex(8),
            }
            if not connection.closed:
                connection.send(json.dumps(failed))
        finally:
            self.busy -= 1

    def _route(self, text: str) -> str:
        """$request.body.action, if there is such a route."""
        if text.lstrip()[:1] != "{":
            return DEFAULT
        try:
            action = json.loads(text).get("action")
        except (ValueError, AttributeError, RecursionError):
            return DEFAULT
        return action if isinstance(action, str) and action in self.routes else DEFAULT

    async def gone(self, connection: Connection, code: int = 1006) -> None:
        """Its socket is closed, by whomever."""
        connection.closed = True
        if self.connections.pop(connection.id, None) is None:
            return
        self._trace("gone", connection=connection.id, code=code)
        if self._is_over or not self.tells_disconnect(connection):
            return
        event = {
            "requestContext": {
                **self._context(connection, DISCONNECT, "DISCONNECT"),
                "disconnectStatusCode": code,
            },
            "isBase64Encoded": False,
        }
        self.busy += 1
        try:
            await self._functions.invoke("disconnect", event)
        except (FunctionError, Throttled) as error:
            self._trace("disconnect failed", error=str(error))
        finally:
            self.busy -= 1

    def _context(self, connection: Connection, route: str, kind: str) -> dict[str, Any]:
        return {
            "routeKey": route,
            "eventType": kind,
            "connectionId": connection.id,
            "connectedAt": int(connection.connected * 1000),
            "requestTimeEpoch": int(self._clock.now() * 1000),
            "requestId": secrets.token_hex(8),
            "domainName": self._domain(),
            "stage": self._stage,
            "apiId": "emulator",
            "identity": {"sourceIp": connection.source},
        }

    # -- from functions: @connections --------------------------------------------------------------

    def manage(self, method: str, id: str, body: bytes) -> tuple[int, dict[str, Any]]:
        """Status and answer."""
        connection = self.connections.get(id)
        if connection is None or connection.closed:
            return 410, {"message": "Gone"}
        if method == "DELETE":
            connection.close(1000, "")
            return 204, {}
        if method == "GET":
            return 200, {
                "connectedAt": connection.connected,
                "lastActiveAt": connection.active,
                "identity": {"sourceIp": connection.source, "userAgent": ""},
            }
        if method != "POST":
            return 403, {"message": "Forbidden"}
        if len(body) > self._quotas.message_bytes:
            return 413, {"message": "Message too long"}
        if not self._posts.spend():
            return 429, {"message": "LimitExceededException"}
        try:
            text = body.decode()
        except UnicodeDecodeError:
            return 400, {"message": "Text frames are UTF-8"}
        connection.active = self._clock.now()
        self._trace("posted", connection=id, size=len(body))
        connection.send(text)
        return 200, {}

    async def close(self) -> None:
        self._is_over = True
        for connection in list(self.connections.values()):
            connection.close(1001, "Going away")
        for task in list(self._watching):
            task.cancel()
        tasks = [task for one in self.connections.values() for task in one.tasks]
        if tasks:
            await asyncio.wait(tasks, timeout=5)
