"""Damage of every kind in a SQLite file (T10): what is wrong is found, told and set aside, and the
last good state is what is given. ROPEWALK_SEED repeats one, ROPEWALK_SOAK=1 runs 20,000
(ROPEWALK_FIRST=n goes on from there)."""

import asyncio
import json
import os
import random
import shutil
import sqlite3
from dataclasses import dataclass, field

import pytest
from spoiling import mutate, mutate_file

from ropewalk_server.stores import open_store
from ropewalk_server.stores.contract import Damaged, StoreError, Version
from ropewalk_server.stores.sqlite import pieces

SOAK = os.environ.get("ROPEWALK_SOAK") == "1"
SEED = os.environ.get("ROPEWALK_SEED")
FIRST = int(os.environ.get("ROPEWALK_FIRST", "0"))
RECORDS = range(FIRST, 17_000 if SOAK else 400) if SEED is None else [int(SEED)]
FILES = range(FIRST, 3_000 if SOAK else 100) if SEED is None else [int(SEED)]


def update(doc, epoch, seq):
    """What entry `seq` of a document holds; a snapshot holds the list of what it stands for."""
    return json.dumps([doc, epoch, seq, "x" * (seq * 37 % 200)]).encode()


def state(doc, epoch, upto):
    return json.dumps([doc, epoch, list(range(1, upto + 1))]).encode()


@dataclass
class Original:
    """What was written: version of each document, and its save points."""

    versions: dict = field(default_factory=dict)
    savepoints: dict = field(default_factory=dict)
    epochs: dict = field(default_factory=dict)  # state and map
    newest_snapshot: dict = field(default_factory=dict)


async def write_documents(url):
    original = Original()
    store = open_store(url)
    await store.open()

    async def write(doc, entries, snapshots=(), sealed=0, savepoints=0):
        epoch = 0
        if sealed:
            while epoch < sealed:
                kept = f"{doc} had {epoch}".encode(), f"{doc} from {epoch} on".encode()
                first = state(doc, epoch + 1, 0)
                await store.seal(doc, Version(epoch, 0), first, state=kept[0], map=kept[1])
                original.epochs[doc, epoch] = kept
                epoch += 1
        for seq in range(1, entries + 1):
            await store.append(doc, [update(doc, epoch, seq)], epoch=epoch)
            if seq in snapshots:
                await store.compact(doc, Version(epoch, seq), state(doc, epoch, seq))
                original.newest_snapshot[doc] = seq
        for number in range(1, savepoints + 1):
            point = f"{doc} saved {number}".encode()
            await store.savepoint(doc, Version(epoch, entries), point, label=f"label {number}")
            original.savepoints[doc, number] = point
        original.versions[doc] = Version(epoch, entries)

    # In the order of their numbers in the file.
    await write("log", 12)
    await write("one snapshot", 9, snapshots=[6], savepoints=2)
    await write("two snapshots", 20, snapshots=[8, 15])
    await write("all in the snapshot", 10, snapshots=[4, 10], savepoints=3)
    await write("sealed", 7, sealed=1, savepoints=1)
    await write("sealed, compacted", 9, snapshots=[5], sealed=3)
    await write("large", 3)
    await store.append("large", [b"L" * 20_000])
    original.versions["large"] = Version(0, 4)
    await store.close()
    return original


@dataclass
class Report:
    """What a store told about a damaged file."""

    told: list = field(default_factory=list)  # sentences
    lost: dict = field(default_factory=dict)  # doc -> what cannot be read


async def look(store, original, report):
    """Reads everything there is. Whatever is given must be what was written."""
    for doc, version in original.versions.items():
        try:
            history = await store.read(doc)
        except Damaged as error:
            report.told += error.damaged
            report.lost[doc] = str(error)
            continue
        report.told += history.damaged
        known = set()
        if history.snapshot is not None:
            name, epoch, seqs = json.loads(history.snapshot.data)
            assert (name, epoch) == (doc, history.snapshot.version.epoch)
            assert seqs == list(range(1, history.snapshot.version.seq + 1))
            known.update(seqs)
        for entry in history.entries:
            if doc == "large" and entry.version.seq == 4:
                assert entry.update == b"L" * 20_000
            else:
                assert entry.update == update(doc, entry.version.epoch, entry.version.seq)
            known.add(entry.version.seq)
        missing = set(range(1, version.seq + 1)) - known
        assert known <= set(range(1, version.seq + 1))
        # What is not given is named, each by itself.
        named = {damage.where for damage in history.damaged}
        for seq in missing:
            assert f"entry {(version.epoch, seq)}" in named, (doc, seq, named)
        if missing:
            report.lost[doc] = missing
        assert history.version == version or history.damaged or await store.damaged(doc)
    for (doc, number), content in original.savepoints.items():
        try:
            assert await store.read_savepoint(doc, number) == content
        except StoreError as error:
            report.told.append(str(error))
            report.lost[doc, number] = str(error)
    for (doc, epoch), kept in original.epochs.items():
        try:
            ended = {one.epoch: one.state for one in await store.epochs(doc)}
            assert ended.get(epoch, kept[0]) == kept[0]
            assert await store.read_map(doc, epoch) == kept[1]
        except StoreError as error:
            report.told.append(str(error))
            report.lost[doc, "epoch", epoch] = str(error)
    for doc in original.versions:
        report.told += await store.verify(doc)
    report.told += await store.damaged()


