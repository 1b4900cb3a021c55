"""What runs a function in a process of its own: an event comes as a line, and so does the answer."""

from __future__ import annotations

import json
import os
import socket
import time
from importlib import import_module
from typing import Any

HANDLERS = "ropewalk_server.lambdas.handlers"


class Context:
    """What Lambda hands to a handler beside the event."""

    def __init__(self, fields: dict[str, Any]) -> None:
        self.aws_request_id: str = fields["id"]
        self.function_name: str = fields["function"]
        self._ends = time.monotonic() + fields["seconds"]

    def get_remaining_time_in_millis(self) -> int:
        return max(0, int((self._ends - time.monotonic()) * 1000))


def serve(channel: socket.socket) -> None:
    """Until the other end is closed. The first line is the environment."""
    stream = channel.makefile("rwb")
    os.environ.update(json.loads(stream.readline()))
    # From here on the process is what Lambda calls an execution environment.
    from ropewalk_server.lambdas import clock
    from ropewalk_server.lambdas.telemetry import log_as_json

    log_as_json()
    for line in stream:
        asked = json.loads(line)
        clock.set_ahead(asked["ahead"])
        try:
            module, _, name = asked["handler"].rpartition(".")
            handler = getattr(import_module(module), name)
            answer = {"result": handler(asked["event"], Context(asked))}
        except Exception as error:
            answer = {"error": type(error).__name__, "message": str(error)}
        stream.write(json.dumps(answer).encode() + b"\n")
        stream.flush()
