"""What an operator does with the documents of a store: for the admin API, and for the command line
beside a server that is not running. Names are those of the store, with the tenant in front.

Long work of the engine goes through `offload`, so that a server that is running goes on.
"""

from __future__ import annotations

import base64
import json
import logging
import secrets
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from ropewalk import (
    Array,
    Container,
    Doc,
    Map,
    Text,
    XmlFragment,
    convert_update,
    get_state,
    inspect_update,
    is_container,
    merge_updates,
)  # fmt: skip

from ..rooms.compaction import compact
from ..rooms.policy import DocumentPolicy
from ..rooms.ports import Offload, at_once
from ..rooms.renumbering import (
    Renumbering,
    forget_old_epochs,
    fresh_ids,
    renumber,
)
from ..rooms.snapshots import updates_of
from ..stores.audit import RESTORE, SAVEPOINT, AuditRow, trail_of
from ..stores.connected import Connected, connections_of
from ..stores.contract import (
    Conflict,
    Damage,
    Damaged,
    DocumentInfo,
    History,
    SavePoint,
    Store,
    StoreError,
    Version,
)  # fmt: skip

logger = logging.getLogger(__name__)

# Others may write at the same time; each try reads again what there is.
MAX_TRIES = 20

EMPTY_UPDATE = b"\x00\x00"


class NotFound(Exception):
    """There is no such document, or no such save point."""


class NotKept(Exception):
    """The store has no place for what was asked for."""


class BadDocument(ValueError):
    """What was given is not a document."""


