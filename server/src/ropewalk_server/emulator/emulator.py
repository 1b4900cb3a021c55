"""All of it together: one port, and behind it what AWS would be.

    /                      the page, through CloudFront's function
    /collab/NAME           a socket to a document, through the same: the API below
    /STAGE                 the WebSocket API, as it is
    /STAGE/@connections/…  what functions say to clients
    /api/…, /health        the HTTP API
    /api/dev/token, /.well-known/jwks.json   the issuer
"""

from __future__ import annotations

import asyncio
import json
import os
import tempfile
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from ..lambdas import edge as edge_function
from ..lambdas.connections import create_connections
from ..stores import open_store
from ..stores.aws.credentials import Credentials
from ..stores.aws.service import Service as AwsService
from ..stores.contract import StoreError
from ..stores.dynamodb.calls import Calls, Refused
from . import services
from .clock import DrivenClock, EmulatorClock, RealClock
from .edge import Edge, page, response_of
from .expiry import Expiry
from .front import Front, Request, Response, Socket, Upgrade
from .functions import FunctionError, Functions, Throttled
from .gateway import Gateway
from .issuer import JWKS_PATH, TOKEN_PATH, Issuer
from .settings import Settings
from .sources import Faults, Source

_HANDLERS = "ropewalk_server.lambdas.handlers"
_MOST_TRACED = 20_000
_DISCOVER_SECONDS = 1.0
_SOCKETS = "/collab/"


@dataclass
class Seen:
    """What has happened, in order: for people, and for tests."""

    what: str
    at: float
    fields: dict[str, Any] = field(default_factory=dict)


