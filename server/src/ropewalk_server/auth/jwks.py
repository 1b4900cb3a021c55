"""The public keys of an issuer, from the page where it publishes them.

The last good set is kept for as long as nothing better comes: an issuer that cannot be reached, or
answers nonsense, locks nobody out. A key that is not in the set makes it be fetched again, at most
once a minute, whoever asks how often.
"""

from __future__ import annotations

import asyncio
import ipaddress
import json
import logging
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from .identity import Refused
from .keys import BadKey, Key, choose, key_from_jwk

if TYPE_CHECKING:
    import httpx

log = logging.getLogger(__name__)

MAX_BYTES = 256 * 1024
MAX_KEYS = 100
TIMEOUT_SECONDS = 5.0
UNKNOWN_KEY_PAUSE = 60.0  # between two fetches that unknown keys ask for
FAILURE_PAUSE = 5.0  # after a failure, while there is no set at all
MAX_AGE = 600.0  # after which a set is fetched anew, while the old one serves

DISCOVERY = "/.well-known/openid-configuration"


class JwksError(Exception):
    """The keys could not be fetched, or are none."""


def is_loopback(host: str | None) -> bool:
    """Whether only this machine can be meant."""
    if host is None:
        return False
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def checked_url(url: str) -> str:
    """An address that keys may come from: https, or this machine."""
    parts = urlsplit(url)
    if parts.scheme == "https" and parts.hostname:
        return url
    if parts.scheme == "http" and is_loopback(parts.hostname):
        return url
    raise ValueError(f"keys come over https, or http from this machine; not from {url!r}")


class JwksKeys:
    """The keys at a JWKS address, or at the one that the discovery page of an issuer names."""

    def __init__(
        self,
        url: str | None = None,
        *,
        issuer: str | None = None,
        monotonic: Callable[[], float] = time.monotonic,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        if url is None and issuer is None:
            raise ValueError("keys come from a JWKS address or from an issuer")
        self._issuer = issuer
        self._url = checked_url(url) if url else None
        if url is None:
            checked_url(issuer or "")
        self._monotonic = monotonic
        self._transport = transport
        self._keys: tuple[Key, ...] = ()
        self._loaded_at: float | None = None
        self._tried_at: float | None = None
        self._fetching: asyncio.Task[bool] | None = None

    async def key(self, kid: str | None) -> Key:
        if self._loaded_at is None:
            await self._refresh(FAILURE_PAUSE)
            if self._loaded_at is None:
                raise Refused("the keys of the issuer cannot be had just now", "unavailable")
        elif self._monotonic() - self._loaded_at > MAX_AGE:
            self._start(UNKNOWN_KEY_PAUSE)
        try:
            return choose(self._keys, kid)
        except Refused:
            if not await self._refresh(UNKNOWN_KEY_PAUSE):
                raise
        return choose(self._keys, kid)

    async def close(self) -> None:
        if self._fetching is not None:
            self._fetching.cancel()
            await asyncio.gather(self._fetching, return_exceptions=True)
            self._fetching = None

    def _start(self, pause: float) -> asyncio.Task[bool] | None:
        """The fetch that is under way, or a new one, or None if the last was too recent."""
        if self._fetching is not None and not self._fetching.done():
            return self._fetching
        now = self._monotonic()
        if self._tried_at is not None and now - self._tried_at < pause:
            return None
        self._tried_at = now
        self._fetching = asyncio.create_task(self._fetch())
        return self._fetching

    async def _refresh(self, pause: float) -> bool:
        """Whether there is a set that was fetched just now. Everybody waits for the same fetch."""
        task = self._start(pause)
        # Shielded: one connection that goes away must not take the fetch from the others.
        return await asyncio.shield(task) if task is not None else False

    async def _fetch(self) -> bool:
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                keys = await self._download()
        except (JwksError, TimeoutError) as error:
            log.warning(
                "keys of the issuer not fetched: %s",
                str(error) or "it took too long",
                extra={"event": "jwks_failed", "kept": len(self._keys)},
            )
            return False
        self._keys, self._loaded_at = keys, self._monotonic()
        return True

    async def _download(self) -> tuple[Key, ...]:
        import httpx

        try:
            async with httpx.AsyncClient(
                transport=self._transport, timeout=TIMEOUT_SECONDS, follow_redirects=False
            ) as client:
                url = self._url or await self._discover(client)
                return keys_of(await _get(client, url))
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise JwksError(type(error).__name__) from error

    async def _discover(self, client: httpx.AsyncClient) -> str:
        assert self._issuer is not None
        page = await _get(client, self._issuer.rstrip("/") + DISCOVERY)
        if page.get("issuer") != self._issuer:
            raise JwksError("the discovery page is of another issuer")
        url = page.get("jwks_uri")
        try:
            return checked_url(url if isinstance(url, str) else "")
        except ValueError as error:
            raise JwksError("the discovery page names no address of keys over https") from error


async def _get(client: httpx.AsyncClient, url: str) -> dict[str, Any]:
    """A JSON object of a bounded size."""
    body = bytearray()
    headers = {"Accept": "application/json"}
    async with client.stream("GET", url, headers=headers) as response:
        if response.status_code != 200:
            raise JwksError(f"the answer was {response.status_code}")
        async for chunk in response.aiter_bytes():
            body += chunk
            if len(body) > MAX_BYTES:
                raise JwksError(f"the answer is longer than {MAX_BYTES} bytes")
    try:
        page = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise JwksError("the answer is not JSON") from error
    if not isinstance(page, dict):
        raise JwksError("the answer is not a JSON object")
    return page


def keys_of(page: dict[str, Any]) -> tuple[Key, ...]:
    """The keys of a JWKS that can be used here; JwksError if there is none."""
    listed = page.get("keys")
    if not isinstance(listed, list):
        raise JwksError("the answer is no set of keys")
    keys = []
    for one in listed[:MAX_KEYS]:
        try:
            keys.append(key_from_jwk(one))
        except BadKey as error:
            # An issuer may publish keys for other ends beside those for signatures.
            log.debug("a published key is left out: %s", error)
    if not keys:
        raise JwksError("the set has no key that can be used here")
    return tuple(keys)
