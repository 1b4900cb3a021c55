"""A store in memory: for tests, for the simulation, and the model other stores are compared with.

It is written to be obviously right: every call does its work in one piece, between two awaits. What
it keeps lives as long as the object; `another()` gives a further store on the same documents, as
another process would have it."""

from __future__ import annotations

import asyncio
import builtins
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

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
from ropewalk_server.stores.faults import FaultPlan
from ropewalk_server.stores.parts import cut
from ropewalk_server.stores.watch import Watcher, Watchers

T = TypeVar("T")


@dataclass
class _Document:
    exists: bool = False  # False: never written to, or deleted
    version: Version = NOTHING
    changed_at: float = 0.0
    snapshot: Snapshot | None = None
    older: Snapshot | None = None  # the one before, for who is reading it
    entries: dict[int, bytes] = field(default_factory=dict)  # by seq, after the snapshot
    spoiled: list[Damage] = field(default_factory=list)  # entries that a test has damaged
    last_savepoint: int = 0
    savepoints: dict[int, tuple[SavePoint, bytes]] = field(default_factory=dict)
    ended: dict[int, tuple[EndedEpoch, bytes | None]] = field(default_factory=dict)


@dataclass
class _Shared:
    documents: dict[str, _Document] = field(default_factory=dict)
    damaged: list[Damage] = field(default_factory=list)
    watchers: list[tuple[Watchers, FaultPlan | None]] = field(default_factory=list)


