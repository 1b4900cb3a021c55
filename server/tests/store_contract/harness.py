"""What the tests of the contract share."""

from abc import ABC, abstractmethod
import asyncio
import os
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from ropewalk_server.stores import open_store
from ropewalk_server.stores.contract import Conflict, SavePoint, StoreError


def updates_of(history):
    return [entry.update for entry in history.entries]


def seqs_of(history):
    return [entry.version.seq for entry in history.entries]


async def outcome(store, call, *arguments):
    """What a call gives, or the error it raises, without times."""
    *positional, named = arguments
    try:
        result = await getattr(store, call)(*positional, **named)
    except Conflict as conflict:
        return "conflict", conflict.newest
    except StoreError as error:
        return "error", error.transient
    if isinstance(result, SavePoint):
        return replace(result, created_at=0)
    if isinstance(result, list):
        return [replace(point, created_at=0) for point in result]
    return result


def plain(history):
    snapshot = history.snapshot and (history.snapshot.version, bytes(history.snapshot.data))
    entries = [(entry.version, bytes(entry.update)) for entry in history.entries]
    return history.version, snapshot, entries, list(history.damaged)


def sizes(info):
    return info and replace(info, changed_at=0)


def ended(epochs):
    return [replace(epoch, ended_at=0) for epoch in epochs]


async def soon(awaitable, seconds=10):
    return await asyncio.wait_for(awaitable, seconds)


@asynccontextmanager
async def opening(url):
    """A function that opens a store more on the same documents; all are closed at the end."""
    stores = []

    async def make():
        store = open_store(url)
        await store.open()
        stores.append(store)
        return store

    yield make
    for store in stores:
        await store.close()


class ContractTests(ABC):
    """What a store's test file fills in; see the package's first lines."""

    # Of what is done again and again: less for a store whose service is slow, all of it in a soak.
    share = 1.0

    def times(self, number, least=2):
        if os.environ.get("ROPEWALK_SOAK") == "1":
            return number
        return max(int(number * self.share), least)

    @pytest.fixture
    @abstractmethod
    async def make_store(self): ...

    @pytest.fixture
    async def store(self, make_store):
        return await make_store()

    @abstractmethod
    async def spoil(self, store, doc, seq): ...

    @abstractmethod
    def fail(self, store): ...

    async def hear(self, news, version):
        """The first news that is as new as `version`; the same may be told more than once."""
        while (heard := await soon(anext(news))) < version:
            pass
        return heard
