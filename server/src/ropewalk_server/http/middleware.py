"""What every request goes through: a number of its own, the check of where it comes from, a line in
the log. Plain ASGI: a WebSocket passes through once, when it is opened, and costs nothing after."""

from __future__ import annotations

import logging
import re
import secrets
import time
from collections.abc import Callable, Collection
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..auth.jwks import is_loopback
from ..ops.logging import context
from ..ops.tracing import span
from ..rooms.ports import Metrics
from .problems import Problem, answer

log = logging.getLogger("ropewalk_server.requests")

_REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{1,64}")

# Asked by machines all the time.
_QUIET = frozenset({"/healthz", "/readyz", "/metrics"})


class Requests:
    """Gives each request an id, or keeps the one that a proxy gave it; logs and counts it."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope).get("x-request-id", "")
        request = given if _REQUEST_ID.fullmatch(given) else secrets.token_hex(8)
        scope.setdefault("state", {})["request_id"] = request
        with context(request=request):
            if scope["type"] == "websocket":
                await self._app(scope, receive, send)
            else:
                await self._http(scope, receive, send, request)

    async def _http(self, scope: Scope, receive: Receive, send: Send, request: str) -> None:
        started = time.perf_counter()
        status = 500

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers["X-Request-Id"] = request
                headers.setdefault("X-Content-Type-Options", "nosniff")
                headers.setdefault("Referrer-Policy", "no-referrer")
            await send(message)

        method, path = scope["method"], scope["path"]
        try:
            with span("http", method=method, path=path):
                await self._app(scope, receive, noting)
        finally:
            seconds = time.perf_counter() - started
            # The route as it is written down: paths from outside would be labels without end.
            route = getattr(scope.get("route"), "path", "other")
            self._metrics.count(
                "http_requests", method=_method(method), route=route, status=str(status)
            )
            self._metrics.observe("http_seconds", seconds, route=route)
            level = logging.DEBUG if path in _QUIET else logging.INFO
            log.log(level, "%s %s %d", method, path, status, extra={"ms": round(seconds * 1000, 1)})


def _method(method: str) -> str:
    return method if method in ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS") else "other"


class Bodies:
    """Takes no more of a request than it may have, before anybody has looked who it is from.
    `unbounded` are paths whose bodies are read, and bounded, by those who know what may come."""

    def __init__(self, app: ASGIApp, limit: int, unbounded: Collection[str] = ()) -> None:
        self._app = app
        self._limit = limit
        self._unbounded = frozenset(unbounded)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in self._unbounded:
            await self._app(scope, receive, send)
            return
        said = Headers(scope=scope).get("content-length", "0")
        if said.isdigit() and int(said[:20]) > self._limit:
            await refuse(self._too_large(), scope, receive, send)
            return
        taken = 0

        async def bounded() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > self._limit:
                raise HTTPException(413, self._too_large().detail)
            return message

        await self._app(scope, bounded, send)

    def _too_large(self) -> Problem:
        return Problem(413, "too-large", f"a request here has at most {self._limit} bytes")


class Origins:
    """Lets nobody in whose page is not on the list. A request without an Origin is none of a page.

    `only_here` are the names that the Host header may have, for servers that trust whoever reaches
    them: a page of somebody else's may have made its own name lead to this machine."""

    def __init__(
        self,
        app: ASGIApp,
        allowed: Collection[str],
        only_here: Callable[[str], bool] | None = None,
    ) -> None:
        self._app = app
        self._allowed = frozenset(one.rstrip("/").lower() for one in allowed)
        self._only_here = only_here

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in ("http", "websocket"):
            refused = self._refused(Headers(scope=scope))
            if refused is not None:
                await refuse(refused, scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _refused(self, headers: Headers) -> Problem | None:
        host = headers.get("host", "").lower()
        if self._only_here is not None and not self._only_here(hostname(host)):
            return Problem(
                403, "host", "this server is for this machine alone; its name here is another one"
            )
        origins = headers.getlist("origin")
        if all(self._is_allowed(origin.lower(), host) for origin in origins):
            return None
        return Problem(403, "origin", "pages from there may not connect: see server.origins")

    def _is_allowed(self, origin: str, host: str) -> bool:
        if "*" in self._allowed or origin in self._allowed:
            return True
        # The server's own pages, whatever it is called.
        return origin in (f"http://{host}", f"https://{host}")


async def refuse(problem: Problem, scope: Scope, receive: Receive, send: Send) -> None:
    """Answers a request, or a WebSocket that is not open yet, with a problem."""
    if scope["type"] == "http":
        await answer(problem)(scope, receive, send)
    elif "websocket.http.response" in scope.get("extensions", {}):
        await receive()
        await answer(problem)(scope, receive, send)
    else:
        await receive()
        await send({"type": "websocket.close", "code": 4403, "reason": problem.detail})


def hostname(host: str) -> str:
    """The name in a Host header, without its port."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def of_this_machine(host: str) -> Callable[[str], bool]:
    """Names that a server has that listens on `host`, for nobody but this machine."""
    return lambda name: is_loopback(name) or name == host.lower()
