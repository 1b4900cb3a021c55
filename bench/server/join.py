"""A join to a document of 16 MB of visible text by a client that is 100 keystrokes behind, through
the real rooms and sessions and a SQLite file.

    python bench/server/join.py [--megabytes 16]

The document was typed with deletions on the way: a word of four is taken back. One figure a line:
id, value, unit. Time is that of the server's own work, from the client's message to the answer's
frame (CPU of all threads, best of nine); memory the most that the process has grown meanwhile, as
the kernel counts it, by the size of the answer.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import random
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ropewalk import Container, Doc, Text, decode_state_vector, encode_state_vector
from ropewalk_server.auth.identity import Identity
from ropewalk_server.limits import Limits
from ropewalk_server.protocol.messages import Step1
from ropewalk_server.protocol.frames import BinaryCodec
from ropewalk_server.rooms.ports import Connection
from ropewalk_server.rooms.rooms import Rooms
from ropewalk_server.sessions.session import Session
from ropewalk_server.stores import open_store
from ropewalk_server.stores.contract import NOTHING

BEHIND = 100
WORDS = ("remember ", "the ", "milk ", "and ", "bread, ", "tomorrow ", "morning.\n", "we ")


class Kept:
    """A link that keeps the largest message."""

    def __init__(self) -> None:
        self.largest: bytes | str = b""
        self.stock = True

    def send(self, message: bytes | str) -> None:
        if len(message) > len(self.largest):
            self.largest = message

    def close(self, code: int, reason: str) -> None:
        raise AssertionError(f"closed with {code}: {reason}")


def typed(size: int) -> Doc[Any]:
    """A document of so many visible characters, typed in one go, as fast as that can be done."""
    chance = random.Random(16)
    doc: Doc[Any] = Doc(client_id=1)
    text = doc.get("t", type=Text)
    length = 0
    while length < size:
        with doc.transaction():
            for _ in range(20_000):
                word = chance.choice(WORDS)
                text.insert(length, word)
                length += len(word)
                if chance.random() < 0.25:  # another word than was meant
                    length -= len(word)
                    del text[length : length + len(word)]
    return doc


def most_memory() -> int:
    """Bytes that the process has had at most since forget_memory()."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise RuntimeError("the kernel does not say")


def forget_memory() -> None:
    Path("/proc/self/clear_refs").write_text("5")


async def measure(path: Path, known: bytes, report: Callable[[str, float, str], None]) -> None:
    limits = Limits(unsent_bytes=64 << 20)
    rooms = Rooms(
        open_store(f"sqlite:{path}"),
        authenticate=lambda _: Identity(user="ann", tenant="firm"),
        limits=limits,
    )
    await rooms.start()
    codec = BinaryCodec()

    async def join(name: str) -> tuple[float, int]:
        link = Kept()
        session = Session(rooms, link, Connection("1", name), document=name, codec=BinaryCodec())
        (hello,) = codec.encode(None, Step1(known))
        began = time.process_time()
        await session.receive(hello)
        took = time.process_time() - began
        size = len(link.largest)
        await session.closed()
        return took, size

    await join("small")  # whatever is made once
    gc.collect()
    forget_memory()
    before = most_memory()
    _, size = await join("large")
    report("server.join_16mb_memory_ratio", (most_memory() - before) / size, "x")
    report("server.join_16mb_answer_bytes", size, "B")
    room = rooms.open_rooms["firm/large"]
    times = []
    for _ in range(9):
        room._answers = {}
        times.append((await join("large"))[0])
    report("server.join_16mb_ms", min(times) * 1e3, "ms")
    assert room.is_packed, "a document was built"
    await rooms.stop()


async def put(path: Path, doc: Doc[Any], name: str) -> None:
    store = open_store(f"sqlite:{path}")
    await store.open()
    await store.seal(f"firm/{name}", NOTHING, Container.pack(doc.get_update()))
    await store.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=float, default=16)
    arguments = parser.parse_args()

    def report(name: str, value: float, unit: str) -> None:
        print(f"{name} {value:.2f} {unit}", flush=True)

    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "rooms.db"
        import multiprocessing

        with multiprocessing.get_context("spawn").Pool(1) as pool:
            # In a process of its own, for the document would count as memory of the server.
            known = pool.apply(prepare, (path, arguments.megabytes))
        asyncio.run(measure(path, known, report))


def prepare(path: Path, megabytes: float) -> bytes:
    asyncio.run(put(path, typed(1_000_000), "small"))
    doc = typed(int(megabytes * (1 << 20)))
    asyncio.run(put(path, doc, "large"))
    clock = decode_state_vector(doc.get_state())[1]
    return encode_state_vector({1: clock - BEHIND})


if __name__ == "__main__":
    main()
