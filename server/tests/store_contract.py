"""The contract of stores/contract.py as tests: the same for every store.

A store's test file says how to make it:

    class TestMyStore(StoreContract):
        @pytest.fixture
        async def make_store(self, tmp_path): ...   # yields an async function: each call gives an
                                                    # opened store on the same documents
        async def spoil(self, store, doc, seq): ... # damages the record of an entry or a snapshot
        async def fail(self, store): ...            # an async context: inside it writing fails
        url = None                                  # or how another process opens the documents
"""

import asyncio
import itertools
import random
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from ropewalk_server.stores.contract import (
    MAX_NAME,
    NOTHING,
    Conflict,
    Damaged,
    SavePoint,
    StoreError,
    Version,
)
from ropewalk_server.stores.memory import MemoryStore

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


def updates_of(history):
    return [entry.update for entry in history.entries]


def seqs_of(history):
    return [entry.version.seq for entry in history.entries]


async def outcome(store, call, *arguments):
    """What a call gives, or the error it raises, without times."""
    *positional, named = arguments
    try:
        result = await getattr(store, call)(*positional, **named)
    except Conflict as conflict:
        return "conflict", conflict.newest
    except StoreError as error:
        return "error", error.transient
    if isinstance(result, SavePoint):
        return replace(result, created_at=0)
    if isinstance(result, list):
        return [replace(point, created_at=0) for point in result]
    return result


def plain(history):
    snapshot = history.snapshot and (history.snapshot.version, bytes(history.snapshot.update))
    entries = [(entry.version, bytes(entry.update)) for entry in history.entries]
    return history.version, snapshot, entries, list(history.damaged)


def sizes(info):
    return info and replace(info, changed_at=0)


async def soon(awaitable, seconds=10):
    return await asyncio.wait_for(awaitable, seconds)


