"""Tells other services what happened, over signed HTTP requests.

Events wait in a bounded queue for each address, so that one that is down holds up no other and takes
no more memory than its queue. Changes of a document that wait become one event. A request has up to
100 events, is tried again with growing pauses, and in the end is logged as a dead letter.

A receiver checks `Ropewalk-Signature` with verify() below, or with any HMAC-SHA256 over the timestamp,
a dot, and the body; and it may see a delivery twice, by the same `Ropewalk-Delivery`.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import logging
import random
import time
import uuid
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..auth.jwks import checked_url
from ..rooms.ports import Metrics

if TYPE_CHECKING:
    import httpx

log = logging.getLogger(__name__)

EVENTS = ("connect", "authenticate", "load", "change", "store", "disconnect")
MAX_BATCH = 100
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 60.0
TOLERANCE_SECONDS = 300.0
USERS_OF_A_CHANGE = 20

# Answers after which the same request may do better later; other refusals are final.
_AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504})


def signature(secret: str, timestamp: str, body: bytes) -> str:
    signed = timestamp.encode() + b"." + body
    return "v1=" + hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()


def verify(
    secret: str, headers: Mapping[str, str], body: bytes, *, now: float | None = None
) -> bool:
    """Whether a request to a webhook is from the server and not an old one sent again."""
    fields = {name.lower(): value for name, value in headers.items()}
    timestamp = fields.get("ropewalk-timestamp", "")
    given = fields.get("ropewalk-signature", "")
    if not timestamp.isascii() or not timestamp.isdigit() or len(timestamp) > 12:
        return False
    age = (time.time() if now is None else now) - int(timestamp)
    expected = signature(secret, timestamp, body)
    return abs(age) <= TOLERANCE_SECONDS and hmac.compare_digest(
        expected.encode(), given.encode("utf-8", "replace")
    )


@dataclass(slots=True)
class _Address:
    url: str
    waiting: OrderedDict[str, dict[str, Any]] = field(default_factory=OrderedDict)
    awake: asyncio.Event = field(default_factory=asyncio.Event)
    dropped: int = 0


class Webhooks:
    def __init__(
        self,
        urls: tuple[str, ...],
        secret: str,
        *,
        events: tuple[str, ...] = EVENTS,
        queue: int = 10_000,
        attempts: int = 6,
        timeout: float = 10.0,
        metrics: Metrics | None = None,
        now: Callable[[], float] = time.time,
        chance: random.Random | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        if urls and len(secret) < 16:
            raise ValueError("webhooks need a secret of at least 16 characters: webhooks.secret")
        if unknown := set(events) - set(EVENTS):
            raise ValueError(
                f"events of webhooks are {', '.join(EVENTS)}; not {', '.join(sorted(unknown))}"
            )
        self._addresses = [_Address(_checked(url)) for url in urls]
        self._secret = secret
        self._events = frozenset(events)
        self._queue = queue
        self._attempts = attempts
        self._timeout = timeout
        self._metrics = metrics or Metrics()
        self._now = now
        self._chance = chance or random.Random()
        self._transport = transport
        self._workers: list[asyncio.Task[None]] = []
        self._stopping = False
        self._numbered = 0

    def wants(self, event: str) -> bool:
        return bool(self._addresses) and event in self._events

    def tell(self, event: str, **fields: Any) -> None:
        """Puts an event into the queues; never waits."""
        if not self.wants(event):
            return
        made = {"event": event, "time": round(self._now(), 3), **fields}
        self._numbered += 1
        for address in self._addresses:
            # What has a document and only says that it changed is one event for as long as it waits.
            joins = event in ("change", "store") and "document" in fields
            key = (
                f"{event} {fields.get('tenant')} {fields['document']}"
                if joins
                else str(self._numbered)
            )
            waiting = address.waiting.get(key)
            if waiting is not None:
                _join(waiting, made)
                continue
            if len(address.waiting) >= self._queue:
                self._drop(address, [made], "the queue is full")
                continue
            address.waiting[key] = dict(made)
            address.awake.set()

    async def start(self) -> None:
        self._stopping = False
        self._workers = [asyncio.create_task(self._work(one)) for one in self._addresses]

    async def stop(self, seconds: float = 5.0) -> None:
        """Sends what waits, for at most so long; the rest is logged."""
        self._stopping = True
        for address in self._addresses:
            address.awake.set()
        if self._workers:
            await asyncio.wait(self._workers, timeout=seconds)
        for worker in self._workers:
            worker.cancel()
        await asyncio.gather(*self._workers, return_exceptions=True)
        self._workers = []
        for address in self._addresses:
            if address.waiting:
                self._drop(address, list(address.waiting.values()), "the server stops")
                address.waiting.clear()

    async def _work(self, address: _Address) -> None:
        import httpx

        async with httpx.AsyncClient(
            transport=self._transport, timeout=self._timeout, follow_redirects=False
        ) as client:
            while True:
                await address.awake.wait()
                batch = [
                    address.waiting.popitem(last=False)[1]
                    for _ in range(min(MAX_BATCH, len(address.waiting)))
                ]
                if not address.waiting and not self._stopping:
                    address.awake.clear()
                if batch:
                    await self._deliver(client, address, batch)
                elif self._stopping:
                    return

    async def _deliver(
        self, client: httpx.AsyncClient, address: _Address, batch: list[dict[str, Any]]
    ) -> None:
        delivery = str(uuid.UUID(int=self._chance.getrandbits(128), version=4))
        body = json.dumps({"delivery": delivery, "events": batch}).encode()
        reason = ""
        try:
            for attempt in range(self._attempts):
                if attempt:
                    pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2**attempt)
                    await asyncio.sleep(pause * self._chance.uniform(0.5, 1.0))
                done, again, reason = await self._post(client, address.url, delivery, body)
                self._metrics.count("webhooks", outcome="delivered" if done else "failed")
                if done:
                    return
                if not again:
                    break
        except asyncio.CancelledError:
            self._drop(address, batch, "the server stops")
            raise
        self._drop(address, batch, reason)

    async def _post(
        self, client: httpx.AsyncClient, url: str, delivery: str, body: bytes
    ) -> tuple[bool, bool, str]:
        """(delivered, worth another try, why not)"""
        import httpx

        timestamp = str(int(self._now()))
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "ropewalk-server",
            "Ropewalk-Delivery": delivery,
            "Ropewalk-Timestamp": timestamp,
            "Ropewalk-Signature": signature(self._secret, timestamp, body),
        }
        try:
            async with asyncio.timeout(self._timeout):
                # Only the status counts: the body of an answer is not even read.
                async with client.stream("POST", url, content=body, headers=headers) as answer:
                    status = answer.status_code
        except (httpx.HTTPError, TimeoutError) as error:
            return False, True, type(error).__name__
        return 200 <= status < 300, status in _AGAIN, f"the answer was {status}"

    def _drop(self, address: _Address, events: list[dict[str, Any]], reason: str) -> None:
        address.dropped += len(events)
        self._metrics.count("webhook_events_dropped", len(events))
        log.error(
            "webhook: %d events not delivered: %s", len(events), reason,
            extra={"event": "webhook_dead_letter", "url": address.url, "letters": events[:MAX_BATCH]},
        )  # fmt: skip


def _join(waiting: dict[str, Any], later: dict[str, Any]) -> None:
    """Makes one event of two of the same document; the numbers are added, the newest text counts."""
    for name, value in later.items():
        if name == "updates":
            waiting[name] = waiting.get(name, 0) + value
        elif name == "users":
            waiting[name] = list(dict.fromkeys([*waiting.get(name, ()), *value]))[
                :USERS_OF_A_CHANGE
            ]
        else:
            waiting[name] = value


def _checked(url: str) -> str:
    try:
        return checked_url(url)
    except ValueError:
        raise ValueError(
            f"webhooks are told over https, or http on this machine; not {url!r}"
        ) from None