def rows(path):
    with sqlite3.connect(path) as database:
        found = {
            "entries": database.execute("SELECT document, epoch, seq, record FROM entries"),
            "snapshots": database.execute("SELECT document, epoch, seq, record FROM snapshots"),
            "pieces": database.execute("SELECT document, epoch, seq, number, bytes FROM pieces"),
            "savepoints": database.execute("SELECT document, id, label, state FROM savepoints"),
            "epochs": database.execute("SELECT document, epoch, ending, map FROM epochs"),
            "damaged": database.execute("SELECT id, record FROM damaged"),
        }
        result = {table: set(cursor.fetchall()) for table, cursor in found.items()}
    database.close()
    return result


def expected_loss(original, mutation):
    """What cannot be given after it, as in Report.lost: everything else must be."""
    if mutation.what == "row repeated":
        return {}
    lost = {}
    snapshots = set()
    for key in filter(None, (mutation.key, mutation.other)):
        doc = list(original.versions)[key[0] - 1]
        if mutation.table == "entries" and key[2] > original.newest_snapshot.get(doc, 0):
            lost.setdefault(doc, set()).add(key[2])
        if mutation.table in ("snapshots", "pieces"):
            snapshots.add((doc, *key[1:3]))
            # The only one, or both; else there is one to go back to, or the log from its beginning.
            if len([one for one in snapshots if one[0] == doc]) == (1 if doc == "sealed" else 2):
                lost[doc] = "no sound snapshot"
        if mutation.table == "savepoints":
            lost[doc, key[1]] = "damaged"
        if mutation.table == "epochs":
            lost[doc, "epoch", key[1]] = "damaged"
    return lost


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    path = tmp_path_factory.mktemp("written") / "rooms.db"
    # Most snapshots are in pieces, as larger ones are.
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pieces, "PIECE", 25)
        return path, asyncio.run(write_documents(f"sqlite:{path}?sync=normal"))


def test_damaged_records_are_found_told_and_set_aside(written, tmp_path):
    source, original = written
    path = tmp_path / "rooms.db"
    kinds = {}

    async def run(seed):
        shutil.copyfile(source, path)
        mutation = mutate(path, random.Random(seed))
        before = rows(path)
        report = Report()
        store = open_store(f"sqlite:{path}?sync=normal")
        await store.open()
        await look(store, original, report)
        assert report.told, f"seed {seed}: nobody noticed {mutation}"
        expected = expected_loss(original, mutation)
        assert set(report.lost) == set(expected), f"seed {seed}: {mutation}: {report.lost}"
        for doc, lost in expected.items():
            if isinstance(lost, set):
                assert report.lost[doc] == lost, f"seed {seed}: {mutation}"
        await store.close()
        after = rows(path)
        for table in ("entries", "snapshots", "savepoints", "epochs"):
            # Nothing was overwritten: every row is where it was, or was set aside as it is.
            aside = {record for _, record in after["damaged"]}
            for row in before[table] - after[table]:
                assert aside & set(row[-2:]), f"seed {seed}: {mutation}: {row} is gone"
            assert after[table] <= before[table]
        for *_, piece in before["pieces"] - after["pieces"]:
            assert any(piece in record for record in aside if record), f"seed {seed}: {mutation}"
        kinds[mutation.what, mutation.table] = kinds.get((mutation.what, mutation.table), 0) + 1

    for seed in RECORDS:
        try:
            asyncio.run(run(seed))
        except BaseException as error:
            error.add_note(f"repeat it with ROPEWALK_SEED={seed}")
            raise
        finally:
            for extra in tmp_path.glob("rooms.db-*"):
                extra.unlink()
    if len(RECORDS) >= 400:
        assert len(kinds) > 30


def test_damage_anywhere_in_the_file_is_found_or_harmless(written, tmp_path):
    source, original = written
    path = tmp_path / "rooms.db"
    told = 0

    async def run(seed):
        shutil.copyfile(source, path)
        what = mutate_file(path, random.Random(seed))
        report = Report()
        store = open_store(f"sqlite:{path}?sync=normal")
        try:
            await store.open()
            await look(store, original, report)
        except StoreError as error:
            assert len(str(error)) > 20
            report.told.append(str(error))
        finally:
            await store.close()
        # look() has compared all that was given: if it is not everything, somebody was told.
        assert report.told or not report.lost, f"seed {seed}: nobody noticed {what}"
        return bool(report.told)

    for seed in FILES:
        try:
            told += asyncio.run(run(seed))
        except BaseException as error:
            error.add_note(f"repeat it with ROPEWALK_SEED={seed}")
            raise
        finally:
            for extra in tmp_path.glob("rooms.db-*"):
                extra.unlink()
    if len(FILES) >= 100:
        assert told > len(FILES) // 4
