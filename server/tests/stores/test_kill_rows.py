"""kill -9 of a process that writes to DynamoDB, or to S3 (T7): at random moments, and at named ones of
an append, a large one, a compaction and the end of an epoch. What was acknowledged is there, and what
is there of each writer is a prefix. A soak kills ROPEWALK_KILLS=20 times at random in each, and
at all moments."""

import os
import random
import signal

import pytest
from harness.cloud import dynamodb_url, new_name, s3
from harness.soaking import SOAK, counted, say, times
from killing_rows import POINTS
from test_kill import Journal, check, run_victim

from ropewalk_server.stores import open_store

CYCLES = times("KILLS", 1, 20)
SEED = int(os.environ.get("ROPEWALK_SEED", "1"))
MOMENTS = (
    list(POINTS)
    if SOAK
    else ["row-written", "snapshot-written", "update-uploaded", "before-burial", "epoch-ended"]
)
VICTIM = "victim_of_rows.py"
# S3 alone takes rows as large as they are; nothing is uploaded beside them.
NEVER = {"s3": "update-uploaded"}


async def new_url(kind):
    place = f"s3://{new_name()}/rooms?endpoint=http://127.0.0.1:{s3()}" if "s3" in kind else ""
    url = place
    if kind == "dynamodb":
        url = dynamodb_url(new_name())
    elif kind == "dynamodb+s3":
        quoted = place.replace("?", "%3F").replace("=", "%3D")
        url = dynamodb_url(new_name(), snapshots=quoted)
    await open_store(url).create()
    return url


@pytest.mark.parametrize("kind", ["dynamodb", "dynamodb+s3", "s3"] if SOAK else ["dynamodb+s3"])
async def test_killed_at_random_and_named_moments_nothing_acknowledged_is_lost(kind):
    url = await new_url(kind)
    rng = random.Random(SEED)
    journal = Journal()
    moments = [moment for moment in MOMENTS if moment != NEVER.get(kind)]
    for moment in counted(f"T7 {kind}", [""] * CYCLES + moments):
        at = (
            {"kill_at": f"{moment}:{rng.randint(1, 3)}"} if moment else {"kill_after": rng.random()}
        )
        code = await run_victim(url, journal, 60, victim=VICTIM, **at)
        assert code == -signal.SIGKILL, f"killed {at} of seed {SEED} it ended with {code}"
        await check(url, journal)
    acked = sum(journal.acked.values())
    assert acked > 0
    say(f"T7 {kind}: {CYCLES} kills at random, {len(moments)} moments; {acked} acknowledged, 0 lost")
    assert await run_victim(url, journal, 0.3, victim=VICTIM) == 0
    await check(url, journal)
