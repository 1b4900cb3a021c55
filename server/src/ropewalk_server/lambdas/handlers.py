"""What AWS calls: `ropewalk_server.lambdas.handlers.connect` and so on. Everything else is imported
by the first event that needs it."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from . import app as process

logger = logging.getLogger(__name__)

Event = Mapping[str, Any]
Work = Callable[["process.App", Event], Awaitable[dict[str, Any]]]


def _handle(name: str, work: Work, event: Event, context: object) -> dict[str, Any]:
    app = process.app()
    request = getattr(context, "aws_request_id", None)
    connection = event.get("requestContext", {}).get("connectionId")
    try:
        return process.run(_opened(app, work, event))
    except Exception as error:
        app.metrics.count("failures")
        logger.exception("%s has failed: %s", name, error)
        raise
    finally:
        app.metrics.flush(name, request=request, connection=connection)


async def _opened(app: process.App, work: Work, event: Event) -> dict[str, Any]:
    await app.open()
    return await work(app, event)


def connect(event: Event, context: object = None) -> dict[str, Any]:
    from .doors import connect as work

    return _handle("connect", work, event, context)


def disconnect(event: Event, context: object = None) -> dict[str, Any]:
    from .doors import disconnect as work

    return _handle("disconnect", work, event, context)


def default(event: Event, context: object = None) -> dict[str, Any]:
    from .sockets import default as work

    return _handle("default", work, event, context)


def stream(event: Event, context: object = None) -> dict[str, Any]:
    from .streaming import stream as work

    return _handle("stream", work, event, context)


def cleanup(event: Event, context: object = None) -> dict[str, Any]:
    from .cleaning import cleanup as work

    return _handle("cleanup", work, event, context)


def http(event: Event, context: object = None) -> dict[str, Any]:
    from .rest import http as work

    return _handle("http", work, event, context)


