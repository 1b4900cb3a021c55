"""Lambda@Edge, viewer request: sends who shows no valid token to the sign-in, and sockets to where
API Gateway takes them, which has no paths of its own: `/collab/NAME` becomes the stage and `?doc=`.

It stands alone: one file and its settings, which are put beside it when it is built, for there are
no environment variables there, and room for little. So the one signature that Cognito makes (RS256)
is verified with what Python has."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlencode
from urllib.request import urlopen

SETTINGS = "edge.json"
_FETCH_SECONDS = 2.0
_FETCH_PAUSE = 60.0
_MOST_TOKEN = 16_384
# What a signature with SHA-256 begins with (PKCS #1 v1.5).
_SHA256 = bytes.fromhex("3031300d060960864801650304020105000420")
_LEAST_BITS = 2048

_settings: dict[str, Any] | None = None
_fetched: dict[str, dict[str, str]] = {}
_fetched_at = float("-inf")


def settings() -> dict[str, Any]:
    global _settings
    if _settings is None:
        _settings = json.loads((Path(__file__).parent / SETTINGS).read_text())
    return _settings


def handler(event: Mapping[str, Any], _context: object = None) -> dict[str, Any]:
    """The request, perhaps another one, or the answer."""
    request: dict[str, Any] = event["Records"][0]["cf"]["request"]
    chosen = settings()
    guard = chosen.get("protect")
    prefix = chosen["sockets"]
    if request["uri"].startswith(prefix):
        # A socket proves who it is itself, in its first message or by a ticket.
        query = [*parse_qsl(request.get("querystring", ""), keep_blank_values=True)]
        name = unquote(request["uri"][len(prefix) :])
        query = [(key, value) for key, value in query if key != "doc"]
        if name:
            query.append(("doc", name))
        return {**request, "uri": f"/{chosen['stage']}", "querystring": urlencode(query)}
    if guard is None or any(request["uri"].startswith(path) for path in guard.get("open", ())):
        return request
    token = _cookie(request, guard["cookie"])
    if token is not None and is_valid(token, guard, time.time()):
        return request
    where = request["uri"] + (f"?{request['querystring']}" if request.get("querystring") else "")
    location = f"{guard['sign_in']}{quote(where, safe='')}"
    return {
        "status": "302",
        "statusDescription": "Found",
        "headers": {
            "location": [{"key": "Location", "value": location}],
            "cache-control": [{"key": "Cache-Control", "value": "no-store"}],
        },
    }


def _cookie(request: Mapping[str, Any], name: str) -> str | None:
    for header in request.get("headers", {}).get("cookie", ()):
        for part in header["value"].split(";"):
            key, _, value = part.strip().partition("=")
            if key == name:
                return str(value)
    return None


def is_valid(token: str, guard: Mapping[str, Any], now: float) -> bool:
    """Whether our issuer has signed it, for us, and it has not expired."""
    try:
        if len(token) > _MOST_TOKEN:
            return False
        head, body, signature = token.split(".")
        header, claims = json.loads(_decoded(head)), json.loads(_decoded(body))
        if header["alg"] != "RS256":
            return False
        key = _key(header["kid"], guard)
        if key is None or not _is_signed(f"{head}.{body}".encode(), _decoded(signature), key):
            return False
        audience = claims.get("aud", claims.get("client_id"))
        audiences = audience if isinstance(audience, list) else [audience]
        return (
            claims["iss"] == guard["issuer"]
            and guard["audience"] in audiences
            and float(claims["exp"]) > now
            and float(claims.get("nbf", 0)) <= now + 60
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return False


def _decoded(part: str) -> bytes:
    return base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True)


def _is_signed(data: bytes, signature: bytes, key: Mapping[str, str]) -> bool:
    modulus = int.from_bytes(_decoded(key["n"]), "big")
    exponent = int.from_bytes(_decoded(key["e"]), "big")
    size = (modulus.bit_length() + 7) // 8
    if modulus.bit_length() < _LEAST_BITS or len(signature) != size:
        return False
    opened = pow(int.from_bytes(signature, "big"), exponent, modulus).to_bytes(size, "big")
    digest = _SHA256 + hashlib.sha256(data).digest()
    expected = b"\x00\x01" + b"\xff" * (size - len(digest) - 3) + b"\x00" + digest
    return hmac.compare_digest(opened, expected)


def _key(kid: object, guard: Mapping[str, Any]) -> Mapping[str, str] | None:
    """A key of the issuer: one that was built in, or one that it has published since."""
    global _fetched_at
    for key in (*guard.get("keys", ()), *_fetched.values()):
        if key.get("kid") == kid and key.get("kty") == "RSA":
            found: Mapping[str, str] = key
            return found
    if "jwks" in guard and time.monotonic() - _fetched_at > _FETCH_PAUSE:
        _fetched_at = time.monotonic()
        try:
            with urlopen(guard["jwks"], timeout=_FETCH_SECONDS) as answer:  # noqa: S310
                keys = json.loads(answer.read(1 << 20))["keys"]
        except (OSError, ValueError, KeyError):
            return None
        _fetched.update({str(key.get("kid")): key for key in keys})
        return _key(kid, guard)
    return None


def build(folder: Path, chosen: Mapping[str, Any]) -> list[str]:
    """Writes what is deployed into a folder: this file, and its settings; their names."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "edge.py").write_bytes(Path(__file__).read_bytes())
    (folder / SETTINGS).write_text(json.dumps(chosen, indent=1))
    return ["edge.py", SETTINGS]
