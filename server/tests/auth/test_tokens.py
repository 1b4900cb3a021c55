"""T18: each token of a matrix, good or forged, has the verdict it must have."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, x25519

from ropewalk_server.auth.identity import Refused
from ropewalk_server.auth.keys import BadKey, StaticKeys, key_from_jwk, public_key, secret_key
from ropewalk_server.auth.tokens import MAX_TOKEN_BYTES, TokenRules, TokenVerifier, TrustedIssuers

from .forge import (
    AUDIENCE,
    ISSUER,
    NOW,
    b64,
    claims,
    ec_key,
    ed_key,
    make,
    public_pem,
    rsa_key,
    world,
)  # fmt: skip

COGNITO = {"token_uses": frozenset({"id", "access"})}


def _tampered(token: str, part: int, change: Any) -> str:
    parts = token.split(".")
    parts[part] = change(parts[part])
    return ".".join(parts)


def _with_body(token: str, body: dict[str, Any]) -> str:
    return _tampered(token, 1, lambda _: b64(json.dumps(body).encode()))


def _padded_to(size: int) -> str:
    """A good token of exactly so many bytes, by a claim that means nothing."""
    first = (size - len(make(claims(x="")))) * 3 // 4 - 8
    for more in range(first, size):
        token = make(claims(x="x" * more))
        if len(token) >= size:
            return token
    raise AssertionError


def _last_bits_set(part: str) -> str:
    """Other text for the same bytes: the bits that base64 leaves over are not zero."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    assert len(part) % 4 in (2, 3)
    return part[:-1] + alphabet[alphabet.index(part[-1]) | 1]


def _signed_by_public_key(algorithm: str, kid: str) -> str:
    pem = public_pem(rsa_key("one"))
    return make(algorithm=algorithm, key=pem, kid=kid)


GOOD: dict[str, str] = {
    "RS256": make(),
    "RS256 with a key for all RSA algorithms": make(key=rsa_key("two"), kid="rsa-2"),
    "PS256": make(algorithm="PS256", key=rsa_key("two"), kid="rsa-2"),
    "ES256": make(algorithm="ES256", key=ec_key("one"), kid="ec-1"),
    "EdDSA": make(algorithm="EdDSA", key=ed_key("one"), kid="ed-1"),
    "no typ": make(typ=...),
    "typ in small letters": make(typ="jwt"),
    "typ of an access token": make(typ="at+jwt"),
    "an unknown header that asks for nothing": make(hint="x"),
    "several audiences, one of them here": make(claims(aud=["other", AUDIENCE])),
    "the second audience": make(claims(aud="drafts")),
    "expired within the leeway": make(claims(exp=NOW - 29)),
    "expires in a fraction": make(claims(exp=NOW + 0.5)),
    "begins within the leeway": make(claims(nbf=NOW + 29)),
    "began long ago": make(claims(nbf=NOW - 86400)),
    "made within the leeway": make(claims(iat=NOW + 29)),
    "no iat": make(claims(iat=...)),
    "no name": make(claims(name=...)),
    "a name that is no text": make(claims(name=["Alice"])),
    "a name in another script": make(claims(name="王小明 🖋")),
    "claims nobody asked for": make(claims(scope="openid", nested={"a": [1, {"b": None}]})),
    "as long as may be": _padded_to(MAX_TOKEN_BYTES),
}

