"""Lambda@Edge: who may see the page. It stands alone, so it is tested as it is deployed."""

import base64
import hashlib
import json
import subprocess
import sys
import time
import zipfile

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from ropewalk_server.lambdas import edge

KEY = rsa.generate_private_key(65537, 2048)
OTHER = rsa.generate_private_key(65537, 2048)
ISSUER, AUDIENCE = "https://cognito-idp.example/pool", "client"


def part_of(number):
    size = (number.bit_length() + 7) // 8
    return base64.urlsafe_b64encode(number.to_bytes(size, "big")).rstrip(b"=").decode()


def jwk(key, kid):
    numbers = key.public_key().public_numbers()
    return {"kty": "RSA", "kid": kid, "n": part_of(numbers.n), "e": part_of(numbers.e)}


GUARD = {
    "issuer": ISSUER,
    "audience": AUDIENCE,
    "cookie": "session",
    "sign_in": "https://sign-in.example/login?to=",
    "keys": [jwk(KEY, "one")],
    "open": ["/health"],
}
SETTINGS = {"stage": "v1", "sockets": "/collab/", "protect": GUARD}


def token(key=KEY, kid="one", algorithm="RS256", **claims):
    body = {"iss": ISSUER, "aud": AUDIENCE, "sub": "ann", "exp": time.time() + 60, **claims}
    return jwt.encode(body, key, algorithm=algorithm, headers={"kid": kid})


def ask(folder, *requests):
    """What the function answers, run from its folder with no environment at all."""
    code = (
        f"import sys, json; sys.path.insert(0, {str(folder)!r}); import edge\n"
        "for line in sys.stdin: print(json.dumps(edge.handler(json.loads(line))))"
    )
    events = [
        json.dumps({"Records": [{"cf": {"request": {"querystring": "", "headers": {}, **one}}}]})
        for one in requests
    ]
    done = subprocess.run(
        [sys.executable, "-I", "-c", code],
        input="\n".join(events),
        env={},
        capture_output=True,
        text=True,
        check=True,
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


def cookie(value):
    return {"headers": {"cookie": [{"key": "Cookie", "value": f"a=b; session={value}"}]}}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("edge")
    edge.build(made, SETTINGS)
    return made


def test_who_shows_no_valid_token_is_sent_to_the_sign_in(folder):
    page = {"uri": "/letters", "querystring": "a=1"}
    none, bad, good, opened = ask(
        folder, page, page | cookie("nonsense"), page | cookie(token()), {"uri": "/health"}
    )
    for refused in (none, bad):
        assert refused["status"] == "302"
        location = refused["headers"]["location"][0]["value"]
        assert location == "https://sign-in.example/login?to=%2Fletters%3Fa%3D1"
    assert "status" not in good and good["uri"] == "/letters"
    assert "status" not in opened


def test_forged_tokens_are_none(folder):
    good = token()
    head, body, signature = good.split(".")
    public = KEY.public_key().public_numbers()
    secret = public.n.to_bytes(256, "big")
    unsigned = base64.urlsafe_b64encode(b'{"alg":"none","kid":"one"}').rstrip(b"=").decode()
    forged = {
        "another key": token(OTHER),
        "an unknown key": token(OTHER, "two"),
        "none": f"{unsigned}.{body}.",
        "hs256 with the public key": token(secret, algorithm="HS256"),
        "expired": token(exp=time.time() - 1),
        "not yet": token(nbf=time.time() + 600),
        "another issuer": token(iss="https://evil.example"),
        "another audience": token(aud="other"),
        "no end": jwt.encode({"iss": ISSUER, "aud": AUDIENCE}, KEY, "RS256", {"kid": "one"}),
        "another body": f"{head}.{body[:-4]}AAAA.{signature}",
        "another signature": f"{head}.{body}.{signature[:-8]}AAAAAAAA",
        "a short signature": f"{head}.{body}.{signature[:-8]}",
        "two parts": f"{head}.{body}",
        "too long": good + "A" * 20_000,
        "sha-1 of it": f"{head}.{body}.{base64.urlsafe_b64encode(hashlib.sha1(b'x').digest()).decode()}",
        "nested": f"{base64.urlsafe_b64encode(b'[' * 5000).decode()}.{body}.{signature}",
    }
    pages = [{"uri": "/"} | cookie(one) for one in (good, *forged.values())]
    first, *others = ask(folder, *pages)
    assert "status" not in first
    for name, answer in zip(forged, others, strict=True):
        assert answer.get("status") == "302", name


def test_it_stands_alone_and_is_small(folder, tmp_path):
    """No environment, no package, one file and its settings; soon done."""
    with zipfile.ZipFile(tmp_path / "edge.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for file in folder.iterdir():
            if file.is_file():
                archive.write(file, file.name)
    assert (tmp_path / "edge.zip").stat().st_size < 100_000
    began = time.monotonic()
    answers = ask(folder, *([{"uri": "/"} | cookie(token())] * 200))
    assert len(answers) == 200 and time.monotonic() - began < 5
