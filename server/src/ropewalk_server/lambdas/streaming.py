"""What the stream of the table says, at least once, in order for each row alone: whoever has not
heard of something yet is told (fanout.py, F2). A record that was handled before changes nothing.

The answer names the first record that was not handled: it and those behind it come again. One that
cannot be read at all is counted and passed by, for it would come for a day."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..stores.contract import StoreError, Version
from ..stores.dynamodb.streams import version_in

if TYPE_CHECKING:
    from .app import App

logger = logging.getLogger(__name__)


async def stream(app: App, event: Mapping[str, Any]) -> dict[str, Any]:
    records = event["Records"]
    newest: dict[str, Version] = {}
    first: dict[str, int] = {}
    for index, record in enumerate(records):
        try:
            found = _version(record)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            app.metrics.count("poison_records")
            logger.error("a record of the stream cannot be read: %r", error)
            continue
        if found is None:
            continue
        doc, version = found
        newest[doc] = max(newest.get(doc, version), version)
        first.setdefault(doc, index)
    failed = []
    fanout = app.fanout()
    for doc, version in newest.items():
        try:
            await fanout.tell(doc, version, strict=True)
            app.metrics.count("documents_told")
        except StoreError as error:
            logger.warning("%s: not everybody was told: %s", doc, error)
            failed.append(first[doc])
    if not failed:
        return {"batchItemFailures": []}
    number = records[min(failed)]["dynamodb"]["SequenceNumber"]
    return {"batchItemFailures": [{"itemIdentifier": number}]}


def _version(record: Mapping[str, Any]) -> tuple[str, Version] | None:
    """None: it is no news of a log. What DynamoDB removes when its time has come is none."""
    if record["eventName"] == "REMOVE":
        return None
    return version_in(record["dynamodb"]["NewImage"])
