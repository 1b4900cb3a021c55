"""Names, lists and sizes of documents, and their save points."""

import asyncio
import itertools
import random

import pytest

from ropewalk_server.stores.contract import MAX_NAME, NOTHING, StoreError, Version

from .harness import ContractTests, soon, updates_of

NAMES = [
    "a",
    "acme/letters/1",
    "with space and\ttab\nand newline",
    "..",
    "../../etc/passwd",
    "/",
    "%2F%00",
    "quote'quote\"; DROP TABLE documents; --",
    "nul\0inside",
    "ünïcode/文書/🧵/\u202e",
    "e\u0301 is not \u00e9",
    "\u00e9 is not e\u0301",
    "UPPER",
    "upper",
    "*?[a-z]_%",
    "\ud7ff\ue000\U0010ffff",
    "x" * MAX_NAME,
]


class Documents(ContractTests):
    async def test_names_with_every_kind_of_character(self, make_store):
        store = await make_store()
        for name in NAMES:
            await store.append(name, [name.encode()])
            await store.savepoint(name, Version(0, 1), name.encode(), label=name, author=name)
        other = await make_store()
        for name in NAMES:
            assert updates_of(await other.read(name)) == [name.encode()]
            (point,) = await other.savepoints(name)
            assert (point.label, point.author) == (name, name)
            assert await other.read_savepoint(name, 1) == name.encode()
            assert (await other.info(name)).doc == name
        assert [info.doc for info in await other.list()] == sorted(NAMES)
        for name in NAMES:
            assert [info.doc for info in await other.list(prefix=name)] == sorted(
                known for known in NAMES if known.startswith(name)
            )

    async def test_list_in_pages_and_by_prefix(self, store):
        count = self.times(25, 16)
        names = sorted({f"{p}/{n}" for p in ("a", "a%", "b", "é", "🧵") for n in range(count)})
        for name in random.Random(1).sample(names, len(names)):
            await store.append(name, [b"x"])
        await store.delete(names[3])
        del names[3]
        pages, after = [], ""
        while page := await store.list(after=after, limit=7):
            assert len(page) <= 7
            pages.append([info.doc for info in page])
            after = pages[-1][-1]
        assert list(itertools.chain(*pages)) == names
        assert all(len(page) == 7 for page in pages[:-1])
        for prefix in ("a", "a/", "a%", "é/1", "🧵", "c", names[5]):
            expected = [name for name in names if name.startswith(prefix)]
            assert [info.doc for info in await store.list(prefix)] == expected
        found = await store.list("a/", after="a/12", limit=3)
        assert [info.doc for info in found] == ["a/13", "a/14", "a/15"]

    async def test_sizes_and_versions_of_a_document(self, store):
        await store.append("a", [b"x" * 10, b"y" * 20])
        first = await store.info("a")
        assert (first.doc, first.version, first.snapshot) == ("a", Version(0, 2), NOTHING)
        assert (first.snapshot_size, first.log_size, first.log_entries) == (0, 30, 2)
        await store.append("a", [b"z" * 5])
        await store.compact("a", Version(0, 2), b"s" * 12)
        second = await store.info("a")
        assert (second.version, second.snapshot) == (Version(0, 3), Version(0, 2))
        assert (second.snapshot_size, second.log_size, second.log_entries) == (12, 5, 1)
        assert second.size == 17
        assert second.changed_at >= first.changed_at > 1.6e9
        assert await store.list() == [second]
        await store.seal("a", Version(0, 3), b"t" * 7)
        third = await store.info("a")
        assert (third.version, third.snapshot) == (Version(1, 0), Version(1, 0))
        assert (third.snapshot_size, third.log_size, third.log_entries) == (7, 0, 0)

    async def test_save_points_are_kept_under_numbers_that_count_up(self, store):
        await store.append("a", [b"1", b"2"])
        first = await store.savepoint("a", Version(0, 1), b"state 1", label="one", author="ann")
        second = await store.savepoint("a", Version(0, 2), b"state 22")
        assert (first.id, first.version, first.label, first.author, first.size) == (
            1,
            Version(0, 1),
            "one",
            "ann",
            7,
        )
        assert (second.id, second.label, second.author, second.size) == (2, "", "", 8)
        assert second.created_at >= first.created_at > 1.6e9
        assert await store.savepoints("a") == [first, second]
        assert await store.read_savepoint("a", 1) == b"state 1"
        assert await store.read_savepoint("a", 2) == b"state 22"
        assert await store.savepoints("b") == []

    async def test_save_points_outlive_compactions_and_epochs(self, store):
        await store.append("a", [b"1"])
        point = await store.savepoint("a", Version(0, 1), b"1")
        await store.compact("a", Version(0, 1), b"1")
        await store.seal("a", Version(0, 1), b"new")
        assert await store.savepoints("a") == [point]
        assert await store.read_savepoint("a", 1) == b"1"

    async def test_a_number_is_never_given_twice(self, make_store):
        stores = [await make_store(), await make_store()]
        count = self.times(20, 6)
        await stores[0].append("a", [b"1"])
        make = [stores[n % 2].savepoint("a", Version(0, 1), b"s") for n in range(count)]
        points = await soon(asyncio.gather(*make), 60)
        assert sorted(point.id for point in points) == list(range(1, count + 1))
        assert await stores[0].delete_savepoint("a", count) is True
        assert await stores[0].delete_savepoint("a", count) is False
        assert (await stores[1].savepoint("a", Version(0, 1), b"s")).id == count + 1
        ids = [point.id for point in await stores[0].savepoints("a")]
        assert ids == [*range(1, count), count + 1]

    async def test_a_save_point_that_is_not_there(self, store):
        await store.append("a", [b"1"])
        with pytest.raises(StoreError, match="no save point 1") as caught:
            await store.read_savepoint("a", 1)
        assert not caught.value.transient