WRONG_KEY = rsa_key("mallory")
BAD: dict[str, str] = {
    # Not a token.
    "empty": "",
    "a word": "token",
    "one part": make().split(".")[0],
    "two parts": make().rsplit(".", 1)[0],
    "four parts": make() + ".x",
    "five parts, as if encrypted": ".".join(["eyJhbGciOiJSU0EifQ"] * 5),
    "dots": "..",
    "too long": _padded_to(MAX_TOKEN_BYTES) + "A",
    "a megabyte": "A" * 1_000_000,
    "a space before": " " + make(),
    "a line after": make() + "\n",
    "Bearer before": "Bearer " + make(),
    "not ASCII": make() + "é",
    "half a surrogate": make() + "\ud800",
    # Base64 and JSON in another spelling.
    "padding": _tampered(make(), 2, lambda p: p + "=="),
    "standard base64": make(header=b'{"alg":"RS256","kid":"rsa-1","x":"???>>>???"}').replace("_", "/").replace("-", "+"),
    "a line break inside": _tampered(make(), 2, lambda p: p[:9] + "\n" + p[9:]),
    "a stray character inside": _tampered(make(), 2, lambda p: p[:9] + "!" + p[9:]),
    "the bits left over": _tampered(make(), 2, _last_bits_set),
    "the header is a list": make(header=b'["RS256"]'),
    "the header is not JSON": make(header=b"{alg:RS256}"),
    "the header has alg twice": make(header=b'{"alg":"none","alg":"RS256","kid":"rsa-1"}'),
    "the header in UTF-16": make(header='{"alg":"RS256","kid":"rsa-1"}'.encode("utf-16")),
    "the header with a byte order mark": make(header=b'\xef\xbb\xbf{"alg":"RS256","kid":"rsa-1"}'),
    "the body is a string": make(b'"alice"'),
    "the body is empty": make(b""),
    "the body is not UTF-8": make(b'{"sub":"\xff"}'),
    "the body has sub twice": make(json.dumps(claims()).encode()[:-1] + b',"sub":"root"}'),
    "the body has a name twice deep inside": make(
        json.dumps(claims()).encode()[:-1] + b',"x":{"a":1,"a":2}}'
    ),
    "exp is NaN": make(claims(exp=float("nan"))),
    "exp is Infinity": make(claims(exp=float("inf"))),
    "exp is 1e999": make(json.dumps(claims(exp=...)).encode()[:-1] + b',"exp":1e999}'),
    "exp has five thousand digits": make(
        json.dumps(claims(exp=...)).encode()[:-1] + b',"exp":' + b"9" * 5000 + b"}"
    ),
    "exp has four hundred digits": make(
        json.dumps(claims(exp=...)).encode()[:-1] + b',"exp":' + b"9" * 400 + b"}"
    ),
    "nested without end": make(b'{"x":' + b"[" * 2500 + b"]" * 2500 + b"}"),
    "something after the body": make(json.dumps(claims()).encode() + b"{}"),
    # Algorithms.
    "alg none": make(algorithm="none"),
    "alg None": make(algorithm="None"),
    "alg nOnE with a signature": _tampered(make(algorithm="nOnE"), 2, lambda _: "c2ln"),
    "alg none, key of nobody": make(algorithm="none", kid=...),
    "alg is empty": make(header={"alg": "", "kid": "rsa-1"}),
    "alg is missing": make(header={"typ": "JWT", "kid": "rsa-1"}),
    "alg is a list": make(header={"alg": ["RS256"], "kid": "rsa-1"}),
    "alg is null": make(header={"alg": None, "kid": "rsa-1"}),
    "alg in small letters": make(header={"alg": "rs256", "kid": "rsa-1"}),
    "HS256 with the public key as secret": _signed_by_public_key("HS256", "rsa-1"),
    "HS384 with the public key as secret": _signed_by_public_key("HS384", "rsa-1"),
    "HS512 with the public key as secret": _signed_by_public_key("HS512", "rsa-1"),
    "HS256 with a good secret, not allowed here": make(
        algorithm="HS256", key=b"0123456789abcdef0123456789abcdef", kid="hs-1"
    ),
    "HS256 with an empty secret": make(algorithm="HS256", key=b"\0", kid="hs-1"),
    "an algorithm that is not allowed here": make(algorithm="RS512", key=rsa_key("two"), kid="rsa-2"),
    "another algorithm than the key's": make(algorithm="PS256", kid="rsa-1"),
    "ES256 said of an RSA key": make(algorithm="ES256", key=ec_key("one"), kid="rsa-1"),
    "ES256 said of a key on another curve": make(algorithm="ES256", key=ec_key("one"), kid="ec-2"),
    "RS256 said of a key of Ed25519": make(kid="ed-1"),
    "EdDSA said of a P-256 key": make(algorithm="EdDSA", key=ed_key("one"), kid="ec-1"),
    # Keys.
    "a key that is not known": make(key=WRONG_KEY, kid="mallory"),
    "no key named, of several": make(kid=...),
    "the right name, another key": make(key=WRONG_KEY),
    "the name of another key": make(kid="rsa-2"),
    "kid is a path": make(kid="../../dev/null"),
    "kid is SQL": make(kid="x' UNION SELECT 'key"),
    "kid is a number": make(kid=1),
    "kid is empty": make(kid=""),
    "kid is null beside several keys": make(kid=None),
    "kid is very long": make(kid="k" * 4000),
    "jku to one's own keys": make(key=WRONG_KEY, jku="https://mallory.example/jwks.json"),
    "jku beside a good signature": make(jku="https://issuer.example/jwks.json"),
    "x5u": make(x5u="https://mallory.example/cert.pem"),
    "x5c": make(key=WRONG_KEY, x5c=["MIIB"]),
    "jwk with the key itself": make(
        key=WRONG_KEY,
        jwk={"kty": "RSA", "e": "AQAB", "n": b64(WRONG_KEY.public_key().public_numbers().n.to_bytes(256, "big"))},
    ),
    "crit of something unknown": make(crit=["exp2"], exp2=1),
    "crit of something known": make(crit=["exp"]),
    "crit is empty": make(crit=[]),
    "b64 false": make(b64=False, crit=["b64"]),
    "zip": make(zip="DEF"),
    "cty": make(cty="JWT"),
    "typ of something else": make(typ="logout+jwt"),
    "typ is a number": make(typ=1),
    # Signatures.
    "no signature": _tampered(make(), 2, lambda _: ""),
    "a signature of zeros": _tampered(make(), 2, lambda _: b64(bytes(256))),
    "a signature cut short": _tampered(make(), 2, lambda p: b64(base64.urlsafe_b64decode(p + "==")[:-1])),
    "the signature of another token": _tampered(make(), 2, lambda _: make(claims(sub="bob")).split(".")[2]),
    "ES256 with r and s of zero": _tampered(
        make(algorithm="ES256", key=ec_key("one"), kid="ec-1"), 2, lambda _: b64(bytes(64))
    ),
    "ES256 in the DER form": _tampered(
        make(algorithm="ES256", key=ec_key("one"), kid="ec-1"), 2,
        lambda _: b64(ec_key("one").sign(b"x", ec.ECDSA(hashes.SHA256()))),
    ),
    "another user in the body": _with_body(make(), claims(sub="root")),
    "another tenant in the body": _with_body(make(), claims(tenant="umbrella")),
    "a later exp in the body": _with_body(make(), claims(exp=NOW + 10**6)),
    # Claims.
    "expired": make(claims(exp=NOW - 30)),
    "expired long ago": make(claims(exp=1)),
    "exp is missing": make(claims(exp=...)),
    "exp is null": make(claims(exp=None)),
    "exp is text": make(claims(exp=str(NOW + 3600))),
    "exp is true": make(claims(exp=True)),
    "exp is negative": make(claims(exp=-1)),
    "exp is in milliseconds times a million": make(claims(exp=10**18)),
    "not valid yet": make(claims(nbf=NOW + 31)),
    "nbf is text": make(claims(nbf="0")),
    "made tomorrow": make(claims(iat=NOW + 86400)),
    "iat is null": make(claims(iat=None)),
    "iss is missing": make(claims(iss=...)),
    "another issuer": make(claims(iss="https://mallory.example")),
    "the issuer with a slash": make(claims(iss=ISSUER + "/")),
    "the issuer in capitals": make(claims(iss=ISSUER.upper())),
    "issuers in a list": make(claims(iss=[ISSUER])),
    "aud is missing": make(claims(aud=...)),
    "another audience": make(claims(aud="todo")),
    "an audience that begins the same": make(claims(aud=AUDIENCE + "-admin")),
    "aud is an empty list": make(claims(aud=[])),
    "aud has a number beside the right one": make(claims(aud=[AUDIENCE, 1])),
    "aud is an object": make(claims(aud={AUDIENCE: True})),
    "client_id instead of aud, where it is not Cognito": make(claims(aud=..., client_id=AUDIENCE)),
    "sub is missing": make(claims(sub=...)),
    "sub is empty": make(claims(sub="")),
    "sub is blank": make(claims(sub="  ")),
    "sub is a number": make(claims(sub=7)),
    "sub is very long": make(claims(sub="a" * 257)),
    "sub has a line break": make(claims(sub="alice\nroot")),
    "sub has half a surrogate": make(claims(sub="\ud800")),
    "tenant is missing": make(claims(tenant=...)),
    "tenant is a list": make(claims(tenant=["acme"])),
    "tenant is empty": make(claims(tenant="")),
}  # fmt: skip

