"""T11: what a stream may do to who reads it. A stream of this test gives records twice, in another
order, late or never; its shards split and end; iterators expire, places are trimmed, questions are
throttled or not answered; records come that nobody can read. The real reader (dynamodb/streams.py)
runs on it in virtual time, and readers of documents read what they hear of: when it is quiet all of
them have what there is, each update once. ROPEWALK_SEED repeats one schedule, a soak runs
ROPEWALK_SCHEDULES=500."""

import os
import random

import pytest
from harness.soaking import times
from simulation.loop import run

import asyncio

from ropewalk_server.stores.chain.forms import Control, encode_control, row_key
from ropewalk_server.stores.contract import NOTHING, StoreError, Version
from ropewalk_server.stores.dynamodb import streams
from ropewalk_server.stores.dynamodb.calls import Refused
from ropewalk_server.stores.dynamodb.table import _item
from ropewalk_server.stores.memory import MemoryStore
from ropewalk_server.stores.watch import Watchers

SEED = os.environ.get("ROPEWALK_SEED")
SCHEDULES = range(times("SCHEDULES", 50, 500)) if SEED is None else [int(SEED)]
DOCUMENTS = ("a", "b", "c")
# When nothing goes wrong any more and nobody writes, all is well so many seconds later.
QUIET_SECONDS = 5.0


class Shard:
    def __init__(self, number, parent=None):
        self.id = f"shard-{number}"
        self.parent = parent
        self.records = []
        self.trimmed = 0  # records before this are gone
        self.ended = False


class World:
    """A table of which only its stream is seen, and what is wrong with that."""

    def __init__(self, chance):
        self.chance = chance
        self.store = MemoryStore()
        self.faults = 0.3
        self.shards = [Shard(0)]
        self.numbers = 0

    def record(self, doc, first, count):
        self.numbers += 1
        control = encode_control(doc, first, Control(1.0, [1] * count))
        item = _item(f"doc#{doc}", row_key(first), [control], "t")
        return self.event("INSERT", item)

    def event(self, name, item):
        known = {"SequenceNumber": f"{self.numbers:020}"}
        return {"eventName": name, "dynamodb": known | ({"NewImage": item} if item else {})}

    async def write(self):
        doc = self.chance.choice(DOCUMENTS)
        count = self.chance.randint(1, 3)
        updates = [f"{doc} {self.chance.random()}".encode() for _ in range(count)]
        last = await self.store.append(doc, updates)
        if self.chance.random() < self.faults / 3:
            return  # the record of it never comes
        shard = self.chance.choice([shard for shard in self.shards if not shard.ended])
        shard.records.append(self.record(doc, Version(0, last.seq - count + 1), count))
        if self.chance.random() < self.faults:
            self.disturb(shard)

    def disturb(self, shard):
        """What stands beside the records that count."""
        doc = self.chance.choice(DOCUMENTS)
        poison = _item(f"doc#{doc}", row_key(Version(0, 1)), [b"no record"], "t")
        event = self.chance.choice(
            [
                self.event("REMOVE", None),
                self.event("MODIFY", _item(f"doc#{doc}", row_key(Version(0, 1)), [], "t")),
                self.event("INSERT", _item("names", doc, [], "t")),
                self.event("INSERT", _item(f"doc#{doc}", "h", [b"head"], "t")),
                self.event("INSERT", poison),
            ]
        )
        shard.records.append(event)
        if self.chance.random() < 0.3:
            shard.ended = True
            self.shards += [Shard(len(self.shards) + n, shard.id) for n in range(2)]
        if self.chance.random() < 0.3:
            shard.trimmed = self.chance.randint(shard.trimmed, len(shard.records))

    # -- DynamoDB's side ---------------------------------------------------------------------------

    async def calls(self, operation, **arguments):
        assert operation == "DescribeTable"
        await self.answer()
        return {"Table": {"LatestStreamArn": "stream"}}

    async def answer(self):
        await asyncio.sleep(self.chance.random() * 0.05)
        if self.chance.random() < self.faults / 3:
            raise StoreError("no answer: the schedule says so")
        if self.chance.random() < self.faults / 3:
            raise Refused("throttled", kind="LimitExceededException")

    async def stream_calls(self, operation, **arguments):
        await self.answer()
        if operation == "DescribeStream":
            shards = [
                {
                    "ShardId": shard.id,
                    "SequenceNumberRange": {"EndingSequenceNumber": "9"} if shard.ended else {},
                }
                for shard in self.shards
            ]
            return {"StreamDescription": {"Shards": shards}}
        if operation == "GetShardIterator":
            return {"ShardIterator": self.iterator(arguments)}
        return self.records(arguments["ShardIterator"])

    def shard(self, id):
        return next(shard for shard in self.shards if shard.id == id)

    def iterator(self, arguments):
        shard = self.shard(arguments["ShardId"])
        kind = arguments["ShardIteratorType"]
        place = len(shard.records) if kind == "LATEST" else shard.trimmed
        if kind == "AFTER_SEQUENCE_NUMBER":
            numbers = [record["dynamodb"]["SequenceNumber"] for record in shard.records]
            place = numbers.index(arguments["SequenceNumber"]) + 1
            if place < shard.trimmed:
                raise Refused("trimmed", kind="TrimmedDataAccessException")
        return f"{shard.id}/{place}"

    def records(self, iterator):
        id, _, place = iterator.partition("/")
        shard, place = self.shard(id), int(place)
        if self.chance.random() < self.faults / 5:
            raise Refused("expired", kind="ExpiredIteratorException")
        if place < shard.trimmed:
            raise Refused("trimmed", kind="TrimmedDataAccessException")
        end = min(place + self.chance.randint(1, 4), len(shard.records))
        records = shard.records[place:end]
        if self.chance.random() < self.faults:
            records = records * 2
        if self.chance.random() < self.faults:
            self.chance.shuffle(records)
        if self.chance.random() < self.faults / 3:
            end = place  # and all of them once more
        if shard.ended and end == len(shard.records):
            return {"Records": records}
        return {"Records": records, "NextShardIterator": f"{shard.id}/{end}"}


