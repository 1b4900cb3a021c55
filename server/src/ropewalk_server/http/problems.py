"""Errors as problem+json (RFC 9457): what was wrong, where, and what would be right."""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from ..auth.identity import Refused
from ..ops.documents import BadDocument, NotFound, NotKept
from ..ops.scrub import scrub
from ..rooms.names import BadName
from ..rooms.renumbering import NotRenumbered
from ..stores.contract import Conflict, Damaged, StoreError

log = logging.getLogger(__name__)


class Problem(Exception):
    """An answer other than the one that was asked for."""

    def __init__(self, status: int, code: str, detail: str, **headers: str) -> None:
        super().__init__(detail)
        self.status, self.code, self.detail = status, code, detail
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}


class ProblemPage(BaseModel):
    """What every answer that is an error holds."""

    type: str = "about:blank"
    title: str
    status: int
    code: str
    detail: str


def answer(problem: Problem) -> Response:
    page = {
        "type": "about:blank",
        "title": HTTPStatus(problem.status).phrase,
        "status": problem.status,
        "code": problem.code,
        "detail": scrub(problem.detail).encode("utf-8", "replace").decode(),
    }
    return JSONResponse(
        page, problem.status, headers=problem.headers, media_type="application/problem+json"
    )


def problem_of(error: Exception) -> Problem | None:
    """What an exception of ours means to who has asked; None: it is a fault of the server."""
    match error:
        case Problem():
            return error
        case Refused(code="forbidden"):
            return Problem(403, "forbidden", error.reason)
        case Refused(code="not-found"):
            return Problem(404, "not-found", error.reason)
        case Refused(code="unavailable"):
            return Problem(503, "unavailable", error.reason, Retry_After="5")
        case Refused():
            return Problem(401, error.code, error.reason, WWW_Authenticate="Bearer")
        case NotFound():
            return Problem(404, "not-found", str(error))
        case NotKept():
            return Problem(409, "not-kept", str(error))
        case BadName():
            return Problem(422, "bad-name", str(error))
        case NotRenumbered():
            return Problem(409, "not-renumbered", str(error))
        case BadDocument():
            return Problem(422, "bad-update", str(error))
        case Conflict():
            return Problem(409, "conflict", str(error))
        case Damaged():
            return Problem(409, "damaged", str(error))
        case StoreError(transient=True):
            return Problem(503, "store", "the store cannot do it just now", Retry_After="1")
        case StoreError():
            return Problem(409, "store", str(error))
    return None


def install(app: FastAPI) -> None:
    """Makes every error of the app a problem page."""

    async def known(request: Request, error: Exception) -> Response:
        problem = problem_of(error)
        if problem is None:
            raise error
        return answer(problem)

    async def http(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        code = HTTPStatus(error.status_code).phrase.lower().replace(" ", "-")
        return answer(
            Problem(error.status_code, code, str(error.detail), **dict(error.headers or {}))
        )

    async def invalid(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        said = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()[:10])
        return answer(Problem(422, "invalid", said))

    async def fault(request: Request, error: Exception) -> Response:
        # Outside of the middleware that gives requests their ids: the id is in the scope.
        number = getattr(request.state, "request_id", "")
        log.error(
            "%s %s has failed", request.method, request.url.path,
            exc_info=error, extra={"request": number},
        )  # fmt: skip
        detail = f"the server has failed at this; its log says more of request {number}"
        return answer(Problem(500, "fault", detail))

    ours = (Problem, Refused, NotFound, NotKept, BadName, BadDocument, NotRenumbered, StoreError)
    for kind in ours:
        app.add_exception_handler(kind, known)
    app.add_exception_handler(HTTPException, http)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(Exception, fault)


def responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """For the OpenAPI page: these answers are problems."""
    content = {"application/problem+json": {"schema": ProblemPage.model_json_schema()}}
    return {
        status: {"description": HTTPStatus(status).phrase, "content": content}
        for status in statuses
    }
