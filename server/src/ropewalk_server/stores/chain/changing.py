"""Compactions, ends of epochs, deletion and save points: each writes what it needs beside the
document first, and then the one row that makes it so. Who loses erases what it had written."""

from __future__ import annotations

import asyncio
import json
import random
import struct
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace

from ropewalk_server.stores.chain.forms import (
    DELETED,
    HEAD,
    SEALED,
    Base,
    Control,
    Head,
    decode_head,
    encode_control,
    encode_head,
    new_ref,
    row_key,
    savepoint_key,
)
from ropewalk_server.stores.chain.links import State, links_of
from ropewalk_server.stores.chain.loading import finish, load
from ropewalk_server.stores.chain.reading import Reader
from ropewalk_server.stores.chain.tables import Blobs, Table, Taken
from ropewalk_server.stores.contract import Conflict, SavePoint, StoreError, Version
from ropewalk_server.stores.records import BadRecord, Kind, encode

_ENDING = struct.Struct("<d")
# Of two who change the head of one document at once one waits for a random time, in seconds.
_FIRST_WAIT = 0.02
_LONGEST_WAIT = 1.0


class Changer:
    def __init__(self, table: Table, blobs: Blobs, reader: Reader) -> None:
        self._table = table
        self._blobs = blobs
        self._reader = reader

    # -- compactions -------------------------------------------------------------------------------

    async def compact(self, doc: str, upto: Version, snapshot: bytes) -> None:
        ref = ""
        while True:
            state = await load(self._table, self._blobs, doc, brief=True)
            head = state.head
            if not head.base_version < upto <= state.newest:
                # Where no answer came to what names the snapshot it may be in use, and stays.
                await self._discard(doc, [ref] if ref else [])
                raise Conflict(
                    f"{doc!r} has a snapshot of {tuple(head.base_version)} and is at "
                    f"{tuple(state.newest)}: one of {tuple(upto)} does not fit between",
                    newest=state.newest,
                )
            if not ref:
                ref = await self._put_snapshot(doc, upto, snapshot)
                continue  # it took a while
            await self._bury(doc, head.epoch, head.buried, head.kept.start)
            base = Base(upto.seq, ref, len(snapshot), state.start_behind(upto.seq))
            new = replace(
                head,
                version=state.newest,
                base=base,
                older=None if head.base.lost else head.base,
                live=True,
                buried=head.kept.start,
            )
            try:
                await self._table.write(doc, HEAD, (encode_head(doc, new),), state.row)
                break
            except Taken:
                continue
        # It is done; what is left over can be erased the next time, too.
        with suppress(StoreError):
            await self._bury(doc, head.epoch, new.buried, new.kept.start)
            gone = set(head.refs()) - set(new.refs())
            if not head.base.lost:
                await self._blobs.delete(doc, sorted(gone))

    async def _discard(self, doc: str, refs: Sequence[str]) -> None:
        """Blobs that nothing names, nor will."""
        with suppress(StoreError):
            await self._blobs.delete(doc, refs)

    async def _put_snapshot(self, doc: str, version: Version, snapshot: bytes) -> str:
        ref = new_ref("s", *version)
        record = encode(Kind.SNAPSHOT, doc.encode(), version, snapshot)
        await self._blobs.put(doc, ref, record)
        return ref

    async def _bury(self, doc: str, epoch: int, first: int, end: int) -> None:
        """Rows from one to another, and the blobs that they name."""
        if end <= first:
            return
        start, last = row_key(Version(epoch, first)), row_key(Version(epoch, end - 1))
        rows = [row for row in await self._table.rows(doc, start, last, brief=True) if row.fields]
        links = links_of(doc, rows)
        refs = [link.control.ref for link in links if link.control is not None]
        await self._blobs.delete(doc, [ref for ref in refs if ref])
        await self._table.bury(doc, [row.key for row in rows])

    # -- ends of epochs ----------------------------------------------------------------------------

    async def seal(
        self, doc: str, expected: Version, snapshot: bytes, state_vector: bytes, map: bytes | None
    ) -> Version:
        version = Version(expected.epoch + 1, 0)
        refs: list[str] = []
        state = await load(self._table, self._blobs, doc, brief=True)
        _check(doc, state, expected)
        await self._begin(doc, state)
        refs.append(await self._put_snapshot(doc, version, snapshot))
        name, sealed = doc.encode(), Version(expected.epoch, 0)
        now = time.time()
        fields = [encode(Kind.EPOCH_END, name, sealed, _ENDING.pack(now) + state_vector)]
        if map is not None:
            refs.append(new_ref("m", expected.epoch))
            record = encode(Kind.EPOCH_MAP, name, sealed, map)
            await self._blobs.put(doc, refs[-1], record)
            about = json.dumps([refs[-1], len(map)]).encode()
            fields.append(encode(Kind.ROW, name, sealed, about))
        if sum(len(data) for data in fields) > self._table.most // 2:
            raise StoreError(
                f"a state vector of {len(state_vector)} bytes is more than a row can hold",
                transient=False,
            )
        head = Head(
            version=version,
            base=Base(0, refs[0], len(snapshot)),
            live=True,
            last_savepoint=state.head.last_savepoint,
            maps_from=version.epoch if map is None else state.head.maps_from,
            changed_at=now,
        )
        try:
            await self._end(doc, expected, Control(now, head=head.payload(), end=SEALED), fields)
        except Conflict:
            await self._discard(doc, refs)
            raise
        return version

    async def _end(
        self, doc: str, expected: Version, control: Control, fields: Sequence[bytes]
    ) -> None:
        """Writes the row that ends the epoch behind `expected`."""
        row = Version(expected.epoch, expected.seq + 1)
        data = encode_control(doc, row, control)
        try:
            await self._table.write(doc, row_key(row), (data, *fields), None)
        except Taken:
            state = await load(self._table, self._blobs, doc, brief=True)
            _check(doc, state, expected)
            raise StoreError(f"{doc!r} changes too often to be sealed") from None
        # From here on it is so; who comes next would do the rest.
        with suppress(StoreError):
            await finish(self._table, self._blobs, doc, row, control)

    async def _begin(self, doc: str, state: State) -> None:
        if state.row is None:
            await self._table.add_name(doc)
            with suppress(Taken):
                head = Head(changed_at=time.time())
                await self._table.write(doc, HEAD, (encode_head(doc, head),), None)

    async def delete(self, doc: str) -> Version | None:
        """The version it has now; None if there was nothing."""
        while True:
            state = await load(self._table, self._blobs, doc, brief=True)
            if not state.live:
                return None
            version = Version(state.head.epoch + 1, 0)
            head = Head(
                version=version,
                last_savepoint=state.head.last_savepoint,
                maps_from=version.epoch,
                changed_at=time.time(),
            )
            control = Control(head.changed_at, head=head.payload(), end=DELETED)
            try:
                await self._end(doc, state.newest, control, ())
            except Conflict:
                continue
            return version

    async def drop_epochs(self, doc: str, before: int, ended_before: float) -> int:
        dropped = 0
        for ended, ref, row in await self._reader.endings(doc, []):
            if ended.epoch < before or ended.ended_at < ended_before:
                await self._table.delete(doc, [row.key])
                if ref:
                    await self._blobs.delete(doc, [ref])
                dropped += 1
        return dropped

    # -- save points -------------------------------------------------------------------------------

    async def add_savepoint(
        self, doc: str, version: Version, state: bytes, label: str, author: str
    ) -> SavePoint:
        """Takes a number, writes the state and what is known of it, and counts it."""
        head = await self._change_head(
            doc, lambda head: replace(head, last_savepoint=head.last_savepoint + 1)
        )
        number, now = head.last_savepoint, time.time()
        ref = new_ref("p", number)
        name = doc.encode()
        record = encode(Kind.SAVE_POINT, name, Version(0, number), state)
        await self._blobs.put(doc, ref, record)
        known = {
            "version": list(version),
            "label": label,
            "author": author,
            "created_at": now,
            "size": len(state),
            "ref": ref,
        }
        about = encode(Kind.SAVE_POINT_LABEL, name, Version(0, number), json.dumps(known).encode())
        await self._table.write(doc, savepoint_key(number), (about,), None)
        await self._change_head(
            doc, lambda head: replace(head, live=True, savepoints=head.savepoints + 1)
        )
        return SavePoint(number, version, label, author, now, len(state))

    async def delete_savepoint(self, doc: str, number: int) -> bool:
        row = await self._table.get(doc, savepoint_key(number))
        if row is None:
            return False
        refs = await self._blobs.refs(doc, f"p-{number:012}-")
        await self._change_head(
            doc, lambda head: replace(head, savepoints=max(head.savepoints - 1, 0))
        )
        await self._table.delete(doc, [row.key])
        await self._blobs.delete(doc, refs)
        return True

    async def _change_head(self, doc: str, change: Callable[[Head], Head]) -> Head:
        wait = _FIRST_WAIT
        while True:
            state = await load(self._table, self._blobs, doc, brief=True)
            if state.row is None:
                await self._begin(doc, state)
                continue
            head = change(state.head)
            try:
                await self._table.write(doc, HEAD, (encode_head(doc, head),), state.row)
            except Taken:
                await asyncio.sleep(random.random() * wait)
                wait = min(wait * 2, _LONGEST_WAIT)
                continue
            return head


def _check(doc: str, state: State, expected: Version) -> None:
    if state.newest != expected:
        raise Conflict(
            f"{doc!r} is at {tuple(state.newest)}, not at {tuple(expected)}", newest=state.newest
        )


async def raise_hint(table: Table, doc: str, newest: Version) -> None:
    """If the head is in that epoch and does not know of it yet."""
    row = await table.get(doc, HEAD)
    while row is not None:
        try:
            head = decode_head(doc, row.fields)
        except BadRecord:
            return
        if head.epoch != newest.epoch or head.version >= newest:
            return
        try:
            await table.write(doc, HEAD, (encode_head(doc, replace(head, version=newest)),), row)
        except Taken as taken:
            row = taken.row
            continue
        return
