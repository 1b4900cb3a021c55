"""Snapshots read in parts, from any store: one that gives no parts is asked for all of it."""

from __future__ import annotations

from collections.abc import Sequence

from ropewalk_server.stores.contract import (
    Gone,
    History,
    InParts,
    Outline,
    Part,
    SnapshotPlace,
    Store,
    Version,
)


async def outline(store: Store, doc: str, *, whole: int = 0) -> Outline:
    """See InParts.outline()."""
    if isinstance(store, InParts):
        return await store.outline(doc, whole=whole)
    return outline_of(await store.read(doc))


def outline_of(history: History) -> Outline:
    """The outline, with all that was read."""
    snapshot = None
    if history.snapshot is not None:
        data = history.snapshot.data
        snapshot = SnapshotPlace(history.snapshot.version, len(data), data)
    return Outline(history.version, snapshot, history.entries, history.damaged)


async def read_parts(
    store: Store, doc: str, snapshot: Version, parts: Sequence[Part]
) -> Sequence[bytes]:
    """See InParts.read_parts()."""
    if isinstance(store, InParts):
        return await store.read_parts(doc, snapshot, parts)
    found = (await store.read(doc)).snapshot
    if found is None or found.version != snapshot:
        raise Gone(f"the snapshot {tuple(snapshot)} of {doc!r} was replaced")
    return cut(found.data, parts)


def cut(data: bytes, parts: Sequence[Part]) -> list[bytes]:
    """These parts of a snapshot. ValueError: one ends behind it."""
    check_parts(parts, len(data))
    view = memoryview(data)
    return [bytes(view[offset : offset + size]) for offset, size in parts]


def check_parts(parts: Sequence[Part], size: int) -> None:
    """ValueError: one of them is not in a snapshot of so many bytes."""
    for offset, length in parts:
        if offset < 0 or length < 0 or offset + length > size:
            raise ValueError(f"no bytes {offset} to {offset + length} in a snapshot of {size}")
