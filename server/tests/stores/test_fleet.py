"""Several servers on one store, behind a balancer that knows nothing: who writes at one is seen at the
others, and any of them may be killed at any moment. What was acknowledged is there, nothing is there
twice, and all clients are equal within seconds after it has become quiet. A soak kills
ROPEWALK_FLEET_KILLS=20 times, in fleets of two and of four; and has ROPEWALK_REPEATED=10,000 changes
said up to five times each (T13)."""

import asyncio
import contextlib
import itertools
import os
import random
import signal

import pytest
from harness import services
from harness.cloud import new_table
from harness.soaking import SOAK, counted, say, times
from test_kill_server import check, free_port, start
from writers import DOCUMENTS, Writer, numbers_of

KILLS = times("FLEET_KILLS", 2, 20)
REPEATED = times("REPEATED", 200, 10_000)
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
        self._running = []

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

    @contextlib.asynccontextmanager
    async def serving(self, size, writers):
        """So many servers, and these clients, until the block ends."""
        try:
            await asyncio.gather(*(self.grow() for _ in range(size)))
            self._running = [asyncio.ensure_future(self.serve(writer)) for writer in writers]
            yield
            for writer in writers:
                writer.still_writes = False
            await asyncio.wait_for(asyncio.gather(*self._running), 30)
        finally:
            await self.end()

    def fail_if_a_client_has(self):
        for task in self._running:
            if task.done():
                task.result()

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


class Repeating(FleetWriter):
    """Says each change once to five times, perhaps to several servers."""

    async def _say_numbered(self, socket, message):
        for _ in range(self._rng.randint(1, 5)):
            await super()._say_numbered(socket, message)


@pytest.mark.parametrize("store", URLS if SOAK else ["postgresql", "redis", "dynamodb"])
@pytest.mark.parametrize("size", [2, 4] if SOAK else [2])
async def test_servers_that_are_killed_in_turn_lose_nothing(store, size):
    rng = random.Random(SEED)
    fleet = Fleet(URLS[store](), rng)
    writers = [FleetWriter(number, rng) for number in range(6)]
    what = f"{size} processes on {store}"
    async with fleet.serving(size, writers):
        for _ in counted(what, range(KILLS)):
            await asyncio.sleep(0.3 + rng.random() * 0.4)
            await fleet.kill_one()
        await write_more(writers, 50)
        took = await converge(fleet, writers)
    docs = await check_once(fleet.url, writers)
    acked = sum(sum(writer.acked.values()) for writer in writers)
    say(
        f"{what}: {KILLS} killed, {acked} acknowledged, 0 lost, 0 twice; all equal {took:.2f} s "
        f"after quiet ({len(docs)} documents)"
    )


@pytest.mark.parametrize("store", URLS if SOAK else ["dynamodb"])
async def test_what_is_said_up_to_five_times_has_one_effect(store):
    """T13: as many effects as there were different changes, however often each was said, to whom,
    and who was killed meanwhile."""
    rng = random.Random(SEED)
    fleet = Fleet(URLS[store](), rng)
    writers = [Repeating(number, rng) for number in range(6)]
    async with fleet.serving(2, writers):
        killing = max(REPEATED // 10, 100)
        for _ in counted(f"T13 {store}", range(0, REPEATED, killing)):
            await write_more(writers, killing)
            await fleet.kill_one()
        await converge(fleet, writers)
    await check_once(fleet.url, writers)
    written = sum(writer.written for writer in writers)
    assert written >= REPEATED
    say(f"T13 {store}: {written} changes said up to five times each, {written} effects")


async def write_more(writers, changes):
    """Waits until so much more is written."""
    loop = asyncio.get_running_loop()
    began, before = loop.time(), sum(writer.written for writer in writers)
    while (done := sum(writer.written for writer in writers) - before) < changes:
        assert loop.time() - began < 60 + changes / 10, f"{done} of {changes} were written"
        await asyncio.sleep(0.02)


async def converge(fleet, writers):
    """All stop; how long it takes until all is acknowledged, and all have the same."""
    for writer in writers:
        writer.finish()
    loop = asyncio.get_running_loop()
    quiet = loop.time()
    while not all(w.is_done for w in writers) or not are_equal(writers):
        assert loop.time() - quiet < QUIET_SECONDS, {w.root: w.acked for w in writers}
        fleet.fail_if_a_client_has()
        await asyncio.sleep(0.02)
    return loop.time() - quiet


async def check_once(url, writers):
    """check() fails where a number is missing or is there twice."""
    docs = await check(url, writers)
    for writer in writers:
        numbers = numbers_of(docs[writer.document], writer.root)
        assert numbers == list(range(1, writer.written + 1))
    return docs


def are_equal(writers):
    """Whether all who have the same document have the same."""
    by_document = itertools.groupby(sorted(writers, key=by_name), key=by_name)
    return all(all_the_same(w.seen() for w in group) for _, group in by_document)


def all_the_same(values):
    first, *others = values
    return all(other == first for other in others)


def by_name(writer):
    return DOCUMENTS.index(writer.document)
