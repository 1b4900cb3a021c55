"""S7. Epochs that have ended: what they had, and what leads from them to the next, as long as it is
kept."""

import time

import pytest

from ropewalk_server.stores.contract import NO_STATE, Conflict, EndedEpoch, StoreError, Version

from .harness import ContractTests, ended


class Ending(ContractTests):
    async def begin(self, store, epochs, doc="a"):
        """A document in its `epochs`th epoch, each of which has a map to the next."""
        await store.append(doc, [b"1"])
        for epoch in range(epochs):
            version = (await store.read(doc)).version
            await store.seal(
                doc,
                version,
                f"{epoch + 1}".encode(),
                state=f"state {epoch}".encode(),
                map=f"map {epoch}".encode() * 9,
            )

    async def test_a_map_is_kept_with_the_epoch_that_it_leads_from(self, make_store):
        store = await make_store()
        began = time.time()
        await self.begin(store, 3)
        for reader in (store, await make_store()):
            kept = await reader.epochs("a")
            assert ended(kept) == [
                EndedEpoch(epoch, f"state {epoch}".encode(), 0, 45) for epoch in range(3)
            ]
            assert all(began - 1 <= one.ended_at <= time.time() + 1 for one in kept)
            for epoch in range(3):
                assert await reader.read_map("a", epoch) == f"map {epoch}".encode() * 9
            for epoch in (3, 7):
                with pytest.raises(StoreError) as caught:
                    await reader.read_map("a", epoch)
                assert not caught.value.transient
        assert list(await store.epochs("never")) == []

    async def test_a_seal_that_is_refused_keeps_no_map(self, store):
        await store.append("a", [b"1"])
        with pytest.raises(Conflict):
            await store.seal("a", Version(0, 7), b"no", state=b"no", map=b"no")
        assert list(await store.epochs("a")) == []
        with pytest.raises(StoreError):
            await store.read_map("a", 0)

    async def test_an_epoch_without_a_map_makes_older_ones_useless(self, store):
        await self.begin(store, 2)
        await store.seal("a", Version(2, 0), b"restored", state=b"state 2")
        assert ended(await store.epochs("a")) == [
            EndedEpoch(epoch, f"state {epoch}".encode(), 0) for epoch in range(3)
        ]
        for epoch in range(3):
            with pytest.raises(StoreError):
                await store.read_map("a", epoch)
        await store.seal("a", Version(3, 0), b"4", map=b"map 3")
        assert (await store.epochs("a"))[3].state == NO_STATE
        assert await store.read_map("a", 3) == b"map 3"

    async def test_epochs_are_dropped_by_number_and_by_age(self, store):
        await self.begin(store, 5)
        await self.begin(store, 1, "b")
        assert await store.drop_epochs("a", 2) == 2
        assert [one.epoch for one in await store.epochs("a")] == [2, 3, 4]
        with pytest.raises(StoreError):
            await store.read_map("a", 1)
        assert await store.drop_epochs("a", 2, time.time() - 3600) == 0
        assert await store.read_map("a", 4) == b"map 4" * 9
        assert await store.drop_epochs("a", 0, time.time() + 3600) == 3
        assert list(await store.epochs("a")) == []
        assert len(await store.epochs("b")) == 1
        assert await store.drop_epochs("never", 9) == 0
        assert await store.info("never") is None

    async def test_maps_go_with_their_document(self, store):
        await self.begin(store, 2)
        await store.delete("a")
        assert list(await store.epochs("a")) == []
        with pytest.raises(StoreError):
            await store.read_map("a", 1)
        await store.append("a", [b"new"], epoch=3)
        assert list(await store.epochs("a")) == []

    async def test_a_bad_argument_seals_nothing(self, store):
        await store.append("a", [b"1"])
        with pytest.raises(ValueError):
            await store.seal("a", Version(0, 1), b"new", map=b"")
        with pytest.raises(ValueError):
            await store.seal("a", Version(0, 1), b"new", state=b"")
        with pytest.raises(TypeError):
            await store.seal("a", Version(0, 1), b"new", map="a map")
        assert (await store.read("a")).version == Version(0, 1)
