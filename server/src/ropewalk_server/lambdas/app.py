"""What a process keeps from one event to the next: settings, clients, and what it need not read
again. Another process can do without any of it.

All settings come from the environment:

    ROPEWALK_STORE            dynamodb:…, as `ropewalk serve` has it
    ROPEWALK_CONNECTIONS      the table of connections; `//HOST:PORT/` before it for DynamoDB Local
    ROPEWALK_MANAGEMENT       the address of @connections with its stage; empty: the event says it
    ROPEWALK_FILES            s3://BUCKET/PREFIX, for answers too long for frames; empty: none are
    ROPEWALK_AUTH, …          as for `ropewalk serve`
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Coroutine, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from ..limits import KIB, Limits
from ..stores import open_store
from ..stores.aws.credentials import Credentials
from ..stores.aws.service import Patience, Service
from ..stores.dynamodb.calls import Calls
from ..stores.dynamodb.store import DynamoStore
from . import clock
from .connections import Connections
from .copies import Copies
from .fanout import Fanout
from .hall import Entrance, Hall
from .management import Management
from .telemetry import EmbeddedMetrics

if TYPE_CHECKING:
    from ..auth.identity import Authenticator, Authorizer
    from ..auth.tickets import Tickets

T = TypeVar("T")

# What was known that long ago is not believed: clocks of processes may stand still with them.
_BELIEVED_SECONDS = 30.0
# A message goes through events of at most 29 s, and what waits for a client is in a row of 400 KB.
LIMITS = Limits(unsent_bytes=128 * KIB)


class App:
    """Of one process. `environ` is that of the function."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self.region = environ.get("AWS_REGION", "") or environ.get(
            "AWS_DEFAULT_REGION", "us-east-1"
        )
        store = open_store(environ.get("ROPEWALK_STORE", ""))
        if not isinstance(store, DynamoStore):
            raise ValueError("ROPEWALK_STORE: functions keep documents in DynamoDB (dynamodb:…)")
        self.store = store
        host, _, table = environ.get("ROPEWALK_CONNECTIONS", "").strip("/").rpartition("/")
        if not table:
            raise ValueError("ROPEWALK_CONNECTIONS: say the table of connections")
        endpoint = f"http://{host}" if host else f"https://dynamodb.{self.region}.amazonaws.com"
        self._credentials = Credentials()
        self._dynamodb = Service(
            "dynamodb", endpoint, self.region, self._credentials, Patience(connections=64)
        )
        self.connections = Connections(Calls(self._dynamodb, "DynamoDB_20120810"), table)
        self.metrics = EmbeddedMetrics()
        self.entrance = Entrance(self._make_entrance)
        self.hall = Hall(store, self.entrance, LIMITS, self.metrics)
        self.copies = Copies(self.hall.around)
        self._management: dict[str, Management] = {}
        self._tickets: Tickets | None = None
        self._is_open = False
        self._used_at = 0.0

    async def open(self) -> None:
        """For an event. A process may have been frozen for hours since the last."""
        if not self._is_open:
            await self.store.open()
            self._is_open = True
        now = time.time()
        if now - self._used_at > _BELIEVED_SECONDS:
            self.store.doubt()
        self._used_at = now

    async def close(self) -> None:
        if self._is_open:
            self._is_open = False
            await self.store.close()
        self._dynamodb.close()
        for management in self._management.values():
            management.close()

    # -- clients -----------------------------------------------------------------------------------

    def management(self, event: Mapping[str, Any] | None = None) -> Management:
        """Where to send to clients: as the settings say, or the API that the event came through."""
        endpoint = self._environ.get("ROPEWALK_MANAGEMENT", "")
        if not endpoint:
            context = (event or {}).get("requestContext", {})
            if "domainName" not in context:
                raise ValueError("ROPEWALK_MANAGEMENT: say the address of @connections")
            endpoint = f"https://{context['domainName']}/{context['stage']}"
        found = self._management.get(endpoint)
        if found is None:
            found = Management(endpoint, self.region, self._credentials)
            self._management[endpoint] = found
        return found

    def fanout(self, event: Mapping[str, Any] | None = None) -> Fanout:
        return Fanout(self.hall.around, self.connections, self.management(event))

    @property
    def token_in_url(self) -> bool:
        """Whether `?token=` counts, which may be logged on the way; tickets always do."""
        return self._environ.get("ROPEWALK_AUTH_TOKEN_IN_URL", "").lower() in ("true", "1", "yes")

    @property
    def files(self) -> str:
        return self._environ.get("ROPEWALK_FILES", "")

    # -- who comes in ------------------------------------------------------------------------------

    def _make_entrance(self) -> tuple[Authenticator, Authorizer]:
        from ..auth.authenticate import Door
        from ..auth.setup import set_up
        from ..config import load

        known = {
            name: value
            for name, value in self._environ.items()
            if name.startswith(("ROPEWALK_AUTH", "ROPEWALK_AUDIENCE", "ROPEWALK_ROLE"))
        }
        auth = set_up(load(environ=known).settings, now=clock.now)
        assert isinstance(auth.door, Door)
        auth.door.tickets = self.tickets
        return auth.door, auth.authorizer

    @property
    def tickets(self) -> Tickets:
        """In the table: any process redeems them, and once altogether."""
        if self._tickets is None:
            from ..auth.shared import SharedTickets
            from ..auth.tickets import Tickets

            self._tickets = Tickets(SharedTickets(self.connections), now=clock.now)
        return self._tickets


_loop: asyncio.AbstractEventLoop | None = None
_app: App | None = None


def app() -> App:
    """That of this process."""
    global _app
    if _app is None:
        _app = App(os.environ)
    return _app


def run(work: Coroutine[Any, Any, T]) -> T:
    """In the loop of this process, which stands still between two events."""
    global _loop
    if _loop is None:
        _loop = asyncio.new_event_loop()
    return _loop.run_until_complete(work)
