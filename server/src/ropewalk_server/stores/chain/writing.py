"""Appends. What waits in this process for one document goes together into one row; other processes
are taken turns with by jitter: who finds the next place taken waits for a random part of a time
that grows with the number of those who try, looks where the chain ends then, and writes at once."""

from __future__ import annotations

import asyncio
import random
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from ropewalk_server.stores.chain.forms import (
    HEAD,
    Control,
    Head,
    checksum_of,
    encode_control,
    encode_head,
    last_row,
    new_ref,
    row_key,
)
from ropewalk_server.stores.chain.links import Link, links_of
from ropewalk_server.stores.chain.loading import finish, load
from ropewalk_server.stores.chain.tables import Blobs, Table, Taken
from ropewalk_server.stores.contract import NOTHING, Conflict, StoreError, Version
from ropewalk_server.stores.records import OVERHEAD, Kind, encode

# A row ends when it has as many entries as this.
_ROW_ENTRIES = 500
# And a group, in bytes, if it is to go into a blob.
_GROUP_BYTES = 4 << 20
# Where a chain ends is believed for so long; far less than the day for which keys stay taken.
_BELIEVED_SECONDS = 60.0
# Of a row beside its entries, and of each entry: lengths, and what the table adds.
_ROW_BYTES = 256
_ENTRY_BYTES = 24
_LINES_KEPT = 1 << 14


@dataclass(frozen=True, slots=True)
class Contention:
    """How appends take turns with other processes. In seconds, but `grows` and `falls`."""

    budget: float = 10.0  # after that the append is an error, and may be tried again
    grows: float = 2.0  # the time to wait in, after a place that was taken
    falls: float = 0.6  # and after one that was free
    longest: float = 2.0


@dataclass(slots=True)
class _Job:
    updates: Sequence[bytes]
    epoch: int
    expected: Version | None
    future: asyncio.Future[Version]
    size: int


@dataclass(slots=True)
class _Line:
    """What is known of one document and who waits to write to it."""

    jobs: deque[_Job] = field(default_factory=deque)
    task: asyncio.Task[None] | None = None
    newest: Version = NOTHING
    known_at: float = float("-inf")
    has_head: bool = False
    window: float = 0.0
    took: float = 0.01  # one look and one write, lately
    ends: deque[Version] = field(default_factory=lambda: deque(maxlen=64))
    hinted: Version = NOTHING


