"""The contract on a database of keys (database.py)."""

from __future__ import annotations

import asyncio
import builtins
import logging
import random
import time
from collections.abc import Callable, Collection, Sequence
from typing import Any

from ropewalk_server.stores.arguments import (
    check_bytes,
    check_name,
    check_page,
    check_seal,
    check_updates,
)
from ropewalk_server.stores.contract import (
    NO_STATE,
    NOTHING,
    Conflict,
    Damage,
    Damaged,
    DocumentInfo,
    EndedEpoch,
    Entry,
    Gone,
    History,
    Outline,
    Part,
    SavePoint,
    Snapshot,
    SnapshotPlace,
    StoreError,
    Version,
)
from ropewalk_server.stores.heads import EMPTY, MARK, Head, decode_head, encode_head
from ropewalk_server.stores.keyed import damage, plans
from ropewalk_server.stores.keyed.breaker import Unreachable
from ropewalk_server.stores.keyed.database import Database, Found, Key, Occupied
from ropewalk_server.stores.keyed.lines import Lines
from ropewalk_server.stores.keyed.news import News
from ropewalk_server.stores.keyed.plans import ENDING, Plan, Planned
from ropewalk_server.stores.parts import check_parts, outline_of
from ropewalk_server.stores.records import OVERHEAD, PAYLOAD, BadRecord, Kind, expect
from ropewalk_server.stores.watch import Watcher

logger = logging.getLogger(__name__)

# Who loses a race looks again after a pause: up to so many seconds, doubled each time.
_FIRST_PAUSE = 0.002
_LONGEST_PAUSE = 0.25
# And no longer than this in all.
_RACE_SECONDS = 10.0
# Heads that are known without asking.
_HEADS_KEPT = 1 << 14

_LOWEST = Version(-1, -1)