COGNITO_GOOD = {
    "an id token": claims(token_use="id"),
    "an access token": claims(token_use="access", aud=..., client_id=AUDIENCE),
}
COGNITO_BAD = {
    "no use": claims(),
    "another use": claims(token_use="refresh"),
    "uses in a list": claims(token_use=["id"]),
    "an id token without aud": claims(token_use="id", aud=..., client_id=AUDIENCE),
    "an id token for another client": claims(token_use="id", aud="other"),
    "an access token for another client": claims(token_use="access", aud=..., client_id="other"),
    "an access token without client": claims(token_use="access", aud=...),
    "an access token with aud": claims(token_use="access", client_id=AUDIENCE),
    "an access token with clients": claims(token_use="access", aud=..., client_id=[AUDIENCE]),
}


def test_the_matrix_is_as_large_as_promised() -> None:
    assert len(GOOD) + len(BAD) + len(COGNITO_GOOD) + len(COGNITO_BAD) >= 80


@pytest.mark.parametrize("case", GOOD)
async def test_good_tokens_are_taken(case: str) -> None:
    identity = await world().verifier.verify(GOOD[case])
    assert (identity.user, identity.tenant) == ("alice", "acme")
    assert identity.expires is not None
    assert identity.expires > NOW


@pytest.mark.parametrize("case", BAD)
async def test_forged_tokens_are_refused(case: str) -> None:
    with pytest.raises(Refused) as refused:
        await world().verifier.verify(BAD[case])
    expected = "expired" if case.startswith("expired") else "unauthorized"
    assert refused.value.code == expected
    # What is shown to a person holds nothing of the token.
    assert all(len(part) < 8 or part not in str(refused.value) for part in BAD[case].split("."))


