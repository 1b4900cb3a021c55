"""WebSockets of Starlette or FastAPI, as connections of a Rooms."""

from __future__ import annotations

from itertools import count
from typing import Any

from starlette.routing import Router, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from ..protocol.codec import Codec
from ..rooms.ports import Connection
from ..rooms.rooms import Rooms
from ..sessions.outbox import Outbox
from ..sessions.session import Session
from ..sessions.states import Credentials

_SUBPROTOCOL = "ropewalk.token."
_ids = count(1)


def rooms_router(rooms: Rooms, *, token_in_query: bool = False) -> Router:
    """Routes for `/{document}` and, for several documents over one connection, without a name.
    `token_in_query`: whether `?token=` is read; tickets always are."""

    async def one(socket: WebSocket) -> None:
        await serve(rooms, socket, socket.path_params["document"], token_in_query=token_in_query)

    async def several(socket: WebSocket) -> None:
        await serve(rooms, socket, None, token_in_query=token_in_query)

    return Router(routes=[WebSocketRoute("/", several), WebSocketRoute("/{document:path}", one)])


async def serve(
    rooms: Rooms,
    socket: WebSocket,
    document: str | None,
    *,
    token_in_query: bool = False,
    codec: Codec | None = None,
) -> None:
    """Serves one connection until it ends."""
    credentials, subprotocol = _credentials(socket, token_in_query)
    await socket.accept(subprotocol)
    outbox = Outbox(_sender(socket), socket.close, rooms.limits.unsent_bytes)
    connection = Connection(
        id=f"c{next(_ids)}",
        document=document,
        address=socket.client.host if socket.client else "",
        origin=socket.headers.get("origin", ""),
    )
    session = Session(
        rooms, outbox, connection, document=document, credentials=credentials, codec=codec
    )
    try:
        while True:
            event = await socket.receive()
            if event["type"] == "websocket.disconnect":
                break
            data = event.get("bytes")
            await session.receive(event["text"] if data is None else data)
    except (WebSocketDisconnect, RuntimeError):
        pass  # it is gone
    finally:
        outbox.lost()
        await session.closed()


def _sender(socket: WebSocket) -> Any:
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
