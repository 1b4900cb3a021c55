"""Public keys, each bound to the algorithms it may be used with.

The token names an algorithm and a key, the key says whether that is one of its own: a token cannot
make a public key into a secret of HS256 by asking for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from .identity import Refused

_RSA = frozenset({"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"})
_CURVES = {"P-256": "ES256", "P-384": "ES384", "P-521": "ES512"}
_HMAC_BYTES = {"HS256": 32, "HS384": 48, "HS512": 64}

# All that a configuration may name. `none` is not among them and cannot be added.
KNOWN_ALGORITHMS = _RSA | frozenset(_CURVES.values()) | {"EdDSA"} | frozenset(_HMAC_BYTES)

MIN_RSA_BITS = 2048


class BadKey(ValueError):
    """A key that cannot be used to check signatures."""


@dataclass(frozen=True, slots=True)
class Key:
    """What checks a signature: `material` is what PyJWT takes for each of `algorithms`."""

    kid: str | None
    algorithms: frozenset[str]
    material: Any


class KeySource(Protocol):
    async def key(self, kid: str | None) -> Key:
        """The key of that name; without a name, the only one. Refused if there is none."""
        ...


class StaticKeys:
    """Keys that are known from the start."""

    def __init__(self, keys: Iterable[Key]) -> None:
        self._keys = tuple(keys)

    async def key(self, kid: str | None) -> Key:
        return choose(self._keys, kid)


def choose(keys: tuple[Key, ...], kid: str | None) -> Key:
    found = [key for key in keys if kid is None or key.kid == kid]
    if len(found) != 1:
        raise Refused("the token is signed with a key that is not known here")
    return found[0]


def secret_key(secret: str | bytes, algorithm: str = "HS256", kid: str | None = None) -> Key:
    """A shared secret for one HMAC algorithm. One that is shorter than the hash is refused."""
    raw = secret.encode() if isinstance(secret, str) else secret
    needed = _HMAC_BYTES.get(algorithm)
    if needed is None:
        raise BadKey(f"{algorithm} has no shared secret; those that have: HS256, HS384, HS512")
    if len(raw) < needed:
        raise BadKey(f"a secret for {algorithm} has at least {needed} bytes; this has {len(raw)}")
    if raw.lstrip().startswith((b"-----BEGIN", b"ssh-")):
        raise BadKey("this is a public or private key, not a shared secret")
    return Key(kid, frozenset({algorithm}), raw)


def public_key_algorithms(material: Any) -> frozenset[str]:
    """The algorithms of a public key, by what it is."""
    if isinstance(material, rsa.RSAPublicKey):
        if material.key_size < MIN_RSA_BITS:
            raise BadKey(
                f"an RSA key has at least {MIN_RSA_BITS} bits; this has {material.key_size}"
            )
        return _RSA
    if isinstance(material, ec.EllipticCurvePublicKey):
        names = {"secp256r1": "ES256", "secp384r1": "ES384", "secp521r1": "ES512"}
        if material.curve.name in names:
            return frozenset({names[material.curve.name]})
    if isinstance(material, ed25519.Ed25519PublicKey):
        return frozenset({"EdDSA"})
    raise BadKey("a key is RSA, P-256, P-384, P-521 or Ed25519; this is none of them")


def public_key(material: Any, kid: str | None = None, algorithm: str | None = None) -> Key:
    """A key of `cryptography`, for its algorithms or for one of them."""
    possible = public_key_algorithms(material)
    if algorithm is not None:
        if algorithm not in possible:
            raise BadKey(
                f"{algorithm} does not fit this key; it fits {', '.join(sorted(possible))}"
            )
        possible = frozenset({algorithm})
    return Key(kid, possible, material)


def key_from_jwk(jwk: Mapping[str, Any]) -> Key:
    """A public key of a JWKS. Shared secrets and private keys have no place there."""
    if not isinstance(jwk, Mapping):
        raise BadKey("a key is not a JSON object")
    if jwk.get("kty") not in ("RSA", "EC", "OKP"):
        raise BadKey("a published key is of type RSA, EC or OKP")
    if "d" in jwk:
        raise BadKey("a published key is private")
    if jwk.get("use", "sig") != "sig":
        raise BadKey("a key is not for signatures")
    operations = jwk.get("key_ops")
    if operations is not None and (not isinstance(operations, list) or "verify" not in operations):
        raise BadKey("a key is not for checking signatures")
    kid, algorithm = jwk.get("kid"), jwk.get("alg")
    if kid is not None and not isinstance(kid, str):
        raise BadKey("the name of a key is not a string")
    if algorithm is not None and algorithm not in KNOWN_ALGORITHMS:
        raise BadKey("a key is for an algorithm that is not known here")
    default = {"RSA": "RS256", "OKP": "EdDSA"}.get(jwk["kty"]) or _CURVES.get(str(jwk.get("crv")))
    if default is None:
        raise BadKey("a key is on a curve that is not known here")
    try:
        material = jwt.PyJWK(dict(jwk), default).key
    except (jwt.PyJWTError, ValueError, TypeError, KeyError) as error:
        raise BadKey("a key cannot be read") from error
    return public_key(material, kid, algorithm)
