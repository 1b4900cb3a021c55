"""What is in documents, for the questions of those who join: by merging updates and taking the
difference. No document is built, and a large one is read in parts (rooms/packed.py)."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

from ropewalk import decode_state_vector, get_state, get_update, merge_updates

from ..errors import LoadFailed
from ..rooms.contents import deletions_of, ends_of
from ..rooms.packed import Packed
from ..rooms.ports import Surroundings
from ..rooms.snapshots import as_update
from ..stores.contract import Gone, StoreError, Version
from ..stores.parts import outline

# Of documents that a process keeps, should the next event ask again.
_MOST_KEPT = 8
_MOST_KEPT_BYTES = 32 * 1024 * 1024
# A snapshot of fewer bytes is read at once with all else.
_WHOLE = 256 * 1024
_MOST_LOOKS = 4


class Merged:
    """All of a document as one update."""

    def __init__(self, updates: Sequence[bytes]) -> None:
        self._update = merge_updates(*updates) if updates else b"\x00\x00"
        self.state = get_state(self._update)

    @property
    def size(self) -> int:
        return len(self._update)

    async def answer(self, state: bytes) -> bytes:
        return get_update(self._update, state)

    async def has(self, update: bytes) -> bool:
        state = decode_state_vector(self.state)
        if any(end > state.get(client, 0) for client, end in ends_of(update).items()):
            return False
        return not deletions_of(update) - deletions_of(self._update)

    async def with_more(self, updates: Sequence[bytes]) -> Merged:
        return Merged([self._update, *updates])


@dataclass(slots=True)
class Copy:
    """A document at a version. Its questions raise ValueError for what is none."""

    version: Version
    content: Merged | Packed
    size: int

    @property
    def state(self) -> bytes:
        return self.content.state


class Copies:
    """Those that a process has at hand. LoadFailed: the store does not give the document."""

    def __init__(self, around: Surroundings) -> None:
        self._around = around
        self._known: OrderedDict[str, Copy] = OrderedDict()

    def forget(self, name: str) -> None:
        self._known.pop(name, None)

    async def look(self, name: str) -> Copy:
        """As it is now."""
        for _ in range(_MOST_LOOKS):
            try:
                found = await self._grown(name) or await self._read(name)
            except Gone:
                self._known.pop(name, None)
                continue
            except (StoreError, ValueError) as error:
                self._known.pop(name, None)
                raise LoadFailed(f"the store does not give the document: {error}") from error
            self._keep(name, found)
            return found
        raise LoadFailed("the document changes too often to be read")

    async def _grown(self, name: str) -> Copy | None:
        """What is known already, with what has come since."""
        known = self._known.get(name)
        if known is None:
            return None
        history = await self._around.store.read(name, known.version)
        if history.version == known.version:
            return known
        if history.snapshot is not None or history.version.epoch != known.version.epoch:
            return None
        updates = [entry.update for entry in history.entries]
        content = await known.content.with_more(updates)
        if content is None:
            return None
        return Copy(history.version, content, known.size + sum(map(len, updates)))

    async def _read(self, name: str) -> Copy:
        found = await outline(self._around.store, name, whole=_WHOLE)
        size = sum(len(entry.update) for entry in found.entries)
        if found.snapshot is not None:
            size += found.snapshot.size
            packed = await Packed.open(name, self._around, found, at_least=0)
            if packed is not None:
                return Copy(found.version, packed, size)
            history = await self._around.store.read(name)
            updates = [entry.update for entry in history.entries]
            if history.snapshot is not None:
                updates.insert(0, as_update(history.snapshot.data))
            return Copy(history.version, Merged(updates), size)
        return Copy(found.version, Merged([entry.update for entry in found.entries]), size)

    def _keep(self, name: str, copy: Copy) -> None:
        self._known[name] = copy
        self._known.move_to_end(name)
        while len(self._known) > _MOST_KEPT or (
            len(self._known) > 1
            and sum(one.size for one in self._known.values()) > _MOST_KEPT_BYTES
        ):
            self._known.popitem(last=False)
