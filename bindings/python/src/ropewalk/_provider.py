"""Keeps a document in step with a peer through a channel. Loaded when first used: needs anyio."""

from __future__ import annotations

from contextlib import asynccontextmanager
from logging import Logger, getLogger
from typing import TYPE_CHECKING, Any, Protocol

from anyio import TASK_STATUS_IGNORED, Event, Lock, create_task_group

from ._core import DecodeError
from ._sync import (
    YMessageType,
    YSyncMessageType,
    create_sync_message,
    create_update_message,
    handle_sync_message,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from types import TracebackType

    from anyio.abc import TaskGroup, TaskStatus

    from ._core import TransactionEvent
    from ._doc import Doc
    from ._stream import UnsubscribableStream


class Channel(Protocol):
    """What carries messages to a peer and back, such as a WebSocket.

    `async for message in channel` ends when the connection does: recv() raises StopAsyncIteration.
    """

    @property
    def path(self) -> str:
        """The name of the document at the peer; used in logs."""
        ...

    def __aiter__(self) -> Channel:
        return self

    async def __anext__(self) -> bytes:
        return await self.recv()

    async def send(self, message: bytes) -> None:
        """Sends a message whole."""
        ...

    async def recv(self) -> bytes:
        """Waits for a message and returns it whole."""
        ...


class Provider:
    """Synchronizes a document with the peer at the other end of a channel.

        async with Provider(doc, channel) as provider:
            await provider.synced.wait()
            ...

    `started` is set when changes of the document are being collected, `synced` when the peer has
    sent what the document lacked. Leaving the block sends what was collected, unless an exception
    or a cancellation ends it. That a message was sent does not say that the peer has stored it.

    Without a block: run start() in a task, and end it with stop().
    """

    def __init__(self, doc: Doc[Any], channel: Channel, log: Logger | None = None) -> None:
        self._doc = doc
        self._channel = channel
        self.log = log or getLogger(__name__)
        self.started = Event()
        self.synced = Event()
        self._start_lock = Lock()
        self._task_group: TaskGroup | None = None
        self._events: UnsubscribableStream[TransactionEvent] | None = None

    async def start(
        self,
        *,
        task_status: TaskStatus[None] = TASK_STATUS_IGNORED,
    ) -> None:
        """Synchronizes until stop()."""
        self._refuse_second_start()
        async with self._start_lock:
            try:
                async with create_task_group() as task_group:
                    self._begin(task_group)
                    task_status.started()
            finally:
                if self._task_group is task_group:  # it has failed or was cancelled
                    await self.stop()

    async def stop(self) -> None:
        """Ends it at once; what was collected and not sent is dropped."""
        if self._task_group is None or self._events is None:
            raise RuntimeError("Provider not started")
        self._events.unsubscribe()
        self._task_group.cancel_scope.cancel()
        self._task_group = None

    async def __aenter__(self) -> Provider:
        self._refuse_second_start()
        self._session = self._run_session()
        await self._session.__aenter__()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        exc_tb: TracebackType | None,
    ) -> bool | None:
        return await self._session.__aexit__(exc_type, exc_value, exc_tb)

    @asynccontextmanager
    async def _run_session(self) -> AsyncIterator[None]:
        async with self._start_lock, create_task_group() as task_group:
            all_sent = self._begin(task_group)
            try:
                yield
                if self._events is not None:
                    self._events.unsubscribe()
                await all_sent.wait()
            finally:
                if self._task_group is task_group:
                    await self.stop()

    def _refuse_second_start(self) -> None:
        if self._task_group is not None:
            raise RuntimeError("Provider already started")

    def _begin(self, task_group: TaskGroup) -> Event:
        """Starts the two tasks; the answer is set when nothing is left to send."""
        self._refuse_second_start()
        all_sent = Event()
        # Before anything is sent: a change is either in the state that the peer is told, or here.
        self._events = self._doc.events()
        self._task_group = task_group
        task_group.start_soon(self._send, self._events, all_sent)
        task_group.start_soon(self._receive)
        self.started.set()
        return all_sent

    async def _send(self, events: UnsubscribableStream[Any], all_sent: Event) -> None:
        async with events:
            self._log("sending", YSyncMessageType.SYNC_STEP1)
            await self._channel.send(create_sync_message(self._doc))
            async for event in events:
                await self._channel.send(create_update_message(event.update))
        all_sent.set()

    async def _receive(self) -> None:
        async for message in self._channel:
            if len(message) == 0:
                raise DecodeError("a message of no bytes: its kind is missing")
            if message[0] != YMessageType.SYNC:
                continue
            reply = handle_sync_message(message[1:], self._doc)
            step = YSyncMessageType(message[1])
            self._log("received", step)
            if step == YSyncMessageType.SYNC_STEP2:
                self.synced.set()
            if reply is not None:
                self._log("sending", YSyncMessageType.SYNC_STEP2)
                await self._channel.send(reply)

    def _log(self, what: str, step: YSyncMessageType) -> None:
        self.log.debug("%s: %s %s", self._channel.path, what, step.name)
