"""T18: a token that was changed in any way is refused. ROPEWALK_SOAK=1 tries 100,000 changes."""

from __future__ import annotations

import base64
import json
import os
import random
import string

import pytest

from ropewalk_server.auth.identity import Refused

from .forge import NOW, b64, claims, ec_key, ed_key, make, rsa_key, world

ROUNDS = 100_000 if os.environ.get("ROPEWALK_SOAK") else 2_000
ALPHABET = string.ascii_letters + string.digits + "-_.=+/ \n\0é"

ORIGINALS = (
    make(),
    make(algorithm="ES256", key=ec_key("one"), kid="ec-1"),
    make(algorithm="EdDSA", key=ed_key("one"), kid="ed-1"),
    make(claims(aud=["x", "letters"], nbf=NOW)),
)


def _characters(token: str, rng: random.Random) -> str:
    """Flips, cuts, repeats and swaps characters."""
    text = list(token)
    for _ in range(rng.choice((1, 1, 1, 2, 5))):
        if not text:
            break
        at = rng.randrange(len(text))
        match rng.randrange(5):
            case 0:
                text[at] = rng.choice(ALPHABET)
            case 1:
                del text[at : at + rng.choice((1, 1, 4, 40))]
            case 2:
                text.insert(at, rng.choice(ALPHABET))
            case 3:
                text[at:at] = text[at : at + rng.randrange(1, 30)]
            case 4:
                other = rng.randrange(len(text))
                text[at], text[other] = text[other], text[at]
    return "".join(text)


def _parts(token: str, rng: random.Random) -> str:
    """Mixes parts of several tokens."""
    mixed = [rng.choice(ORIGINALS).split(".")[part] for part in range(3)]
    if rng.random() < 0.2:
        rng.shuffle(mixed)
    return ".".join(mixed)


def _json(token: str, rng: random.Random) -> str:
    """Another header or body under the signature of the old."""
    parts = token.split(".")
    which = rng.randrange(2)
    page = json.loads(base64.urlsafe_b64decode(parts[which] + "=="))
    odd = [
        None,
        True,
        0,
        -1,
        2**63,
        1.5,
        "",
        "none",
        "x",
        [],
        {},
        ["letters"],
        NOW * 2,
        "HS256",
        "ed-1",
    ]
    name = rng.choice([*page, "alg", "kid", "jku", "crit", "exp", "nbf", "role", "sub", "tenant"])
    match rng.randrange(3):
        case 0:
            page[name] = rng.choice(odd)
        case 1:
            page.pop(name, None)
        case 2:
            page = dict(reversed(page.items()))
    separators = rng.choice([(",", ":"), (", ", ": "), (" ,", ":\t")])
    parts[which] = b64(json.dumps(page, separators=separators).encode())
    return ".".join(parts)


def _signed_by_another(token: str, rng: random.Random) -> str:
    """A whole token of a key that nobody has published, under the name of one that is."""
    kid, algorithm, key = rng.choice(
        [
            ("rsa-1", "RS256", rsa_key("mallory")),
            ("ec-1", "ES256", ec_key("mallory")),
            ("ed-1", "EdDSA", ed_key("mallory")),
        ]
    )
    return make(claims(sub=f"user{rng.random()}"), algorithm=algorithm, key=key, kid=kid)


async def test_no_changed_token_is_taken() -> None:
    seed = int(os.environ.get("SEED", "18"))
    rng = random.Random(seed)
    verifier = world().verifier
    taken = refused = 0
    for round_ in range(ROUNDS):
        original = rng.choice(ORIGINALS)
        kinds = (_characters, _parts, _json, _signed_by_another)
        # Most changes are cheap ones; a signature of RSA takes a millisecond to make.
        change = rng.choices(kinds, (70, 10, 19, 1))[0]
        token = change(original, rng)
        if token in ORIGINALS:
            await verifier.verify(token)
            taken += 1
            continue
        try:
            await verifier.verify(token)
        except Refused:
            refused += 1
        else:
            pytest.fail(f"SEED={seed}, round {round_}: {change.__name__} made {token}")
    assert taken + refused == ROUNDS
    assert refused > ROUNDS * 0.9
