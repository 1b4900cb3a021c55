"""The contract on a database of keys (database.py)."""

from __future__ import annotations

import builtins
import time
from collections.abc import Callable, Collection, Sequence

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
from ropewalk_server.stores.heads import EMPTY, Head, decode_head
from ropewalk_server.stores.keyed import damage, plans
from ropewalk_server.stores.keyed.database import Database, Found, Key
from ropewalk_server.stores.keyed.news import News
from ropewalk_server.stores.keyed.plans import ENDING, Planned
from ropewalk_server.stores.keyed.writing import Writing, decode
from ropewalk_server.stores.parts import check_parts, outline_of
from ropewalk_server.stores.records import OVERHEAD, PAYLOAD, BadRecord, Kind, expect
from ropewalk_server.stores.watch import Watcher

_LOWEST = Version(-1, -1)


class KeyedStore:
    def __init__(self, database: Database, *, now: Callable[[], float] = time.time) -> None:
        self._database = database
        self._now = now
        self._news = News(database)
        self._writing = Writing(database, self._news, now)
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
        self._writing.open()
        self._news.open()
        self._open = True

    async def close(self) -> None:
        if not self._open:
            return
        self._open = False
        await self._writing.close()
        await self._news.close()
        await self._database.close()

    # -- the log -----------------------------------------------------------------------------------

    async def append(
        self, doc: str, updates: Sequence[bytes], *, epoch: int = 0, expected: Version | None = None
    ) -> Version:
        check_name(doc)
        check_updates(updates)
        updates = [bytes(update) for update in updates]
        if expected is None:
            return await self._writing.append(doc, updates, epoch)

        async def plan(head: Head) -> Planned:
            return plans.append(doc, head, updates, epoch, expected, self._now())

        version: Version = await self._writing.write(doc, plan)
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
        head = decode(doc, found.head)
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
        self._writing.know(doc, found.head)
        self._news.hear(doc.encode(), head.version)
        return head.version, place, entries

    async def _read_damaged(self, doc: str, since: Version | None) -> History:
        found = await self._writing.look_and_set_aside(doc, damage.LOG)
        return damage.history_of(found, since, await self._writing.known_damage(doc))

    async def compact(self, doc: str, upto: Version, snapshot: bytes) -> None:
        name = check_name(doc)
        check_bytes("a snapshot", snapshot)

        async def plan(head: Head) -> Planned:
            plans.check_compaction(doc, head, upto)
            sizes = await self._database.sizes(name, Kind.UPDATE, upto)
            behind = [size - OVERHEAD - len(name) for key, size in sizes if key.epoch == upto.epoch]
            return plans.compact(doc, head, upto, bytes(snapshot), behind)

        await self._writing.write(doc, plan)

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

        version: Version = await self._writing.write(doc, plan)
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

        dropped: int = await self._writing.write(doc, plan)
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
        head = await self._writing.head(doc)
        return head.info(doc) if head is not None and head.live else None

    async def delete(self, doc: str) -> bool:
        check_name(doc)

        async def plan(head: Head) -> Planned | None:
            return plans.delete(head, self._now())

        return bool(await self._writing.write(doc, plan, lost=True))

    # -- save points -------------------------------------------------------------------------------

    async def savepoint(
        self, doc: str, version: Version, state: bytes, *, label: str = "", author: str = ""
    ) -> SavePoint:
        check_name(doc)
        check_bytes("a state", state)

        async def plan(head: Head) -> Planned:
            return plans.add_savepoint(doc, head, version, bytes(state), label, author, self._now())

        point: SavePoint = await self._writing.write(doc, plan)
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

        return bool(await self._writing.write(doc, plan))

    # -- damage ------------------------------------------------------------------------------------

    async def verify(self, doc: str) -> builtins.list[Damage]:
        check_name(doc)
        known = await self._writing.known_damage(doc)
        found = await self._writing.look_and_set_aside(doc, damage.ALL, first=True)
        return damage.told(found, {**await self._writing.known_damage(doc), **known})

    async def damaged(self, doc: str | None = None) -> builtins.list[Damage]:
        return await self._writing.damaged(doc)

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
                await self._writing.look_and_set_aside(doc, damage.ALL)
        return {}

    async def _payload(self, doc: str, key: Key, what: str) -> bytes:
        name = check_name(doc)
        record = await self._database.row(name, key)
        if record is not None:
            try:
                return expect(record, key.kind, doc, key.version).payload
            except BadRecord:
                await self._writing.look_and_set_aside(doc, damage.ALL)
        place = damage.place_of(key)
        known = (await self._writing.known_damage(doc)).get(place)
        if known is not None:
            raise Damaged(f"{place} of {doc!r} is damaged: {known.reason}", damaged=(known,))
        raise StoreError(f"{doc!r} has no {what}", transient=False)
