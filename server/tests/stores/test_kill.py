"""kill -9 under load, at random moments and at named ones (T7): what was acknowledged is there, and
what is there of each writer is a prefix. The journal of acknowledgements is kept here, outside the
victim. A soak runs 100 cycles, ROPEWALK_KILLS=500 as many."""

import asyncio
import os
import random
import signal
import sys
from pathlib import Path

import pytest
from harness.soaking import counted, times
from killing import POINTS
from numbered import DOCUMENTS, WRITERS, state_of

from ropewalk_server.stores import open_store

CYCLES = times("KILLS", 10, 100)
SEED = int(os.environ.get("ROPEWALK_SEED", "1"))


class Journal:
    """What the victims said was acknowledged, over all cycles."""

    def __init__(self):
        self.acked = dict.fromkeys(range(WRITERS), 0)
        self.events = []

    def take(self, output):
        lines = output.split(b"\n")
        assert lines.pop() == b"", "a line was cut: the pipe is not what we take it for"
        for line in lines:
            if line in (b"open", b"closed"):
                self.events.append(line.decode())
            else:
                writer, number = map(int, line.split())
                assert number > self.acked[writer]
                self.acked[writer] = number


async def run_victim(
    url, journal, seconds, kill_at=None, kill_after=None, victim="victim.py"
):
    """One life of a victim; returns its exit code."""
    environment = {**os.environ, "ROPEWALK_KILL_AT": kill_at or ""}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(Path(__file__).with_name(victim)),
        url,
        str(seconds),
        stdout=asyncio.subprocess.PIPE,
        env=environment,
    )

    async def kill():
        await asyncio.sleep(kill_after)
        if process.returncode is None:
            process.send_signal(signal.SIGKILL)

    output = bytearray()
    killer = None
    while piece := await process.stdout.read(1 << 16):
        output += piece
        # Counted from the moment it is open, or slow starts would hide all others.
        if killer is None and kill_after is not None and b"open\n" in output:
            killer = asyncio.ensure_future(kill())
    code = await process.wait()
    if killer is not None:
        await killer
    journal.take(bytes(output))
    return code


async def check(url, journal):
    """Reads all there is; returns how many updates of each writer are there."""
    store = open_store(url)
    await store.open()
    there = {}
    for doc in DOCUMENTS:
        assert await store.verify(doc) == []
        there |= state_of(await store.read(doc))
    assert await store.damaged() == []
    await store.close()
    for writer, acked in journal.acked.items():
        assert there.get(writer, 0) >= acked, f"writer {writer}: {acked} acknowledged, {there}"
    return there


async def test_killed_at_random_moments_nothing_acknowledged_is_lost(tmp_path):
    rng = random.Random(SEED)
    journal = Journal()
    lively = 0  # lives in which something was acknowledged
    for cycle in counted("T7 sqlite", range(CYCLES)):
        # Whatever was given to the system survives kill -9, with either setting.
        url = f"sqlite:{tmp_path / 'rooms.db'}?sync={'full' if cycle % 2 else 'normal'}"
        before = dict(journal.acked)
        after = rng.random() * 0.6
        code = await run_victim(url, journal, 30, kill_after=after)
        assert code == -signal.SIGKILL, f"cycle {cycle} of seed {SEED} ended with {code}"
        await check(url, journal)
        lively += journal.acked != before
    assert lively > CYCLES // 3
    assert min(journal.acked.values()) > 0


# How often the moment comes by before it kills: the first time, and some time under load.
@pytest.mark.parametrize("point", [name for name in POINTS if "migration" not in name])
async def test_killed_at_a_named_moment_nothing_acknowledged_is_lost(tmp_path, point):
    url = f"sqlite:{tmp_path / 'rooms.db'}"
    journal = Journal()
    closing = "closing" in point
    # Checkpoints come every few megabytes, the closing one once; the others often.
    later = 1 if closing else 3 if "checkpoint" in point else random.Random(SEED).randint(2, 40)
    for times in (1, later):
        before = sum(journal.acked.values())
        seconds = 0.3 if closing else 30
        code = await run_victim(url, journal, seconds, kill_at=f"{point}:{times}")
        assert code == -signal.SIGKILL, f"it ended with {code}"
        await check(url, journal)
        if times > 2:
            assert sum(journal.acked.values()) > before
    # And a victim that is left alone goes on and ends well.
    assert await run_victim(url, journal, 0.2) == 0
    assert journal.events[-1] == "closed"
    there = await check(url, journal)
    assert there == journal.acked


@pytest.mark.parametrize(
    ("point", "times"),
    [
        ("inside-migration", 1),
        ("inside-migration", 2),
        ("inside-migration", 5),
        ("migration-counted", 1),
        ("before-commit", 1),  # of the migration
        ("before-commit", 2),  # of what comes first behind it
        ("inside-commit", 1),
    ],
)
async def test_killed_while_the_file_is_made_it_is_made_anew(tmp_path, point, times):
    url = f"sqlite:{tmp_path / 'rooms.db'}"
    journal = Journal()
    assert await run_victim(url, journal, 30, kill_at=f"{point}:{times}") == -signal.SIGKILL
    assert await run_victim(url, journal, 0.1) == 0
    assert await check(url, journal) == journal.acked
