"""A new epoch of a document, in which nothing is left of what was deleted and every id is new.

Nobody is kept from writing meanwhile: who writes in between wins, and it is done again. Whoever has
the document open is told that it was replaced, and what they have not sent yet is translated.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from ropewalk import decode_state_vector, get_state, inspect_update, merge_updates
from ropewalk import renumber as renumber_history

from ..stores.contract import Conflict, EndedEpoch, History, Store, StoreError, Version
from .policy import DocumentPolicy
from .ports import Offload, Surroundings
from .snapshots import put_together, size_of, updates_of

logger = logging.getLogger(__name__)

# Others may write at the same time; each try reads again what there is.
MAX_TRIES = 20


class NotRenumbered(Exception):
    """This document is not renumbered, and the reason."""


@dataclass(frozen=True, slots=True)
class Renumbering:
    """What came of it: sizes of the whole history before, and after."""

    version: Version
    before: int
    after: int


async def renumber(
    store: Store,
    offload: Offload,
    name: str,
    policy: DocumentPolicy,
    *,
    seed: int,
    now: float,
    least_share: float = 0.0,
) -> Renumbering | None:
    """Begins a new epoch. None: less than `least_share` of it is deleted. NotRenumbered: this
    document never is, or not as it is."""
    _check_admits_no_stock(policy, name)
    for _ in range(MAX_TRIES):
        history = await store.read(name)
        if history.damaged:
            where = history.damaged[0].where
            raise NotRenumbered(f"{where} is damaged: restore a save point first")
        if size_of(history) == 0:
            return None
        taken = _clients_of(await store.epochs(name))
        epoch = history.version.epoch
        made = await offload(_renumber, history, epoch, seed, taken, least_share)
        if made is None:
            return None
        before, after, state, snapshot, map = made
        try:
            version = await store.seal(name, history.version, snapshot, state=state, map=map)
        except Conflict:
            continue
        await forget_old_epochs(store, name, version, policy, now)
        return Renumbering(version, before, after)
    raise StoreError("the document changes too fast to be renumbered; try when fewer write")


async def renumber_if_due(name: str, around: Surroundings) -> None:
    """Of a document that everybody has left, so that nobody has to come over."""
    policy = around.policy
    async with around.compacting:
        try:
            done = await renumber(
                around.store,
                around.offload,
                name,
                policy,
                seed=around.random.getrandbits(64),
                now=around.clock.now(),
                least_share=policy.renumber_share,
            )
        except NotRenumbered as reason:
            logger.info("%s is not renumbered: %s", name, reason)
        except Exception as error:  # it is as it was
            logger.warning("renumbering %s: %s", name, error)
            around.metrics.count("renumbering_failures")
        else:
            if done is not None:
                around.metrics.count("renumberings")
                logger.info(
                    "%s is in epoch %d: %d bytes were %d",
                    name,
                    done.version.epoch,
                    done.after,
                    done.before,
                )


def _check_admits_no_stock(policy: DocumentPolicy, name: str) -> None:
    """NotRenumbered: clients that know no epochs may have a copy."""
    if policy.admits_stock(name):
        raise NotRenumbered(
            "this document admits stock clients, which know no epochs and would bring all of it a "
            "second time: refuse them first (documents.stock), or copy it to a new name"
        )


async def forget_old_epochs(
    store: Store, name: str, version: Version, policy: DocumentPolicy, now: float
) -> None:
    """Erases what is kept for longer than the policy says. It is no harm if that fails."""
    try:
        await store.drop_epochs(name, version.epoch - policy.kept_epochs, now - policy.kept_seconds)
    except StoreError:
        return  # the next one does it


async def fresh_ids(
    store: Store, offload: Offload, name: str, state: bytes, version: Version, seed: int
) -> bytes:
    """The snapshot that a document is to be replaced by, under ids that nobody has a copy of. As it is, if that
    cannot be: something in it waits for what is missing."""
    taken = _clients_of(await store.epochs(name))
    return await offload(_fresh_ids, state, version.epoch, seed, taken)


def _clients_of(ended: Sequence[EndedEpoch]) -> list[int]:
    return sorted({client for one in ended for client in decode_state_vector(one.state)})


def _renumber(
    history: History, epoch: int, seed: int, taken: list[int], least_share: float
) -> tuple[int, int, bytes, bytes, bytes] | None:
    merged = merge_updates(*updates_of(history))
    found = inspect_update(merged)
    if least_share > 0 and found["deleted_units"] < least_share * max(found["units"], 1):
        return None
    try:
        fresh, map = renumber_history(
            merged, from_epoch=epoch, to_epoch=epoch + 1, seed=seed, taken=taken
        )
    except ValueError as error:
        raise NotRenumbered(
            f"{error}: something is missing that other changes wait for; it comes with whoever "
            "has it"
        ) from None
    return len(merged), len(fresh), get_state(merged), put_together([fresh]), map.encode()


def _fresh_ids(state: bytes, epoch: int, seed: int, taken: list[int]) -> bytes:
    try:
        state = renumber_history(
            state, from_epoch=epoch, to_epoch=epoch + 1, seed=seed, taken=taken
        )[0]
    except ValueError:
        pass
    return put_together([state])
