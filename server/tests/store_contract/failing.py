"""S6 and failures: damage is named, and nothing is half done."""

import asyncio
import random

import pytest

from ropewalk_server.stores.contract import Conflict, Damaged, StoreError, Version

from .harness import ContractTests, seqs_of, soon, updates_of


class Failing(ContractTests):
    async def test_a_damaged_entry_is_named_and_all_others_are_given(self, make_store):
        store = await make_store()
        await store.append("a", [b"1", b"2", b"3", b"4"])
        await store.append("b", [b"other"])
        await self.spoil(store, "a", 2)
        for reader in (store, store, await make_store()):
            history = await reader.read("a")
            assert updates_of(history) == [b"1", b"3", b"4"]
            assert seqs_of(history) == [1, 3, 4]
            assert history.version == Version(0, 4)
            assert [damage.where for damage in history.damaged] == ["entry (0, 2)"]
            assert history.damaged[0].doc == "a"
            assert history.damaged[0].reason
        assert [damage.where for damage in await store.verify("a")] == ["entry (0, 2)"]
        assert [damage.where for damage in await store.damaged()] == ["entry (0, 2)"]
        assert await store.damaged("b") == []
        assert list((await store.read("b")).damaged) == []

    async def test_after_damage_nothing_takes_its_place(self, store):
        await store.append("a", [b"1", b"2"])
        await self.spoil(store, "a", 2)
        assert (await store.read("a")).version == Version(0, 2)
        assert await store.append("a", [b"3"]) == Version(0, 3)
        history = await store.read("a")
        assert seqs_of(history) == [1, 3]
        assert len(history.damaged) == 1
        # A snapshot of what is left is a new beginning; what was set aside is still known.
        await store.compact("a", Version(0, 3), b"13")
        history = await store.read("a")
        assert (history.snapshot.data, list(history.damaged)) == (b"13", [])
        assert [damage.where for damage in await store.damaged("a")] == ["entry (0, 2)"]

    async def test_no_sound_snapshot_is_an_error_and_not_an_empty_document(self, store):
        await store.append("a", [b"1"])
        await store.seal("a", Version(0, 1), b"snapshot")
        await store.append("a", [b"2"], epoch=1)
        await self.spoil(store, "a", 0)
        for _ in range(2):
            with pytest.raises(Damaged) as caught:
                await store.read("a")
            assert [damage.where for damage in caught.value.damaged] == ["snapshot (1, 0)"]
            assert not caught.value.transient
        # What it has seen already is enough for who only wants what is new.
        assert updates_of(await store.read("a", Version(1, 0))) == [b"2"]
        # A new epoch (from a save point, a backup) puts an end to it.
        await store.seal("a", Version(1, 1), b"restored")
        assert (await store.read("a")).snapshot.data == b"restored"

    async def test_a_store_that_fails_has_nothing_half_done(self, store):
        await store.append("a", [b"1", b"2"])
        await store.savepoint("a", Version(0, 2), b"12")
        before = await store.read("a"), await store.savepoints("a"), await store.info("a")
        large = random.Random(1).randbytes(1 << 20)
        async with self.fail(store):
            for call in (
                lambda: store.append("a", [b"no", large, b"no"]),
                lambda: store.append("new", [b"no", large]),
                lambda: store.compact("a", Version(0, 2), large),
                lambda: store.seal("a", Version(0, 2), large),
                lambda: store.savepoint("a", Version(0, 2), large),
            ):
                with pytest.raises(StoreError) as caught:
                    await call()
                assert caught.value.transient
                assert len(str(caught.value)) > 20
            assert (
                await store.read("a"),
                await store.savepoints("a"),
                await store.info("a"),
            ) == before
            assert await store.info("new") is None
        assert await store.append("a", [b"3"]) == Version(0, 3)
        await store.compact("a", Version(0, 3), b"123")
        assert (await store.read("a")).snapshot.data == b"123"

    async def test_one_that_is_refused_harms_nobody_who_writes_beside_it(self, store):
        await store.append("a", [b"1"])

        async def write(number):
            if number % 3 == 0:
                with pytest.raises(Conflict):
                    await store.append("a", [b"no"], expected=Version(0, 999))
            else:
                await store.append("a", [str(number).encode()])

        await soon(asyncio.gather(*map(write, range(60))), 60)
        expected = sorted(str(n).encode() for n in range(60) if n % 3)
        assert sorted(updates_of(await store.read("a"))[1:]) == expected

    async def test_an_append_that_nobody_waits_for_any_more_is_whole_or_not_there(self, store):
        waiting = [asyncio.ensure_future(store.append("a", [b"1", b"2"])) for _ in range(20)]
        await asyncio.sleep(0)
        for task in waiting[::2]:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        updates = updates_of(await store.read("a"))
        assert updates == [b"1", b"2"] * (len(updates) // 2)
        assert len(updates) >= 20