class KeyedStore:
    def __init__(self, database: Database, *, now: Callable[[], float] = time.time) -> None:
        self._database = database
        self._now = now
        self._news = News(database)
        self._lines = Lines(self._append_many)
        self._heads: dict[str, bytes] = {}  # as the database had them last, as far as we know
        self._random = random.Random()
        self._open = False

    @property
    def fleet(self) -> News:
        """What processes on this store tell each other."""
        return self._news

    @property
    def secrets(self) -> Database:
        """Where they keep tickets and revocations."""
        return self._database

    async def open(self) -> None:
        if self._open:
            return
        await self._database.open(self._news)
        self._lines.open()
        self._news.open()
        self._open = True

    async def close(self) -> None:
        if not self._open:
            return
        self._open = False
        await self._lines.close()
        await self._news.close()
        await self._database.close()
        self._heads.clear()

    # -- the log -----------------------------------------------------------------------------------

    async def append(
        self, doc: str, updates: Sequence[bytes], *, epoch: int = 0, expected: Version | None = None
    ) -> Version:
        check_name(doc)
        check_updates(updates)
        updates = [bytes(update) for update in updates]
        if expected is None:
            return await self._lines.append(doc, updates, epoch)

        async def plan(head: Head) -> Planned:
            return plans.append(doc, head, updates, epoch, expected, self._now())

        version: Version = await self._write(doc, plan)
        return version

    async def _append_many(self, doc: str, updates: Sequence[bytes], epoch: int) -> Version:
        async def plan(head: Head) -> Planned:
            return plans.append(doc, head, updates, epoch, None, self._now())

        version: Version = await self._change(doc, plan)
        return version

    async def read(self, doc: str, since: Version | None = None) -> History:
        name = check_name(doc)
        found = await self._database.recent(name, _LOWEST if since is None else since)
        if found.head is None and not found.rows:
            return History(NOTHING)
        try:
            version, place, entries = self._sound_outline(doc, found, since)
        except BadRecord:
            return await self._read_damaged(doc, since)
        snapshot = None
        if place is not None:
            assert place.data is not None
            snapshot = Snapshot(place.version, place.data)
        return History(version, snapshot, entries)

    async def outline(self, doc: str, *, whole: int = 0) -> Outline:
        """As InParts says."""
        name = check_name(doc)
        longest = whole + OVERHEAD + len(name)
        found = await self._database.recent(name, _LOWEST, longest)
        if found.head is None and not found.rows and found.place is None:
            return Outline(NOTHING)
        try:
            return Outline(*self._sound_outline(doc, found, None))
        except BadRecord:
            return outline_of(await self._read_damaged(doc, None))

    async def read_parts(
        self, doc: str, snapshot: Version, parts: Sequence[Part]
    ) -> builtins.list[bytes]:
        """As InParts says."""
        name = check_name(doc)
        begin = PAYLOAD + len(name)
        wanted = [Part(begin + offset, size) for offset, size in parts]
        key = Key(Kind.SNAPSHOT, *snapshot)
        found = await self._database.parts(name, key, [p for p in wanted if min(p) >= 0])
        if found is None:
            raise Gone(f"the snapshot {tuple(snapshot)} of {doc!r} was replaced")
        size, pieces = found
        check_parts(parts, size - OVERHEAD - len(name))
        return pieces

    def _sound_outline(
        self, doc: str, found: Found, since: Version | None
    ) -> tuple[Version, SnapshotPlace | None, builtins.list[Entry]]:
        """BadRecord: something is wrong, whatever it is."""
        head = self._decode(doc, found.head)
        overhead = OVERHEAD + len(doc.encode())
        place, entries = None, []
        if found.place is not None:
            place = SnapshotPlace(found.place.version, found.size - overhead)
        for key, record in found.rows:
            payload = expect(record, key.kind, doc, key.version).payload
            if key.kind is Kind.SNAPSHOT:
                place = SnapshotPlace(key.version, len(payload), payload)
            else:
                entries.append(Entry(key.version, payload))
        start = head.snapshot_version
        if since is not None and since >= start:
            start, wants_snapshot = since, False
        else:
            wants_snapshot = head.live and head.snapshot != EMPTY
        epoch, newest = head.version
        wanted = range(start.seq + 1, newest + 1) if start < head.version else range(0)
        if (place is not None) != wants_snapshot or (place and place.version != start):
            raise BadRecord("the snapshot is not the one that the head names")
        if place is not None and place.size != head.snapshot_size:
            raise BadRecord("the snapshot is not as long as the head says")
        if [entry.version for entry in entries] != [Version(epoch, seq) for seq in wanted]:
            raise BadRecord("the entries are not those that the head names")
        assert found.head is not None
        self._know(doc, found.head)
        self._news.hear(doc.encode(), head.version)
        return head.version, place, entries

    async def _read_damaged(self, doc: str, since: Version | None) -> History:
        found = await self._look_and_set_aside(doc, damage.LOG)
        return damage.history_of(found, since, await self._known_damage(doc))

    async def compact(self, doc: str, upto: Version, snapshot: bytes) -> None:
        name = check_name(doc)
        check_bytes("a snapshot", snapshot)

        async def plan(head: Head) -> Planned:
            plans.check_compaction(doc, head, upto)
            sizes = await self._database.sizes(name, Kind.UPDATE, upto)
            behind = [size - OVERHEAD - len(name) for key, size in sizes if key.epoch == upto.epoch]
            return plans.compact(doc, head, upto, bytes(snapshot), behind)

        await self._write(doc, plan)

    async def seal(
        self,
        doc: str,
        expected: Version,
        snapshot: bytes,
        *,
        state: bytes = NO_STATE,
        map: bytes | None = None,
    ) -> Version:
        check_name(doc)
        check_seal(snapshot, state, map)

        async def plan(head: Head) -> Planned:
            return plans.seal(doc, head, expected, bytes(snapshot), bytes(state), map, self._now())

        version: Version = await self._write(doc, plan)
        return version

    async def epochs(self, doc: str) -> builtins.list[EndedEpoch]:
        name = check_name(doc)
        found = await self._sound(doc, (Kind.EPOCH_END,))
        maps = await self._database.sizes(name, Kind.EPOCH_MAP, _LOWEST)
        sizes = {key.epoch: size - OVERHEAD - len(name) for key, size in maps}
        ended = []
        for key, payload in sorted(found.items()):
            (ended_at,) = ENDING.unpack_from(payload)
            state = payload[ENDING.size :]
            ended.append(EndedEpoch(key.epoch, state, ended_at, sizes.get(key.epoch, 0)))
        return ended

    async def read_map(self, doc: str, epoch: int) -> bytes:
        return await self._payload(doc, Key(Kind.EPOCH_MAP, epoch, 0), f"map of epoch {epoch}")

    async def drop_epochs(self, doc: str, before: int, ended_before: float = 0.0) -> int:
        old = [
            ended.epoch
            for ended in await self.epochs(doc)
            if ended.epoch < before or ended.ended_at < ended_before
        ]
        if not old:
            return 0

        async def plan(head: Head) -> Planned:
            return plans.drop_epochs(head, old)

        dropped: int = await self._write(doc, plan)
        return dropped

    def subscribe(self, doc: str) -> Watcher:
        check_name(doc)
        return self._news.subscribe(doc)

    # -- documents ---------------------------------------------------------------------------------

    async def list(
        self, prefix: str = "", after: str = "", limit: int = 100
    ) -> builtins.list[DocumentInfo]:
        """UTF-8 sorts by its bytes as its characters do. A head that is damaged is an error of the
        document, not of the list: it shows with what is known of it, its name."""
        check_page(limit)
        first, last = prefix.encode(), after.encode()
        infos: builtins.list[DocumentInfo] = []
        while len(infos) < limit:
            asked = limit - len(infos)
            page = await self._database.page(first, last, asked)
            for name, stored in page:
                doc = name.decode(errors="replace")
                try:
                    head = decode_head(doc, stored)
                except BadRecord:
                    infos.append(damage.unreadable(doc))
                    continue
                if head.live:
                    infos.append(head.info(doc))
            if len(page) < asked:
                break
            last = page[-1][0]
        return infos

    async def info(self, doc: str) -> DocumentInfo | None:
        check_name(doc)
        head = await self._head(doc)
        return head.info(doc) if head is not None and head.live else None

    async def delete(self, doc: str) -> bool:
        check_name(doc)

        async def plan(head: Head) -> Planned | None:
            return plans.delete(head, self._now())

        return bool(await self._write(doc, plan, lost=True))

    # -- save points -------------------------------------------------------------------------------

    async def savepoint(
        self, doc: str, version: Version, state: bytes, *, label: str = "", author: str = ""
    ) -> SavePoint:
        check_name(doc)
        check_bytes("a state", state)

        async def plan(head: Head) -> Planned:
            return plans.add_savepoint(doc, head, version, bytes(state), label, author, self._now())

        point: SavePoint = await self._write(doc, plan)
        return point

    async def savepoints(self, doc: str) -> builtins.list[SavePoint]:
        found = await self._sound(doc, (Kind.SAVE_POINT_LABEL,))
        return [plans.read_label(key.seq, label) for key, label in sorted(found.items())]

    async def read_savepoint(self, doc: str, id: int) -> bytes:
        return await self._payload(doc, Key(Kind.SAVE_POINT, 0, id), f"save point {id}")

    async def delete_savepoint(self, doc: str, id: int) -> bool:
        name = check_name(doc)

        async def plan(head: Head) -> Planned | None:
            there = await self._database.row(name, Key(Kind.SAVE_POINT, 0, id))
            return None if there is None else plans.delete_savepoint(head, id)

        return bool(await self._write(doc, plan))

    # -- damage ------------------------------------------------------------------------------------

    async def verify(self, doc: str) -> builtins.list[Damage]:
        check_name(doc)
        known = await self._known_damage(doc)
        found = await self._look_and_set_aside(doc, damage.ALL, first=True)
        return damage.told(found, {**await self._known_damage(doc), **known})

    async def damaged(self, doc: str | None = None) -> builtins.list[Damage]:
        rows = await self._database.set_aside(None if doc is None else doc.encode())
        return [
            Damage(row.place, row.reason, name.decode(errors="replace"), row.found_at)
            for name, row in rows
        ]

    async def _known_damage(self, doc: str) -> dict[str, Damage]:
        return {one.where: one for one in await self.damaged(doc)}

    async def _sound(self, doc: str, kinds: Collection[Kind]) -> dict[Key, bytes]:
        """The payloads of all records of these kinds; what is damaged is set aside first."""
        name = check_name(doc)
        for _ in range(2):
            rows = (await self._database.everything(name, kinds)).rows
            try:
                return {
                    key: expect(record, key.kind, doc, key.version).payload for key, record in rows
                }
            except BadRecord:
                await self._look_and_set_aside(doc, damage.ALL)
        return {}

    async def _payload(self, doc: str, key: Key, what: str) -> bytes:
        name = check_name(doc)
        record = await self._database.row(name, key)
        if record is not None:
            try:
                return expect(record, key.kind, doc, key.version).payload
            except BadRecord:
                await self._look_and_set_aside(doc, damage.ALL)
        place = damage.place_of(key)
        known = (await self._known_damage(doc)).get(place)
        if known is not None:
            raise Damaged(f"{place} of {doc!r} is damaged: {known.reason}", damaged=(known,))
        raise StoreError(f"{doc!r} has no {what}", transient=False)

    async def _look_and_set_aside(
        self, doc: str, kinds: Collection[Kind], *, first: bool = False
    ) -> damage.Examined:
        """All that is there and what is wrong with it; `first`: as it was before it was set aside.
        Where that cannot be written now the records stay, and the next reader finds them again."""
        found = await self._examine(doc, kinds)
        if not found.bad:
            return found
        known = set(await self._known_damage(doc))
        fresh = [place for place, bad in found.bad.items() if bad.rows or place not in known]
        if not fresh:
            return found
        shown = ", ".join(f"{place} ({found.bad[place].reason})" for place in fresh[:5])
        logger.error("%r: %d records are damaged: %s", doc, len(fresh), shown)

        async def plan(head: Head) -> Planned:
            again = await self._examine(doc, kinds)
            return damage.setting_aside(again, known, head, self._now())

        try:
            await self._write(doc, plan)
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
            head = self._decode(doc, there.head)
        except BadRecord:
            if there.head is None and not there.rows:
                return damage.Examined(doc, Head())
            await self._mend(doc, there.head)
            there = await self._database.everything(doc.encode(), kinds)
            head = self._decode(doc, there.head)
        found = damage.examine(doc, head, there.rows)
        damage.check_details(found)
        if kinds is damage.ALL:
            damage.count_savepoints(found)
        return found

    # -- writing -----------------------------------------------------------------------------------

    async def _write(self, doc: str, plan: Plan, *, lost: bool = False) -> Any:
        return await self._lines.do(doc, lambda: self._change(doc, plan, lost=lost))

    async def _change(self, doc: str, plan: Plan, *, lost: bool = False) -> Any:
        """Makes what the plan says of the head as it is; again, if somebody was faster."""
        name = doc.encode()
        loop = asyncio.get_running_loop()
        began, attempt = loop.time(), 0
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
            there = await self._try(doc, stored, new, planned)
            if there != new:
                if loop.time() - began > _RACE_SECONDS:
                    raise StoreError(
                        f"{doc!r} is written by others faster than here; try again later"
                    )
                attempt += 1
                longest = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2 ** min(attempt, 10))
                await asyncio.sleep(self._random.uniform(0, longest))
            stored, sure = there, True
        result, moved = sent[stored]
        head = decode_head(doc, stored)
        self._know(doc, stored)
        if moved:
            self._news.landed(doc, head.version)
        return result

    async def _try(
        self, doc: str, stored: bytes | None, new: bytes, planned: Planned
    ) -> bytes | None:
        """The head that is there then."""
        name = doc.encode()
        try:
            return await self._database.change(name, stored, new, planned.change)
        except Occupied:
            await self._clear_the_way(doc, stored)
            return await self._stored_head(name)
        except Unreachable:
            # Whether it was done is not known: the head tells.
            self._heads.pop(doc, None)
            there = await self._stored_head(name)
            if there not in (new, stored):
                raise
            return there

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
                found, set(await self._known_damage(doc)), found.head, self._now()
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

    async def _head(self, doc: str) -> Head | None:
        name = doc.encode()
        stored = await self._stored_head(name)
        if stored is None:
            return None
        try:
            return decode_head(doc, stored)
        except BadRecord:
            await self._mend(doc, stored)
            return self._decode(doc, await self._stored_head(name))

    @staticmethod
    def _decode(doc: str, stored: bytes | None) -> Head:
        if stored is None:
            raise BadRecord(damage.GONE)
        return decode_head(doc, stored)

    def _marked(self, name: bytes, head: Head) -> bytes:
        """No two writes give the same head, so that each knows whether it was the one."""
        return encode_head(name, head, self._random.randbytes(MARK))

    def _know(self, doc: str, stored: bytes) -> None:
        self._heads.pop(doc, None)
        self._heads[doc] = stored
        while len(self._heads) > _HEADS_KEPT:
            del self._heads[next(iter(self._heads))]
