"""Tokens good and bad, made by hand: PyJWT would refuse to make most of the bad ones."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from dataclasses import dataclass
from functools import cache
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, utils

from ropewalk_server.auth.keys import Key, StaticKeys, public_key
from ropewalk_server.auth.tokens import TokenRules, TokenVerifier

NOW = 1_800_000_000.0
ISSUER = "https://issuer.example/pool"
AUDIENCE = "letters"


def b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


@cache
def rsa_key(name: str, bits: int = 2048) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


@cache
def ec_key(name: str, curve: type[ec.EllipticCurve] = ec.SECP256R1) -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(curve())


@cache
def ed_key(name: str) -> ed25519.Ed25519PrivateKey:
    return ed25519.Ed25519PrivateKey.generate()


def public_pem(key: Any) -> bytes:
    return key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def sign(algorithm: str, key: Any, signed: bytes) -> bytes:
    """A signature as JWS wants it; `key` is a private key, or the bytes of a secret."""
    if algorithm.lower() == "none":
        return b""
    digest = {"256": hashes.SHA256, "384": hashes.SHA384, "512": hashes.SHA512}.get(algorithm[2:])
    if algorithm.startswith("HS"):
        return hmac.new(key, signed, getattr(hashlib, f"sha{algorithm[2:]}")).digest()
    if algorithm.startswith("RS"):
        return key.sign(signed, padding.PKCS1v15(), digest())
    if algorithm.startswith("PS"):
        salt = digest().digest_size
        return key.sign(signed, padding.PSS(padding.MGF1(digest()), salt), digest())
    if algorithm.startswith("ES"):
        r, s = utils.decode_dss_signature(key.sign(signed, ec.ECDSA(digest())))
        size = (key.curve.key_size + 7) // 8
        return r.to_bytes(size, "big") + s.to_bytes(size, "big")
    return key.sign(signed)


def claims(**changes: Any) -> dict[str, Any]:
    """What a good token says, with changes; a value of `...` leaves a claim out."""
    body = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": "alice",
        "name": "Alice",
        "tenant": "acme",
        "iat": NOW - 60,
        "exp": NOW + 3600,
    }
    return {k: v for k, v in {**body, **changes}.items() if v is not ...}


def make(
    body: dict[str, Any] | bytes | None = None,
    *,
    algorithm: str = "RS256",
    key: Any = None,
    header: dict[str, Any] | bytes | None = None,
    **more_header: Any,
) -> str:
    """A token; `header` instead of the usual one, `more_header` beside it."""
    usual = {"alg": algorithm, "typ": "JWT", "kid": "rsa-1", **more_header}
    head = header if header is not None else {k: v for k, v in usual.items() if v is not ...}
    raw_head = head if isinstance(head, bytes) else json.dumps(head).encode()
    body = claims() if body is None else body
    raw_body = body if isinstance(body, bytes) else json.dumps(body).encode()
    signed = f"{b64(raw_head)}.{b64(raw_body)}"
    return f"{signed}.{b64(sign(algorithm, key or rsa_key('one'), signed.encode()))}"


@dataclass(frozen=True)
class World:
    """An issuer with keys of each kind."""

    keys: StaticKeys
    verifier: TokenVerifier


@cache
def world(**changes: Any) -> World:
    keys = StaticKeys(
        [
            public_key(rsa_key("one").public_key(), "rsa-1", "RS256"),
            public_key(rsa_key("two").public_key(), "rsa-2"),
            public_key(ec_key("one").public_key(), "ec-1"),
            public_key(ec_key("p384", ec.SECP384R1).public_key(), "ec-2"),
            public_key(ed_key("one").public_key(), "ed-1"),
            Key("hs-1", frozenset({"HS256"}), b"0123456789abcdef0123456789abcdef"),
        ]
    )
    settings = {
        "issuer": ISSUER,
        "audiences": frozenset({AUDIENCE, "drafts"}),
        "algorithms": frozenset({"RS256", "PS256", "ES256", "EdDSA"}),
        "tenant_claim": "tenant",
        **changes,
    }
    return World(keys, TokenVerifier(TokenRules(**settings), keys, now=lambda: NOW))
