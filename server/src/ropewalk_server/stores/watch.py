"""Who waits for news of a document, inside one process and one event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Collection

from ropewalk_server.stores.contract import NOTHING, Version


class Watcher:
    """One subscription. It holds the newest version that was not yet told and no queue, so a slow
    listener costs nothing."""

    def __init__(self, watchers: Watchers, doc: str) -> None:
        self._watchers = watchers
        self._doc = doc
        self._told = NOTHING
        self._news: Version | None = None
        self._waiting: asyncio.Future[None] | None = None
        self._closed = False

    def __aiter__(self) -> Watcher:
        return self

    async def __anext__(self) -> Version:
        while self._news is None:
            if self._closed:
                raise StopAsyncIteration
            if self._waiting is None:
                self._waiting = asyncio.get_running_loop().create_future()
            # Several may wait, and one of them may be cancelled: the future is everybody's.
            await asyncio.shield(self._waiting)
        news, self._news = self._news, None
        self._told = news
        return news

    async def aclose(self) -> None:
        self._closed = True
        self._watchers.remove(self._doc, self)
        self._wake()

    def tell(self, version: Version) -> None:
        """Older news than what is waiting is no news; the same twice is."""
        if version >= (self._news or self._told):
            self._news = version
            self._wake()

    def _wake(self) -> None:
        if self._waiting is not None:
            if not self._waiting.done():
                self._waiting.set_result(None)
            self._waiting = None


class Watchers:
    """All subscriptions of a process, by document."""

    def __init__(self) -> None:
        self._by_doc: dict[str, set[Watcher]] = {}

    def add(self, doc: str) -> Watcher:
        watcher = Watcher(self, doc)
        self._by_doc.setdefault(doc, set()).add(watcher)
        return watcher

    def remove(self, doc: str, watcher: Watcher) -> None:
        watchers = self._by_doc.get(doc, set())
        watchers.discard(watcher)
        if not watchers:
            self._by_doc.pop(doc, None)

    def documents(self) -> Collection[str]:
        """May be called from any thread."""
        return tuple(self._by_doc)

    def tell(self, doc: str, version: Version) -> None:
        for watcher in tuple(self._by_doc.get(doc, ())):
            watcher.tell(version)

    async def close(self) -> None:
        for watchers in tuple(self._by_doc.values()):
            for watcher in tuple(watchers):
                await watcher.aclose()
