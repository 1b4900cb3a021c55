"""Every write of a document: a plan is worked out from its head, and made if the head is still that
one; who was faster is looked at, and the plan worked out anew. What is damaged is set aside the same
way, and a head that cannot be read is made anew from the records it stood for."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable, Collection, Sequence
from typing import Any

from ropewalk_server.stores.contract import (
    Conflict,
    Damage,
    Damaged,
    StoreError,
    Version,
)
from ropewalk_server.stores.heads import MARK, Head, decode_head, encode_head
from ropewalk_server.stores.keyed import damage, plans
from ropewalk_server.stores.keyed.calling import Unreachable
from ropewalk_server.stores.keyed.database import Database, Occupied
from ropewalk_server.stores.keyed.lines import Lines
from ropewalk_server.stores.keyed.news import News
from ropewalk_server.stores.keyed.plans import Plan, Planned
from ropewalk_server.stores.records import BadRecord, Kind

logger = logging.getLogger(__name__)

# Who loses a race tries again at once with the head that has won, some times: after a pause that head
# would be an old one, and who waits would lose to those who do not.
_AT_ONCE = 8
# With so many others that this is not enough: after a pause of up to so many seconds, doubled each
# time, and another look at the head.
_FIRST_PAUSE = 0.002
_LONGEST_PAUSE = 0.1
# And no longer than this in all.
_RACE_SECONDS = 10.0
# Heads that are known without asking.
_HEADS_KEPT = 1 << 14


def decode(doc: str, stored: bytes | None) -> Head:
    """BadRecord: it is damaged, or gone."""
    if stored is None:
        raise BadRecord(damage.GONE)
    return decode_head(doc, stored)


class Writing:
    """Of one store."""

    def __init__(self, database: Database, news: News, now: Callable[[], float]) -> None:
        self._database = database
        self._news = news
        self._now = now
        self._lines = Lines(self._append)
        self._heads: dict[str, bytes] = {}  # as the database had them last, as far as we know
        self._random = random.Random()

    def open(self) -> None:
        self._lines.open()

    async def close(self) -> None:
        """Takes nothing more, and finishes what was begun."""
        await self._lines.close()
        self._heads.clear()

    async def append(self, doc: str, updates: Sequence[bytes], epoch: int) -> Version:
        """Appends of one document that wait together are one write."""
        return await self._lines.append(doc, updates, epoch)

    async def _append(self, doc: str, updates: Sequence[bytes], epoch: int) -> Version:
        async def plan(head: Head) -> Planned:
            return plans.append(doc, head, updates, epoch, None, self._now())

        version: Version = await self._change(doc, plan)
        return version

    async def write(self, doc: str, plan: Plan, *, lost: bool = False) -> Any:
        """Makes what the plan says of the head, in its turn. `lost`: even if nothing is left of what
        the head stood for."""
        return await self._lines.do(doc, lambda: self._change(doc, plan, lost=lost))

    async def _change(self, doc: str, plan: Plan, *, lost: bool = False) -> Any:
        """Makes what the plan says of the head as it is; again, if somebody was faster."""
        name = doc.encode()
        loop = asyncio.get_running_loop()
        began, attempt, answered = loop.time(), 0, False
        # Heads we have sent: one of them that is there was done, even if its answer was lost.
        sent: dict[bytes, tuple[Any, bool]] = {}
        stored = self._heads.get(doc)
        sure = stored is None  # whether the database has just said so
        if stored is None:
            stored = await self._stored_head(name)
        while stored is None or stored not in sent:
            head, planned = await self._known_head(doc, stored, lost=lost), None
            if head is not None:
                try:
                    planned = await plan(head)
                except Conflict:
                    if sure:
                        raise
                if planned is None and sure:
                    return None
            if planned is None:
                stored, sure = await self._stored_head(name), True
                continue
            new = self._marked(name, planned.head)
            assert head is not None
            moved = planned.head.version != head.version
            sent[new] = planned.result, moved
            there, answered = await self._try(doc, stored, new, planned)
            if there != new:
                if loop.time() - began > _RACE_SECONDS:
                    raise StoreError(
                        f"{doc!r} is written by others faster than here; try again later"
                    )
                attempt += 1
                if attempt > _AT_ONCE:
                    longest = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2 ** min(attempt - _AT_ONCE, 10))
                    await asyncio.sleep(self._random.uniform(0, longest))
                    there = await self._stored_head(name)
                answered = False
            stored, sure = there, True
        if not answered:
            await self._database.confirm(name)
        result, moved = sent[stored]
        head = decode_head(doc, stored)
        self.know(doc, stored)
        if moved:
            self._news.landed(doc, head.version)
        return result

    async def _try(
        self, doc: str, stored: bytes | None, new: bytes, planned: Planned
    ) -> tuple[bytes | None, bool]:
        """The head that is there then, and whether the database has said that of this change."""
        name = doc.encode()
        try:
            return await self._database.change(name, stored, new, planned.change), True
        except Occupied:
            await self._clear_the_way(doc, stored)
            return await self._stored_head(name), False
        except Unreachable:
            # Whether it was done is not known: the head tells.
            self._heads.pop(doc, None)
            there = await self._stored_head(name)
            if there not in (new, stored):
                raise
            return there, False

    async def _stored_head(self, name: bytes) -> bytes | None:
        return (await self._database.heads([name])).get(name)

    async def _known_head(self, doc: str, stored: bytes | None, *, lost: bool) -> Head | None:
        """None: it was damaged and made anew; look again."""
        if stored is None:
            return Head()
        try:
            return decode_head(doc, stored)
        except BadRecord:
            await self._mend(doc, stored, lost=lost)
            return None

    async def _clear_the_way(self, doc: str, stored: bytes | None) -> None:
        """Something lies where nothing should: it is damage, and set aside."""
        kinds = damage.ALL
        there = await self._database.everything(doc.encode(), kinds)
        if there.head is None:
            await self._mend(doc, None)
        elif there.head == stored:
            found = await self._examine(doc, kinds)
            planned = damage.setting_aside(
                found, set(await self.known_damage(doc)), found.head, self._now()
            )
            name = doc.encode()
            await self._database.change(
                name, stored, self._marked(name, planned.head), planned.change
            )

    async def _mend(self, doc: str, stored: bytes | None, *, lost: bool = False) -> None:
        """Makes a head anew from the records it stood for."""
        name = doc.encode()
        there = await self._database.everything(name, damage.ALL)
        if there.head != stored:
            return  # somebody else has
        reason = damage.GONE
        if stored is not None:
            try:
                decode_head(doc, stored)
                return
            except BadRecord as error:
                reason = error.reason
        planned = damage.mend(doc, reason, stored, there.rows, self._now(), lost=lost)
        logger.error("the head of %r is damaged (%s) and was made anew", doc, reason)
        await self._database.change(name, stored, self._marked(name, planned.head), planned.change)

    # -- heads -------------------------------------------------------------------------------------

    async def head(self, doc: str) -> Head | None:
        name = doc.encode()
        stored = await self._stored_head(name)
        if stored is None:
            return None
        try:
            return decode_head(doc, stored)
        except BadRecord:
            await self._mend(doc, stored)
            return decode(doc, await self._stored_head(name))

    def _marked(self, name: bytes, head: Head) -> bytes:
        """No two writes give the same head, so that each knows whether it was the one."""
        return encode_head(name, head, self._random.randbytes(MARK))

    def know(self, doc: str, stored: bytes) -> None:
        self._heads.pop(doc, None)
        self._heads[doc] = stored
        while len(self._heads) > _HEADS_KEPT:
            del self._heads[next(iter(self._heads))]

    # -- damage ------------------------------------------------------------------------------------

    async def damaged(self, doc: str | None = None) -> list[Damage]:
        rows = await self._database.set_aside(None if doc is None else doc.encode())
        return [
            Damage(row.place, row.reason, name.decode(errors="replace"), row.found_at)
            for name, row in rows
        ]

    async def known_damage(self, doc: str) -> dict[str, Damage]:
        return {one.where: one for one in await self.damaged(doc)}

    async def look_and_set_aside(
        self, doc: str, kinds: Collection[Kind], *, first: bool = False
    ) -> damage.Examined:
        """All that is there and what is wrong with it; `first`: as it was before it was set aside.
        Where that cannot be written now the records stay, and the next reader finds them again."""
        found = await self._examine(doc, kinds)
        if not found.bad:
            return found
        known = set(await self.known_damage(doc))
        fresh = [place for place, bad in found.bad.items() if bad.rows or place not in known]
        if not fresh:
            return found
        shown = ", ".join(f"{place} ({found.bad[place].reason})" for place in fresh[:5])
        logger.error("%r: %d records are damaged: %s", doc, len(fresh), shown)

        async def plan(head: Head) -> Planned:
            again = await self._examine(doc, kinds)
            return damage.setting_aside(again, known, head, self._now())

        try:
            await self.write(doc, plan)
        except Damaged:
            raise
        except StoreError as error:
            if not error.transient:
                raise
            return found
        return found if first else await self._examine(doc, kinds)

    async def _examine(self, doc: str, kinds: Collection[Kind]) -> damage.Examined:
        there = await self._database.everything(doc.encode(), kinds)
        try:
            head = decode(doc, there.head)
        except BadRecord:
            if there.head is None and not there.rows:
                return damage.Examined(doc, Head())
            await self._mend(doc, there.head)
            there = await self._database.everything(doc.encode(), kinds)
            head = decode(doc, there.head)
        found = damage.examine(doc, head, there.rows)
        damage.check_details(found)
        if kinds is damage.ALL:
            damage.count_savepoints(found)
        return found
