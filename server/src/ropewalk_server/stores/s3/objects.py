"""S3's protocol, as far as it is needed: objects of one bucket whose keys begin with one prefix,
written on condition, read whole or by range, listed and erased."""

from __future__ import annotations

import asyncio
import os
import re
import time
from calendar import timegm
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass, replace
from html import unescape
from typing import NamedTuple
from urllib.parse import parse_qsl, quote

from ropewalk_server.stores.aws.credentials import Credentials
from ropewalk_server.stores.aws.http import Response
from ropewalk_server.stores.aws.service import Patience, Service
from ropewalk_server.stores.contract import StoreError

_TOGETHER = 16
_ENTRY = re.compile(r"<Contents>(.*?)</Contents>", re.DOTALL)
_SENTENCES = {
    "NoSuchBucket": "there is no such bucket: make it with `ropewalk store create`",
    "AccessDenied": "this role may not do that: docs/guides/stores.md lists the rights it needs",
    "InvalidAccessKeyId": "S3 does not know these credentials",
    "SignatureDoesNotMatch": "the signature is not right: wrong secret, or a clock that is off",
}


@dataclass(frozen=True, slots=True)
class Place:
    bucket: str
    prefix: str = ""
    region: str = ""
    endpoint: str = ""
    patience: Patience | None = None

    @classmethod
    def from_url(cls, url: str, region: str = "") -> Place:
        """`s3://BUCKET/PREFIX?region=...&endpoint=...&timeout=3&patience=10`, with or without `s3:`."""
        path, _, query = url.removeprefix("s3:").partition("?")
        bucket, _, prefix = path.strip("/").partition("/")
        if not bucket:
            raise ValueError("s3: needs the name of a bucket: s3://bucket/prefix")
        place = cls(bucket, f"{prefix}/" if prefix else "", region)
        for key, value in parse_qsl(query, keep_blank_values=True):
            if key in Patience.SETTINGS:
                patience = (place.patience or Patience()).with_setting(key, value)
                place = replace(place, patience=patience)
            elif key in ("region", "endpoint") and value:
                place = replace(place, **{key: value})  # type: ignore[arg-type]
            else:
                raise ValueError(
                    f"s3: knows region, endpoint, timeout and patience, not {key}={value} "
                    "(docs: stores)"
                )
        return place


class Listed(NamedTuple):
    key: str
    size: int
    changed_at: float


class Object(NamedTuple):
    data: bytes
    tag: str  # another one for other data


class Changed(Exception):
    """The condition of a write did not hold."""


