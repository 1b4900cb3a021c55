"""What machines ask: whether the process lives, whether it can serve, and its numbers."""

from __future__ import annotations

import asyncio
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, Response

from ..ops.metrics import PrometheusMetrics
from ..rooms.rooms import Rooms
from .doors import bearer, same
from .problems import Problem, responses

STORE_SECONDS = 2.0

# Not the name of any document: rooms put a tenant in front of theirs.
_PROBE = "ropewalk-readiness"


def health_router(rooms: Rooms, metrics: PrometheusMetrics | None, metrics_key: str) -> APIRouter:
    router = APIRouter(tags=["health"])

    @router.get("/healthz", summary="The process lives")
    async def healthz() -> dict[str, Any]:
        return {"status": "ok"}

    @router.get(
        "/readyz",
        summary="It can serve: the store answers, and it does not stop",
        responses=responses(503),
    )
    async def readyz() -> Response:
        reason = await not_ready(rooms)
        if reason is None:
            return JSONResponse({"status": "ready"})
        raise Problem(503, "not-ready", reason, Retry_After="1")

    if metrics is not None:
        counted = metrics

        @router.get("/metrics", summary="Numbers for Prometheus", responses=responses(401))
        async def read(request: Request) -> Response:
            if metrics_key and not same(bearer(request) or "", metrics_key):
                raise Problem(
                    401, "unauthorized", "metrics need their key", WWW_Authenticate="Bearer"
                )
            return Response(counted.text(), media_type="text/plain; version=0.0.4; charset=utf-8")

    return router


async def not_ready(rooms: Rooms) -> str | None:
    """Why nobody should be sent here; None: they may."""
    if rooms.draining:
        return "the server is going away"
    try:
        async with asyncio.timeout(STORE_SECONDS):
            await rooms.store.info(_PROBE)
    except TimeoutError:
        return f"the store has not answered for {STORE_SECONDS:g} s"
    except Exception as error:
        return f"the store does not answer: {type(error).__name__}"
    return None
