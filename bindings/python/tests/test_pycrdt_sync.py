"""A ropewalk and a pycrdt document, both edited at random, are the same after each exchange.

ROPEWALK_SEEDS is how many histories there are: 60 unless it says otherwise, 500 in the soak.
"""

from __future__ import annotations

import os
import random

import pytest

import twin
from histories import Replica, exchange

pytest.importorskip("pycrdt")

SEEDS = int(os.environ.get("ROPEWALK_SEEDS", "60"))
ROUNDS = 6
EDITS = 12


def client_ids(rng: random.Random) -> list[int]:
    """Small ones, as in examples, and as large as Yjs draws them: 32 bits, and 53."""
    return rng.sample([1, 2, 77, rng.randrange(2**32), rng.randrange(2**32, 2**53)], 2)


def same(a: Replica, b: Replica, when: str) -> None:
    assert a.state() == b.state(), when
    assert a.state_vector() == b.state_vector(), when


@pytest.mark.parametrize("seed", range(SEEDS))
def test_ropewalk_and_pycrdt_are_the_same_after_each_exchange(seed: int) -> None:
    rng = random.Random(seed)
    ids = client_ids(rng)
    ours, theirs = Replica(twin.ours(), ids[0]), Replica(twin.theirs(), ids[1])
    for turn in range(ROUNDS):
        for replica in (ours, theirs):
            for _ in range(rng.randrange(EDITS + 1)):
                with replica.doc.transaction(origin="user"):
                    for _ in range(rng.choice((1, 1, 1, 4))):
                        replica.edit(rng)
        exchange(rng, ours, theirs)
        same(ours, theirs, f"seed {seed}, after exchange {turn}")

    # Each module opens what the other has stored.
    for stored in (ours.doc.get_update(), theirs.doc.get_update()):
        for crdt in (twin.ours(), twin.theirs()):
            opened = Replica(crdt, 5)
            opened.doc.apply_update(stored)
            same(opened, ours, f"seed {seed}, opened by {crdt.__name__}")