class MemoryStore:
    def __init__(
        self, faults: FaultPlan | None = None, *, now: Callable[[], float] = time.time
    ) -> None:
        self._faults = faults
        self._now = now
        self._shared = _Shared()
        self._watchers = Watchers()
        self._shared.watchers.append((self._watchers, faults))

    def another(self, faults: FaultPlan | None = None) -> MemoryStore:
        """A store on the same documents, with faults of its own."""
        store = MemoryStore(faults, now=self._now)
        store._shared = self._shared
        self._shared.watchers.append((store._watchers, faults))
        return store

    async def open(self) -> None:
        await self._call("open", "", lambda: None)

    async def close(self) -> None:
        await self._watchers.close()

    # -- the log -----------------------------------------------------------------------------------

    async def append(
        self, doc: str, updates: Sequence[bytes], *, epoch: int = 0, expected: Version | None = None
    ) -> Version:
        check_updates(updates)

        def work() -> Version:
            document = self._shared.documents.setdefault(doc, _Document())
            newest = document.version
            if newest.epoch != epoch:
                raise Conflict(f"epoch {epoch} of {doc!r} is over", newest=newest)
            if expected is not None and expected != newest:
                raise Conflict(f"{doc!r} is at {newest}, not at {expected}", newest=newest)
            for seq, update in enumerate(updates, newest.seq + 1):
                document.entries[seq] = bytes(update)
            self._changed(doc, Version(epoch, newest.seq + len(updates)))
            return document.version

        return await self._call("append", doc, work)

    async def read(self, doc: str, since: Version | None = None) -> History:
        return await self._call("read", doc, lambda: self._history(doc, since))

    def _history(self, doc: str, since: Version | None) -> History:
        document = self._shared.documents.get(doc)
        if document is None:
            return History(NOTHING)
        version, snapshot = document.version, document.snapshot
        start = Version(version.epoch, 0)
        if snapshot is not None:
            start = snapshot.version
        if since is not None and since >= start:
            start, snapshot = since, None
        else:
            self._check_snapshot(doc, document)
        entries = [
            Entry(Version(version.epoch, seq), update)
            for seq, update in sorted(document.entries.items())
            if (version.epoch, seq) > start
        ]
        return History(version, snapshot, entries, tuple(document.spoiled))

    async def outline(self, doc: str, *, whole: int = 0) -> Outline:
        def work() -> Outline:
            history = self._history(doc, None)
            place = None
            if history.snapshot is not None:
                version, data = history.snapshot.version, history.snapshot.data
                place = SnapshotPlace(version, len(data), data if len(data) <= whole else None)
            return Outline(history.version, place, history.entries, history.damaged)

        return await self._call("outline", doc, work)

    async def read_parts(
        self, doc: str, snapshot: Version, parts: Sequence[Part]
    ) -> builtins.list[bytes]:
        def work() -> builtins.list[bytes]:
            document = self._shared.documents.get(doc, _Document())
            for kept in (document.snapshot, document.older):
                if kept is not None and kept.version == snapshot:
                    return cut(kept.data, parts)
            raise Gone(f"the snapshot {tuple(snapshot)} of {doc!r} was replaced")

        return await self._call("read_parts", doc, work)

    async def compact(self, doc: str, upto: Version, snapshot: bytes) -> None:
        check_bytes("a snapshot", snapshot)

        def work() -> None:
            document = self._shared.documents.get(doc, _Document())
            newest = document.version
            oldest = document.snapshot.version if document.snapshot else Version(newest.epoch, 0)
            if not oldest < upto <= newest:
                raise Conflict(
                    f"{doc!r} has a snapshot of {oldest} and is at {newest}: none of {upto} fits",
                    newest=newest,
                )
            document.older = document.snapshot
            document.snapshot = Snapshot(upto, bytes(snapshot))
            document.spoiled = []
            for seq in [seq for seq in document.entries if seq <= upto.seq]:
                del document.entries[seq]

        await self._call("compact", doc, work)

    async def seal(
        self,
        doc: str,
        expected: Version,
        snapshot: bytes,
        *,
        state: bytes = NO_STATE,
        map: bytes | None = None,
    ) -> Version:
        check_seal(snapshot, state, map)

        def work() -> Version:
            document = self._shared.documents.setdefault(doc, _Document())
            if document.version != expected:
                raise Conflict(
                    f"{doc!r} is at {document.version}, not at {expected}", newest=document.version
                )
            version = Version(expected.epoch + 1, 0)
            document.snapshot, document.older = Snapshot(version, bytes(snapshot)), None
            document.entries, document.spoiled = {}, []
            if map is None:
                document.ended = {
                    epoch: (replace(ended, map_size=0), None)
                    for epoch, (ended, _) in document.ended.items()
                }
            ended = EndedEpoch(expected.epoch, bytes(state), self._now(), len(map or b""))
            document.ended[expected.epoch] = ended, None if map is None else bytes(map)
            self._changed(doc, version)
            return version

        return await self._call("seal", doc, work)

    async def epochs(self, doc: str) -> builtins.list[EndedEpoch]:
        def work() -> builtins.list[EndedEpoch]:
            document = self._shared.documents.get(doc, _Document())
            return [ended for _, (ended, _) in sorted(document.ended.items())]

        return await self._call("epochs", doc, work)

    async def read_map(self, doc: str, epoch: int) -> bytes:
        def work() -> bytes:
            document = self._shared.documents.get(doc, _Document())
            _, map = document.ended.get(epoch, (None, None))
            if map is None:
                raise StoreError(f"{doc!r} has no map of epoch {epoch}", transient=False)
            return map

        return await self._call("read_map", doc, work)

    async def drop_epochs(self, doc: str, before: int, ended_before: float = 0.0) -> int:
        def work() -> int:
            document = self._shared.documents.get(doc, _Document())
            old = [
                epoch
                for epoch, (ended, _) in document.ended.items()
                if epoch < before or ended.ended_at < ended_before
            ]
            for epoch in old:
                del document.ended[epoch]
            return len(old)

        return await self._call("drop_epochs", doc, work)

    def subscribe(self, doc: str) -> Watcher:
        check_name(doc)
        return self._watchers.add(doc)

    # -- documents ---------------------------------------------------------------------------------

    async def list(
        self, prefix: str = "", after: str = "", limit: int = 100
    ) -> builtins.list[DocumentInfo]:
        check_page(limit)

        def work() -> builtins.list[DocumentInfo]:
            names = sorted(
                name
                for name, document in self._shared.documents.items()
                if document.exists and name.startswith(prefix) and name > after
            )
            return [self._info(name) for name in names[:limit]]

        return await self._call("list", "-", work)

    async def info(self, doc: str) -> DocumentInfo | None:
        def work() -> DocumentInfo | None:
            document = self._shared.documents.get(doc)
            return self._info(doc) if document is not None and document.exists else None

        return await self._call("info", doc, work)

    async def delete(self, doc: str) -> bool:
        def work() -> bool:
            document = self._shared.documents.get(doc)
            if document is None or not document.exists:
                return False
            self._shared.documents[doc] = _Document(last_savepoint=document.last_savepoint)
            self._shared.damaged = [item for item in self._shared.damaged if item.doc != doc]
            self._changed(doc, Version(document.version.epoch + 1, 0))
            self._shared.documents[doc].exists = False
            return True

        return await self._call("delete", doc, work)

    # -- save points -------------------------------------------------------------------------------

    async def savepoint(
        self, doc: str, version: Version, state: bytes, *, label: str = "", author: str = ""
    ) -> SavePoint:
        check_bytes("a state", state)

        def work() -> SavePoint:
            document = self._shared.documents.setdefault(doc, _Document())
            document.last_savepoint += 1
            document.exists = True
            point = SavePoint(
                document.last_savepoint, version, label, author, self._now(), len(state)
            )
            document.savepoints[point.id] = (point, bytes(state))
            return point

        return await self._call("savepoint", doc, work)

    async def savepoints(self, doc: str) -> builtins.list[SavePoint]:
        def work() -> builtins.list[SavePoint]:
            document = self._shared.documents.get(doc, _Document())
            return [point for point, _ in document.savepoints.values()]

        return await self._call("savepoints", doc, work)

    async def read_savepoint(self, doc: str, id: int) -> bytes:
        def work() -> bytes:
            document = self._shared.documents.get(doc, _Document())
            if id not in document.savepoints:
                raise StoreError(f"{doc!r} has no save point {id}", transient=False)
            return document.savepoints[id][1]

        return await self._call("read_savepoint", doc, work)

    async def delete_savepoint(self, doc: str, id: int) -> bool:
        def work() -> bool:
            document = self._shared.documents.get(doc, _Document())
            return document.savepoints.pop(id, None) is not None

        return await self._call("delete_savepoint", doc, work)

    # -- damage ------------------------------------------------------------------------------------

    async def verify(self, doc: str) -> builtins.list[Damage]:
        def work() -> builtins.list[Damage]:
            return list(self._shared.documents.get(doc, _Document()).spoiled)

        return await self._call("verify", doc, work)

    async def damaged(self, doc: str | None = None) -> builtins.list[Damage]:
        def work() -> builtins.list[Damage]:
            return [item for item in self._shared.damaged if doc is None or item.doc == doc]

        return await self._call("damaged", doc or "-", work)

    def spoil(self, doc: str, seq: int) -> None:
        """For tests: the record of that entry is no longer what was written; of the snapshot, if
        it is that of `seq`."""
        document = self._shared.documents[doc]
        version = Version(document.version.epoch, seq)
        kind = "entry" if document.entries.pop(seq, None) is not None else "snapshot"
        damage = Damage(f"{kind} {tuple(version)}", "spoiled by a test", doc, self._now())
        document.spoiled.append(damage)
        self._shared.damaged.append(damage)

    # -- inside ------------------------------------------------------------------------------------

    async def _call(self, call: str, doc: str, work: Callable[[], T]) -> T:
        """Does the work in one piece, with what the plan has for this call before or behind it."""
        if call != "open":
            check_name(doc)
        fault = self._faults.next_call(call) if self._faults else None
        what = fault.what if fault else None
        await asyncio.sleep(fault.seconds if fault else 0)
        if what == "fail":
            raise StoreError(f"{call} failed: the plan says so")
        if what == "conflict":
            newest = self._shared.documents.get(doc, _Document()).version
            raise Conflict(f"{call} conflicts: the plan says so", newest=newest)
        result = work()
        await asyncio.sleep(0)
        if what == "lose":
            raise StoreError(f"the answer to {call} was lost: the plan says so")
        return result

    def _changed(self, doc: str, version: Version) -> None:
        document = self._shared.documents[doc]
        document.exists, document.version, document.changed_at = True, version, self._now()
        for watchers, faults in self._shared.watchers:
            for seconds in faults.next_news() if faults else [0.0]:
                if seconds:
                    asyncio.get_running_loop().call_later(seconds, watchers.tell, doc, version)
                else:
                    watchers.tell(doc, version)

    def _check_snapshot(self, doc: str, document: _Document) -> None:
        lost = [item for item in document.spoiled if item.where.startswith("snapshot")]
        if lost:
            raise Damaged(f"no sound snapshot of {doc!r} is left", damaged=lost)

    def _info(self, doc: str) -> DocumentInfo:
        document = self._shared.documents[doc]
        return DocumentInfo(
            doc=doc,
            version=document.version,
            snapshot=document.snapshot.version if document.snapshot else NOTHING,
            snapshot_size=len(document.snapshot.data) if document.snapshot else 0,
            log_size=sum(map(len, document.entries.values())),
            log_entries=len(document.entries),
            changed_at=document.changed_at,
        )