class StoreContract:
    url = None

    @pytest.fixture
    async def make_store(self):
        raise NotImplementedError

    @pytest.fixture
    async def store(self, make_store):
        return await make_store()

    async def spoil(self, store, doc, seq):
        raise NotImplementedError

    def fail(self, store):
        raise NotImplementedError

    # -- S1, S2: append and read -------------------------------------------------------------------

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
        for number in range(200):
            await store.append(f"doc-{number % 20}", [str(number).encode()])
        for number in range(20):
            expected = [str(n).encode() for n in range(number, 200, 20)]
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
        large = random.Random(1).randbytes(16 << 20)
        await store.append("a", [b"before", large, b"after"])
        assert updates_of(await store.read("a")) == [b"before", large, b"after"]
        await store.compact("a", Version(0, 2), large)
        history = await store.read("a")
        assert history.snapshot.update == large
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

        async def write(writer):
            versions = []
            for number in range(50):
                update = f"{writer}:{number}".encode()
                versions.append(await stores[writer % 2].append("a", [update]))
            return versions

        versions = await soon(asyncio.gather(*map(write, range(8))), 60)
        assert sorted(itertools.chain(*versions)) == [(0, seq) for seq in range(1, 401)]
        history = await stores[0].read("a")
        assert seqs_of(history) == list(range(1, 401))
        for writer in range(8):
            own = [u for u in updates_of(history) if u.startswith(f"{writer}:".encode())]
            assert own == [f"{writer}:{number}".encode() for number in range(50)]

    async def test_compare_and_set_by_many_loses_and_doubles_nothing(self, make_store):
        stores = [await make_store(), await make_store()]

        async def write(writer):
            known = NOTHING
            for number in range(10):
                while True:
                    try:
                        update = f"{writer}:{number}".encode()
                        known = await stores[writer % 2].append("a", [update], expected=known)
                        break
                    except Conflict as conflict:
                        known = conflict.newest

        await soon(asyncio.gather(*map(write, range(6))), 60)
        updates = updates_of(await stores[1].read("a"))
        assert sorted(updates) == sorted(f"{w}:{n}".encode() for w in range(6) for n in range(10))

    async def test_a_read_that_began_after_an_append_returned_has_it(self, store):
        async def write():
            for number in range(100):
                version = await store.append("a", [str(number).encode()])
                assert (await store.read("a")).version >= version

        async def read():
            for _ in range(100):
                history = await store.read("a")
                assert seqs_of(history) == list(range(1, history.version.seq + 1))

        await soon(asyncio.gather(write(), read(), read()), 60)

    # -- S3: compact and seal ----------------------------------------------------------------------

    async def test_a_snapshot_stands_for_what_it_replaces(self, store):
        await store.append("a", [b"1", b"2", b"3"])
        await store.compact("a", Version(0, 2), b"12")
        history = await store.read("a")
        assert history.snapshot.version == Version(0, 2)
        assert history.snapshot.update == b"12"
        assert updates_of(history) == [b"3"]
        assert history.version == Version(0, 3)
        # Who is older than the snapshot gets it, who is not does not.
        assert (await store.read("a", Version(0, 1))).snapshot.update == b"12"
        assert (await store.read("a", Version(0, 2))).snapshot is None
        assert updates_of(await store.read("a", Version(0, 2))) == [b"3"]

    async def test_compactions_one_after_another(self, store):
        for number in range(1, 31):
            version = await store.append("a", [f"{number},".encode()])
            if number % 5 == 0:
                history = await store.read("a")
                state = (history.snapshot.update if history.snapshot else b"") + b"".join(
                    updates_of(history)
                )
                await store.compact("a", version, state)
        history = await store.read("a")
        assert history.snapshot.update == b"".join(f"{n},".encode() for n in range(1, 31))
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
        assert (await store.read("a")).snapshot.update == b"12"
        assert await store.info("never") is None

    async def test_readers_see_a_compaction_at_one_moment(self, make_store):
        stores = [await make_store(), await make_store()]
        done = False

        async def write():
            nonlocal done
            for number in range(1, 201):
                version = await stores[0].append("a", [f"{number},".encode()])
                if number % 10 == 0:
                    state = b"".join(f"{n},".encode() for n in range(1, number + 1))
                    await stores[0].compact("a", version, state)
            done = True

        async def read(store):
            seen = NOTHING
            while not done:
                history = await store.read("a")
                whole = (history.snapshot.update if history.snapshot else b"") + b"".join(
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
        assert (history.snapshot.version, history.snapshot.update) == (Version(1, 0), b"new")
        assert list(history.entries) == []
        assert await store.append("a", [b"3"], epoch=1) == Version(1, 1)
        history = await store.read("a", Version(1, 0))
        assert (history.snapshot, updates_of(history)) == (None, [b"3"])
        await store.compact("a", Version(1, 1), b"new3")
        assert (await store.read("a")).snapshot.update == b"new3"
        assert await store.seal("a", Version(1, 1), b"newer") == Version(2, 0)
        assert (await store.read("a")).snapshot.update == b"newer"

    async def test_seal_of_another_version_is_a_conflict(self, store):
        await store.append("a", [b"1", b"2"])
        for expected in (NOTHING, Version(0, 1), Version(0, 3), Version(1, 0)):
            with pytest.raises(Conflict) as caught:
                await store.seal("a", expected, b"no")
            assert caught.value.newest == Version(0, 2)
        assert updates_of(await store.read("a")) == [b"1", b"2"]

    async def test_a_document_may_begin_with_a_snapshot(self, store):
        assert await store.seal("a", NOTHING, b"restored") == Version(1, 0)
        assert (await store.read("a")).snapshot.update == b"restored"

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
        assert int(history.snapshot.update) == max(acked, default=Version(0, 1)).seq

    # -- S4: what comes late -----------------------------------------------------------------------

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
        assert (history.snapshot.update, updates_of(history)) == (b"new", [b"3"])

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
        assert (await store.read("a")).snapshot.update == b"new"

    # -- S5: subscribe -----------------------------------------------------------------------------

    async def test_a_subscription_tells_of_what_lands_after_the_call(self, make_store):
        store, other = await make_store(), await make_store()
        await store.append("a", [b"before"])
        news = store.subscribe("a")
        await store.append("a", [b"1"])
        assert await soon(anext(news)) == Version(0, 2)
        await other.append("a", [b"2"])
        assert await self.hear(news, Version(0, 3)) == Version(0, 3)
        await other.seal("a", Version(0, 3), b"new")
        assert await self.hear(news, Version(1, 0)) == Version(1, 0)
        await other.delete("a")
        assert await self.hear(news, Version(2, 0)) == Version(2, 0)
        await news.aclose()

    async def hear(self, news, version):
        """The first news that is as new as `version`; the same may be told more than once."""
        while (heard := await soon(anext(news))) < version:
            pass
        return heard

    async def test_news_of_one_document_only_in_order_and_with_the_newest_last(self, make_store):
        store, other = await make_store(), await make_store()
        news = store.subscribe("a")
        heard = []

        async def listen():
            async for version in news:
                heard.append(version)
                if version.seq == 60:
                    return

        async def write(writer):
            for _ in range(30):
                await (store, other)[writer].append("a", [b"x"])
                await store.append("b", [b"y"])

        await soon(asyncio.gather(listen(), write(0), write(1)), 60)
        assert heard == sorted(heard)
        await news.aclose()

    async def test_a_subscription_that_is_closed_ends(self, store):
        news = store.subscribe("a")
        waiting = asyncio.ensure_future(anext(news, None))
        await asyncio.sleep(0)
        await news.aclose()
        assert await soon(waiting) is None
        await store.append("a", [b"1"])
        assert await soon(anext(news, None)) is None

    async def test_waiting_for_news_may_be_given_up_and_begun_again(self, store):
        news = store.subscribe("a")
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(anext(news), 0.01)
        await store.append("a", [b"1"])
        assert await soon(anext(news)) == Version(0, 1)
        await news.aclose()

    async def test_a_listener_that_sleeps_holds_one_version(self, store):
        news = store.subscribe("a")
        for _ in range(100):
            await store.append("a", [b"x"])
        assert await soon(anext(news)) == Version(0, 100)
        await news.aclose()

    # -- S6: damage --------------------------------------------------------------------------------

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
        assert (history.snapshot.update, list(history.damaged)) == (b"13", [])
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
        assert (await store.read("a")).snapshot.update == b"restored"

    # -- documents ---------------------------------------------------------------------------------

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
        names = sorted({f"{p}/{n}" for p in ("a", "a%", "b", "é", "🧵") for n in range(25)})
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

    # -- save points -------------------------------------------------------------------------------

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
        await stores[0].append("a", [b"1"])
        make = [stores[n % 2].savepoint("a", Version(0, 1), b"s") for n in range(20)]
        points = await soon(asyncio.gather(*make), 60)
        assert sorted(point.id for point in points) == list(range(1, 21))
        assert await stores[0].delete_savepoint("a", 20) is True
        assert await stores[0].delete_savepoint("a", 20) is False
        assert (await stores[1].savepoint("a", Version(0, 1), b"s")).id == 21
        ids = [point.id for point in await stores[0].savepoints("a")]
        assert ids == [*range(1, 20), 21]

    async def test_a_save_point_that_is_not_there(self, store):
        await store.append("a", [b"1"])
        with pytest.raises(StoreError, match="no save point 1") as caught:
            await store.read_savepoint("a", 1)
        assert not caught.value.transient

    # -- failures ----------------------------------------------------------------------------------

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
        assert (await store.read("a")).snapshot.update == b"123"

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

    # -- all of it together ------------------------------------------------------------------------

    async def test_random_histories_are_those_of_the_model(self, make_store):
        """The same calls on this store and on the one in memory: same answers, same errors."""
        for seed in range(6):
            rng = random.Random(seed)
            model = MemoryStore()
            stores = [await make_store(), await make_store()]
            docs = [f"{seed}/{name}" for name in ("a", "b")]
            for step in range(60):
                call = self.random_call(rng, await model.read(docs[0]), docs)
                expected = await outcome(model, *call)
                got = await outcome(rng.choice(stores), *call)
                assert got == expected, f"seed {seed}, step {step}: {call}"
                for doc in docs:
                    since = rng.choice((None, NOTHING, Version(0, 3), Version(1, 0), Version(1, 2)))
                    reader = rng.choice(stores)
                    assert plain(await reader.read(doc, since)) == plain(
                        await model.read(doc, since)
                    ), f"seed {seed}, step {step}: after {call}"
                    assert sizes(await reader.info(doc)) == sizes(await model.info(doc))

    def random_call(self, rng, history, docs):
        doc = rng.choice(docs)
        data = rng.randbytes(rng.choice((1, 5, 300)))
        version = history.version
        guess = rng.choice(
            (version, version, version, NOTHING, Version(version.epoch, version.seq // 2))
        )
        return rng.choices(
            [
                ("append", doc, [data] * rng.randint(1, 3), {"epoch": guess.epoch}),
                ("append", doc, [data], {"epoch": guess.epoch, "expected": guess}),
                ("compact", doc, guess, data, {}),
                ("seal", doc, guess, data, {}),
                ("delete", doc, {}),
                ("savepoint", doc, guess, data, {"label": "l"}),
                ("read_savepoint", doc, rng.randint(1, 5), {}),
                ("delete_savepoint", doc, rng.randint(1, 5), {}),
                ("savepoints", doc, {}),
            ],
            [12, 4, 4, 1, 1, 2, 1, 1, 1],
        )[0]

    # -- several processes -------------------------------------------------------------------------

    async def test_several_processes_write_one_document(self, make_store):
        if self.url is None:
            pytest.skip("this store lives in one process")
        store = await make_store()
        await store.append("a", [b"first"])
        news = store.subscribe("a")
        processes = [
            await asyncio.create_subprocess_exec(
                sys.executable,
                str(Path(__file__).parent / "stores" / "writing_process.py"),
                self.url,
                "a",
                str(number),
                "40",
            )
            for number in range(3)
        ]
        for number in range(40):
            await store.append("a", [f"here:{number}".encode()])
        assert [await soon(process.wait(), 60) for process in processes] == [0, 0, 0]
        history = await store.read("a")
        assert seqs_of(history) == list(range(1, 162))
        for writer in ("here", 0, 1, 2):
            own = [u for u in updates_of(history) if u.startswith(f"{writer}:".encode())]
            assert own == [f"{writer}:{number}".encode() for number in range(40)]
        assert await self.hear(news, history.version) == history.version
        await news.aclose()
