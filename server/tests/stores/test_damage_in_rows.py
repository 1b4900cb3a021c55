"""Damage of every kind in rows of DynamoDB and objects of S3 (T10): what is wrong is found and told,
and nothing is given that was not written. ROPEWALK_SEED repeats one, a soak runs
ROPEWALK_DAMAGES=2,000 in each (ROPEWALK_FIRST=n goes on from there)."""

import base64
import itertools
import json
import os
import random

import pytest
from harness.cloud import dynamodb_url, new_name, s3
from harness.soaking import counted, say, times
from spoiling import BYTES, changed_bytes

from ropewalk_server.stores import open_store
from ropewalk_server.stores.contract import Damaged, StoreError, Version
from ropewalk_server.stores.s3.blobs import folder_of
from ropewalk_server.stores.s3.table import _encoded

SEED = os.environ.get("ROPEWALK_SEED")
FIRST = int(os.environ.get("ROPEWALK_FIRST", "0"))
COUNTS = {"dynamodb": times("DAMAGES", 10, 2000), "s3": times("DAMAGES", 2, 2000)}
ROWS = ("row lost", "two rows swapped", "row over another")


def update(doc, epoch, seq):
    return json.dumps([doc, epoch, seq, "x" * (seq * 37 % 200)]).encode()


def state(doc, epoch, upto):
    return json.dumps([doc, epoch, list(range(1, upto + 1))]).encode()


LARGE = random.Random(7).randbytes(800_000)
SAVED = {("two snapshots", 1): b"saved one", ("two snapshots", 2): b"saved two"}
MAPS = {("sealed", 0): b"from 0 on"}
VERSIONS = {
    "log": Version(0, 12),
    "two snapshots": Version(0, 20),
    "sealed": Version(1, 7),
    "large": Version(0, 3),
}


async def write_documents(url):
    store = open_store(url)
    await store.open()
    for first in range(1, 13, 3):
        await store.append("log", [update("log", 0, first + n) for n in range(3)])
    for first, last in ((1, 1), (2, 4), (5, 8), (9, 12), (13, 15), (16, 19), (20, 20)):
        seqs = range(first, last + 1)
        await store.append("two snapshots", [update("two snapshots", 0, seq) for seq in seqs])
        if last in (8, 15):
            version = Version(0, last)
            await store.compact("two snapshots", version, state("two snapshots", 0, last))
    for (doc, number), saved in SAVED.items():
        await store.savepoint(doc, Version(0, 20), saved, label=f"label {number}")
    await store.append("sealed", [update("sealed", 0, 1)])
    first = state("sealed", 1, 0)
    await store.seal("sealed", Version(0, 1), first, state=b"had", map=MAPS["sealed", 0])
    for first, last in ((1, 1), (2, 5), (6, 7)):
        seqs = range(first, last + 1)
        await store.append("sealed", [update("sealed", 1, seq) for seq in seqs], epoch=1)
    await store.append("large", [update("large", 0, 1)])
    await store.append("large", [LARGE, update("large", 0, 3)])
    await store.close()  # which tells the heads how far their logs have come


class Items:
    """The rows of a table, past the store."""

    def __init__(self, store):
        self._calls = store._calls
        self._table = store._settings.table

    def doc_of(self, place):
        return place[1] if self.is_name(place) else place[0].removeprefix("doc#")

    async def of(self, docs):
        """The rows of these documents, and what was set aside."""
        rows = await self.all()
        return {place: row for place, row in rows.items() if self.doc_of(place) in (*docs, "notes")}

    async def all(self):
        found, more = {}, {}
        while True:
            answer = await self._calls("Scan", TableName=self._table, **more)
            for item in answer["Items"]:
                found[item["pk"]["S"], item["sk"]["S"]] = item
            if "LastEvaluatedKey" not in answer:
                return found
            more = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}

    def can_be_spoilt(self, place, item):
        return place[0] == "names" or bool(item["f"]["L"])

    def spoilt(self, item, what, rng):
        fields = [base64.b64decode(field["B"]) for field in item["f"]["L"]]
        number = rng.randrange(len(fields))
        fields[number] = changed_bytes(fields[number], what, rng)
        return item | {"f": {"L": [{"B": base64.b64encode(field).decode()} for field in fields]}}

    def renamed(self, item, place):
        return item | {"pk": {"S": place[0]}, "sk": {"S": place[1]}}

    async def put(self, place, item):
        await self._calls("PutItem", TableName=self._table, Item=item)

    async def delete(self, place):
        key = {"pk": {"S": place[0]}, "sk": {"S": place[1]}}
        await self._calls("DeleteItem", TableName=self._table, Key=key)

    def is_name(self, place):
        return place[0] == "names"


class ObjectsOfS3:
    """The objects of a bucket, past the store."""

    def __init__(self, store):
        self._objects = store._objects

    def doc_of(self, place):
        begins = {begin: doc for doc in VERSIONS for begin in self._begins(doc)}
        return next((doc for begin, doc in begins.items() if place.startswith(begin)), "notes")

    def _begins(self, doc):
        return folder_of(doc), f"n/{_encoded(doc)}"

    async def of(self, docs):
        """The objects of these documents, and what was set aside."""
        found = {}
        for begin in [*itertools.chain(*map(self._begins, docs)), "notes/"]:
            found |= await self.all(begin)
        return found

    async def all(self, begin=""):
        keys = [entry.key async for entry in self._objects.list(begin)]
        return {key: (await self._objects.get(key)).data for key in keys}

    def can_be_spoilt(self, place, data):
        return len(data) > 40

    def spoilt(self, data, what, rng):
        return changed_bytes(data, what, rng)

    def renamed(self, data, place):
        return data

    async def put(self, place, data):
        await self._objects.put(place, data)

    async def delete(self, place):
        await self._objects.delete([place])

    def is_name(self, place):
        return place.startswith("n/")


