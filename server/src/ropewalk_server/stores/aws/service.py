"""One service of one region: requests are signed, have a time, and are repeated with jitter where
the service asks for it or does not answer."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar
from urllib.parse import quote, urlsplit

from ropewalk_server.stores.aws.credentials import Credentials
from ropewalk_server.stores.aws.http import Connections, Response
from ropewalk_server.stores.aws.signing import Signer, query_string
from ropewalk_server.stores.breaker import Breaker
from ropewalk_server.stores.contract import StoreError


@dataclass(frozen=True, slots=True)
class Patience:
    """In seconds: what one try of a request gets (a large one more), and all its tries."""

    one_try: float = 3.0
    in_all: float = 10.0
    bytes_per_second: float = 1e6
    first_wait: float = 0.025
    longest_wait: float = 1.0
    connections: int = 32

    # What a URL calls them.
    SETTINGS: ClassVar[Mapping[str, str]] = {"timeout": "one_try", "patience": "in_all"}

    def with_setting(self, key: str, value: str) -> Patience:
        """As a URL says it: timeout=3, patience=10."""
        try:
            seconds = float(value)
        except ValueError:
            seconds = 0.0
        if not 0 < seconds < 3600:
            raise ValueError(f"{key} is a number of seconds above 0, not {value!r} (docs: stores)")
        return replace(self, **{self.SETTINGS[key]: seconds})  # type: ignore[arg-type]


class Unavailable(StoreError):
    """It was tried for as long as it may be, or is known to be of no use now."""


class Service:
    def __init__(
        self,
        name: str,
        endpoint: str,
        region: str,
        credentials: Credentials,
        patience: Patience | None = None,
    ) -> None:
        self._name = name
        self._endpoint = endpoint
        self._host = urlsplit(endpoint).netloc
        self._credentials = credentials
        self._patience = patience or Patience()
        self._signer = Signer(name, region)
        self._connections = Connections(endpoint, most=self._patience.connections)
        self._breaker = Breaker()
        self.requests = 0  # tries of all calls

    def close(self) -> None:
        self._connections.close()

    async def send(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: bytes = b"",
        query: Mapping[str, str] | None = None,
    ) -> Response:
        """The first answer that is one. The request may have been carried out more than once."""
        patience = self._patience
        began = time.monotonic()
        wait = patience.first_wait
        while True:
            if not self._breaker.may_try():
                raise Unavailable(f"{self._place} does not answer ({self._breaker.reason})")
            try:
                response = await self._try(method, path, headers, body, query or {})
            except (OSError, EOFError, TimeoutError, ValueError) as error:
                reason = f"{type(error).__name__}: {error}".rstrip(": ")
                self._connections.forget()
                self._breaker.failed(reason)
            except BaseException:
                self._breaker.gave_up()
                raise
            else:
                reason = self._reason_to_wait(response)
                if not reason:
                    self._breaker.succeeded()
                    return response
                if response.status >= 500:
                    self._breaker.failed(reason)
                else:
                    self._breaker.succeeded()  # it is there, and busy
            if time.monotonic() - began + wait > patience.in_all:
                raise Unavailable(
                    f"{self._place} does not answer as it should for {patience.in_all:g} s ({reason})"
                )
            await asyncio.sleep(random.random() * wait)
            wait = min(wait * 2, patience.longest_wait)

    async def presign(self, path: str, seconds: int) -> str:
        """An address with which anybody may GET this for so long."""
        keys = await self._credentials.get()
        query = self._signer.presign(keys, self._host, path, seconds)
        return f"{self._endpoint.rstrip('/')}{path}?{query_string(query)}"

    @property
    def _place(self) -> str:
        return f"{self._name} at {self._endpoint}"

    async def _try(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: bytes,
        query: Mapping[str, str],
    ) -> Response:
        keys = await self._credentials.get()
        # All but S3 sign the path as it would be quoted once more.
        canonical = path if self._name == "s3" else quote(path, safe="/-_.~")
        signed = self._signer.sign(keys, method, self._host, canonical, query, headers, body)
        patience = self._patience
        seconds = patience.one_try + len(body) / patience.bytes_per_second
        self.requests += 1
        async with asyncio.timeout(seconds):
            target = f"{path}?{query_string(query)}" if query else path
            return await self._connections.request(method, target, signed, body)

    def _reason_to_wait(self, response: Response) -> str:
        """Why the same request may do better later; empty if it may not."""
        if response.status >= 500 or response.status == 429:
            return f"{response.status} {response.body[:200].decode(errors='replace')}"
        if response.status == 400 and self._name == "dynamodb":
            for sign in (b"ThroughputExceeded", b"Throttling", b"RequestLimitExceeded"):
                if sign in response.body[:300]:
                    return response.body[:200].decode(errors="replace")
        return ""
