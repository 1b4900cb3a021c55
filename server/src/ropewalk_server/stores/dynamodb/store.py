"""The contract on DynamoDB."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from urllib.parse import parse_qsl

from ropewalk_server.stores.aws.credentials import Credentials
from ropewalk_server.stores.aws.service import Patience, Service
from ropewalk_server.stores.chain.store import ChainStore, News
from ropewalk_server.stores.chain.tables import Blobs
from ropewalk_server.stores.chain.writing import Contention
from ropewalk_server.stores.dynamodb.calls import Calls
from ropewalk_server.stores.dynamodb.creating import create_table
from ropewalk_server.stores.dynamodb.streams import Streams
from ropewalk_server.stores.dynamodb.table import DynamoTable

_KNOWN = "region, endpoint, timeout, patience, tables=shared, tables=each, snapshots=s3://..."


@dataclass(frozen=True, slots=True)
class Settings:
    table: str
    region: str = ""
    endpoint: str = ""
    each: bool = False  # a table for each document
    snapshots: str = ""  # the URL of a place in S3
    patience: Patience | None = None
    contention: Contention | None = None


class DynamoStore(ChainStore):
    def __init__(self, settings: Settings) -> None:
        region = settings.region or os.environ.get("AWS_REGION", "") or _default_region()
        endpoint = settings.endpoint or os.environ.get("AWS_ENDPOINT_URL_DYNAMODB", "")
        streams = endpoint or f"https://streams.dynamodb.{region}.amazonaws.com"
        endpoint = endpoint or f"https://dynamodb.{region}.amazonaws.com"
        credentials = Credentials()
        self._settings = settings
        self._services = [
            Service("dynamodb", url, region, credentials, settings.patience)
            for url in (endpoint, streams)
        ]
        self._calls = Calls(self._services[0], "DynamoDB_20120810")
        self._stream_calls = Calls(self._services[1], "DynamoDBStreams_20120810")
        self._dynamo = DynamoTable(self._calls, settings.table, each=settings.each)
        blobs: Blobs | None = None
        if settings.snapshots:
            from ropewalk_server.stores.s3 import blobs_of_url

            blobs = blobs_of_url(settings.snapshots, settings.region)
        super().__init__(self._dynamo, blobs, contention=settings.contention)

    @classmethod
    def from_url(cls, rest: str) -> DynamoStore:
        """From what stands behind `dynamodb:` in a URL."""
        return cls(settings_of(rest))

    async def create(self) -> list[str]:
        """Makes the table, if it is not there; what was made."""
        name = self._settings.table
        made = [f"table {name}"] if await create_table(self._calls, name) else []
        if self._settings.snapshots:
            from ropewalk_server.stores.s3 import create_bucket

            made += await create_bucket(self._settings.snapshots, self._settings.region)
        for service in self._services:
            service.close()
        return made

    def _open_news(self) -> News:
        return Streams(
            self._calls,
            self._stream_calls,
            self._dynamo.table_of,
            saw=lambda doc, version: self._writer.saw(doc, version, is_news=True),
            look=self.look,
            watched=self._watchers.documents,
        )

    async def close(self) -> None:
        await super().close()
        for service in self._services:
            service.close()


def settings_of(rest: str) -> Settings:
    """From what stands behind `dynamodb:`: `//TABLE` or `//HOST:PORT/TABLE`, and settings."""
    name, _, query = rest.partition("?")
    host, slash, table = name.strip("/").rpartition("/")
    if not table or "/" in host or (slash and not host):
        raise ValueError("dynamodb: needs the name of a table: dynamodb://rooms")
    # With a host in front of it, as other stores have one: DynamoDB Local.
    settings = Settings(table, endpoint=f"http://{host}" if host else "")
    for key, value in parse_qsl(query, keep_blank_values=True):
        if key == "tables" and value in ("shared", "each"):
            settings = replace(settings, each=value == "each")
        elif key in Patience.SETTINGS:
            patience = (settings.patience or Patience()).with_setting(key, value)
            settings = replace(settings, patience=patience)
        elif key in ("region", "endpoint", "snapshots") and value:
            settings = replace(settings, **{key: value})  # type: ignore[arg-type]
        else:
            raise ValueError(f"dynamodb: knows {_KNOWN}, not {key}={value} (docs: stores)")
    return settings


def _default_region() -> str:
    return os.environ.get("AWS_DEFAULT_REGION", "us-east-1")