@dataclass(frozen=True, slots=True)
class Inspection:
    """What is known of one document."""

    info: DocumentInfo
    roots: dict[str, str | None]
    clients: int
    units: int
    deleted_units: int
    missing_units: int  # in gaps of what clients have sent
    savepoints: int
    damaged: Sequence[Damage]
    # "update": of a server that wrote no containers.
    snapshot: Literal["none", "container", "update"] = "none"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What verify() found."""

    damaged: Sequence[Damage]
    entries: int
    problems: Sequence[str] = field(default=())

    @property
    def sound(self) -> bool:
        return not self.damaged and not self.problems


class Documents:
    def __init__(
        self,
        store: Store,
        *,
        offload: Offload = at_once,
        settle: Callable[[str], Awaitable[None]] | None = None,
        policy: DocumentPolicy | None = None,
        audits: bool = False,
    ) -> None:
        """`settle` waits until what a room of that name has taken is durable. `audits`: what is done
        here is noted in the store's audit trail."""
        self._store = store
        self._offload = offload
        self._settle = settle
        self._policy = policy or DocumentPolicy()
        self._trail = trail_of(store)
        self._audits = audits

    async def list(
        self, prefix: str = "", after: str = "", limit: int = 100
    ) -> Sequence[DocumentInfo]:
        return await self._store.list(prefix, after, limit)

    async def inspect(self, doc: str) -> Inspection:
        info, history = await self._existing(doc)
        found = await self._offload(_inspect, history)
        return Inspection(
            info=info,
            roots=dict(found["roots"]),
            clients=len(found["clients"]),
            units=found["units"],
            deleted_units=found["deleted_units"],
            missing_units=found["skipped_units"],
            savepoints=len(await self._store.savepoints(doc)),
            damaged=await self._store.damaged(doc),
            snapshot=_form_of(history),
        )

    async def export(self, doc: str, format: str = "update") -> bytes:
        """The document as an update of V1 or V2 ("update", "update-v2"), or its values as JSON."""
        _, history = await self._existing(doc)
        return await self._offload(_export, history, format)

    async def put(self, doc: str, update: bytes, *, v2: bool = False, new: bool = False) -> Version:
        """Adds an update. Whoever has the document open gets it. `new`: Conflict, if there is one."""
        try:
            merged = await self._offload(_as_v1, update, v2)
        except ValueError as error:
            raise BadDocument(f"not an update: {error}") from None
        version = (await self._store.read(doc)).version
        if new and await self._store.info(doc) is not None:
            raise Conflict("there is a document of this name", newest=version)
        for _ in range(MAX_TRIES):
            try:
                return await self._store.append(doc, [merged], epoch=version.epoch)
            except Conflict as conflict:
                version = conflict.newest
        raise StoreError("the document was replaced again and again; try later")

    async def compact(self, doc: str) -> DocumentInfo:
        await self._existing(doc)
        await compact(self._store, self._offload, doc)
        return (await self._existing(doc))[0]

    async def renumber(self, doc: str) -> Renumbering | None:
        """Begins a new epoch of the document, in which nothing is left of what was deleted. None:
        there is nothing in it. NotRenumbered: this document never is, or not as it is."""
        await self._info(doc)
        return await renumber(
            self._store, self._offload, doc, self._policy, seed=_seed(), now=time.time()
        )

    async def verify(self, doc: str) -> Verdict:
        """Reads every record, and builds the document of them."""
        await self._info(doc)
        damaged = await self._store.verify(doc)
        try:
            history = await self._store.read(doc)
            problems = await self._offload(_problems, history)
        except StoreError as error:
            return Verdict(damaged, 0, (str(error),))
        return Verdict(damaged, len(history.entries), problems)

    async def savepoint(self, doc: str, *, label: str = "", author: str = "") -> SavePoint:
        """Keeps the document as it is now."""
        _, history = await self._existing(doc)
        state = await self._offload(_merged, history)
        point = await self._store.savepoint(
            doc, history.version, state, label=label, author=author
        )
        await self._note(doc, SAVEPOINT, author, point.version, savepoint=point.id)
        return point

    async def savepoints(self, doc: str) -> Sequence[SavePoint]:
        await self._info(doc)
        return await self._store.savepoints(doc)

    async def read_savepoint(self, doc: str, id: int) -> bytes:
        if all(one.id != id for one in await self.savepoints(doc)):
            raise NotFound(f"there is no save point {id}")
        return await self._store.read_savepoint(doc, id)

    async def restore(self, doc: str, id: int, *, author: str = "") -> tuple[Version, SavePoint]:
        """Makes the document what it was at a save point, in a new epoch: whoever has it open drops
        their copy. What it is now is kept in a save point first, which is returned."""
        state = await self.read_savepoint(doc, id)
        label = f"before save point {id} was restored"
        for _ in range(MAX_TRIES):
            try:
                kept = await self.savepoint(doc, label=label, author=author)
            except Damaged:
                kept = await self._keep_what_is_left(doc, label, author)
            # Under ids of its own, so that no old copy can be merged into it unnoticed.
            fresh = await fresh_ids(
                self._store, self._offload, doc, state, kept.version, _seed()
            )
            had = await self._offload(get_state, await self._store.read_savepoint(doc, kept.id))
            try:
                version = await self._store.seal(doc, kept.version, fresh, state=had)
            except Conflict:
                await self._store.delete_savepoint(doc, kept.id)
                continue
            await forget_old_epochs(self._store, doc, version, self._policy, time.time())
            await self._note(doc, RESTORE, author, version, savepoint=id, kept=kept.id)
            return version, kept
        raise StoreError("the document changes too fast to be replaced; try again")

    async def _keep_what_is_left(self, doc: str, label: str, author: str) -> SavePoint:
        """Of a document whose snapshots are lost: the changes behind them, for whoever wants to
        look. To restore it is what it needs, so that must not fail on what it is."""
        info = await self._info(doc)
        history = await self._store.read(doc, info.snapshot)
        state = await self._offload(_merged, history)
        label = f"{label}, without its damaged snapshot"
        return await self._store.savepoint(doc, history.version, state, label=label, author=author)

    async def delete(self, doc: str) -> None:
        """Erases the document, its save points, and what was set aside of it."""
        if not await self._store.delete(doc):
            raise NotFound("there is no such document")

    async def audit(self, doc: str, after: int = 0, limit: int = 100) -> Sequence[AuditRow]:
        """Who did what, behind the row of a number. NotKept: the store has no place for that."""
        if self._trail is None:
            raise NotKept("this store keeps no audit trail; sqlite: and postgresql: do")
        rows = await self._trail.audit(doc, after, limit)
        if not rows and await self._store.info(doc) is None:
            raise NotFound("there is no such document")
        return rows

    async def connected(self, doc: str) -> Sequence[Connected]:
        """Who has the document open at any server. NotKept, as in audit()."""
        connections = connections_of(self._store)
        if connections is None:
            raise NotKept("this store does not keep who is connected; those with Redis do")
        return await connections.connected(doc)

    async def _note(
        self, doc: str, kind: str, user: str, version: Version, **detail: int
    ) -> None:
        """It is done already: that it cannot be noted is told, and changes nothing."""
        if self._trail is None or not self._audits:
            return
        row = AuditRow(doc, time.time(), kind, user, version=version, detail=detail)
        try:
            await self._trail.record([row])
        except StoreError as error:
            logger.error("%s: that it was done is not in the audit trail: %s", kind, error)

    async def _info(self, doc: str) -> DocumentInfo:
        if self._settle is not None:
            await self._settle(doc)
        info = await self._store.info(doc)
        if info is None:
            raise NotFound("there is no such document")
        return info

    async def _existing(self, doc: str) -> tuple[DocumentInfo, History]:
        return await self._info(doc), await self._store.read(doc)


