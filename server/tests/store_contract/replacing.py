"""S3 and S4: snapshots and epochs replace at one moment; what comes late is a conflict."""

import asyncio

import pytest

from ropewalk_server.stores.contract import NOTHING, Conflict, StoreError, Version

from .harness import ContractTests, outcome, soon, updates_of


class Replacing(ContractTests):
    async def test_a_snapshot_stands_for_what_it_replaces(self, store):
        await store.append("a", [b"1", b"2", b"3"])
        await store.compact("a", Version(0, 2), b"12")
        history = await store.read("a")
        assert history.snapshot.version == Version(0, 2)
        assert history.snapshot.data == b"12"
        assert updates_of(history) == [b"3"]
        assert history.version == Version(0, 3)
        # Who is older than the snapshot gets it, who is not does not.
        assert (await store.read("a", Version(0, 1))).snapshot.data == b"12"
        assert (await store.read("a", Version(0, 2))).snapshot is None
        assert updates_of(await store.read("a", Version(0, 2))) == [b"3"]

    async def test_compactions_one_after_another(self, store):
        for number in range(1, 31):
            version = await store.append("a", [f"{number},".encode()])
            if number % 5 == 0:
                history = await store.read("a")
                state = (history.snapshot.data if history.snapshot else b"") + b"".join(
                    updates_of(history)
                )
                await store.compact("a", version, state)
        history = await store.read("a")
        assert history.snapshot.data == b"".join(f"{n},".encode() for n in range(1, 31))
        assert (history.version, list(history.entries)) == (Version(0, 30), [])
        assert await store.append("a", [b"31"]) == Version(0, 31)
        assert updates_of(await store.read("a")) == [b"31"]

    async def test_a_compaction_that_is_none_is_a_conflict(self, store):
        await store.append("a", [b"1", b"2", b"3"])
        await store.compact("a", Version(0, 2), b"12")
        for upto in (NOTHING, Version(0, 1), Version(0, 2), Version(0, 4), Version(1, 1)):
            with pytest.raises(Conflict) as caught:
                await store.compact("a", upto, b"no")
            assert caught.value.newest == Version(0, 3)
        with pytest.raises(Conflict):
            await store.compact("never", Version(0, 1), b"no")
        assert (await store.read("a")).snapshot.data == b"12"
        assert await store.info("never") is None

    async def test_compactions_that_race_leave_one(self, make_store):
        stores = [await make_store() for _ in range(4)]
        await stores[0].append("a", [b"%d" % n for n in range(6)])
        snapshots = [b"by %d" % number for number in range(4)]
        outcomes = await asyncio.gather(
            *(
                outcome(store, "compact", "a", Version(0, 5), snapshot, {})
                for store, snapshot in zip(stores, snapshots, strict=True)
            )
        )
        # None of them has waited for another.
        assert outcomes.count(None) == 1
        assert outcomes.count(("conflict", Version(0, 6))) == 3
        winner = snapshots[outcomes.index(None)]
        for store in stores:
            history = await store.read("a")
            assert (history.snapshot.version, history.snapshot.data) == (Version(0, 5), winner)
            assert updates_of(history) == [b"5"]
        assert await stores[0].verify("a") == []

    async def test_readers_see_a_compaction_at_one_moment(self, make_store):
        stores = [await make_store(), await make_store()]
        done = False

        async def write():
            nonlocal done
            for number in range(1, self.times(200, 30) + 1):
                version = await stores[0].append("a", [f"{number},".encode()])
                if number % 10 == 0:
                    state = b"".join(f"{n},".encode() for n in range(1, number + 1))
                    await stores[0].compact("a", version, state)
            done = True

        async def read(store):
            seen = NOTHING
            while not done:
                history = await store.read("a")
                whole = (history.snapshot.data if history.snapshot else b"") + b"".join(
                    updates_of(history)
                )
                assert whole == b"".join(
                    f"{n},".encode() for n in range(1, history.version.seq + 1)
                )
                assert history.version >= seen
                assert list(history.damaged) == []
                seen = history.version

        await soon(asyncio.gather(write(), read(stores[0]), read(stores[1])), 60)

    async def test_seal_begins_an_epoch_with_a_snapshot(self, store):
        await store.append("a", [b"1", b"2"])
        assert await store.seal("a", Version(0, 2), b"new") == Version(1, 0)
        history = await store.read("a", Version(0, 2))
        assert history.version == Version(1, 0)
        assert (history.snapshot.version, history.snapshot.data) == (Version(1, 0), b"new")
        assert list(history.entries) == []
        assert await store.append("a", [b"3"], epoch=1) == Version(1, 1)
        history = await store.read("a", Version(1, 0))
        assert (history.snapshot, updates_of(history)) == (None, [b"3"])
        await store.compact("a", Version(1, 1), b"new3")
        assert (await store.read("a")).snapshot.data == b"new3"
        assert await store.seal("a", Version(1, 1), b"newer") == Version(2, 0)
        assert (await store.read("a")).snapshot.data == b"newer"

    async def test_seal_of_another_version_is_a_conflict(self, store):
        await store.append("a", [b"1", b"2"])
        for expected in (NOTHING, Version(0, 1), Version(0, 3), Version(1, 0)):
            with pytest.raises(Conflict) as caught:
                await store.seal("a", expected, b"no")
            assert caught.value.newest == Version(0, 2)
        assert updates_of(await store.read("a")) == [b"1", b"2"]

    async def test_a_document_may_begin_with_a_snapshot(self, store):
        assert await store.seal("a", NOTHING, b"restored") == Version(1, 0)
        assert (await store.read("a")).snapshot.data == b"restored"

    async def test_one_of_many_seals_wins_and_no_append_is_lost_in_between(self, make_store):
        stores = [await make_store(), await make_store()]
        await stores[0].append("a", [b"0"])
        acked = []

        async def seal(number):
            version = (await stores[number % 2].read("a")).version
            while version.epoch == 0:
                try:
                    return await stores[number % 2].seal("a", version, str(version.seq).encode())
                except Conflict as conflict:
                    version = conflict.newest
            return None

        async def write(number):
            try:
                acked.append(await stores[number % 2].append("a", [b"x"]))
            except Conflict as conflict:
                assert conflict.newest.epoch >= 1

        work = [call(n) for n in range(10) for call in (write, seal, write)]
        results = await soon(asyncio.gather(*work), 60)
        history = await stores[0].read("a")
        assert [result for result in results if result] == [Version(1, 0)]
        assert history.version == Version(1, 0)
        # The seal took in all that had been acknowledged before it.
        assert int(history.snapshot.data) == max(acked, default=Version(0, 1)).seq

    async def test_a_late_append_or_compaction_is_a_conflict_with_the_new_epoch(self, store):
        await store.append("a", [b"1", b"2"])
        await store.seal("a", Version(0, 2), b"new")
        await store.append("a", [b"3"], epoch=1)
        for late in (
            store.append("a", [b"late"]),
            store.append("a", [b"late"], expected=Version(0, 2)),
            store.compact("a", Version(0, 2), b"late"),
            store.seal("a", Version(0, 2), b"late"),
        ):
            with pytest.raises(Conflict) as caught:
                await late
            assert caught.value.newest == Version(1, 1)
        with pytest.raises(Conflict) as caught:
            await store.append("a", [b"early"], epoch=2)
        assert caught.value.newest == Version(1, 1)
        history = await store.read("a")
        assert (history.snapshot.data, updates_of(history)) == (b"new", [b"3"])

    async def test_delete_erases_all_and_what_comes_late_does_not_bring_it_back(self, store):
        await store.append("a", [b"1", b"2"])
        await store.compact("a", Version(0, 1), b"1")
        await store.savepoint("a", Version(0, 2), b"12")
        await store.append("b", [b"1"])
        assert await store.delete("a") is True
        history = await store.read("a", Version(0, 2))
        assert history.version == Version(1, 0)
        assert (history.snapshot, list(history.entries)) == (None, [])
        assert await store.savepoints("a") == []
        with pytest.raises(StoreError):
            await store.read_savepoint("a", 1)
        assert await store.info("a") is None
        assert [info.doc for info in await store.list()] == ["b"]
        with pytest.raises(Conflict) as caught:
            await store.append("a", [b"late"])
        assert caught.value.newest == Version(1, 0)
        assert await store.list(prefix="a") == []
        assert await store.delete("a") is False
        assert await store.delete("never") is False

    async def test_a_deleted_document_may_begin_anew(self, store):
        await store.append("a", [b"1"])
        await store.savepoint("a", Version(0, 1), b"1")
        await store.delete("a")
        assert await store.append("a", [b"new"], epoch=1) == Version(1, 1)
        history = await store.read("a")
        assert (history.snapshot, updates_of(history)) == (None, [b"new"])
        assert (await store.savepoint("a", Version(1, 1), b"new")).id == 2
        await store.compact("a", Version(1, 1), b"new")
        assert (await store.read("a")).snapshot.data == b"new"
