"""Many write to one document at once, each over a connection of their own: the log has no gap, each change
is in it once, and rows are offered less than five times each. ROPEWALK_SOAK=1: 100 writers."""

import os

from aws.conftest import running
from aws.people import Person, equal_within, stored
from ropewalk_server.emulator.settings import Quotas

SOAK = os.environ.get("ROPEWALK_SOAK") == "1"
WRITERS = int(os.environ.get("ROPEWALK_WRITERS", "100" if SOAK else "16"))
CHANGES = 5 if SOAK else 2
PROCESSES = 16 if SOAK else 6


async def test_many_writers_of_one_document_lose_and_double_nothing():
    async with running(driven=True, quotas=Quotas(concurrency=PROCESSES)) as emulator:
        people = [Person(emulator, f"w{n}") for n in range(WRITERS)]
        for person in people:
            await person.connect()
        await equal_within(emulator, people, 60)
        emulator.metrics.clear()
        for change in range(CHANGES):
            for person in people:
                person.write(f"{person.name}.{change} ")
            await emulator.settled()
        waited = await equal_within(emulator, people, 60)
        text, history, _ = await stored(emulator)
        words = [f"w{n}.{change}" for n in range(WRITERS) for change in range(CHANGES)]
        assert sorted(text.split()) == sorted(words)
        assert [e.version.seq for e in history.entries] == list(range(1, len(words) + 1))
        taken = emulator.metrics["appends"]
        offered = taken + emulator.metrics.get("append_conflicts", 0)
        print(
            f"{WRITERS} writers, {len(words)} changes in {taken:.0f} rows: {offered / len(words):.2f} rows "
            f"offered for each change, equal {waited:g} s after the last"
        )
        # What comes with one frame is one row.
        assert taken <= len(words) and offered <= 5 * len(words)
        for person in people:
            await person.leave()