@pytest.mark.parametrize("case", COGNITO_GOOD)
async def test_tokens_of_cognito_are_taken(case: str) -> None:
    identity = await world(**COGNITO).verifier.verify(make(COGNITO_GOOD[case]))
    assert identity.user == "alice"


@pytest.mark.parametrize("case", COGNITO_BAD)
async def test_forged_tokens_of_cognito_are_refused(case: str) -> None:
    with pytest.raises(Refused):
        await world(**COGNITO).verifier.verify(make(COGNITO_BAD[case]))


@pytest.mark.parametrize("use", ["id", "access"])
async def test_only_the_configured_use_of_cognito_is_taken(use: str) -> None:
    verifier = world(token_uses=frozenset({use})).verifier
    for name, body in COGNITO_GOOD.items():
        if body["token_use"] == use:
            await verifier.verify(make(body))
        else:
            with pytest.raises(Refused):
                await verifier.verify(make(body))
                pytest.fail(name)


async def test_a_shared_secret_works_where_it_is_the_only_way() -> None:
    secret = b"0123456789abcdef0123456789abcdef"
    verifier = world(algorithms=frozenset({"HS256"})).verifier
    identity = await verifier.verify(make(algorithm="HS256", key=secret, kid="hs-1"))
    assert identity.user == "alice"
    with pytest.raises(Refused):
        await verifier.verify(make())
    for kid in ("rsa-1", "rsa-2", "ec-1"):
        pem = public_pem(rsa_key("one"))
        signed = make(algorithm="HS256", key=pem, kid=kid)
        with pytest.raises(Refused):
            await verifier.verify(signed)


async def test_without_a_name_the_only_key_is_meant() -> None:
    rules = TokenRules(ISSUER, frozenset({AUDIENCE}), tenant_claim="tenant")
    keys = StaticKeys([public_key(rsa_key("one").public_key(), "rsa-1")])
    verifier = TokenVerifier(rules, keys, now=lambda: NOW)
    assert (await verifier.verify(make(kid=...))).user == "alice"
    with pytest.raises(Refused):
        await verifier.verify(make(kid="rsa-2"))


async def test_without_a_claim_for_tenants_all_are_of_one() -> None:
    verifier = world(tenant_claim=None, tenant="house").verifier
    identity = await verifier.verify(make(claims(tenant="umbrella")))
    assert identity.tenant == "house"


