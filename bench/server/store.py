"""Appends to a store as fast as many writers can, beside the raw commit rate of the same disk.

    python bench/server/store.py [--seconds 5] [--directory DIR]

Each writer waits for its acknowledgement before it sends the next update, as a room does with what
has gathered in the meantime; so the rate is one of durable, acknowledged updates. One figure a
line: id, value, unit.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sqlite3
import statistics
import tempfile
import time
from pathlib import Path

from ropewalk_server.stores import open_store
from ropewalk_server.stores.contract import NOTHING

DOCUMENTS = 20
UPDATE_BYTES = 40


def commits_a_second(directory: Path, synchronous: str, seconds: float) -> float:
    """One small row a transaction: what the disk allows anybody who does not group."""
    database = sqlite3.connect(directory / f"raw-{synchronous}.db", isolation_level=None)
    database.execute("PRAGMA journal_mode = WAL")
    database.execute(f"PRAGMA synchronous = {synchronous}")
    database.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, data BLOB)")
    row = random.Random(1).randbytes(UPDATE_BYTES)
    count, start = 0, time.perf_counter()
    while time.perf_counter() - start < seconds:
        database.execute("INSERT INTO t (data) VALUES (?)", (row,))
        count += 1
    rate = count / (time.perf_counter() - start)
    database.close()
    return rate


async def appends_a_second(
    url: str, writers: int, batch: int, seconds: float
) -> tuple[float, list[float], float]:
    """Updates acknowledged a second, the milliseconds each append took, and CPU seconds for each
    second."""
    store = open_store(url)
    await store.open()
    waits: list[float] = []
    random_bytes = random.Random(1).randbytes
    end = time.perf_counter() + seconds

    async def write(writer: int) -> None:
        doc = f"tenant/doc-{writer % DOCUMENTS}"
        epoch = (await store.read(doc)).version.epoch
        while (start := time.perf_counter()) < end:
            await store.append(doc, [random_bytes(UPDATE_BYTES) for _ in range(batch)], epoch=epoch)
            waits.append((time.perf_counter() - start) * 1000)

    cpu, start = time.process_time(), time.perf_counter()
    await asyncio.gather(*(write(number) for number in range(writers)))
    elapsed = time.perf_counter() - start
    cpu = (time.process_time() - cpu) / elapsed
    # What was acknowledged is there.
    stored = sum([info.version.seq for info in await store.list(limit=DOCUMENTS)])
    assert stored == len(waits) * batch, (stored, len(waits))
    await store.close()
    return stored / elapsed, waits, cpu


async def opening_milliseconds(url: str, entries: int) -> tuple[float, float]:
    """Reading a document of so many entries, and of one snapshot."""
    store = open_store(url)
    await store.open()
    for _ in range(entries // 500):
        await store.append("long", [random.randbytes(UPDATE_BYTES)] * 500)
    start = time.perf_counter()
    history = await store.read("long", NOTHING)
    log = time.perf_counter() - start
    await store.compact("long", history.version, random.randbytes(entries * UPDATE_BYTES))
    start = time.perf_counter()
    await store.read("long")
    snapshot = time.perf_counter() - start
    await store.close()
    return log * 1000, snapshot * 1000


def figure(id: str, value: float, unit: str) -> None:
    print(f"{id:32} {value:12,.2f} {unit}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--directory", type=Path, default=Path.cwd())
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.directory) as name:
        directory = Path(name)
        for sync in ("full", "normal"):
            figure(
                f"store.raw.{sync}", commits_a_second(directory, sync, options.seconds), "commits/s"
            )
            for writers, batch in ((DOCUMENTS, 1), (5 * DOCUMENTS, 1), (DOCUMENTS, 16)):
                id = f"store.sqlite.{sync}.{writers}x{batch}"
                url = f"sqlite:{directory / id}.db?sync={sync}"
                rate, waits, cpu = asyncio.run(
                    appends_a_second(url, writers, batch, options.seconds)
                )
                figure(id, rate, "updates/s")
                figure(f"{id}.p50", statistics.median(waits), "ms")
                figure(f"{id}.p95", statistics.quantiles(waits, n=20)[-1], "ms")
                figure(f"{id}.cpu", cpu * 100, "% of a core")
        log, snapshot = asyncio.run(
            opening_milliseconds(f"sqlite:{directory / 'opening.db'}", 20_000)
        )
        figure("store.sqlite.read.20000_entries", log, "ms")
        figure("store.sqlite.read.snapshot_800kB", snapshot, "ms")


if __name__ == "__main__":
    main()
