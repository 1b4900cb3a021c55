"""Damage of every kind in the rows of PostgreSQL and of Redis (T10): what is wrong is found, told and set
aside, and everything that is sound is given. ROPEWALK_SEED repeats one, a soak does
ROPEWALK_DAMAGES=2,000 to each store (ROPEWALK_FIRST=n goes on from there)."""

import asyncio
import os
import random
from dataclasses import dataclass

import asyncpg
import pytest
import redis.asyncio
from harness import services
from harness.soaking import counted, say, times
from spoiling import BYTES, ROWS, changed_bytes
from test_damage import Report, look, write_documents

from ropewalk_server.stores import open_store
from ropewalk_server.stores.records import Kind
from ropewalk_server.stores.redis import keys

SEED = os.environ.get("ROPEWALK_SEED")
FIRST = int(os.environ.get("ROPEWALK_FIRST", "0"))
SEEDS = range(FIRST, times("DAMAGES", 40, 2000)) if SEED is None else [int(SEED)]

# What is stored: (name, kind, epoch, seq) -> record; heads have no numbers.
Rows = dict[tuple[bytes, int, int, int], bytes]


class InPostgres:
    def __init__(self):
        self.url = services.postgresql().url(services.postgresql().new_database())

    async def __aenter__(self):
        self._connection = await asyncpg.connect(self.url)
        return self

    async def __aexit__(self, *error):
        await self._connection.close()

    async def read(self) -> Rows:
        heads = await self._connection.fetch("SELECT name, head FROM ropewalk.documents")
        found = {(row[0], int(Kind.HEAD), 0, 0): row[1] for row in heads}
        for row in await self._connection.fetch("SELECT * FROM ropewalk.records"):
            found[tuple(row)[:4]] = row["record"]
        return found

    async def write(self, rows: Rows) -> None:
        connection = self._connection
        await connection.execute(
            "TRUNCATE ropewalk.documents, ropewalk.records, ropewalk.damaged"
        )
        heads = [(key[0], data) for key, data in rows.items() if key[1] == Kind.HEAD]
        await connection.executemany("INSERT INTO ropewalk.documents VALUES ($1, $2)", heads)
        records = [(*key, data) for key, data in rows.items() if key[1] != Kind.HEAD]
        await connection.executemany(
            "INSERT INTO ropewalk.records VALUES ($1, $2, $3, $4, $5)", records
        )

    async def aside(self) -> set[bytes]:
        rows = await self._connection.fetch("SELECT record FROM ropewalk.damaged")
        return {row[0] for row in rows}


class InRedis:
    def __init__(self):
        self.bare = services.redis().url(services.redis().new_database())
        self.url = f"{self.bare}?durable=none"

    async def __aenter__(self):
        self._client = redis.asyncio.Redis.from_url(self.bare)
        return self

    async def __aexit__(self, *error):
        await self._client.aclose()

    async def read(self) -> Rows:
        found, client = {}, self._client
        for name in await client.zrange(keys.NAMES, 0, -1):
            head, log, rows, snapshots, _ = keys.of_document(name)
            data = await client.get(head)
            if data is not None:
                found[name, int(Kind.HEAD), 0, 0] = data
            for id, fields in await client.xrange(log):
                found[name, int(Kind.UPDATE), *numbers(id)] = fields[b"r"]
            for field, data in (await client.hgetall(rows)).items():
                kind, _, version = field.partition(b":")
                found[name, int(kind), *numbers(version)] = data
            for version in await client.smembers(snapshots):
                data = await client.get(snapshots + b":" + version)
                found[name, int(Kind.SNAPSHOT), *numbers(version)] = data
        return found

    async def write(self, rows: Rows) -> None:
        await self._client.flushdb()
        async with self._client.pipeline(transaction=False) as pipeline:
            for (name, kind, epoch, seq), data in sorted(rows.items()):
                head, log, others, snapshots, _ = keys.of_document(name)
                version = b"%d-%d" % (epoch, seq)
                pipeline.zadd(keys.NAMES, {name: 0})
                if kind == Kind.HEAD:
                    pipeline.set(head, data)
                elif kind == Kind.UPDATE:
                    pipeline.xadd(log, {b"r": data}, id=version)
                elif kind == Kind.SNAPSHOT:
                    pipeline.sadd(snapshots, version)
                    pipeline.set(snapshots + b":" + version, data)
                else:
                    pipeline.hset(others, b"%d:" % kind + version, data)
            await pipeline.execute()

    async def aside(self) -> set[bytes]:
        found = set()
        for name in await self._client.smembers(keys.DAMAGED):
            for text in await self._client.lrange(keys.of_document(name)[4], 0, -1):
                found.add(text.partition(b"\n")[2])
        return found


