"""What processes on one database tell each other.

Who watches a document is told of what this process writes at once, and of what others write when the
database passes it on; and now and then all documents that somebody watches are looked at, for a
process may die between a write and its telling. Messages on topics are passed on as they are, and
are lost where the connection is.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Callable, Collection

from ropewalk_server.stores.contract import StoreError, Version
from ropewalk_server.stores.heads import decode_head
from ropewalk_server.stores.keyed.database import Database
from ropewalk_server.stores.keyed.tasks import end
from ropewalk_server.stores.records import BadRecord
from ropewalk_server.stores.watch import Watcher, Watchers

logger = logging.getLogger(__name__)

LOOK_SECONDS = 2.0
_NAMES_AT_ONCE = 1000
# Messages that wait to be sent; more are lost.
_WAITING = 1 << 14
# Of documents that nobody watches.
_KNOWN = 1 << 14


class News:
    """Of one store."""

    def __init__(self, database: Database) -> None:
        self.process = secrets.token_urlsafe(9)
        self._database = database
        self._watchers = Watchers()
        self._newest: dict[str, Version] = {}
        self._to_tell: dict[bytes, Version] = {}
        self._to_send: list[tuple[str, bytes]] = []
        self._receivers: dict[str, list[Callable[[bytes], None]]] = {}
        self._restorers: list[Callable[[], None]] = []
        self._telling: asyncio.Task[None] | None = None
        self._looking: asyncio.Task[None] | None = None
        self._look_now = asyncio.Event()

    def open(self) -> None:
        self._look_now = asyncio.Event()
        self._looking = asyncio.get_running_loop().create_task(self._look_again_and_again())

    async def close(self) -> None:
        await self._watchers.close()
        if self._looking is not None:
            await end(self._looking)
        if self._telling is not None:
            await self._telling
        self._telling = self._looking = None

    def subscribe(self, doc: str) -> Watcher:
        return self._watchers.add(doc)

    def note(self, doc: str, version: Version) -> None:
        """That much is known here; it is no news any more."""
        if version > self._newest.get(doc, Version(0, 0)):
            self._newest.pop(doc, None)
            self._newest[doc] = version
            if len(self._newest) > _KNOWN + len(self._watchers.documents()):
                self._forget()

    def landed(self, doc: str, version: Version) -> None:
        """This process has written it: told here, and to others."""
        self.note(doc, version)
        self._watchers.tell(doc, version)
        self._to_tell[doc.encode()] = version
        self._tell_soon()

    # -- messages ----------------------------------------------------------------------------------

    def send(self, topic: str, message: bytes) -> None:
        """To all processes, this one, too. Where that fails it is lost."""
        if len(self._to_send) < _WAITING:
            self._to_send.append((topic, message))
        self._tell_soon()

    def on(self, topic: str, receive: Callable[[bytes], None]) -> None:
        """Calls it with each message of a topic."""
        self._receivers.setdefault(topic, []).append(receive)

    def off(self, topic: str, receive: Callable[[bytes], None]) -> None:
        receivers = self._receivers.get(topic, [])
        if receive in receivers:
            receivers.remove(receive)
        if not receivers:
            self._receivers.pop(topic, None)

    def on_missed(self, restore: Callable[[], None]) -> None:
        """Calls it when messages may have been lost."""
        self._restorers.append(restore)

    # -- as a Listener -----------------------------------------------------------------------------

    def hear(self, name: bytes, version: Version) -> None:
        """Some process says so, perhaps this one, perhaps late or twice."""
        doc = name.decode(errors="replace")
        if version > self._newest.get(doc, Version(0, 0)):
            self.note(doc, version)
            self._watchers.tell(doc, version)

    def receive(self, topic: str, message: bytes) -> None:
        """See on()."""
        for receive in tuple(self._receivers.get(topic, ())):
            receive(message)

    def missed(self) -> None:
        """Something may not have been heard."""
        self._look_now.set()
        for restore in self._restorers:
            restore()

    # -- inside ------------------------------------------------------------------------------------

    def _tell_soon(self) -> None:
        if self._telling is None:
            self._telling = asyncio.get_running_loop().create_task(self._tell())

    async def _tell(self) -> None:
        """What lands while it is told goes with the next."""
        try:
            while self._to_tell or self._to_send:
                news, self._to_tell = list(self._to_tell.items()), {}
                messages, self._to_send = self._to_send, []
                if news:
                    await self._database.tell(news)
                if messages:
                    await self._database.send(messages)
        except StoreError as error:
            logger.warning(
                "other processes were not told of changes; they look for them: %s", error
            )
        finally:
            self._telling = None

    async def _look_again_and_again(self) -> None:
        while True:
            try:
                async with asyncio.timeout(LOOK_SECONDS):
                    await self._look_now.wait()
            except TimeoutError:
                pass
            self._look_now.clear()
            try:
                await self._look(self._watchers.documents())
            except StoreError as error:
                logger.debug("looking for changes: %s", error)

    async def _look(self, docs: Collection[str]) -> None:
        names = [doc.encode() for doc in docs]
        for first in range(0, len(names), _NAMES_AT_ONCE):
            heads = await self._database.heads(names[first : first + _NAMES_AT_ONCE])
            for name, head in heads.items():
                try:
                    self.hear(name, decode_head(name.decode(), head).version)
                except BadRecord:
                    continue  # whoever reads it will meet it

    def _forget(self) -> None:
        watched = set(self._watchers.documents())
        for doc in [doc for doc in self._newest if doc not in watched][: _KNOWN // 2]:
            del self._newest[doc]
