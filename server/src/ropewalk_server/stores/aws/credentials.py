"""Where the keys come from that requests are signed with, in the order in which AWS's own tools
look: the environment (as in Lambda), the container's agent, what botocore knows (profiles, single
sign-on) if it is installed, the machine itself."""

from __future__ import annotations

import asyncio
import json
import os
import time
from calendar import timegm
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from ropewalk_server.stores.aws.http import Connections, Response
from ropewalk_server.stores.contract import StoreError

_AGENT = "http://169.254.170.2"
_MACHINE = "http://169.254.169.254"
_ROLES = "/latest/meta-data/iam/security-credentials/"
# Keys are renewed so long before they end, and looked for so long.
_AHEAD_SECONDS = 300.0
_LOOK_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Keys:
    access: str
    secret: str
    token: str = ""
    ends_at: float = float("inf")


class Credentials:
    """Finds keys when they are first asked for, and again before they end."""

    def __init__(self, environment: Mapping[str, str] | None = None) -> None:
        self._environment = os.environ if environment is None else environment
        self._keys: Keys | None = None
        self._finding = asyncio.Lock()

    async def get(self) -> Keys:
        keys = self._keys
        if keys is not None and keys.ends_at - time.time() > _AHEAD_SECONDS:
            return keys
        async with self._finding:
            if self._keys is keys:
                self._keys = await self._find()
            assert self._keys is not None
            return self._keys

    async def _find(self) -> Keys:
        known = self._environment
        if known.get("AWS_ACCESS_KEY_ID") and known.get("AWS_SECRET_ACCESS_KEY"):
            return Keys(
                known["AWS_ACCESS_KEY_ID"],
                known["AWS_SECRET_ACCESS_KEY"],
                known.get("AWS_SESSION_TOKEN", ""),
            )
        keys = await self._of_container()
        if keys is None:
            keys = await asyncio.to_thread(_of_botocore)
        if keys is None and known.get("AWS_EC2_METADATA_DISABLED", "").lower() != "true":
            keys = await self._of_machine()
        if keys is None:
            raise StoreError(
                "no AWS credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, run with a "
                "role, or install botocore for profiles (pip install botocore)",
                transient=False,
            )
        return keys

    async def _of_container(self) -> Keys | None:
        known = self._environment
        url = known.get("AWS_CONTAINER_CREDENTIALS_FULL_URI", "")
        path = known.get("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "")
        if not url and not path:
            return None
        headers = {}
        if known.get("AWS_CONTAINER_AUTHORIZATION_TOKEN"):
            headers["authorization"] = known["AWS_CONTAINER_AUTHORIZATION_TOKEN"]
        found = await _look("GET", url or _AGENT + path, headers)
        return None if found is None else _keys_of(json.loads(found.body))

    async def _of_machine(self) -> Keys | None:
        """With a token first, which keeps requests that were passed on from reading them."""
        asked = {"x-aws-ec2-metadata-token-ttl-seconds": "300"}
        token = await _look("PUT", _MACHINE + "/latest/api/token", asked)
        if token is None:
            return None
        headers = {"x-aws-ec2-metadata-token": token.body.decode()}
        role = await _look("GET", _MACHINE + _ROLES, headers)
        if role is None:
            return None
        name = role.body.decode().split("\n")[0]
        found = await _look("GET", _MACHINE + _ROLES + name, headers)
        return None if found is None else _keys_of(json.loads(found.body))


async def _look(method: str, url: str, headers: dict[str, str]) -> Response | None:
    """None if nobody answers there."""
    parts = urlsplit(url)
    connections = Connections(url, most=1)
    try:
        async with asyncio.timeout(_LOOK_SECONDS):
            path = parts.path + (f"?{parts.query}" if parts.query else "")
            headers = {"host": parts.netloc, **headers}
            response = await connections.request(method, path, headers, b"")
    except (OSError, EOFError, TimeoutError, ValueError):
        return None
    finally:
        connections.close()
    return response if response.status == 200 else None


def _keys_of(found: dict[str, Any]) -> Keys:
    ends_at = timegm(time.strptime(found["Expiration"], "%Y-%m-%dT%H:%M:%SZ"))
    return Keys(found["AccessKeyId"], found["SecretAccessKey"], found["Token"], ends_at)


def _of_botocore() -> Keys | None:
    """What a profile or single sign-on gives; it is asked again every quarter of an hour."""
    try:
        from botocore.session import Session  # type: ignore[import-untyped]
    except ImportError:
        return None
    found = Session().get_credentials()
    if found is None:
        return None
    frozen = found.get_frozen_credentials()
    return Keys(frozen.access_key, frozen.secret_key, frozen.token or "", time.time() + 900)
