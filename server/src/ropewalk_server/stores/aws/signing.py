"""AWS Signature Version 4, for requests whose body is in memory."""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Mapping
from urllib.parse import quote

from ropewalk_server.stores.aws.credentials import Keys

_ALGORITHM = "AWS4-HMAC-SHA256"


def _mac(key: bytes, text: str) -> bytes:
    return hmac.digest(key, text.encode(), "sha256")


class Signer:
    """Signs for one service of one region; the key of the day is made once."""

    def __init__(self, service: str, region: str) -> None:
        self._service = service
        self._region = region
        self._made: tuple[str, str] = ("", "")  # the day and the secret that the key is of
        self._key = b""

    def sign(
        self,
        keys: Keys,
        method: str,
        host: str,
        path: str,
        query: Mapping[str, str],
        headers: Mapping[str, str],
        body: bytes,
        *,
        now: float | None = None,
    ) -> dict[str, str]:
        """The headers with those of the signature. `path` is quoted already, and sent as it is."""
        moment = time.gmtime(now)
        stamp = time.strftime("%Y%m%dT%H%M%SZ", moment)
        day = stamp[:8]
        digest = hashlib.sha256(body).hexdigest()
        signed = {name.lower(): " ".join(value.split()) for name, value in headers.items()}
        signed |= {"host": host, "x-amz-date": stamp, "x-amz-content-sha256": digest}
        if keys.token:
            signed["x-amz-security-token"] = keys.token
        names = ";".join(sorted(signed))
        canonical = "\n".join(
            (
                method,
                path,
                query_string(query),
                *(f"{name}:{signed[name]}" for name in sorted(signed)),
                "",
                names,
                digest,
            )
        )
        scope = f"{day}/{self._region}/{self._service}/aws4_request"
        hashed = hashlib.sha256(canonical.encode()).hexdigest()
        signature = hmac.digest(
            self._key_of(day, keys.secret),
            f"{_ALGORITHM}\n{stamp}\n{scope}\n{hashed}".encode(),
            "sha256",
        ).hex()
        signed["authorization"] = (
            f"{_ALGORITHM} Credential={keys.access}/{scope}, SignedHeaders={names}, "
            f"Signature={signature}"
        )
        return signed

    def presign(
        self, keys: Keys, host: str, path: str, seconds: int, *, now: float | None = None
    ) -> dict[str, str]:
        """The query with which a GET of this path is signed, whatever its headers are."""
        moment = time.gmtime(now)
        stamp = time.strftime("%Y%m%dT%H%M%SZ", moment)
        day = stamp[:8]
        scope = f"{day}/{self._region}/{self._service}/aws4_request"
        query = {
            "X-Amz-Algorithm": _ALGORITHM,
            "X-Amz-Credential": f"{keys.access}/{scope}",
            "X-Amz-Date": stamp,
            "X-Amz-Expires": str(seconds),
            "X-Amz-SignedHeaders": "host",
        }
        if keys.token:
            query["X-Amz-Security-Token"] = keys.token
        canonical = "\n".join(
            ("GET", path, query_string(query), f"host:{host}", "", "host", "UNSIGNED-PAYLOAD")
        )
        hashed = hashlib.sha256(canonical.encode()).hexdigest()
        query["X-Amz-Signature"] = hmac.digest(
            self._key_of(day, keys.secret),
            f"{_ALGORITHM}\n{stamp}\n{scope}\n{hashed}".encode(),
            "sha256",
        ).hex()
        return query

    def _key_of(self, day: str, secret: str) -> bytes:
        if self._made != (day, secret):
            key = _mac(_mac(f"AWS4{secret}".encode(), day), self._region)
            self._key = _mac(_mac(key, self._service), "aws4_request")
            self._made = day, secret
        return self._key


def query_string(query: Mapping[str, str]) -> str:
    """As it is signed, and therefore as it is sent."""
    pairs = sorted(
        (quote(name, safe="-_.~"), quote(value, safe="-_.~")) for name, value in query.items()
    )
    return "&".join(f"{name}={value}" for name, value in pairs)
