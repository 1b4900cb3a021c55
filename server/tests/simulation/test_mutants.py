"""The simulation notices what it is there for: each of these faults, put into the server on
purpose, breaks a promise within a few seeds."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from ropewalk import Doc
from ropewalk_server.auth.identity import Role
from ropewalk_server.rooms import renumbering
from ropewalk_server.rooms.epochs import Epochs
from ropewalk_server.rooms.log import Log
from ropewalk_server.rooms.room import Room
from ropewalk_server.rooms.rooms import Rooms
from ropewalk_server.sessions.session import Session
from ropewalk_server.stores.contract import History, StoreError, Version
from simulation.world import Violation, simulate

MOST_SEEDS = 100


def noticed(promise: str) -> bool:
    for seed in range(MOST_SEEDS):
        try:
            simulate(seed, safety=seed % 2 == 1)
        except Violation as violation:
            if promise in str(violation):
                return True
    return False


def acknowledges_before_the_commit(patch: pytest.MonkeyPatch) -> None:
    add = Log.add

    def early(self: Log, waiting: Any) -> None:
        if waiting.member is not None and waiting.number is not None:
            waiting.member.acknowledge(waiting.number)
        add(self, waiting)

    patch.setattr(Log, "add", early)


def listens_after_it_has_read(patch: pytest.MonkeyPatch) -> None:
    async def late(self: Log) -> History:
        history = await self._around.store.read(self._name)
        await asyncio.sleep(0.1)  # the way of the answer
        self._subscription = self._around.store.subscribe(self._name)
        self.version = self._heard = history.version
        self._listener = self._around.spawn(self._listen())
        return history

    patch.setattr(Log, "open", late)


def drops_an_update_when_it_tries_again(patch: pytest.MonkeyPatch) -> None:
    append = Log._append

    async def forgetful(self: Log, updates: list[bytes]) -> Version:
        store = self._around.store
        try:
            return await store.append(self._name, updates, epoch=self.version.epoch)
        except StoreError:
            return await append(self, updates[1:]) if updates[1:] else self.version

    patch.setattr(Log, "_append", forgetful)


def lets_readers_write(patch: pytest.MonkeyPatch) -> None:
    async def everybody(_self: Rooms, _identity: Any, _document: str) -> Role:
        return Role.EDITOR

    patch.setattr(Rooms, "role", everybody)


def mixes_tenants(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Rooms, "name_of", staticmethod(lambda _identity, document: f"a/{document}"))


def tells_the_others_nothing(patch: pytest.MonkeyPatch) -> None:
    async def deaf(self: Room, history: History) -> None:
        await self._exclusively(0, 1, self._apply_all, [e.update for e in history.entries])

    patch.setattr(Room, "others_wrote", deaf)


def compacts_too_much(patch: pytest.MonkeyPatch) -> None:
    """The snapshot claims entries that it does not hold."""
    from ropewalk_server.stores.memory import MemoryStore

    compact = MemoryStore.compact

    async def empty(self: MemoryStore, doc: str, upto: Version, _snapshot: bytes) -> None:
        await compact(self, doc, upto, Doc().get_update())

    patch.setattr(MemoryStore, "compact", empty)


def takes_what_is_of_an_older_epoch_as_it_is(patch: pytest.MonkeyPatch) -> None:
    async def untranslated(_self: Epochs, _epoch: int, update: bytes) -> bytes:
        return update

    patch.setattr(Epochs, "translate", untranslated)


def acknowledges_what_it_does_not_bring(patch: pytest.MonkeyPatch) -> None:
    async def nothing(_self: Epochs, _epoch: int, _update: bytes) -> bytes:
        return b"\x00\x00"

    patch.setattr(Epochs, "translate", nothing)


def lets_old_copies_in(patch: pytest.MonkeyPatch) -> None:
    """Nobody is told that the document was replaced."""
    join = Session._join

    async def blind(self: Session, state: Any, document: str | None, hello: Any) -> Any:
        if hello is not None:
            hello.epoch = None
        return await join(self, state, document, hello)

    patch.setattr(Session, "_join", blind)
    patch.setattr(Epochs, "is_old_copy", lambda *_: False)


def renumbers_what_is_not_all(patch: pytest.MonkeyPatch) -> None:
    """The newest entry is left out."""
    whole = renumbering.updates_of
    patch.setattr(renumbering, "updates_of", lambda history: whole(history)[:-1])


@pytest.mark.parametrize(
    ("mutate", "promise"),
    [
        (acknowledges_before_the_commit, "P9"),
        (listens_after_it_has_read, "P15"),
        (drops_an_update_when_it_tries_again, "P9"),
        (lets_readers_write, "P12"),
        (mixes_tenants, "P12"),
        (tells_the_others_nothing, "P15"),
        (compacts_too_much, "P9"),
        (takes_what_is_of_an_older_epoch_as_it_is, "P5"),
        (acknowledges_what_it_does_not_bring, "P9"),
        (lets_old_copies_in, "E1"),
        (renumbers_what_is_not_all, "E1"),
    ],
    ids=lambda value: value.__name__ if callable(value) else value,
)
def test_a_mutant_is_noticed(
    mutate: Callable[[pytest.MonkeyPatch], None], promise: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    mutate(monkeypatch)
    assert noticed(promise), f"no seed up to {MOST_SEEDS} has noticed"
