"""Epochs of a document before the one it is in: who has a copy of one, and what they wrote into it.

    E1  a change of an older epoch is translated by every map on the way, or refused
    E2  the same change becomes the same units, however often and by whomever it is brought
    E3  a copy of an older epoch is never merged: it is told by what it has, too
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence

from ropewalk import EpochMap, LimitError, decode_state_vector

from ..errors import CloseCode, LoadFailed, Rejected
from ..stores.contract import Conflict, EndedEpoch, StoreError
from .member import Member
from .ports import Surroundings

logger = logging.getLogger(__name__)

# Maps of more bytes are read again each time: who comes back after long is rare.
_KEPT_MAP = 4 * 1024 * 1024


class Epochs:
    """Those of one document."""

    def __init__(self, name: str, around: Surroundings) -> None:
        self._name = name
        self._around = around
        self._newest = 0
        self._ended: dict[int, EndedEpoch] = {}
        self._maps: dict[int, EpochMap] = {}
        # Of each client, the clock behind the last unit that an older epoch had of it.
        self._retired: dict[int, int] = {}
        self._turn = asyncio.Lock()

    async def load(self, newest: int) -> None:
        """What the store keeps; `newest` is the epoch that the document is in. StoreError: it does
        not say."""
        self._newest = newest
        if newest == 0:
            return
        for ended in await self._around.store.epochs(self._name):
            if ended.epoch < newest:
                self._ended[ended.epoch] = ended
                for client, clock in decode_state_vector(ended.state).items():
                    self._retired[client] = max(clock, self._retired.get(client, 0))

    def had(self, epoch: int) -> bytes | None:
        """The state vector of what this epoch had when it ended, if changes made in it can be
        translated: what somebody has beyond it is what they may bring."""
        if not 0 <= epoch < self._newest:
            return None
        way = [self._ended.get(one) for one in range(epoch, self._newest)]
        if any(ended is None or not ended.map_size for ended in way):
            return None
        return self._ended[epoch].state

    @property
    def any_ended(self) -> bool:
        """Whether there may be copies of older epochs."""
        return bool(self._retired)

    def is_old_copy(self, theirs: bytes, ours: bytes) -> bool:
        """Whether a state vector names something that an older epoch had and this one has not.
        ValueError: it is none."""
        here = decode_state_vector(ours)
        return any(
            here.get(client, 0) < min(clock, self._retired.get(client, 0))
            for client, clock in decode_state_vector(theirs).items()
        )

    async def translate(self, epoch: int, update: bytes) -> bytes:
        """The update of this epoch that does what one of an older epoch has done. Rejected: there is
        none. LoadFailed: the store does not give a map."""
        if self.had(epoch) is None:
            raise Rejected(
                "untranslatable",
                f"the document is in epoch {self._newest}, and nothing leads there from {epoch}",
            )
        async with self._turn:  # a map is used by one at a time
            for one in range(epoch, self._newest):
                map = await self._map(one)
                try:
                    update = await self._around.offload(map.translate_update, update)
                except LimitError as error:
                    raise Rejected("too-large", str(error)) from None
                except ValueError as error:
                    raise Rejected("untranslatable", str(error)) from None
        self._around.metrics.count("translations")
        return update

    async def _map(self, epoch: int) -> EpochMap:
        known = self._maps.get(epoch)
        if known is not None:
            return known
        try:
            data = await self._around.store.read_map(self._name, epoch)
        except StoreError as error:
            # A conflict says that something else was meant to be there, not that nothing is.
            if not error.transient and not isinstance(error, Conflict):
                raise Rejected("untranslatable", str(error)) from None
            raise LoadFailed(f"the store does not give the map of epoch {epoch}: {error}") from None
        try:
            map = await self._around.offload(EpochMap.decode, data)
        except ValueError as error:
            raise Rejected("untranslatable", f"the map of epoch {epoch}: {error}") from None
        if len(data) <= _KEPT_MAP:
            self._maps[epoch] = map
        return map


async def send_over(
    name: str, around: Surroundings, members: Sequence[Member], epoch: int, newest: int
) -> None:
    """Tells those who were in a room of an epoch that has ended what the document is now, and what
    they may bring along."""
    epochs = Epochs(name, around)
    try:
        await epochs.load(newest)
    except StoreError as error:
        logger.warning("%s: which epochs are supported: %s", name, error)
        for member in members:
            # They come back as what they are, and are told then.
            if not member.gone:
                member.link.close(CloseCode.SERVER_FAULT, "the document was replaced; come back")
        return
    had = epochs.had(epoch)
    for member in members:
        if not member.gone:
            member.retire(newest, had)
