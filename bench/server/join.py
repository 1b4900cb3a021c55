"""A join to a document of 16 MB of visible text by a client that is 100 keystrokes behind, through
the real rooms and sessions and a SQLite file.

    python bench/server/join.py [--megabytes=16] [--json=FILE]

The document was typed with deletions on the way: a word of four is taken back. Once all of it is in
the snapshot, once the newest keystrokes stand in the log behind it. One figure a line: id, value,
unit.

Time is that of the server's own work, from the client's message to the answer's frame: CPU of all
threads; of the first join, which opens the room, and the best of nine more into the same room, which
has kept no answer. Memory is the most that the process has grown during the first, as the kernel
counts it, by the size of the answer.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import multiprocessing
import random
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from figures import Figure, write_figures
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

T = TypeVar("T")

BEHIND = 100
# Of them, in the log of the second document.
LOGGED = 60
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


async def measure(path: Path, name: str, prefix: str, known: bytes) -> list[Figure]:
    figures: list[Figure] = []
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
    took, size = await join(name)
    figures.append((f"{prefix}_memory_ratio", (most_memory() - before) / size, "x"))
    figures.append((f"{prefix}_answer_bytes", size, "B"))
    figures.append((f"{prefix}_first_ms", took * 1e3, "ms"))
    room = rooms.open_rooms[f"firm/{name}"]
    times = []
    for _ in range(9):
        room._answers = {}
        times.append((await join(name))[0])
    figures.append((f"{prefix}_ms", min(times) * 1e3, "ms"))
    assert room.is_packed, "a document was built"
    await rooms.stop()
    return figures


def measured(path: Path, name: str, prefix: str, known: bytes) -> list[Figure]:
    return asyncio.run(measure(path, name, prefix, known))


async def put(path: Path, name: str, snapshot: bytes, log: Sequence[bytes] = ()) -> None:
    store = open_store(f"sqlite:{path}")
    await store.open()
    await store.seal(f"firm/{name}", NOTHING, Container.pack(snapshot))
    if log:
        await store.append(f"firm/{name}", log, epoch=1)
    await store.close()


def prepare(path: Path, megabytes: float) -> bytes:
    """The state of the client that joins, and the documents in a file."""
    asyncio.run(put(path, "small", typed(1_000_000).get_update()))
    doc = typed(int(megabytes * (1 << 20)))
    whole = doc.get_update()
    clock = decode_state_vector(doc.get_state())[1]
    asyncio.run(put(path, "large", whole))
    log: list[bytes] = []
    text = doc.get("t", type=Text)
    with doc.observe(lambda event: log.append(event.update)):
        for typo in range(LOGGED):
            text.insert(len(text), "x")
            if typo % 3 == 0:
                del text[len(text) - 1 : len(text)]
    asyncio.run(put(path, "logged", whole, log))
    return encode_state_vector({1: clock - BEHIND})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=float, default=16)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "rooms.db"

        def apart(work: Callable[..., T], *of: Any) -> T:
            """In a process of its own: what another has used would count as the server's memory,
            or be there for it to use."""
            with multiprocessing.get_context("spawn").Pool(1) as pool:
                return pool.apply(work, (path, *of))

        known = apart(prepare, arguments.megabytes)
        for name, prefix in (("large", "server.join_16mb"), ("logged", "server.join_16mb_log")):
            for figure in apart(measured, name, prefix, known):
                figures.append(figure)
                print("{} {:.2f} {}".format(*figure), flush=True)
    if arguments.json:
        write_figures(arguments.json, figures, "typed at random")


if __name__ == "__main__":
    main()
