"""Several servers on one store, behind a balancer that knows nothing: who writes at one is seen at the
others, and any of them may be killed at any moment. What was acknowledged is there, nothing is there
twice, and all clients are equal within seconds after it has become quiet. ROPEWALK_SOAK=1 kills 20
times, in fleets of two and of four."""

import asyncio
import contextlib
import itertools
import os
import random
import signal

import pytest
from harness import services
from harness.cloud import new_table
from test_kill_server import check, free_port, start
from writers import DOCUMENTS, Writer, numbers_of

SOAK = os.environ.get("ROPEWALK_SOAK") == "1"
KILLS = int(os.environ.get("ROPEWALK_KILLS", "20" if SOAK else "2"))
SEED = int(os.environ.get("ROPEWALK_SEED", "1"))
# After the last write, on a machine that does nothing else.
QUIET_SECONDS = 5 if SOAK else 60

URLS = {
    "postgresql": lambda: services.postgresql().url(services.postgresql().new_database()),
    "redis": lambda: f"{services.redis().url(services.redis().new_database())}?durable=none",
    "redis+postgresql": lambda: (
        f"redis+{URLS['postgresql']()}"
        f"?redis={services.redis().url(services.redis().new_database())}"
    ),
    "dynamodb": new_table,
    "redis+dynamodb": lambda: (
        f"redis+{new_table()}?redis={services.redis().url(services.redis().new_database())}"
    ),
}


class Fleet:
    """Servers by their ports, and clients that go to one that is there."""

    def __init__(self, url, rng):
        self.url = url
        self.servers = {}
        self._rng = rng
        self._over = False

    async def grow(self):
        port = free_port()
        self.servers[port] = await start(self.url, port)
        assert self.servers[port].returncode is None

    async def kill_one(self):
        """Its place is empty for a moment; then another server takes it."""
        port = self._rng.choice(sorted(self.servers))
        server = self.servers.pop(port)
        server.send_signal(signal.SIGKILL)
        await server.wait()
        await self.grow()

    async def serve(self, writer):
        """Connects a client again and again, as long as it writes."""
        while writer.still_writes:
            ports = sorted(self.servers)
            if ports:
                await writer.run(self._rng.choice(ports))
            await asyncio.sleep(0.01)

    async def end(self):
        for server in self.servers.values():
            with contextlib.suppress(ProcessLookupError):
                server.kill()
            await server.wait()


class FleetWriter(Writer):
    """Stays after it has written, and so hears what others write."""

    still_writes = True
    pauses = (0.005, 0.02, 0.05)

    async def _stay(self):
        while self.still_writes:
            await asyncio.sleep(0.02)

    def seen(self):
        """All of its document that anybody writes, as it arrived here."""
        roots = [f"w{number}.0" for number in range(6)]
        return [numbers_of(self.doc, root) for root in roots], self.doc.get_state()

    @property
    def is_done(self):
        return not self._writing and self.acked[self.root] == self.written


@pytest.mark.parametrize("store", URLS if SOAK else ["postgresql", "redis", "dynamodb"])
@pytest.mark.parametrize("size", [2, 4] if SOAK else [2])
async def test_servers_that_are_killed_in_turn_lose_nothing(store, size):
    rng = random.Random(SEED)
    fleet = Fleet(URLS[store](), rng)
    writers = [FleetWriter(number, rng) for number in range(6)]
    try:
        await asyncio.gather(*(fleet.grow() for _ in range(size)))
        running = [asyncio.ensure_future(fleet.serve(writer)) for writer in writers]
        for _ in range(KILLS):
            await asyncio.sleep(0.3 + rng.random() * 0.4)
            await fleet.kill_one()
        before = sum(writer.written for writer in writers)
        while sum(writer.written for writer in writers) < before + 50:
            await asyncio.sleep(0.02)
        for writer in writers:
            writer.finish()
        loop = asyncio.get_running_loop()
        quiet = loop.time()
        while not all(w.is_done for w in writers) or not are_equal(writers):
            assert loop.time() - quiet < QUIET_SECONDS, {w.root: w.acked for w in writers}
            for task in running:
                if task.done():
                    task.result()
            await asyncio.sleep(0.02)
        for writer in writers:
            writer.still_writes = False
        await asyncio.wait_for(asyncio.gather(*running), 30)
    finally:
        await fleet.end()
    # check() fails where a number is missing or is there twice.
    docs = await check(fleet.url, writers)
    for writer in writers:
        numbers = numbers_of(docs[writer.document], writer.root)
        assert numbers == list(range(1, writer.written + 1))


def are_equal(writers):
    """Whether all who have the same document have the same."""
    by_document = itertools.groupby(sorted(writers, key=by_name), key=by_name)
    return all(all_the_same(w.seen() for w in group) for _, group in by_document)


def all_the_same(values):
    first, *others = values
    return all(other == first for other in others)


def by_name(writer):
    return DOCUMENTS.index(writer.document)