async def test_who_comes_in_by_the_leeway_stays_as_long_as_it_lasts() -> None:
    assert (await world().verifier.verify(make(claims(exp=NOW - 10)))).expires == NOW + 20
    assert (await world().verifier.verify(make(claims(exp=NOW + 10)))).expires == NOW + 10


async def test_each_issuer_has_its_own_keys_and_rules() -> None:
    other = "https://other.example"
    rules = TokenRules(other, frozenset({"todo"}), tenant_claim="org")
    keys = StaticKeys([public_key(rsa_key("other").public_key(), "rsa-1")])
    both = TrustedIssuers([world().verifier, TokenVerifier(rules, keys, now=lambda: NOW)])
    assert (await both.verify(make())).tenant == "acme"
    theirs = claims(iss=other, aud="todo", org="umbrella", tenant="acme")
    assert (await both.verify(make(theirs, key=rsa_key("other")))).tenant == "umbrella"
    for wrong in (make(theirs), make(key=rsa_key("other")), make(claims(iss="x")), "x"):
        with pytest.raises(Refused):
            await both.verify(wrong)
    with pytest.raises(ValueError, match="two verifiers"):
        TrustedIssuers([world().verifier, world().verifier])


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"algorithms": frozenset({"none"})}, "not none"),
        ({"algorithms": frozenset()}, "none at all"),
        ({"algorithms": frozenset({"HS256", "RS256"})}, "not both"),
        ({"audiences": frozenset()}, "audience"),
        ({"audiences": frozenset({""})}, "audience"),
        ({"issuer": ""}, "issuer"),
        ({"token_uses": frozenset({"refresh"})}, '"id" and "access"'),
    ],
)
def test_rules_that_would_let_anybody_in_are_refused(changes: dict[str, Any], says: str) -> None:
    settings = {"issuer": ISSUER, "audiences": frozenset({AUDIENCE}), **changes}
    with pytest.raises(ValueError, match=says):
        TokenRules(**settings)


def test_secrets_that_are_short_or_keys_are_refused() -> None:
    with pytest.raises(BadKey, match="at least 32"):
        secret_key("short")
    with pytest.raises(BadKey, match="not a shared secret"):
        secret_key(public_pem(rsa_key("one")))
    with pytest.raises(BadKey, match="no shared secret"):
        secret_key("x" * 64, "RS256")
    raw = b"x" * 64
    assert secret_key(raw, "HS512").algorithms == {"HS512"}
    assert hmac.new(secret_key(raw).material, b"", hashlib.sha256).digest()


JWK = {"kty": "EC", "crv": "P-256", "kid": "k", "x": None, "y": None}
POINT = ec_key("one").public_key().public_numbers()
JWK = {**JWK, "x": b64(POINT.x.to_bytes(32, "big")), "y": b64(POINT.y.to_bytes(32, "big"))}


@pytest.mark.parametrize(
    "changes",
    [
        {"kty": "oct", "k": "c2VjcmV0"}, {"kty": "XYZ"}, {"kty": None}, {"d": "AQ"}, {"use": "enc"},
        {"key_ops": ["sign"]}, {"key_ops": "verify"}, {"kid": 5}, {"alg": "none"}, {"alg": "HS256"},
        {"alg": "ES384"}, {"alg": "RS256"}, {"crv": "secp256k1"}, {"crv": None}, {"x": "AA"}, {"y": None},
        {"x": JWK["y"]},
    ],
)  # fmt: skip
def test_published_keys_that_are_no_keys_are_left_out(changes: dict[str, Any]) -> None:
    assert key_from_jwk(JWK).algorithms == {"ES256"}
    with pytest.raises(BadKey):
        key_from_jwk({**JWK, **changes})


def test_keys_of_other_kinds_are_refused() -> None:
    for other in (ec.generate_private_key(ec.SECP256K1()), x25519.X25519PrivateKey.generate()):
        with pytest.raises(BadKey, match="this is none of them"):
            public_key(other.public_key())
    with pytest.raises(BadKey, match="does not fit this key"):
        public_key(ed_key("one").public_key(), algorithm="RS256")
    assert public_key(ec_key("p521", ec.SECP521R1).public_key()).algorithms == {"ES512"}


def test_a_small_rsa_key_is_refused() -> None:
    with pytest.raises(BadKey, match="2048"):
        public_key(rsa_key("small", 1024).public_key())