async def mutate(items, original, rng):
    """Changes one thing; says what."""
    places = sorted(place for place in original if items.can_be_spoilt(place, original[place]))
    while True:
        place, what = rng.choice(places), rng.choice([*BYTES, *ROWS])
        other = rng.choice(places)
        if items.is_name(place) and what != "row lost":
            continue
        if what == "row lost":
            await items.delete(place)
            return what, place
        if what in ROWS:
            if place == other or items.is_name(other) or original[place] == original[other]:
                continue
            await items.put(other, items.renamed(original[place], other))
            if what == "two rows swapped":
                await items.put(place, items.renamed(original[other], place))
            return what, place, other
        changed = items.spoilt(original[place], what, rng)
        # The bytes in front that make a write another one mean nothing.
        if changed != original[place] and not only_the_token(original[place], changed):
            await items.put(place, changed)
            return what, place


def only_the_token(before, after):
    return (
        isinstance(before, bytes)
        and len(before) == len(after)
        and before[:4] + before[20:] == after[:4] + after[20:]
    )


def check_history(doc, history):
    """Only what was written, in its place."""
    epoch = VERSIONS[doc].epoch
    assert history.version.epoch in (epoch, 0)
    if history.snapshot is not None:
        version = history.snapshot.version
        assert history.snapshot.data == state(doc, version.epoch, version.seq)
    for entry in history.entries:
        expected = update(doc, entry.version.epoch, entry.version.seq)
        if doc == "large" and entry.version.seq == 2:
            expected = LARGE
        assert entry.update == expected


async def found_in(store, docs=VERSIONS):
    """What is told of documents when all of them is read; fails if anything is given that was not
    written."""
    told = []
    for doc in docs:
        for look in (store.read, store.verify):
            try:
                result = await look(doc)
            except Damaged as damaged:
                told += damaged.damaged
            else:
                if look == store.read:
                    check_history(doc, result)
                    told += result.damaged
                else:
                    told += result
        for wanted, read in ((SAVED, store.read_savepoint), (MAPS, store.read_map)):
            for (of, number), data in wanted.items():
                if of == doc:
                    try:
                        assert await read(doc, number) == data
                    except StoreError as error:
                        told.append(error)
        for call in (store.savepoints, store.epochs):
            await call(doc)
    return told + list(await store.damaged())


@pytest.mark.parametrize("kind", ["dynamodb", "s3"])
async def test_what_is_damaged_is_found_and_never_given(kind):
    url = f"s3://{new_name()}/rooms?endpoint=http://127.0.0.1:{s3()}"
    if kind == "dynamodb":
        url = dynamodb_url(new_name())
    await open_store(url).create()
    await write_documents(url)
    store = open_store(url)
    await store.open()
    items = (Items if kind == "dynamodb" else ObjectsOfS3)(store)
    original = await items.all()
    assert await found_in(store) == []
    assert await items.all() == original
    seeds = range(FIRST, COUNTS[kind]) if SEED is None else [int(SEED)]
    for seed in counted(f"T10 {kind}", seeds):
        rng = random.Random(seed)
        changed = await mutate(items, original, rng)
        # The others are as they were: to read them each time takes hours.
        docs = {items.doc_of(place) for place in changed[1:]}
        fresh = open_store(url)
        await fresh.open()
        try:
            assert await found_in(fresh, docs), "nobody was told"
        except BaseException as error:
            error.add_note(f"seed {seed}: {changed}")
            raise
        await fresh.close()
        now = await items.of(docs)
        for place in now.keys() - original.keys():
            await items.delete(place)
        for place, item in original.items():
            if items.doc_of(place) in (*docs, "notes") and now.get(place) != item:
                await items.put(place, item)
    assert await found_in(store) == []
    assert await items.all() == original
    say(f"T10 {kind}: {len(seeds)} damages, all told of, nothing given that was not written")
    await store.close()


async def test_what_stands_behind_an_object_of_s3_is_told():
    url = f"s3://{new_name()}/rooms?endpoint=http://127.0.0.1:{s3()}"
    await open_store(url).create()
    await write_documents(url)
    store = open_store(url)
    await store.open()
    items = ObjectsOfS3(store)
    original = await items.all()
    # One of each kind: rows of updates, heads, snapshots, large updates, ...
    kinds = {place.rsplit("/", 1)[1][:2]: place for place in original if place.startswith("d/")}
    assert len(kinds) >= 4
    for place in kinds.values():
        data = original[place]
        if items.can_be_spoilt(place, data):
            await items.put(place, data + data[-20:])
            fresh = open_store(url)
            await fresh.open()
            assert await found_in(fresh, {items.doc_of(place)}), f"nobody was told of {place}"
            await fresh.close()
            for other in (await items.all()).keys() - original.keys():
                await items.delete(other)
            await items.put(place, data)
    await store.close()