class Writer:
    def __init__(
        self,
        table: Table,
        blobs: Blobs,
        tell: Callable[[str, Version], None],
        contention: Contention | None = None,
    ) -> None:
        """`tell` hears of each version that is seen, in order per document."""
        self._table = table
        self._blobs = blobs
        self._tell = tell
        self._contention = contention or Contention()
        self._lines: OrderedDict[str, _Line] = OrderedDict()
        self._closing = False
        self.attempts = 0  # rows that were offered
        self.rows = 0  # rows that were taken

    async def close(self) -> None:
        """What waits is written or refused, and heads are told how far their chains have come."""
        self._closing = True
        tasks = [line.task for line in self._lines.values() if line.task is not None]
        await asyncio.gather(*tasks, return_exceptions=True)
        for doc, line in tuple(self._lines.items()):
            if line.newest > line.hinted and line.ends:
                try:
                    await self.hint(doc, line.newest)
                except StoreError:
                    return

    # -- what is known of chains -------------------------------------------------------------------

    def _line(self, doc: str) -> _Line:
        line = self._lines.get(doc)
        if line is None:
            line = self._lines[doc] = _Line()
            for name, old in tuple(self._lines.items())[: len(self._lines) - _LINES_KEPT]:
                if old.task is None:
                    del self._lines[name]
        else:
            self._lines.move_to_end(doc)
        return line

    def saw(
        self, doc: str, newest: Version, *, has_head: bool = True, is_news: bool = False
    ) -> None:
        """A chain has a row that ends here, and ends here or later. News may be old. A version in the
        middle of a row must not come here: the next row would begin inside it."""
        line = self._line(doc)
        line.has_head = line.has_head or has_head
        if newest >= line.newest and not is_news:
            line.known_at = time.monotonic()
        if newest > line.newest:
            line.newest = newest
            line.ends.append(newest)
            self._tell(doc, newest)

    def newest(self, doc: str) -> Version:
        """As far as is known here."""
        line = self._lines.get(doc)
        return line.newest if line is not None else NOTHING

    def is_end(self, doc: str, version: Version | None) -> bool:
        line = self._lines.get(doc)
        return line is not None and version in line.ends

    def doubt(self) -> None:
        """The process stood still, and its clock perhaps with it: nothing is believed any more."""
        for line in self._lines.values():
            line.known_at = float("-inf")

    # -- appends -----------------------------------------------------------------------------------

    async def append(
        self, doc: str, updates: Sequence[bytes], epoch: int, expected: Version | None
    ) -> Version:
        if self._closing:
            raise StoreError("the store is closed", transient=False)
        line = self._line(doc)
        future = asyncio.get_running_loop().create_future()
        # A copy, for who gave a bytearray may go on writing into it.
        copies = [bytes(update) for update in updates]
        line.jobs.append(_Job(copies, epoch, expected, future, sum(map(len, copies))))
        if line.task is None:
            line.task = asyncio.ensure_future(self._work(doc, line))
        return await asyncio.shield(future)

    async def _work(self, doc: str, line: _Line) -> None:
        try:
            while line.jobs:
                group = self._group(line)
                try:
                    newest = await self._write(doc, line, group)
                except StoreError as error:
                    for job in group:
                        if not job.future.done():
                            job.future.set_exception(error)
                            job.future.exception()  # whoever waited may be gone
                    continue
                except BaseException as error:
                    for job in group:
                        job.future.set_exception(error)
                    raise
                seq = newest.seq - sum(len(job.updates) for job in group)
                for job in group:
                    seq += len(job.updates)
                    job.future.set_result(Version(newest.epoch, seq))
        finally:
            line.task = None

    def _group(self, line: _Line) -> list[_Job]:
        """One that is on condition goes alone."""
        group = [line.jobs.popleft()]
        if group[0].expected is not None:
            return group
        entries, size = len(group[0].updates), group[0].size
        while line.jobs:
            job = line.jobs[0]
            entries, size = entries + len(job.updates), size + job.size
            alike = job.expected is None and job.epoch == group[0].epoch
            if not alike or entries > _ROW_ENTRIES or size > _GROUP_BYTES:
                break
            group.append(line.jobs.popleft())
        return group

    async def _write(self, doc: str, line: _Line, group: list[_Job]) -> Version:
        epoch, expected = group[0].epoch, group[0].expected
        updates = [update for job in group for update in job.updates]
        upload = _Upload(self._table, self._blobs, doc, epoch, updates)
        began = time.monotonic()
        fresh = False  # what is known was read for this append
        try:
            while True:
                if not fresh and time.monotonic() - line.known_at > _BELIEVED_SECONDS:
                    await self._look(doc, line)
                    fresh = True
                known = line.newest  # from here on news may move it
                refused = known.epoch != epoch or expected not in (None, known)
                if refused and not fresh:
                    await self._look(doc, line)
                    fresh = True
                    continue
                if refused:
                    raise _conflict(doc, epoch, expected, known)
                if not line.has_head:
                    await self._begin(doc, line)
                version = Version(epoch, known.seq + 1)
                fields = await upload.fields(version)
                started = time.monotonic()
                self.attempts += 1
                upload.may_be_used = True  # even if there is no answer
                try:
                    await self._table.write(doc, row_key(version), fields, None)
                except Taken as taken:
                    upload.may_be_used = False
                    links = links_of(doc, [taken.row] if taken.row else [])
                else:
                    self.rows += 1
                    line.took += (time.monotonic() - started - line.took) / 8
                    line.window *= self._contention.falls
                    if line.window < line.took:
                        line.window = 0.0
                    # News may have moved what is known meanwhile, of this very row perhaps.
                    newest = Version(epoch, version.seq + len(updates) - 1)
                    self.saw(doc, newest)
                    return newest
                # Taken: by another process, by the end of the epoch, or by what was buried long
                # ago.
                fresh = await self._pass_by(doc, line, epoch, links, wait=expected is None)
                if time.monotonic() - began > self._contention.budget:
                    raise StoreError(
                        f"{doc!r} has too many writers: no turn in {self._contention.budget:g} s"
                    )
        finally:
            await upload.discard()

    async def _look(self, doc: str, line: _Line) -> None:
        """Where the chain ends, by its head. A head may be older than what is known here only if
        the document is another one by now."""
        state = await load(self._table, self._blobs, doc, brief=True)
        line.known_at = time.monotonic()
        self.saw(doc, state.newest, has_head=state.row is not None)

    async def _begin(self, doc: str, line: _Line) -> None:
        """The first row of a document: its name goes on the list, and it gets a head."""
        await self._table.add_name(doc)
        try:
            head = Head(changed_at=time.time())
            await self._table.write(doc, HEAD, (encode_head(doc, head),), None)
        except Taken:
            pass
        line.has_head = True

    async def _pass_by(
        self, doc: str, line: _Line, epoch: int, links: list[Link], *, wait: bool
    ) -> bool:
        """Waits for a turn and finds where the chain ends by then. True if all of it was read."""
        if not links or links[0].control is None or links[0].control.head is not None:
            await self._look(doc, line)
            return True
        self.saw(doc, Version(epoch, links[0].last))
        contention = self._contention
        if wait:
            longest = max(line.window * contention.grows, line.took)
            line.window = min(longest, contention.longest)
            await asyncio.sleep(random.random() * line.window)
        if line.newest.epoch != epoch:
            await self._look(doc, line)
            return True
        first = row_key(Version(epoch, line.newest.seq + 1))
        started = time.monotonic()
        rows = await self._table.rows(doc, first, last_row(epoch), brief=True)
        line.took += (time.monotonic() - started - line.took) / 8
        links = links_of(doc, rows)
        if links and (links[-1].control is None or links[-1].control.head is not None):
            if (control := links[-1].control) is not None:
                sealed = Version(epoch, links[-1].first)
                await finish(self._table, self._blobs, doc, sealed, control)
            await self._look(doc, line)
            return True
        if links:
            self.saw(doc, Version(epoch, links[-1].last))
        line.known_at = time.monotonic()
        return True

    # -- hints -------------------------------------------------------------------------------------

    def to_hint(self) -> list[tuple[str, Version]]:
        """Documents whose chains have grown since their heads were told."""
        return [
            (doc, line.newest)
            for doc, line in self._lines.items()
            if line.newest > line.hinted and line.ends and line.task is None
        ]

    async def hint(self, doc: str, newest: Version) -> None:
        """Writes into the head that the chain was seen to reach so far: without that nobody would
        notice if its last rows were lost."""
        from ropewalk_server.stores.chain.changing import raise_hint

        await raise_hint(self._table, doc, newest)
        self._line(doc).hinted = newest


