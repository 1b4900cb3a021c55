"""Who comes and who goes: $connect and $disconnect."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..auth.identity import Refused
from . import clock
from .frozen import Frozen

if TYPE_CHECKING:
    from .app import App

Answer = dict[str, Any]

OK: Answer = {"statusCode": 200}
_SUBPROTOCOL = "ropewalk.token."


async def connect(app: App, event: Mapping[str, Any]) -> Answer:
    """Who shows a token or a ticket with the URL is checked here; who does not says hello."""
    context = event["requestContext"]
    query = event.get("queryStringParameters") or {}
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    token, subprotocol = _token_of(query if app.token_in_url else {}, headers)
    identity = None
    if token is not None or query.get("ticket") is not None:
        try:
            identity = await app.hall.authenticate(token, query.get("ticket"))
        except Refused as refused:
            app.metrics.count("refused")
            status = {"forbidden": 403, "unavailable": 503}.get(refused.code, 401)
            return {"statusCode": status, "body": refused.reason}
    id = context["connectionId"]
    frozen = Frozen(
        document=query.get("doc") or None,
        connected=clock.now(),
        address=context.get("identity", {}).get("sourceIp", ""),
        origin=headers.get("origin", ""),
        identity=identity,
    )
    user = "" if identity is None else identity.user
    await app.connections.put(id, frozen.to_text(), 0, user=user, connected=frozen.connected)
    app.metrics.count("connects")
    if subprotocol is None:
        return OK
    return {"statusCode": 200, "headers": {"Sec-WebSocket-Protocol": subprotocol}}


def _token_of(
    query: Mapping[str, str], headers: Mapping[str, str]
) -> tuple[str | None, str | None]:
    for subprotocol in headers.get("sec-websocket-protocol", "").split(","):
        subprotocol = subprotocol.strip()
        if subprotocol.startswith(_SUBPROTOCOL):
            return subprotocol[len(_SUBPROTOCOL) :], subprotocol
    return query.get("token"), None


async def disconnect(app: App, event: Mapping[str, Any]) -> Answer:
    """May not come at all: then 410, time to live, or the clean-up do the same."""
    await app.fanout(event).forget(event["requestContext"]["connectionId"])
    app.metrics.count("disconnects")
    return OK
