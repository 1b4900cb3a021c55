"""uvicorn, set up for rooms, and ended in the right order."""

from __future__ import annotations

import socket
from typing import Any

import uvicorn

from ..limits import Limits
from ..rooms.rooms import Rooms
from .wire import WireProtocol


def uvicorn_config(app: Any, limits: Limits, **options: Any) -> uvicorn.Config:
    """No compression (100 KiB for each connection, and a small message may unpack to a large one),
    and no more of a message in memory than is allowed."""
    defaults: dict[str, Any] = {
        "ws": WireProtocol,
        "ws_max_size": limits.message_bytes,
        "ws_per_message_deflate": False,
        "backlog": 4096,
        "access_log": False,
        "log_config": None,
    }
    return uvicorn.Config(app, **{**defaults, **options})


class Server(uvicorn.Server):
    """Before anybody is sent away, all that was taken is durable and acknowledged."""

    def __init__(self, config: uvicorn.Config, rooms: Rooms) -> None:
        super().__init__(config)
        self._rooms = rooms

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await self._rooms.drain()
        await super().shutdown(sockets)