def _seed() -> int:
    return secrets.randbits(64)


def _merged(history: History) -> bytes:
    updates = updates_of(history)
    return merge_updates(*updates) if updates else EMPTY_UPDATE


def _inspect(history: History) -> Any:
    return inspect_update(_merged(history))


def _form_of(history: History) -> Literal["none", "container", "update"]:
    if history.snapshot is None:
        return "none"
    return "container" if is_container(history.snapshot.data) else "update"


def _as_v1(update: bytes, v2: bool) -> bytes:
    """One update in V1 that the engine has read as a whole."""
    as_v1 = convert_update(update, v2=False) if v2 else update
    Doc().apply_update(as_v1)
    return merge_updates(as_v1)


def _export(history: History, format: str) -> bytes:
    merged = _merged(history)
    if format == "update":
        return merged
    if format == "update-v2":
        return convert_update(merged, v2=True)
    doc: Doc[Any] = Doc()
    doc.apply_update(merged)
    values = {}
    for name, kind in inspect_update(merged)["roots"].items():
        if kind == "xml":
            values[name] = str(doc.get(name, type=XmlFragment))
        elif kind in _ROOTS:
            values[name] = doc.get(name, type=_ROOTS[kind]).to_py()
    return json.dumps(values, ensure_ascii=False, default=_as_json).encode("utf-8", "replace")


_ROOTS: dict[str, Any] = {"text": Text, "map": Map, "array": Array}


def _as_json(value: object) -> object:
    """What JSON has no word for: bytes, and documents within documents."""
    if isinstance(value, (bytes, bytearray, memoryview)):
        return {"base64": base64.b64encode(value).decode()}
    return str(value)


def _problems(history: History) -> tuple[str, ...]:
    doc: Doc[Any] = Doc()
    try:
        if history.snapshot is not None and is_container(history.snapshot.data):
            Container(history.snapshot.data).verify()
        updates = updates_of(history)
    except ValueError as error:
        return (f"the snapshot is no document: {error}",)
    for number, update in enumerate(updates, 1):
        try:
            doc.apply_update(update)
        except ValueError as error:
            return (f"update {number} of {len(updates)} is not one: {error}",)
    if doc.has_pending:
        return ("changes are missing: some of those that are here wait for them",)
    return ()
