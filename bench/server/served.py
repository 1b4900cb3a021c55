"""A server to be measured: rooms on a store behind uvicorn, with limits that do not get in the way.

python bench/server/served.py PORT STORE
"""

from __future__ import annotations

import asyncio
import resource
import sys
from dataclasses import replace

import uvloop
from fastapi import FastAPI

from ropewalk_server.auth.identity import Identity
from ropewalk_server.http.serving import Server, uvicorn_config
from ropewalk_server.http.sockets import rooms_router
from ropewalk_server.limits import Limits
from ropewalk_server.rooms.rooms import Rooms


def anybody(_token: str | None) -> Identity:
    return Identity("anybody", "bench")


def main() -> None:
    port, store = int(sys.argv[1]), sys.argv[2]
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    limits = replace(Limits(), messages_per_second=1e6, message_burst=1_000_000)
    rooms = Rooms(store, authenticate=anybody, limits=limits)
    app = FastAPI(lifespan=rooms.lifespan)
    app.include_router(rooms_router(rooms), prefix="/collab")
    config = uvicorn_config(app, limits, host="127.0.0.1", port=port)
    uvloop.install()
    asyncio.run(Server(config, rooms).serve())


if __name__ == "__main__":
    main()