class Process:
    """One that listens, as a room does, and reads what it hears of."""

    def __init__(self, world):
        self.world = world
        self.watchers = Watchers()
        self.newest = {}
        self.had = {doc: [] for doc in DOCUMENTS}
        self.streams = streams.Streams(
            world.calls,
            world.stream_calls,
            lambda doc: "table",
            saw=self.saw,
            look=self.look,
            watched=self.watchers.documents,
        )
        self.tasks = [asyncio.ensure_future(self.listen(doc)) for doc in DOCUMENTS]

    def saw(self, doc, version):
        if version > self.newest.get(doc, NOTHING):
            self.newest[doc] = version
            self.watchers.tell(doc, version)

    async def look(self, doc):
        await self.world.answer()
        self.saw(doc, (await self.world.store.read(doc)).version)

    async def listen(self, doc):
        news = self.watchers.add(doc)
        self.streams.watch(doc)
        known = NOTHING
        while True:
            history = await self.world.store.read(doc, known)
            self.had[doc] += [entry.update for entry in history.entries]
            known = history.version
            while await anext(news) <= known:
                pass


async def schedule(seed):
    chance = random.Random(seed)
    random.seed(seed)
    world = World(chance)
    for _ in range(chance.randint(0, 5)):
        await world.write()
    processes = [Process(world) for _ in range(2)]
    for _ in range(60):
        await world.write()
        await asyncio.sleep(chance.random() * chance.choice((0.01, 0.3, 2.0)))
    world.faults = 0.0
    await asyncio.sleep(QUIET_SECONDS)
    for process in processes:
        await process.streams.close()
        for doc in DOCUMENTS:
            there = [entry.update for entry in (await world.store.read(doc)).entries]
            assert process.had[doc] == there, f"seed {seed}: {doc}"
        for task in process.tasks:
            assert not task.done(), task
            task.cancel()


@pytest.mark.parametrize("seed", SCHEDULES)
def test_whatever_the_stream_does_all_is_read_once(seed):
    run(schedule(seed))
