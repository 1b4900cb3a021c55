"""A whole server that is killed: served.py URL PORT. Rooms are compacted and unloaded far more often
than a server would, so that kills meet it."""

from __future__ import annotations

import sys

import killing
from fastapi import FastAPI
from harness.people import may, who

from ropewalk_server.http.serving import Server, uvicorn_config
from ropewalk_server.http.sockets import rooms_router
from ropewalk_server.limits import Limits
from ropewalk_server.rooms import compaction
from ropewalk_server.rooms.rooms import Rooms


def main(url: str, port: str) -> None:
    killing.install()
    compaction._LEAST_PAUSE = 0.02
    limits = Limits(
        messages_per_second=100_000, message_burst=100_000, compact_entries=30, idle_seconds=0.1
    )
    rooms = Rooms(url, authenticate=who, authorize=may, limits=limits)
    app = FastAPI(lifespan=rooms.lifespan)
    app.include_router(rooms_router(rooms))
    config = uvicorn_config(app, limits, host="127.0.0.1", port=int(port))
    Server(config, rooms).run()


if __name__ == "__main__":
    main(*sys.argv[1:])