def _conflict(doc: str, epoch: int, expected: Version | None, newest: Version) -> Conflict:
    if newest.epoch != epoch:
        return Conflict(
            f"{doc!r} is in epoch {newest.epoch}; epoch {epoch} takes nothing", newest=newest
        )
    return Conflict(f"{doc!r} is at {tuple(newest)}, not at {tuple(expected or ())}", newest=newest)


class _Upload:
    """The updates of one row. Large ones are written as a blob first, which the row names."""

    def __init__(
        self, table: Table, blobs: Blobs, doc: str, epoch: int, updates: Sequence[bytes]
    ) -> None:
        self._blobs = blobs
        self._doc = doc
        self._name = doc.encode()
        self._updates = updates
        each = OVERHEAD + len(self._name) + _ENTRY_BYTES
        size = sum(map(len, updates)) + each * (len(updates) + 1) + _ROW_BYTES
        self._ref = new_ref("u", epoch) if size > table.most else ""
        self._checksum = ""
        self.may_be_used = False

    async def fields(self, version: Version) -> list[bytes]:
        """Of the row that begins with this version."""
        sizes = [len(update) for update in self._updates]
        if self._ref and not self._checksum:
            records = self._records(Version(version.epoch, 1))
            await self._blobs.put(self._doc, self._ref, b"".join(records))
            self._checksum = checksum_of(records)
        control = Control(time.time(), sizes, self._ref, self._checksum)
        first = encode_control(self._doc, version, control)
        return [first] if self._ref else [first, *self._records(version)]

    def _records(self, first: Version) -> list[bytes]:
        return [
            encode(Kind.UPDATE, self._name, Version(first.epoch, first.seq + n), update)
            for n, update in enumerate(self._updates)
        ]

    async def discard(self) -> None:
        """What no row names is erased, if that can be done."""
        if self._checksum and not self.may_be_used:
            try:
                await self._blobs.delete(self._doc, [self._ref])
            except StoreError:
                return
