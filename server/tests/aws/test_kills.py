"""Processes of functions are killed at any moment, and the stream of the table gives records late, twice
or not at all: nothing acknowledged is lost, and all are equal within five seconds of quiet.
ROPEWALK_SOAK=1: 1,000 kills."""

import asyncio
import os
import random

from aws.conftest import running
from aws.people import Person, equal_within, stored
from ropewalk_server.emulator.sources import Faults

SOAK = os.environ.get("ROPEWALK_SOAK") == "1"
KILLS = int(os.environ.get("ROPEWALK_KILLS", "1000" if SOAK else "20"))
SEED = int(os.environ.get("ROPEWALK_SEED", "1"))
PEOPLE = 4
_MOST_ROUNDS = 100 * KILLS


async def test_killed_at_any_moment_nothing_acknowledged_is_lost():
    rng = random.Random(SEED)
    faults = Faults(random.Random(SEED), doubled=0.2, late=0.2, dropped=0.1)
    async with running(driven=True, faults=faults) as emulator:
        people = [Person(emulator, f"p{n}", rng=random.Random(f"{SEED}-{n}")) for n in range(PEOPLE)]
        for person in people:
            await person.connect()
        await equal_within(emulator, people, 20)
        loop = asyncio.get_running_loop()
        functions = emulator.functions
        share = [0.15]

        def begins(_name, process):
            if rng.random() < share[0]:
                # Somewhere from before it has read the event to after it has answered.
                loop.call_later(rng.random() * 0.05, kill, process)

        def kill(process):
            if functions.kills < KILLS and process in functions.processes:
                functions.kill(process)

        functions.on_invoke = begins
        for round_ in range(_MOST_ROUNDS):
            if functions.kills >= KILLS:
                break
            person = rng.choice(people)
            what = rng.random()
            if what < 0.05:
                person.cut()
            elif what < 0.25 and len(person.text) > 10:
                at = rng.randrange(len(person.text) - 3)
                del person.text[at : at + 2]
            else:
                person.write(f"<{person.name}.{round_}>", rng.randrange(len(person.text) + 1))
            await emulator.clock.advance(rng.random() * 0.5)
        assert functions.kills >= KILLS
        # Quiet: nothing is killed, lost or written any more.
        functions.on_invoke = None
        faults.heal()
        waited = await equal_within(emulator, people, 5.0)
        text, history, doc = await stored(emulator)
        assert text == str(people[0])
        assert [e.version.seq for e in history.entries] == list(range(1, history.version.seq + 1))
        for person in people:
            for update in person.acked:
                before = doc.get_state()
                doc.apply_update(update)
                assert doc.get_state() == before
        acked = sum(len(person.acked) for person in people)
        print(
            f"{functions.kills} kills in {functions.invocations} events, {functions.cold_starts} "
            f"processes; {acked} changes acknowledged, equal {waited:g} s after quiet"
        )
        for person in people:
            await person.leave()
