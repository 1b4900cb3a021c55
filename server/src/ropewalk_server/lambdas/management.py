"""@connections: what a function sends to a client, through API Gateway."""

from __future__ import annotations

from urllib.parse import quote, urlsplit

from ..stores.aws.credentials import Credentials
from ..stores.aws.service import Patience, Service, Unavailable
from ..stores.contract import StoreError

# Texts of more bytes API Gateway refuses.
MOST_BYTES = 128 * 1024


class NobodyThere(Exception):
    """The connection is gone (410)."""


class Management:
    """Of one API: its address ends with the stage."""

    def __init__(self, endpoint: str, region: str, credentials: Credentials) -> None:
        parts = urlsplit(endpoint)
        self._path = parts.path.rstrip("/")
        self._service = Service(
            "execute-api",
            f"{parts.scheme}://{parts.netloc}",
            region,
            credentials,
            # Who does not take it now asks for it later: nobody waits long for somebody else.
            Patience(one_try=2.0, in_all=4.0, first_wait=0.02, longest_wait=0.5, connections=64),
        )

    def close(self) -> None:
        self._service.close()

    async def post(self, connection: str, text: str) -> None:
        """NobodyThere: it is gone. StoreError: it did not take it, and may later."""
        await self._call("POST", connection, text.encode())

    async def end(self, connection: str) -> None:
        """Closes it."""
        try:
            await self._call("DELETE", connection, b"")
        except NobodyThere:
            return

    async def is_there(self, connection: str) -> bool:
        try:
            await self._call("GET", connection, b"")
        except NobodyThere:
            return False
        return True

    async def _call(self, method: str, connection: str, body: bytes) -> None:
        # Signed as it is sent: ids end in "=".
        path = f"{self._path}/@connections/{quote(connection, safe='')}"
        try:
            response = await self._service.send(method, path, {}, body)
        except Unavailable as error:
            raise StoreError(str(error)) from None
        if response.status == 410:
            raise NobodyThere(connection)
        if response.status >= 300:
            said = response.body[:200].decode(errors="replace")
            raise StoreError(f"@connections: {method} answered {response.status}: {said}")
