"""S1 and S2: what append() has returned is there, all of it and in order."""

import asyncio
import itertools
import random

import pytest

from ropewalk_server.stores.contract import NOTHING, Conflict, Version

from .harness import ContractTests, seqs_of, soon, updates_of


class Appending(ContractTests):
    async def test_a_document_that_was_never_written_to_is_nothing(self, store):
        history = await store.read("a")
        assert history.version == NOTHING
        assert (history.snapshot, list(history.entries), list(history.damaged)) == (None, [], [])
        assert await store.info("a") is None
        assert await store.savepoints("a") == []
        assert await store.verify("a") == []
        assert await store.list() == []

    async def test_updates_are_read_as_they_were_written_and_in_order(self, store):
        assert await store.append("a", [b"one", b"two"]) == Version(0, 2)
        assert await store.append("a", [b"three"]) == Version(0, 3)
        history = await store.read("a")
        assert history.version == Version(0, 3)
        assert history.snapshot is None
        assert updates_of(history) == [b"one", b"two", b"three"]
        assert [entry.version for entry in history.entries] == [(0, 1), (0, 2), (0, 3)]

    async def test_every_byte_comes_back(self, store):
        updates = [bytes([value]) for value in range(256)] + [bytes(range(256)) * 5, b"\0" * 100]
        await store.append("a", updates)
        assert updates_of(await store.read("a")) == updates

    async def test_read_gives_what_is_behind_a_version(self, store):
        await store.append("a", [b"1", b"2", b"3"])
        assert updates_of(await store.read("a", NOTHING)) == [b"1", b"2", b"3"]
        assert updates_of(await store.read("a", Version(0, 2))) == [b"3"]
        history = await store.read("a", Version(0, 3))
        assert (history.version, list(history.entries)) == (Version(0, 3), [])
        history = await store.read("a", Version(0, 9))
        assert (history.version, list(history.entries)) == (Version(0, 3), [])

    async def test_documents_do_not_mix(self, store):
        count = self.times(200, 40)
        for number in range(count):
            await store.append(f"doc-{number % 20}", [str(number).encode()])
        for number in range(20):
            expected = [str(n).encode() for n in range(number, count, 20)]
            assert updates_of(await store.read(f"doc-{number}")) == expected

    async def test_what_was_written_is_there_for_others_and_after_reopening(self, make_store):
        store = await make_store()
        await store.append("a", [b"1"])
        other = await make_store()
        assert updates_of(await other.read("a")) == [b"1"]
        await other.append("a", [b"2"])
        assert updates_of(await store.read("a")) == [b"1", b"2"]
        await store.close()
        await other.close()
        assert updates_of(await (await make_store()).read("a")) == [b"1", b"2"]

    async def test_a_large_update(self, store):
        large = random.Random(1).randbytes(self.times(16, 3) << 20)
        await store.append("a", [b"before", large, b"after"])
        assert updates_of(await store.read("a")) == [b"before", large, b"after"]
        await store.compact("a", Version(0, 2), large)
        history = await store.read("a")
        assert history.snapshot.data == large
        assert updates_of(history) == [b"after"]

    async def test_expected_is_compared_and_the_conflict_tells_the_newest(self, store):
        assert await store.append("a", [b"1"], expected=NOTHING) == Version(0, 1)
        assert await store.append("a", [b"2"], expected=Version(0, 1)) == Version(0, 2)
        for expected in (NOTHING, Version(0, 1), Version(0, 3), Version(1, 2)):
            with pytest.raises(Conflict) as caught:
                await store.append("a", [b"no"], expected=expected)
            assert caught.value.newest == Version(0, 2)
            assert not caught.value.transient
        assert updates_of(await store.read("a")) == [b"1", b"2"]

    async def test_wrong_arguments_are_refused_before_anything_happens(self, store):
        with pytest.raises(ValueError, match="at least one"):
            await store.append("a", [])
        with pytest.raises(ValueError, match="not be empty"):
            await store.append("a", [b"good", b""])
        with pytest.raises(TypeError, match="str"):
            await store.append("a", ["text"])
        for name, reason in [("", "empty"), ("é" * 513, "1026"), ("\ud800", "half a character")]:
            with pytest.raises(ValueError, match=reason):
                await store.append(name, [b"1"])
            with pytest.raises(ValueError, match=reason):
                await store.read(name)
            with pytest.raises(ValueError, match=reason):
                store.subscribe(name)
        with pytest.raises(ValueError, match="at least 1"):
            await store.list(limit=0)
        assert await store.list() == []

    async def test_concurrent_appends_are_all_there_each_writer_in_its_order(self, make_store):
        stores = [await make_store(), await make_store()]
        count = self.times(50)

        async def write(writer):
            versions = []
            for number in range(count):
                update = f"{writer}:{number}".encode()
                versions.append(await stores[writer % 2].append("a", [update]))
            return versions

        versions = await soon(asyncio.gather(*map(write, range(8))), 60)
        assert sorted(itertools.chain(*versions)) == [(0, seq) for seq in range(1, 8 * count + 1)]
        history = await stores[0].read("a")
        assert seqs_of(history) == list(range(1, 8 * count + 1))
        for writer in range(8):
            own = [u for u in updates_of(history) if u.startswith(f"{writer}:".encode())]
            assert own == [f"{writer}:{number}".encode() for number in range(count)]

    async def test_compare_and_set_by_many_loses_and_doubles_nothing(self, make_store):
        stores = [await make_store(), await make_store()]
        count = self.times(10)

        async def write(writer):
            known = NOTHING
            for number in range(count):
                while True:
                    try:
                        update = f"{writer}:{number}".encode()
                        known = await stores[writer % 2].append("a", [update], expected=known)
                        break
                    except Conflict as conflict:
                        known = conflict.newest

        await soon(asyncio.gather(*map(write, range(6))), 60)
        updates = updates_of(await stores[1].read("a"))
        assert sorted(updates) == sorted(f"{w}:{n}".encode() for w in range(6) for n in range(count))

    async def test_a_read_that_began_after_an_append_returned_has_it(self, store):
        async def write():
            for number in range(self.times(100)):
                version = await store.append("a", [str(number).encode()])
                assert (await store.read("a")).version >= version

        async def read():
            for _ in range(self.times(100)):
                history = await store.read("a")
                assert seqs_of(history) == list(range(1, history.version.seq + 1))

        await soon(asyncio.gather(write(), read(), read()), 60)
