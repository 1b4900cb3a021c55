"""A document before the first connection: where messages are short, as behind Amazon API Gateway, a
large one comes quicker by its address, and what was written since through the connection."""

from __future__ import annotations

import asyncio
import json
import logging
from base64 import b64decode
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from urllib.error import HTTPError
from urllib.parse import quote
from urllib.request import Request, urlopen

from ._tokens import Token, resolved

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class FetchedSnapshot:
    """`update`: what the server had; `epoch`: to which epoch of the document that belongs."""

    update: bytes
    epoch: int


# By the name of a document. None: there is none, and all comes through the connection.
FetchSnapshot = Callable[[str], Awaitable["FetchedSnapshot | None"]]


async def fetched(snapshot: FetchSnapshot, name: str) -> FetchedSnapshot | None:
    """None also where it has failed: nothing depends on it."""
    try:
        return await snapshot(name)
    except Exception as error:
        logger.warning("%s: all comes through the connection: %s", name, error)
        return None


def snapshot_from(
    api: str, *, token: Token = None, timeout: float = 60, largest: int = 1 << 28
) -> FetchSnapshot:
    """From the HTTP API of Ropewalk's functions on AWS: `snapshot_from("https://example.org/api")`.

    Args:
        api: What the paths of the API begin with.
        token: As for connect().
        timeout: Seconds that each of the two requests waits for the other side.
        largest: Bytes; a document beyond that comes through the connection, in parts.
    """
    _check(api)

    async def fetch(name: str) -> FetchedSnapshot | None:
        headers = {}
        if (said := await resolved(token)) is not None:
            headers["Authorization"] = f"Bearer {said}"
        url = f"{api.rstrip('/')}/documents/{quote(name, safe='')}/snapshot"
        answer = await asyncio.to_thread(_get, Request(url, headers=headers), timeout, 1 << 24)
        if answer is None:
            return None
        about: dict[str, Any] = json.loads(answer)
        if about["size"] > largest:
            return None
        if "update" in about:
            return FetchedSnapshot(b64decode(about["update"]), about["epoch"])
        # Its address is its permission.
        update = await asyncio.to_thread(_get, Request(about["url"]), timeout, about["size"])
        return None if update is None else FetchedSnapshot(update, about["epoch"])

    return fetch


def _check(url: str) -> None:
    """ValueError: it is none of HTTP, such as that of a file here."""
    if not url.startswith(("https://", "http://")):
        raise ValueError(f"{url!r} is no address: https://...")


def _get(request: Request, timeout: float, largest: int) -> bytes | None:
    _check(request.full_url)
    try:
        with urlopen(request, timeout=timeout) as answer:
            data: bytes = answer.read(largest + 1)
    except HTTPError as error:
        if error.code == 404:
            return None
        raise
    if len(data) > largest:
        raise ValueError(f"{request.full_url.partition('?')[0]}: more than {largest} bytes")
    return data
