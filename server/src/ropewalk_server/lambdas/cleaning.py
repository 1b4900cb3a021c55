"""What nobody has cleaned up, by the clock: connections that are gone and have not said so, seats
without a connection, rows whose time has come, logs that have grown long. Safe to run twice, and at
once."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..errors import CloseCode
from ..rooms.compaction import compact
from ..rooms.ports import at_once
from ..stores.contract import StoreError
from . import clock
from .frozen import Frozen

if TYPE_CHECKING:
    from .app import App

logger = logging.getLogger(__name__)

_MOST_ROWS = 1_000
_PAGE = 100
# Who has not said who they are by then will not.
_HELLO_SECONDS = 60.0


async def cleanup(app: App, event: Mapping[str, Any]) -> dict[str, int]:
    gone = await _connections(app, event)
    orphans = await app.connections.orphans(_MOST_ROWS)
    fanout = app.fanout(event)
    for document, connection in orphans:
        await fanout.forget(connection, [document])
    expired = await app.connections.expired(_MOST_ROWS)
    for pk, sk in expired:
        await app.connections.drop(pk, sk)
    compacted = await _compact(app)
    done = {
        "gone": gone,
        "orphans": len(orphans),
        "expired": len(expired),
        "compacted": compacted,
    }
    for name, count in done.items():
        app.metrics.count(f"cleaned_{name}", count)
    return done


async def _connections(app: App, event: Mapping[str, Any]) -> int:
    management, fanout, gone = app.management(event), app.fanout(event), 0
    for id in await app.connections.everybody():
        row = await app.connections.get(id)
        if row is None:
            continue
        frozen = Frozen.from_text(row[0])
        if clock.now() - frozen.connected < _HELLO_SECONDS:
            continue  # as long as $connect has not returned API Gateway does not know it
        if not await management.is_there(id):
            await fanout.forget(id)
            gone += 1
            continue
        who = frozen.identity
        if who is not None and who.expires is not None and who.expires <= clock.now():
            reason = "the token has expired"
        elif not frozen.is_open:
            reason = "nobody has said who they are"
        else:
            continue
        await fanout.end(id, CloseCode.NOT_AUTHENTICATED, reason)
        gone += 1
    return gone


async def _compact(app: App) -> int:
    """Logs that have grown long, one after another; who is late finds it done."""
    limits, done, after = app.hall.limits, 0, ""
    while True:
        infos = await app.store.list(after=after, limit=_PAGE)
        for info in infos:
            after = info.doc
            enough = max(limits.compact_bytes, info.snapshot_size // 4)
            if info.log_entries <= limits.compact_entries and info.log_size <= enough:
                continue
            try:
                done += await compact(app.store, at_once, info.doc) is not None
            except StoreError as error:
                logger.warning("%s: not compacted: %s", info.doc, error)
        if len(infos) < _PAGE:
            return done
