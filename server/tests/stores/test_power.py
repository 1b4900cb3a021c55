"""The loss of power (T8): from a record of all that SQLite writes and syncs, images of the disk at
random moments. Each opens, holds a prefix of each writer, and with sync=full all that was
acknowledged. 50 images of each setting; ROPEWALK_SOAK=1 makes 2,000."""

import asyncio
import os
import random
import shutil
import sqlite3

import pytest
from numbered import DOCUMENTS, WRITERS, document_of, snapshot_of, state_of, update_of
from power import Disk, Recorder

from ropewalk_server.stores import open_store
from ropewalk_server.stores.contract import Conflict, Version
from ropewalk_server.stores.sqlite import writer as writer_module

SOAK = os.environ.get("ROPEWALK_SOAK") == "1"
IMAGES = 2000 if SOAK else 50
SEED = int(os.environ.get("ROPEWALK_SEED", "1"))


async def work(url, recorder, acks, numbers):
    """A life of the store: everybody writes, everything is compacted, and at its end it closes.
    `acks` gets (how many operations there were, writer, number)."""
    store = open_store(url)
    await store.open()

    async def write(writer):
        doc = document_of(writer)
        rng = random.Random(writer)
        for _ in range(25):
            numbers[writer] += 1
            # Of all sizes, so that records lie across pages.
            update = update_of(writer, numbers[writer]) + b" " * rng.choice((0, 10, 3000, 9000))
            await store.append(doc, [update])
            acks.append((len(recorder.ops), writer, numbers[writer]))

    async def compact(doc):
        for _ in range(6):
            await asyncio.sleep(0.01)
            history = await store.read(doc)
            if history.entries:
                try:
                    await store.compact(doc, history.version, snapshot_of(state_of(history)))
                except Conflict:
                    continue
        await store.savepoint(doc, Version(0, 1), b"kept" * 2000)

    await asyncio.gather(*map(write, range(WRITERS)), *map(compact, DOCUMENTS))
    await store.close()


async def look(directory):
    """Opens an image as a server would; the last number of each writer."""
    store = open_store(f"sqlite:{directory / 'rooms.db'}")
    await store.open()
    there = {}
    for doc in DOCUMENTS:
        assert await store.verify(doc) == []
        there |= state_of(await store.read(doc))
    assert await store.damaged() == []
    # And it goes on: writing works.
    version = await store.append(DOCUMENTS[0], [b"x"])
    assert (await store.read(DOCUMENTS[0])).version == version
    await store.close()
    return there


@pytest.mark.parametrize("sync", ["full", "normal"])
def test_what_the_disk_holds_after_the_power_failed_is_whole(tmp_path, monkeypatch, sync):
    monkeypatch.setattr(writer_module, "_CHECKPOINT_BYTES", 100_000)
    recorder, acks, numbers = Recorder(), [], [0] * WRITERS
    with monkeypatch.context() as patched:
        patched.setattr(sqlite3, "connect", recorder.connect)
        (tmp_path / "recorded").mkdir()
        url = f"sqlite:{tmp_path / 'recorded' / 'rooms.db'}?sync={sync}"
        for _ in range(2):
            asyncio.run(work(url, recorder, acks, numbers))
    ops = recorder.ops
    assert sum(op.what == "sync" and op.file == "rooms.db" for op in ops) > 4, "no checkpoints?"

    rng = random.Random(SEED)
    moments = sorted(rng.randrange(len(ops)) for _ in range(IMAGES))
    disk, done, lost = Disk(), 0, 0
    for moment in moments:
        for op in ops[done:moment]:
            disk.do(op)
        done = moment
        image = tmp_path / "image"
        image.mkdir()
        disk.image(image, rng, ops[moment])
        told = f"sync={sync}, seed {SEED}, after {moment} of {len(ops)} operations"
        acked = {}
        for position, writer, number in acks:
            if position <= moment:
                acked[writer] = max(acked.get(writer, 0), number)
        try:
            there = asyncio.run(look(image))
        except BaseException as error:
            error.add_note(told)
            raise
        missing = {w: n for w, n in acked.items() if there.get(w, 0) < n}
        lost += bool(missing)
        if sync == "full":
            assert not missing, f"{told}: acknowledged and gone: {missing}; there: {there}"
        shutil.rmtree(image)
    if sync == "normal":
        # It says so itself; and it shows that these images lose what a disk may lose.
        assert lost > 0
