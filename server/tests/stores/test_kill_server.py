"""kill -9 of the whole server under load (T7): eight clients write numbers over WebSockets, the
journal of acknowledgements stays with them. After each kill the store alone is read: every number
that was acknowledged is there, and what is there of each client is 1, 2, 3 ... without a hole.
A soak runs 100 cycles, ROPEWALK_KILLS=500 as many."""

import asyncio
import contextlib
import os
import random
import signal
import socket
import sys
from pathlib import Path

from harness.soaking import counted, times
from ropewalk import Doc
from writers import DOCUMENTS, Writer, numbers_of

from ropewalk_server.rooms.snapshots import as_update
from ropewalk_server.stores import open_store

CYCLES = times("KILLS", 10, 100)
SEED = int(os.environ.get("ROPEWALK_SEED", "1"))
TESTS = Path(__file__).parent


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


async def start(url, port, kill_at=""):
    """A server that takes connections, or has been killed before it could."""
    environment = {
        **os.environ,
        "ROPEWALK_KILL_AT": kill_at,
        "PYTHONPATH": os.pathsep.join([str(TESTS.parent), *filter(None, sys.path)]),
    }
    server = await asyncio.create_subprocess_exec(
        sys.executable, str(TESTS / "served.py"), url, str(port), env=environment
    )
    for _ in range(6000):
        with contextlib.suppress(OSError):
            (await asyncio.open_connection("127.0.0.1", port))[1].close()
            return server
        if server.returncode is not None:
            return server
        await asyncio.sleep(0.01)
    raise AssertionError("the server does not take connections")


async def check(url, writers):
    """Reads the store as it is and returns its documents; fails if anything is lost."""
    store = open_store(url)
    await store.open()
    docs = {}
    for name in DOCUMENTS:
        stored = f"firm/{name}"
        assert await store.verify(stored) == []
        history = await store.read(stored)
        docs[name] = doc = Doc()
        if history.snapshot is not None:
            doc.apply_update(as_update(history.snapshot.data))
        for entry in history.entries:
            doc.apply_update(entry.update)
        assert not doc.has_pending, f"{name} has a hole: {doc.get_missing()}"
    await store.close()
    for writer in writers:
        for root, acked in writer.acked.items():
            numbers = numbers_of(docs[writer.document], root)
            assert numbers == list(range(1, len(numbers) + 1)), f"{root}: {numbers}"
            assert len(numbers) >= acked, f"{root}: {acked} acknowledged and {len(numbers)} there"
    return docs


async def life(url, writers, rng, kill_at="", kill_after=None, then=None):
    """Starts a server, lets all write until it is dead, and checks what is left."""
    port = free_port()
    server = await start(url, port, kill_at)
    running = [asyncio.ensure_future(writer.run(port)) for writer in writers]
    try:
        if kill_after is not None:
            await asyncio.sleep(kill_after)
            if server.returncode is None:
                server.send_signal(signal.SIGKILL)
        elif then is not None:
            await then(server, writers)
        assert await asyncio.wait_for(server.wait(), 60) == -signal.SIGKILL
        await asyncio.wait_for(asyncio.gather(*running), 30)
    finally:
        if server.returncode is None:
            server.kill()
    await check(url, writers)
    for writer in writers:
        if rng.random() < 0.3:
            writer.reopen()


async def finish(url, writers):
    """A last life in which nothing goes wrong: all is acknowledged, and all are equal."""
    port = free_port()
    server = await start(url, port)
    running = [asyncio.ensure_future(writer.run(port)) for writer in writers]
    await asyncio.sleep(0.3)
    for writer in writers:
        writer.finish()
    await asyncio.wait_for(asyncio.gather(*running), 30)
    server.send_signal(signal.SIGTERM)
    await asyncio.wait_for(server.wait(), 30)
    docs = await check(url, writers)
    for writer in writers:
        numbers = numbers_of(docs[writer.document], writer.root)
        assert len(numbers) == writer.acked[writer.root] == writer.written


async def leave_alone(_server, _writers):
    """The moment comes by itself."""


async def terminate(server, _writers):
    await asyncio.sleep(0.4)
    server.send_signal(signal.SIGTERM)


async def all_leave(_server, writers):
    """Then the rooms are closed, soon after."""
    await asyncio.sleep(0.3)
    for writer in writers:
        writer.finish()


# What only a whole server meets comes first; every second life ends at a random moment instead.
NAMED = [
    ("before-ack:35", leave_alone),
    ("after-ack:40", leave_alone),
    ("before-broadcast:60", leave_alone),
    ("before-unloading:1", all_leave),
    ("before-draining:1", terminate),
    ("after-unloading:2", all_leave),
    ("inside-closing:1", terminate),
    ("before-commit:20", leave_alone),
    ("inside-commit:25", leave_alone),
    ("after-commit:30", leave_alone),
    ("snapshot-written:2", leave_alone),
    ("before-log-cut:3", leave_alone),
    ("log-cut:2", leave_alone),
    ("before-closing:1", terminate),
]


async def test_a_server_that_is_killed_loses_nothing_acknowledged(tmp_path):
    url = f"sqlite:{tmp_path / 'rooms.db'}"
    rng = random.Random(SEED)
    writers = [Writer(number, rng) for number in range(8)]
    lively = 0  # lives in which something was acknowledged
    for cycle in counted("T7 a server on sqlite", range(CYCLES)):
        point, then = NAMED[cycle // 2 % len(NAMED)] if cycle % 2 else ("", leave_alone)
        kill_after = None if point else 0.05 + rng.random() * 0.8
        before = sum(sum(writer.acked.values()) for writer in writers)
        try:
            await life(url, writers, rng, point, kill_after, then)
        except BaseException as error:
            error.add_note(f"life {cycle} of seed {SEED}, killed at {point or kill_after}")
            raise
        lively += sum(sum(writer.acked.values()) for writer in writers) > before
        for writer in writers:
            writer.resume()
    assert lively > CYCLES // 3
    await finish(url, writers)