def numbers(version):
    return tuple(int(number) for number in version.split(b"-"))


@dataclass
class Mutation:
    what: str
    keys: list
    rows: Rows


def mutate(rows: Rows, rng: random.Random) -> Mutation:
    """Changes one thing, so that it differs from what was there."""
    while True:
        changed = dict(rows)
        # As likely to meet a rare kind as the log.
        kind = rng.choice(sorted({key[1] for key in rows}))
        key = rng.choice(sorted(one for one in rows if one[1] == kind))
        what = rng.choice((*BYTES, *ROWS))
        touched = [key]
        others = sorted(one for one in rows if one[1] == kind and rows[one] != rows[key])
        if what in BYTES:
            changed[key] = changed_bytes(rows[key], what, rng)
        elif what == "row lost":
            if kind == Kind.EPOCH_MAP:
                continue  # as if it had been dropped: a map need not be there
            del changed[key]
        elif what in ("row of another", "two rows swapped"):
            other = rng.choice(others)
            changed[key] = rows[other]
            if what == "two rows swapped":
                changed[other] = rows[key]
                touched.append(other)
        elif kind == Kind.HEAD:
            continue  # its key is the name
        else:
            name, _, epoch, seq = key
            by = rng.randint(1, 50)
            is_epoch = kind in (Kind.EPOCH_END, Kind.EPOCH_MAP)
            beyond = (name, kind, epoch + by, seq) if is_epoch else (name, kind, epoch, seq + by)
            if beyond in rows:
                continue
            changed[beyond] = rows[key]
            if what == "row moved":
                del changed[key]
        if changed != rows:
            return Mutation(what, touched, changed)


def expected_loss(original, mutation):
    """What cannot be given after it, as in Report.lost: everything else must be."""
    lost, snapshots = {}, []
    if mutation.what == "row repeated":
        return lost
    for name, kind, epoch, seq in mutation.keys:
        doc = name.decode()
        if kind == Kind.UPDATE and seq > original.newest_snapshot.get(doc, 0):
            lost.setdefault(doc, set()).add(seq)
        if kind == Kind.SNAPSHOT:
            snapshots.append(doc)
            if snapshots.count(doc) == (1 if doc == "sealed" else 2):
                lost[doc] = "no sound snapshot"
        if kind == Kind.SAVE_POINT:
            lost[doc, seq] = "damaged"
        # Without its ending a map leads where it led; verify() sets it aside.
        is_half = kind == Kind.EPOCH_END and mutation.what == "row lost"
        if kind in (Kind.EPOCH_END, Kind.EPOCH_MAP) and not is_half:
            lost[doc, "epoch", epoch] = "damaged"
    return lost


async def try_one(place, store, rows, original, seed):
    mutation = mutate(rows, random.Random(seed))
    await place.write(mutation.rows)
    report = Report()
    await look(store, original, report)
    said = f"seed {seed}: {mutation.what} {mutation.keys}"
    assert report.told, f"{said}: nobody noticed"
    expected = expected_loss(original, mutation)
    assert set(report.lost) == set(expected), f"{said}: {report.lost}"
    for doc, lost in expected.items():
        if isinstance(lost, set):
            assert report.lost[doc] == lost, said
    # Nothing was overwritten: every record is where it was, or was set aside as it is.
    after, aside = await place.read(), await place.aside()
    for key, data in mutation.rows.items():
        if key[1] != Kind.HEAD and after.get(key) != data:
            assert data in aside, f"{said}: {key} is gone"
    return mutation.what, mutation.keys[0][1]


@pytest.mark.parametrize("place", [InPostgres, InRedis])
def test_damaged_rows_are_found_told_and_set_aside(place):
    async def run():
        made = place()
        original = await write_documents(made.url)
        kinds = set()
        async with made:
            rows = await made.read()
            store = open_store(made.url)
            await store.open()
            for seed in counted(f"T10 {place.__name__}", SEEDS):
                try:
                    kinds.add(await try_one(made, store, rows, original, seed))
                except BaseException as error:
                    error.add_note(f"repeat it with ROPEWALK_SEED={seed}")
                    raise
            await store.close()
        return kinds

    kinds = asyncio.run(run())
    say(f"T10 {place.__name__}: {len(SEEDS)} damages, all found, told and set aside")
    assert len(kinds) >= min(len(SEEDS) // 3, 40)