class Objects:
    """Keys are given and named without the prefix."""

    def __init__(self, place: Place, credentials: Credentials) -> None:
        region = place.region or os.environ.get("AWS_REGION", "") or _default_region()
        endpoint = place.endpoint or os.environ.get("AWS_ENDPOINT_URL_S3", "")
        self.place = place
        self._region = region
        # A bucket's own host is what AWS wants; what speaks like it often has one host for all.
        self._path = f"/{place.bucket}" if endpoint else ""
        endpoint = endpoint or f"https://{place.bucket}.s3.{region}.amazonaws.com"
        self._service = Service("s3", endpoint, region, credentials, place.patience)

    async def open(self) -> None:
        """Says at once what is wrong with the bucket or the rights to it."""
        async for _ in self.list("", most=1):
            return

    async def close(self) -> None:
        self._service.close()

    async def create_bucket(self) -> bool:
        """False if it was there."""
        where = f"<LocationConstraint>{self._region}</LocationConstraint>"
        body = f"<CreateBucketConfiguration>{where}</CreateBucketConfiguration>".encode()
        response = await self._service.send(
            "PUT", self._path or "/", {}, b"" if self._region == "us-east-1" else body
        )
        if response.status == 409 and b"BucketAlreadyOwnedByYou" in response.body:
            return False
        _check("CreateBucket", response)
        return True

    def _key(self, key: str) -> str:
        return f"{self._path}/{quote(self.place.prefix + key, safe='/-_.~')}"

    async def put(self, key: str, data: bytes, condition: Mapping[str, str] | None = None) -> str:
        """The tag. Changed if the condition (If-Match, If-None-Match) does not hold."""
        while True:
            response = await self._service.send("PUT", self._key(key), condition or {}, data)
            # 409: another write of this object is under way; its end decides.
            if response.status != 409:
                break
            await asyncio.sleep(0.05)
        if condition and response.status in (412, 404) and b"NoSuchBucket" not in response.body:
            raise Changed
        _check("PutObject", response)
        return response.headers.get("etag", "")

    async def get(self, key: str, *, offset: int = 0, size: int | None = None) -> Object | None:
        """`size`: so many bytes from there, or as many as there are."""
        headers = {} if size is None else {"range": f"bytes={offset}-{offset + size - 1}"}
        response = await self._service.send("GET", self._key(key), headers)
        if response.status == 404 and b"NoSuchBucket" not in response.body:
            return None
        if response.status == 416:  # it is shorter
            return Object(b"", "")
        _check("GetObject", response)
        data = response.body
        if size is not None and response.status == 200:  # ranges are not done here
            data = data[offset : offset + size]
        return Object(data, response.headers.get("etag", ""))

    async def presign(self, key: str, seconds: int) -> str:
        """An address that anybody may read it at, for so long."""
        return await self._service.presign(self._key(key), seconds)

    async def get_all(self, keys: Iterable[str], size: int | None = None) -> list[Object | None]:
        """`size`: of each only the beginning."""
        places = asyncio.Semaphore(_TOGETHER)

        async def get(key: str) -> Object | None:
            async with places:
                return await self.get(key, size=size)

        return await asyncio.gather(*map(get, keys))

    async def delete(self, keys: Iterable[str]) -> None:
        places = asyncio.Semaphore(_TOGETHER)

        async def delete(key: str) -> None:
            async with places:
                response = await self._service.send("DELETE", self._key(key), {})
                if response.status != 404:
                    _check("DeleteObject", response)

        await asyncio.gather(*map(delete, keys))

    async def list(
        self, prefix: str, *, after: str = "", most: int = 1000
    ) -> AsyncIterator[Listed]:
        """In order of their keys; a page has 1,000 at most."""
        whole = len(self.place.prefix)
        query = {
            "list-type": "2",
            "prefix": self.place.prefix + prefix,
            "max-keys": str(min(most, 1000)),
        }
        if after:
            query["start-after"] = self.place.prefix + after
        while True:
            response = await self._service.send("GET", self._path or "/", {}, b"", query)
            _check("ListObjectsV2", response)
            text = response.body.decode()
            for entry in _ENTRY.findall(text):
                yield Listed(
                    unescape(_inside("Key", entry))[whole:],
                    int(_inside("Size", entry)),
                    _seconds(_inside("LastModified", entry)),
                )
            token = unescape(_inside("NextContinuationToken", text))
            if not token:
                return
            query["continuation-token"] = token


def _inside(name: str, text: str) -> str:
    found = re.search(f"<{name}>(.*?)</{name}>", text, re.DOTALL)
    return found[1] if found else ""


def _seconds(stamp: str) -> float:
    return timegm(time.strptime(stamp[:19], "%Y-%m-%dT%H:%M:%S"))


def _check(operation: str, response: Response) -> None:
    if response.status < 300:
        return
    text = response.body[:1000].decode(errors="replace")
    kind = _inside("Code", text)
    sentence = _SENTENCES.get(kind, "S3 refused it")
    said = f"{operation}: {sentence} ({kind or response.status}: {_inside('Message', text)})"
    raise StoreError(said, transient=False)


def _default_region() -> str:
    return os.environ.get("AWS_DEFAULT_REGION", "us-east-1")
