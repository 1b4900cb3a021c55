"""A document as it is now. Whoever comes upon the end of an epoch puts the next in force."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import replace

from ropewalk_server.stores.chain.forms import (
    DELETED,
    HEAD,
    Control,
    Head,
    decode_head,
    encode_head,
    ending_key,
    head_of,
    last_row,
    number_of,
    row_key,
    savepoint_key,
)
from ropewalk_server.stores.chain.links import State, links_of
from ropewalk_server.stores.chain.mending import forget, mend_head
from ropewalk_server.stores.chain.tables import Blobs, Table, Taken
from ropewalk_server.stores.contract import StoreError, Version
from ropewalk_server.stores.records import BadRecord

# A document that changes so often while it is read has somebody who does nothing else.
_MOST_LOOKS = 20
# After so long it is clear that who was to erase something does not come back.
_CLEAR_SECONDS = 60.0


async def load(
    table: Table,
    blobs: Blobs,
    doc: str,
    *,
    since: Version | None = None,
    brief: bool = False,
    kept: bool = False,
) -> State:
    """`since`: a version that is known to be the end of a row; what is before it is not read.
    `kept`: all that is kept, from the older base on. `brief`: of rows only what they are."""
    for _ in range(_MOST_LOOKS):
        state = await _look(table, blobs, doc, since, brief, kept)
        if state is not None:
            return state
    raise StoreError(f"{doc!r} changes too often to be read")


async def _look(
    table: Table, blobs: Blobs, doc: str, since: Version | None, brief: bool, kept: bool
) -> State | None:
    """None: it was changed meanwhile, or put in order; look again."""
    row = await table.get(doc, HEAD)
    head = Head()
    if row is not None:
        try:
            head = decode_head(doc, row.fields)
        except BadRecord as error:
            await mend_head(table, blobs, doc, row, error.reason)
            return None
        if head.clears and time.time() - head.changed_at > _CLEAR_SECONDS:
            await clear(table, blobs, doc, head)
            return None
    base = head.kept if kept else head.base
    start, begin = base.start, max(base.seq, 0)
    if since is not None and since >= Version(head.epoch, begin):
        start = begin = since.seq + 1
    first, last = row_key(Version(head.epoch, start)), last_row(head.epoch)
    links = links_of(doc, await table.rows(doc, first, last, brief=brief))
    if row is None and (links or await table.keys(doc, "u#", "u#~")):
        if await table.get(doc, HEAD) is not None:
            return None  # it has just begun
        await mend_head(table, blobs, doc, None, "is gone")
        return None
    if links and (control := links[-1].control) is not None and control.head is not None:
        await finish(table, blobs, doc, Version(head.epoch, links[-1].first), control)
        return None
    state = State(row, head, links)
    if _is_odd(state, start):
        # What is missing may have been put away meanwhile, with a newer base, or have come behind
        # the place where a page ended: the second look says whether it is so.
        if await table.get(doc, HEAD) != row:
            return None
        state.links = links_of(doc, await table.rows(doc, first, last, brief=brief))
    ends = [link.last for link in state.links]
    if not since:
        ends.append(begin)
    state.newest = Version(head.epoch, max([start - 1, head.version.seq, *ends]))
    return state


def _is_odd(state: State, start: int) -> bool:
    """Whether something seems to be missing."""
    expected = start
    for link in state.links:
        if link.first != expected or link.control is None:
            return True
        expected = link.last + 1
    return expected <= state.head.version.seq


async def finish(table: Table, blobs: Blobs, doc: str, sealed: Version, control: Control) -> None:
    """The epoch has ended with this row: what it was is kept, and the next head is put in force.
    May be done by many at once, and again."""
    assert control.head is not None
    new, deleted = head_of(control.head), control.end == DELETED
    end = None if deleted else await table.get(doc, row_key(sealed))
    if end is not None and end.fields:
        with suppress(Taken):
            await table.write(doc, ending_key(sealed.epoch), end.fields[1:], None)
    while True:
        row = await table.get(doc, HEAD)
        old = Head()
        if row is not None:
            try:
                old = decode_head(doc, row.fields)
            except BadRecord:
                return  # who looks next mends it
        if old.epoch > sealed.epoch:
            return
        # Save points may have been made since the row was written.
        head = replace(
            new,
            savepoints=0 if deleted else old.savepoints,
            last_savepoint=max(old.last_savepoint, new.last_savepoint),
            clears="all" if deleted else "epoch",
        )
        try:
            await table.write(doc, HEAD, (encode_head(doc, head),), row)
        except Taken:
            continue
        await clear(table, blobs, doc, head)
        return


async def clear(table: Table, blobs: Blobs, doc: str, head: Head) -> None:
    """Erases what was before the epoch of this head, and says so in it. The row with which the last
    epoch ended stays."""
    rows = await table.rows(doc, "u#", last_row(head.epoch - 1), brief=True)
    await table.bury(doc, [row.key for row in rows[:-1] if row.fields])
    kinds = ["u-", "s-"]
    if head.clears == "all" or head.maps_from == head.epoch:
        kinds.append("m-")
    for kind in kinds:
        refs = [ref for ref in await blobs.refs(doc, kind) if number_of(ref) < head.epoch]
        await blobs.delete(doc, refs)
    if head.clears == "all":
        points = [
            ref for ref in await blobs.refs(doc, "p-") if number_of(ref) <= head.last_savepoint
        ]
        await blobs.delete(doc, points)
        last = savepoint_key(head.last_savepoint)
        await table.delete(doc, await table.keys(doc, "p#", last))
        await table.delete(doc, await table.keys(doc, "e#", ending_key(head.epoch - 1)))
        await forget(table, doc)
    row = await table.get(doc, HEAD)
    if row is not None:
        with suppress(BadRecord, Taken):
            now = decode_head(doc, row.fields)
            if now.epoch == head.epoch and now.clears:
                await table.write(doc, HEAD, (encode_head(doc, replace(now, clears="")),), row)