class Emulator:
    def __init__(
        self,
        settings: Settings,
        *,
        clock: EmulatorClock | None = None,
        log: Callable[[str], None] | None = None,
    ) -> None:
        self.settings = settings
        self.clock: EmulatorClock = clock or RealClock()
        if isinstance(self.clock, DrivenClock):
            self.clock.settle = self.settled
        self.trace: deque[Seen] = deque(maxlen=_MOST_TRACED)
        self.log_lines: deque[str] = deque(maxlen=_MOST_TRACED)
        self.metrics: dict[str, float] = {}
        self._log = log
        self.functions = Functions(self.clock, settings.quotas, self._heard, self._trace)
        self.gateway = Gateway(
            self.functions,
            self.clock,
            settings.quotas,
            stage=settings.stage,
            domain=lambda: f"{settings.host}:{self.port}",
            trace=self._trace,
        )
        self.issuer = Issuer(self.clock)
        self.port = 0
        self.sources: dict[str, Source] = {}
        self.faults: Callable[[str], Faults] = lambda _: Faults()
        self.sockets: set[Socket] = set()
        self._front = Front(settings.quotas, self._answer, self._upgrade)
        self._services: list[services.Service] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._folder = tempfile.TemporaryDirectory(prefix="ropewalk-emulator-")
        self._edge = Edge(Path(self._folder.name) / "edge")
        self._dynamodb = ""
        self._s3 = ""
        self._aws: AwsService | None = None
        self.expiry: Expiry | None = None

    # -- its life ----------------------------------------------------------------------------------

    async def start(self) -> None:
        """ConfigError: something that is needed is not there."""
        settings = self.settings
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            os.environ.setdefault(name, "emulator")
        os.environ.setdefault("AWS_REGION", "eu-central-1")
        await self._start_services()
        self.port = await self._front.bind(settings.host, settings.port)
        await self._create_tables()
        edge_function.build(
            Path(self._folder.name) / "edge", {"stage": settings.stage, "sockets": _SOCKETS}
        )
        self._edge.start()
        environ = self.environ()
        names = ("connect", "disconnect", "default")
        self.functions.deploy("sockets", {one: f"{_HANDLERS}.{one}" for one in names}, environ)
        for one in ("stream", "cleanup", "http"):
            self.functions.deploy(one, {one: f"{_HANDLERS}.{one}"}, environ)
        await self.functions.start()
        await self._find_streams()
        self._tasks = [asyncio.ensure_future(self._keep_finding()), asyncio.ensure_future(self._clean())]
        self.expiry = Expiry(self._calls(), self._all_tables, self.clock, self._expired)
        self.expiry.start()
        # The last: clients that wait for it come at once, and need all of the above.
        await self._front.open()

    async def _start_services(self) -> None:
        settings = self.settings
        started = []
        if settings.dynamodb:
            self._dynamodb = settings.dynamodb
        else:
            found = services.dynamodb(settings.dynamodb_library)
            self._dynamodb = found.address
            started.append(found)
        if settings.s3 == "moto":
            moto = services.moto()
            if moto is not None:
                self._s3 = f"http://{moto.address}"
                started.append(moto)
        elif settings.s3 != "none":
            self._s3 = settings.s3
        self._services = started
        await asyncio.gather(*(one.start() for one in started))

    async def _create_tables(self) -> None:
        store = open_store(self.store_url)
        await store.create()  # type: ignore[attr-defined]
        await create_connections(self._calls(), self.connections_table)
        if self._s3:
            from ..stores.s3 import create_bucket

            await create_bucket(self.files_url, "")

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self.expiry is not None:
            await self.expiry.close()
        await asyncio.gather(*(source.close() for source in self.sources.values()))
        await self.gateway.close()
        await self._front.close()
        await self.functions.close()
        self._edge.close()
        if self._aws is not None:
            self._aws.close()
        await asyncio.gather(*(one.stop() for one in self._services))
        self._folder.cleanup()

    # -- addresses and settings --------------------------------------------------------------------

    @property
    def address(self) -> str:
        return f"http://{self.settings.host}:{self.port}"

    @property
    def store_url(self) -> str:
        return f"dynamodb://{self._dynamodb}/{self.settings.table}?tables={self.settings.tables}"

    @property
    def connections_table(self) -> str:
        return f"{self.settings.table}-connections"

    @property
    def files_url(self) -> str:
        return f"s3://{self.settings.table}-files?endpoint={self._s3}"

    def environ(self) -> dict[str, str]:
        """Of functions."""
        return {
            "ROPEWALK_STORE": self.store_url,
            "ROPEWALK_CONNECTIONS": f"//{self._dynamodb}/{self.connections_table}",
            "ROPEWALK_MANAGEMENT": f"{self.address}/{self.settings.stage}",
            "ROPEWALK_FILES": self.files_url if self._s3 else "",
            "ROPEWALK_AUTH_TOKEN_IN_URL": str(self.settings.token_in_url).lower(),
            **self.issuer.environ(self.address),
            **dict(self.settings.environ),
        }

    def _calls(self, api: str = "DynamoDB_20120810") -> Calls:
        if self._aws is None:
            region = os.environ["AWS_REGION"]
            self._aws = AwsService("dynamodb", f"http://{self._dynamodb}", region, Credentials())
        return Calls(self._aws, api)

    # -- streams, and the clock --------------------------------------------------------------------

    def _all_tables(self) -> list[str]:
        return [self.connections_table, *self.sources]

    def _expired(self, table: str, pk: str, sk: str) -> None:
        source = self.sources.get(table)
        if source is not None:
            source.expired.add((pk, sk))

    async def _find_streams(self) -> None:
        """Of the table, or of one for each document."""
        names = [self.settings.table]
        if self.settings.tables == "each":
            answer = await self._calls()("ListTables")
            prefix = f"{self.settings.table}-"
            names += [
                name
                for name in answer["TableNames"]
                if name.startswith(prefix) and name != self.connections_table
            ]
        for name in names:
            if name not in self.sources:
                source = Source(
                    self._calls(),
                    self._calls("DynamoDBStreams_20120810"),
                    name,
                    lambda event: self.functions.invoke("stream", event),
                    self.clock,
                    self.settings.reading,
                    self._trace,
                    self.faults(name),
                )
                try:
                    await source.start()
                except Refused:
                    continue  # it is being made
                self.sources[name] = source

    async def _keep_finding(self) -> None:
        while self.settings.tables == "each":
            await self.clock.sleep(_DISCOVER_SECONDS)
            with suppress(StoreError):
                await self._find_streams()

    async def _clean(self) -> None:
        while True:
            await self.clock.sleep(self.settings.cleanup_seconds)
            try:
                await self.functions.invoke("cleanup", {"source": "aws.events"})
            except (FunctionError, Throttled) as error:
                self._trace("cleanup failed", error=str(error))

    @property
    def is_busy(self) -> bool:
        return bool(
            self.functions.active
            or self.gateway.busy
            or any(source.busy for source in self.sources.values())
        )

    async def settled(self) -> None:
        """Waits until nothing is under way: then only the clock can change anything."""
        quiet = 0
        while quiet < 5:
            await asyncio.sleep(0.002)
            quiet = 0 if self.is_busy else quiet + 1

    # -- what is heard -----------------------------------------------------------------------------

    def _trace(self, what: str, **fields: Any) -> None:
        self.trace.append(Seen(what, self.clock.now(), fields))

    def _heard(self, line: str) -> None:
        """A line that a function has logged."""
        self.log_lines.append(line)
        try:
            fields = json.loads(line)
        except ValueError:
            fields = {}
        if "_aws" in fields:
            for metric in fields["_aws"]["CloudWatchMetrics"][0]["Metrics"]:
                name = metric["Name"]
                self.metrics[name] = self.metrics.get(name, 0) + fields[name]
            self._trace("metrics", **{k: v for k, v in fields.items() if k != "_aws"})
        if self._log is not None and "_aws" not in fields:
            self._log(line)

    # -- the port ----------------------------------------------------------------------------------

    async def _answer(self, request: Request) -> Response:
        path = request.path
        management = f"/{self.settings.stage}/@connections/"
        if unquote(path).startswith(management):
            return self._manage(request, unquote(path)[len(management) :])
        if path == TOKEN_PATH and request.method == "POST":
            return self.issuer.give(request)
        if path == JWKS_PATH:
            return self.issuer.keys()
        if path == "/health" or path.startswith("/api/"):
            return await self._http(request)
        if path == f"/{self.settings.stage}":
            return Response.of(426, {"message": "Upgrade Required"})
        refused = response_of(self._edge.ask(request))
        return refused or page(self.settings.page, path)

    def _manage(self, request: Request, id: str) -> Response:
        if "authorization" not in request.headers:
            return Response.of(403, {"message": "Missing Authentication Token"})
        status, answer = self.gateway.manage(request.method, id, request.body)
        return Response.of(status, answer)

    async def _http(self, request: Request) -> Response:
        """The HTTP API, payload 2.0."""
        event = {
            "version": "2.0",
            "rawPath": request.path,
            "rawQueryString": request.raw_query,
            "headers": request.headers,
            "queryStringParameters": request.query or None,
            "requestContext": {
                "http": {
                    "method": request.method,
                    "path": request.path,
                    "sourceIp": request.source,
                },
                "timeEpoch": int(self.clock.now() * 1000),
                "domainName": f"{self.settings.host}:{self.port}",
                "stage": "$default",
            },
            "body": request.body.decode(errors="replace"),
            "isBase64Encoded": False,
        }
        try:
            answer = await self.functions.invoke("http", event)
        except Throttled:
            return Response.of(429, {"message": "Too Many Requests"})
        except FunctionError:
            return Response.of(502, {"message": "Internal Server Error"})
        body = answer.get("body", "").encode()
        return Response(answer.get("statusCode", 200), body, answer.get("headers", {}))

    async def _upgrade(self, request: Request, handshake: Upgrade) -> Response | None:
        if len(request.target) > self.settings.quotas.url_characters:
            return Response.of(414, {"message": "Request-URI Too Long"})
        stage = f"/{self.settings.stage}"
        if request.path not in (stage, f"{stage}/"):
            passed = self._edge.ask(request)
            refused = response_of(passed)
            if refused is not None:
                return refused
            query = passed["querystring"]
            request = replace(request, target=passed["uri"] + (f"?{query}" if query else ""))
        if request.path not in (stage, f"{stage}/"):
            return Response.of(403, {"message": "Forbidden"})
        socket = handshake.socket
        connection, status, headers = await self.gateway.connect(
            request.query, request.headers, request.source, socket.send, socket.close
        )
        if connection is None:
            return Response.of(status, {"message": "refused"})
        socket.on_text = lambda text: self.gateway.received(connection, text)
        self.sockets.add(socket)
        code = 1006
        try:
            if await handshake.accept(headers):
                self.gateway.opened(connection)
                code = await handshake.run()
        finally:
            self.sockets.discard(socket)
            await self.gateway.gone(connection, code)
        return None


