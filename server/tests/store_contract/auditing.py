"""Who did what: for stores that keep it."""

import asyncio
from abc import abstractmethod
from dataclasses import replace

import pytest

from ropewalk_server.stores.audit import EDIT, JOIN, SESSION_END, AuditRow, trail_of
from ropewalk_server.stores.contract import Version

from .harness import ContractTests


def row(kind=JOIN, doc="a", user="u", session="s", at=1000.0, version=Version(0, 0), **detail):
    return AuditRow(doc, at, kind, user, session, version, detail)


def without_numbers(rows):
    return [replace(one, number=0) for one in rows]


class Auditing(ContractTests):
    async def test_rows_are_there_in_order_and_page_by_page(self, make_store):
        store = await make_store()
        rows = [row(EDIT, at=1000.5 + n, version=Version(0, n), updates=n) for n in range(25)]
        rows[3] = row(user="who \x00 is it? \N{SNOWMAN}", role="editor", nested={"a": [1, None]})
        await trail_of(store).record(rows[:10])
        await trail_of(store).record([row(doc="other")])
        await trail_of(await make_store()).record(rows[10:])
        await trail_of(store).record([])
        found = []
        while page := await trail_of(store).audit("a", found[-1].number if found else 0, 10):
            assert len(page) <= 10
            found += page
        assert without_numbers(found) == rows
        assert [one.number for one in found] == sorted({one.number for one in found})
        assert await trail_of(store).audit("none") == []

    async def test_a_session_has_one_end_whoever_tells_of_it(self, make_store):
        stores = [await make_store() for _ in range(3)]
        ends = [row(SESSION_END, at=float(n)) for n in range(6)]
        await asyncio.gather(
            *(trail_of(stores[n % 3]).record([row(EDIT), end]) for n, end in enumerate(ends))
        )
        await trail_of(stores[0]).record([row(SESSION_END, doc="b"), row(SESSION_END, session="t")])
        kinds = [one.kind for one in await trail_of(stores[0]).audit("a")]
        assert kinds.count(EDIT) == 6
        assert kinds.count(SESSION_END) == 2  # of s, and of t

    async def test_of_a_document_that_is_erased_nothing_is_left_or_comes_late(self, make_store):
        store = await make_store()
        trail = trail_of(store)
        version = await store.append("a", [b"1"])
        await trail.record([row(version=version), row(doc="b")])
        await store.delete("a")
        assert await trail.audit("a") == []
        assert len(await trail.audit("b")) == 1
        # A server that has not heard of it yet:
        await trail.record([row(EDIT, version=version), row(SESSION_END, version=version)])
        assert await trail.audit("a") == []
        newest = (await store.read("a")).version
        await trail.record([row(version=newest)])
        await store.append("a", [b"2"], epoch=newest.epoch)
        await trail.record([row(EDIT, version=version), row(EDIT, version=newest)])
        assert [one.kind for one in await trail.audit("a")] == [JOIN, EDIT]

    async def test_an_epoch_that_ended_for_another_reason_is_remembered(self, make_store):
        store = await make_store()
        version = await store.append("a", [b"1"])
        await store.seal("a", version, b"other")
        await trail_of(store).record([row(SESSION_END, version=version)])
        assert len(await trail_of(store).audit("a")) == 1

    async def test_what_is_old_is_forgotten_and_nothing_else_changes(self, make_store):
        trail = trail_of(await make_store())
        await trail.record([row(at=float(n)) for n in range(10)])
        assert await trail.forget_audit(4.0) == 4
        assert await trail.forget_audit(4.0) == 0
        assert [one.at for one in await trail.audit("a")] == [4.0, 5.0, 6.0, 7.0, 8.0, 9.0]
        with pytest.raises(Exception, match="do not change"):
            await self.change_audit()
        assert {one.user for one in await trail.audit("a")} == {"u"}

    async def test_bad_names_are_refused(self, make_store):
        trail = trail_of(await make_store())
        with pytest.raises(ValueError, match="name"):
            await trail.record([row(doc="a"), row(doc="")])
        assert await trail.audit("a") == []

    @abstractmethod
    async def change_audit(self):
        """Past the store: tries to change all rows."""
