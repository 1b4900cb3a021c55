"""The whole server as one application: create_app(settings)."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket

from ..auth.revocation import Revocations
from ..auth.setup import Auth, set_up
from ..auth.shared import SharedTickets
from ..auth.tickets import Tickets
from ..config import ConfigError
from ..errors import CloseCode
from ..ops.documents import Documents
from ..ops.metrics import PrometheusMetrics
from ..ops.webhook_hooks import WebhookHooks
from ..ops.webhooks import Webhooks
from ..protocol.hocuspocus import HocuspocusCodec
from ..rooms.ports import Metrics, Threads
from ..rooms.rooms import Rooms
from ..settings import Settings
from ..stores.contract import Store, StoreError
from . import problems
from .admin import CONTENT_PATH, Administration, admin_router
from .doors import AdminDoor
from .health import health_router
from .middleware import Bodies, Origins, Requests, of_this_machine
from .page import page_routes
from .people import people_router
from .sockets import Sockets, rooms_router
from .tickets import development_router, ticket_router

log = logging.getLogger(__name__)

# How often live connections are compared with what was revoked (P13: closed within 5 s).
REVOCATION_SECONDS = 2.0

# Of a request that is not a document: names and labels.
MAX_BODY = 64 * 1024

# Sessions looked at before others have their turn.
_BATCH = 500

@dataclass(frozen=True, slots=True)
class Service:
    """What an application is made of; `app.state.service`."""

    settings: Settings
    auth: Auth
    rooms: Rooms
    documents: Documents
    metrics: PrometheusMetrics
    webhooks: Webhooks


def create_app(settings: Settings | None = None, *, store: Store | None = None) -> FastAPI:
    """`store` instead of the one that the settings name. ConfigError: they cannot be followed."""
    service = _service(settings or Settings(), store)
    app = FastAPI(
        title="Ropewalk",
        summary="A collaboration server for every Yjs client",
        lifespan=lambda _: _life(service),
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/openapi.json",
    )
    app.state.service = service
    problems.install(app)
    _add_routes(app, service)
    _add_middleware(app, service)
    return app


def _service(settings: Settings, store: Store | None) -> Service:
    auth = set_up(settings)
    counted = PrometheusMetrics()
    hooks = settings.webhooks
    try:
        webhooks = Webhooks(
            hooks.urls, hooks.secret, events=hooks.events, queue=hooks.queue,
            attempts=hooks.attempts, timeout=hooks.timeout, metrics=counted,
        )  # fmt: skip
        rooms = Rooms(
            store if store is not None else settings.store.url,
            authenticate=auth.door,
            authorize=auth.authorizer,
            limits=settings.limits,
            hooks=WebhookHooks(webhooks) if hooks.urls else None,
            metrics=counted if settings.metrics.enabled else Metrics(),
            policy=settings.documents.policy(),
            audit_days=settings.documents.audit_days,
        )
    except ValueError as error:
        raise ConfigError(str(error)) from None
    secrets = getattr(rooms.store, "secrets", None)
    if secrets is not None:
        auth.door.tickets = Tickets(SharedTickets(secrets))
        auth.revocations.share(secrets)
    documents = Documents(
        rooms.store,
        offload=Threads(1),
        settle=lambda name: _settle(rooms, name),
        policy=rooms.policy,
        audits=settings.documents.audit_days > 0,
    )
    return Service(settings, auth, rooms, documents, counted, webhooks)


async def _settle(rooms: Rooms, name: str) -> None:
    """Waits until the store has what an open room has taken; not longer than a store may take."""
    room = rooms.open_rooms.get(name)
    if room is not None:
        with suppress(TimeoutError):
            async with asyncio.timeout(rooms.limits.append_seconds):
                await room.settled()


@asynccontextmanager
async def _life(service: Service) -> AsyncIterator[None]:
    async with service.rooms.lifespan():
        await service.webhooks.start()
        await service.auth.revocations.refresh()
        watching = asyncio.create_task(_watch_revocations(service))
        try:
            yield
        finally:
            watching.cancel()
            # What the last connections cause is told, too.
            await service.rooms.drain()
            await service.webhooks.stop()
            for keys in service.auth.keys:
                await keys.close()


async def _watch_revocations(service: Service) -> None:
    while True:
        await asyncio.sleep(REVOCATION_SECONDS)
        try:
            await service.auth.revocations.refresh()
            await end_revoked(service)
        except StoreError as error:
            log.warning("what other servers have revoked is not known: %s", error)
        except Exception:
            log.exception("who is revoked could not be found out")


async def end_revoked(service: Service) -> int:
    """Ends the connections whose token or user was revoked; how many those were."""
    ended = 0
    revocation = service.auth.door.revocation
    if isinstance(revocation, Revocations) and not len(revocation):
        return 0
    for number, session in enumerate(list(service.rooms.sessions)):
        if number % _BATCH == _BATCH - 1:
            await asyncio.sleep(0)
        identity = session.identity
        if identity is not None and await service.auth.door.revoked(identity):
            session.end(CloseCode.NOT_AUTHENTICATED, "what allowed this was taken back")
            ended += 1
    return ended


def _add_routes(app: FastAPI, service: Service) -> None:
    settings, auth, rooms = service.settings, service.auth, service.rooms
    counted = service.metrics if settings.metrics.enabled else None
    app.include_router(health_router(rooms, counted, settings.metrics.key))
    app.include_router(ticket_router(auth.door, auth.authorizer))
    if auth.issuer is not None:
        app.include_router(development_router(auth.issuer))
    if settings.admin.enabled:
        door = AdminDoor(auth.door, auth.authorizer, settings.admin.key, settings.auth.tenant)
        admin = Administration(door, service.documents, rooms, auth.revocations)
        app.include_router(admin_router(admin))
        app.include_router(people_router(admin))
    in_query = settings.auth.token_in_url
    app.include_router(rooms_router(rooms, token_in_query=in_query), prefix="/collab")
    sockets = Sockets(rooms, token_in_query=in_query)

    async def hocuspocus(socket: WebSocket) -> None:
        # Documents are named in the messages; some clients name the first in the address, too.
        await sockets.serve(socket, None, HocuspocusCodec())

    for path in ("/hocuspocus", "/hocuspocus/{name:path}"):
        app.router.routes.append(WebSocketRoute(path, hocuspocus))

    async def letter(socket: WebSocket) -> None:
        # An address that names the document in its query: /v1?letterId=…&ticket=…
        await sockets.serve(socket, socket.query_params.get("letterId"))

    app.router.routes.append(WebSocketRoute("/v1", letter))
    app.router.routes.extend(page_routes(settings.server))


def _add_middleware(app: FastAPI, service: Service) -> None:
    """The one added last is the first that a request meets."""
    server = service.settings.server
    app.add_middleware(Bodies, limit=MAX_BODY, unbounded=(CONTENT_PATH,))
    if server.origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=list(server.origins),
            allow_methods=["GET", "POST", "PUT", "DELETE"],
            allow_headers=["Authorization", "Content-Type", "X-Request-Id"],
            expose_headers=["X-Request-Id"],
            max_age=600,
        )
    allowed = [*server.origins, server.public_url] if server.public_url else server.origins
    here = of_this_machine(server.host) if service.auth.trusting and not server.force else None
    app.add_middleware(Origins, allowed=allowed, only_here=here)
    app.add_middleware(Requests, metrics=service.metrics)
