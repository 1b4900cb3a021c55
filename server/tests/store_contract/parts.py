"""S8: snapshots are read in parts, and outlines say where they are."""

import random

import pytest

from ropewalk_server.stores import parts as any_store
from ropewalk_server.stores.contract import NOTHING, Damaged, Gone, Part, Version

from .harness import ContractTests, updates_of


async def outline(store, doc, whole=0):
    """The outline, which never says otherwise than what is read."""
    found = await any_store.outline(store, doc, whole=whole)
    history = await store.read(doc)
    assert (found.version, list(found.damaged)) == (history.version, list(history.damaged))
    assert updates_of(found) == updates_of(history)
    if found.snapshot is None:
        assert history.snapshot is None
    else:
        assert found.snapshot.version == history.snapshot.version
        assert found.snapshot.size == len(history.snapshot.data)
        assert found.snapshot.data in (None, history.snapshot.data)
        if found.snapshot.size <= whole:
            assert found.snapshot.data == history.snapshot.data
    return found


class Parts(ContractTests):
    async def test_an_outline_says_what_there_is_and_no_more(self, store):
        assert (await outline(store, "a")).version == NOTHING
        await store.append("a", [b"1", b"2", b"3"])
        assert (await outline(store, "a")).snapshot is None
        await store.compact("a", Version(0, 2), b"12")
        assert (await outline(store, "a")).snapshot.version == Version(0, 2)
        assert (await outline(store, "a", whole=2)).snapshot.data == b"12"
        await store.seal("a", Version(0, 3), b"new")
        assert (await outline(store, "a")).snapshot.version == Version(1, 0)
        await store.delete("a")
        found = await outline(store, "a")
        assert (found.version, found.snapshot, list(found.entries)) == (Version(2, 0), None, [])

    async def test_parts_of_a_snapshot(self, store):
        rng = random.Random(1)
        for size in (1, 100, 65_535, 65_536, 65_537, 300_000):
            data = rng.randbytes(size)
            doc = f"doc {size}"
            version = await store.append(doc, [b"1"])
            await store.compact(doc, version, data)
            await store.append(doc, [b"2"])
            assert (await outline(store, doc, whole=100)).snapshot.size == size
            asked = [Part(0, size), Part(0, 0), Part(size, 0), Part(size - 1, 1)]
            for _ in range(8):
                start, end = sorted(rng.randint(0, size) for _ in range(2))
                asked.append(Part(start, end - start))
            got = await any_store.read_parts(store, doc, version, asked)
            assert [bytes(part) for part in got] == [data[o : o + n] for o, n in asked]
            assert list(await any_store.read_parts(store, doc, version, [])) == []
            for wrong in (Part(0, size + 1), Part(size + 1, 0), Part(size, 1)):
                with pytest.raises(ValueError, match=str(size)):
                    await any_store.read_parts(store, doc, version, [Part(0, 1), wrong])

    async def test_a_snapshot_that_was_replaced_gives_its_own_bytes_or_none(self, store):
        sizes = (10, 200_000)
        rng = random.Random(2)
        for number, size in enumerate(sizes * 2):
            old, new = rng.randbytes(size), rng.randbytes(size)
            doc = f"doc {number}"
            first = await store.append(doc, [b"1"])
            await store.compact(doc, first, old)
            second = await store.append(doc, [b"2"])
            await store.compact(doc, second, new)
            try:
                got = await any_store.read_parts(store, doc, first, [Part(1, 5)])
                assert [bytes(part) for part in got] == [old[1:6]]
            except Gone as gone:
                assert gone.transient
            got = await any_store.read_parts(store, doc, second, [Part(1, 5)])
            assert [bytes(part) for part in got] == [new[1:6]]
            third = await store.append(doc, [b"3"])
            await store.compact(doc, third, old)
            if number < len(sizes):
                await store.seal(doc, third, new)
            else:
                await store.delete(doc)
            for version in (first, second, third):
                with pytest.raises(Gone):
                    await any_store.read_parts(store, doc, version, [Part(0, 1)])
        for doc, version in (("never", Version(0, 1)), ("doc 0", Version(7, 0))):
            with pytest.raises(Gone):
                await any_store.read_parts(store, doc, version, [Part(0, 1)])

    async def test_reading_finds_the_damage_that_parts_do_not(self, store):
        data = random.Random(3).randbytes(200_000)
        await store.seal("a", NOTHING, data)
        await self.spoil(store, "a", 0)
        with pytest.raises(Damaged):
            await store.read("a")
        with pytest.raises(Damaged):
            await any_store.outline(store, "a")
