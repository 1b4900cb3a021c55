"""Documents of one store into another, with all that is kept of them: snapshot and log, ended epochs
and their maps, save points. What was copied is read again and compared. Both may be served meanwhile:
a copy that is repeated takes over what has come since, if nobody has written to the copy."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

from ..stores.contract import NO_STATE, NOTHING, History, Store, StoreError

_PAGE = 200
_BATCH = 500
# An update in which nothing is.
_EMPTY = b"\x00\x00"


@dataclass(frozen=True, slots=True)
class Copied:
    doc: str
    outcome: str  # "copied", "there already" or "failed"
    reason: str = ""
    size: int = 0


class CannotCopy(Exception):
    """Why a document stays where it is."""


async def copy_documents(source: Store, target: Store, prefix: str = "") -> AsyncIterator[Copied]:
    """One after another, in the order of their names."""
    after = ""
    while page := await source.list(prefix, after, _PAGE):
        for info in page:
            try:
                fresh = await _copy(source, target, info.doc)
                outcome = "copied" if fresh else "there already"
                yield Copied(info.doc, outcome, size=info.size)
            except (CannotCopy, StoreError) as error:
                yield Copied(info.doc, "failed", str(error))
        after = page[-1].doc


async def _copy(source: Store, target: Store, doc: str) -> bool:
    """Whether anything was to be done."""
    wanted, there = await source.read(doc), await target.read(doc)
    if wanted.damaged:
        damaged = ", ".join(one.where for one in wanted.damaged)
        raise CannotCopy(f"it is damaged ({damaged}); ropewalk docs verify tells more")
    begun = there.version == NOTHING and await target.info(doc) is None
    if begun:
        await _begin(source, target, doc, wanted)
        there = await target.read(doc)
    missing = _missing(wanted, there)
    version = there.version
    for first in range(0, len(missing), _BATCH):
        batch = missing[first : first + _BATCH]
        version = await target.append(doc, batch, epoch=version.epoch, expected=version)
    numbers = await _copy_savepoints(source, target, doc)
    await _verify(source, target, doc, wanted)
    return begun or bool(missing or numbers)


async def _begin(source: Store, target: Store, doc: str, wanted: History) -> None:
    """A document with the epochs and the snapshot, and without the log."""
    snapshot = wanted.snapshot.data if wanted.snapshot is not None else _EMPTY
    ended = {one.epoch: one for one in await source.epochs(doc)}
    version = NOTHING
    for epoch in range(wanted.version.epoch):
        known = ended.get(epoch)
        state = NO_STATE if known is None else known.state
        map = await source.read_map(doc, epoch) if known is not None and known.map_size else None
        last = epoch + 1 == wanted.version.epoch
        version = await target.seal(
            doc, version, snapshot if last else _EMPTY, state=state, map=map
        )
    if ended and wanted.version.epoch:
        # Those in between that the source has dropped; they were only counted.
        await target.drop_epochs(doc, min(ended))
    if version == NOTHING and wanted.snapshot is not None:
        version = await target.append(doc, [_EMPTY], expected=NOTHING)
        await target.compact(doc, version, snapshot)


def _missing(wanted: History, there: History) -> list[bytes]:
    """What is to be appended to the copy. CannotCopy: it is something else."""
    if wanted.version.epoch != there.version.epoch:
        raise CannotCopy(
            f"the other store has it in epoch {there.version.epoch}, this one in "
            f"{wanted.version.epoch}: delete it there first"
        )
    here = [entry.update for entry in wanted.entries]
    copied = [entry.update for entry in there.entries]
    if _snapshot(wanted) != _snapshot(there) or here[: len(copied)] != copied:
        raise CannotCopy("the other store has another document of this name: delete it there first")
    return here[len(copied) :]


def _snapshot(history: History) -> bytes:
    return _EMPTY if history.snapshot is None else bytes(history.snapshot.data)


async def _copy_savepoints(source: Store, target: Store, doc: str) -> int:
    """Under the same numbers: those in between were deleted, and are not given again."""
    there = {point.id for point in await target.savepoints(doc)}
    copied = 0
    for point in await source.savepoints(doc):
        if point.id in there:
            continue
        state = await source.read_savepoint(doc, point.id)
        while True:
            made = await target.savepoint(
                doc, point.version, state, label=point.label, author=point.author
            )
            if made.id >= point.id:
                break
            await target.delete_savepoint(doc, made.id)
        if made.id != point.id:
            raise CannotCopy(f"the other store has given the number of save point {point.id} away")
        copied += 1
    return copied


async def _verify(source: Store, target: Store, doc: str, wanted: History) -> None:
    copy = await target.read(doc)
    if copy.damaged or _missing(wanted, copy):
        raise CannotCopy("what the other store gives back is not what was written")
    for ended in await source.epochs(doc):
        if ended.map_size and await target.read_map(doc, ended.epoch) != await source.read_map(
            doc, ended.epoch
        ):
            raise CannotCopy(f"the map of epoch {ended.epoch} came back as another one")
    for point in await source.savepoints(doc):
        if await target.read_savepoint(doc, point.id) != await source.read_savepoint(doc, point.id):
            raise CannotCopy(f"save point {point.id} came back as another one")
