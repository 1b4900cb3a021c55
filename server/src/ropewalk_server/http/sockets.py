"""WebSockets of Starlette or FastAPI, as connections of a Rooms."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from itertools import count

from fastapi import APIRouter
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketDisconnected

from ..ops.logging import context
from ..protocol.codec import Codec
from ..rooms.ports import Connection
from ..rooms.rooms import Rooms
from ..sessions.outbox import Outbox
from ..sessions.session import Session
from ..sessions.states import Credentials
from .wire import EXTENSION, Framer, WireLink, WireProtocol

logger = logging.getLogger(__name__)

_SUBPROTOCOL = "ropewalk.token."
_ids = count(1)


def rooms_router(rooms: Rooms, *, token_in_query: bool = False) -> APIRouter:
    """Routes for `/{document}` and, for several documents over one connection, without a name.
    `token_in_query`: whether `?token=` is read; tickets always are."""
    sockets = Sockets(rooms, token_in_query=token_in_query)

    async def one(socket: WebSocket) -> None:
        await sockets.serve(socket, socket.path_params["document"])

    async def several(socket: WebSocket) -> None:
        await sockets.serve(socket, None)

    router = APIRouter()
    router.add_websocket_route("/", several)
    router.add_websocket_route("/{document:path}", one)
    return router


class Sockets:
    """Turns sockets into sessions. For routes of one's own: `await sockets.serve(socket, name)`."""

    def __init__(self, rooms: Rooms, *, token_in_query: bool = False) -> None:
        self._rooms = rooms
        self._token_in_query = token_in_query
        self._framer = Framer()

    async def serve(
        self, socket: WebSocket, document: str | None, codec: Codec | None = None
    ) -> None:
        """Serves one connection until it ends. `codec`: None, if its first message tells."""
        rooms = self._rooms
        credentials, subprotocol = _credentials(socket, self._token_in_query)
        link = self._link(socket)
        await socket.accept(subprotocol)
        connection = Connection(
            id=f"c{next(_ids)}",
            document=document,
            address=socket.client.host if socket.client else "",
            origin=socket.headers.get("origin", ""),
        )
        session = Session(
            rooms,
            link,
            connection,
            document=document,
            credentials=credentials,
            codec=codec,
        )
        with context(connection=connection.id):
            logger.debug("connected", extra={"document": document, "address": connection.address})
            try:
                await _listen(socket, session)
            finally:
                link.lost()
                await session.closed()
                logger.debug("gone")

    def _link(self, socket: WebSocket) -> WireLink | Outbox:
        limits = self._rooms.limits
        wire = socket.scope["extensions"].get(EXTENSION)
        if not isinstance(wire, WireProtocol):
            return Outbox(_sender(socket), socket.close, limits.unsent_bytes)
        wire.limit_messages(limits.handshake_bytes, limits.message_bytes)
        return WireLink(wire, self._framer, limits.unsent_bytes)


async def _listen(socket: WebSocket, session: Session) -> None:
    """Hands on what comes, until the connection ends."""
    with suppress(WebSocketDisconnect, WebSocketDisconnected):
        while True:
            event = await socket.receive()
            if event["type"] == "websocket.disconnect":
                return
            data = event.get("bytes")
            await session.receive(event["text"] if data is None else data)


def _sender(socket: WebSocket) -> Callable[[bytes | str], Awaitable[None]]:
    async def send(message: bytes | str) -> None:
        if isinstance(message, bytes):
            await socket.send_bytes(message)
        else:
            await socket.send_text(message)

    return send


def _credentials(socket: WebSocket, token_in_query: bool) -> tuple[Credentials, str | None]:
    """What came with the handshake, and the subprotocol to be confirmed."""
    query = socket.query_params
    token = query.get("token") if token_in_query else None
    chosen = None
    for subprotocol in socket.scope.get("subprotocols", ()):
        if subprotocol.startswith(_SUBPROTOCOL):
            token, chosen = subprotocol[len(_SUBPROTOCOL) :], subprotocol
            break
    return Credentials(token, query.get("ticket")), chosen
