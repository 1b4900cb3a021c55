"""The HTTP API, as events of API Gateway (payload 2.0): health, tickets, documents, and snapshots
for whom the frames of a socket are too small.

    GET  /health
    POST /api/tickets                       {"document"} -> {"ticket", "expires_in"}
    GET  /api/documents                     those of one's tenant: ?prefix=&after=&limit=
    GET  /api/documents/{name}              its version and its sizes
    GET  /api/documents/{name}/snapshot     {"url", "epoch", "seq", "size"}: one update (format V1),
                                            a short one as "update" in base64 in place of the address;
                                            what has come since comes with the answer to a step 0
"""

from __future__ import annotations

import base64
import hashlib
import json
import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from ..auth.identity import Identity, Refused, Role
from ..errors import LoadFailed
from ..rooms.names import BadName, stored_name, tenant_prefix
from ..stores.contract import DocumentInfo, StoreError

if TYPE_CHECKING:
    from .app import App

logger = logging.getLogger(__name__)

_STATUS = {"forbidden": 403, "not-found": 404, "unavailable": 503}
_MOST_LISTED = 100
URL_SECONDS = 300
# Bytes of an update that goes with the answer.
_INLINE = 128 * 1024


class Problem(Exception):
    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


async def http(app: App, event: Mapping[str, Any]) -> dict[str, Any]:
    asked = event["requestContext"]["http"]
    method = asked["method"].upper()
    # As it was sent: a name may have a slash in it, escaped.
    path = event.get("rawPath") or asked["path"]
    try:
        status, body = await _route(app, event, method, path)
    except Refused as refused:
        status, body = _STATUS.get(refused.code, 401), {"message": refused.reason}
    except BadName as error:
        status, body = 422, {"message": str(error)}
    except Problem as problem:
        status, body = problem.status, {"message": str(problem)}
    except (StoreError, LoadFailed) as error:
        logger.error("%s %s: %s", method, path, error)
        status, body = 503, {"message": "the store does not answer; try again"}
    app.metrics.count("http_requests", status=str(status))
    return {
        "statusCode": status,
        "headers": {"content-type": "application/json", "cache-control": "no-store"},
        "body": json.dumps(body),
    }


async def _route(
    app: App, event: Mapping[str, Any], method: str, path: str
) -> tuple[int, dict[str, Any]]:
    parts = [unquote(part) for part in path.strip("/").split("/")]
    if (method, parts) == ("GET", ["health"]):
        return 200, {"status": "ok"}
    if parts[:1] == ["api"] and (method, parts[1:]) == ("POST", ["tickets"]):
        return await _ticket(app, event)
    if parts[:2] == ["api", "documents"] and method == "GET":
        if len(parts) == 2:
            return await _list(app, event)
        if len(parts) == 3:
            return await _info(app, event, parts[2])
        if len(parts) == 4 and parts[3] == "snapshot":
            return await _snapshot(app, event, parts[2])
    raise Problem(404, f"there is nothing at {method} {path}")


async def _identity(app: App, event: Mapping[str, Any]) -> Identity:
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    scheme, _, token = headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Refused("a token is needed in the Authorization header")
    return await app.entrance.authenticate(token.strip())


async def _allowed(app: App, event: Mapping[str, Any], document: str) -> tuple[Identity, str]:
    """Who asks, and what the document is called in the store."""
    identity = await _identity(app, event)
    stored = stored_name(identity.tenant, document)
    if await app.hall.role(identity, document) is None:
        raise Refused("no right to this document", "forbidden")
    return identity, stored


def _body(event: Mapping[str, Any]) -> dict[str, Any]:
    body = event.get("body") or ""
    try:
        if event.get("isBase64Encoded"):
            body = base64.b64decode(body).decode()
        fields = json.loads(body)
    except ValueError:
        raise Problem(400, "the body is no JSON") from None
    if not isinstance(fields, dict):
        raise Problem(400, "the body is no JSON object")
    return fields


async def _ticket(app: App, event: Mapping[str, Any]) -> tuple[int, dict[str, Any]]:
    from ..auth.tickets import TICKET_SECONDS

    document = _body(event).get("document")
    if not isinstance(document, str):
        raise Problem(422, "document: the name of a document")
    identity, _ = await _allowed(app, event, document)
    ticket = await app.tickets.issue(identity, document)
    return 201, {"ticket": ticket, "expires_in": TICKET_SECONDS}


async def _list(app: App, event: Mapping[str, Any]) -> tuple[int, dict[str, Any]]:
    identity = await _identity(app, event)
    query = event.get("queryStringParameters") or {}
    try:
        limit = int(query.get("limit", _MOST_LISTED))
    except ValueError:
        raise Problem(422, "limit: a whole number") from None
    if not 0 < limit <= _MOST_LISTED:
        raise Problem(422, f"limit: from 1 to {_MOST_LISTED}")
    tenant = tenant_prefix(identity.tenant)
    after = tenant + query["after"] if query.get("after") else ""
    infos = await app.store.list(tenant + query.get("prefix", ""), after, limit)
    shown = []
    for info in infos:
        name = info.doc.removeprefix(tenant)
        if await app.hall.role(identity, name) is not None:
            shown.append({"name": name, **_described(info)})
    last = infos[-1].doc.removeprefix(tenant) if len(infos) == limit else None
    return 200, {"documents": shown, "next": last}


async def _info(
    app: App, event: Mapping[str, Any], document: str
) -> tuple[int, dict[str, Any]]:
    identity, stored = await _allowed(app, event, document)
    info = await app.store.info(stored)
    if info is None:
        raise Problem(404, "there is no such document")
    role = await app.hall.role(identity, document)
    assert isinstance(role, Role)
    return 200, {"name": document, "role": role.name.lower(), **_described(info)}


def _described(info: DocumentInfo) -> dict[str, Any]:
    return {
        "epoch": info.version.epoch,
        "seq": info.version.seq,
        "size": info.size,
        "changed_at": info.changed_at,
    }


async def _snapshot(
    app: App, event: Mapping[str, Any], document: str
) -> tuple[int, dict[str, Any]]:
    """An object of this version is written once and never changed, so it may be kept on the way."""
    _, stored = await _allowed(app, event, document)
    copy = await app.copies.look(stored)
    update = await copy.content.answer(b"\x00")
    described = {"epoch": copy.version.epoch, "seq": copy.version.seq, "size": len(update)}
    if len(update) <= _INLINE:
        return 200, {"update": base64.b64encode(update).decode(), **described}
    if not app.files:
        raise Problem(404, "there is no place for files here (ROPEWALK_FILES)")
    from ..stores.aws.credentials import Credentials
    from ..stores.s3.objects import Objects, Place

    hashed = hashlib.sha256(stored.encode()).hexdigest()[:40]
    key = f"answers/{hashed}/{copy.version.epoch}-{copy.version.seq}.v1"
    objects = Objects(Place.from_url(app.files, app.region), Credentials())
    try:
        if await objects.get(key, size=1) is None:
            await objects.put(key, update)
        url = await objects.presign(key, URL_SECONDS)
    finally:
        await objects.close()
    return 200, {"url": url, **described}
