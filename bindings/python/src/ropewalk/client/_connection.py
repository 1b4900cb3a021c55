"""A connection that comes back: several documents over one WebSocket at a time."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from random import Random
from typing import TYPE_CHECKING, Any, TypedDict, overload

from .._awareness import Awareness
from .._core import DecodeError
from .._doc import Doc
from ..text_stream import Kept
from . import _messages as messages
from ._backoff import Backoff
from ._document import NO_STATE, SharedDocument
from ._messages import Incoming
from ._outbox import Outbox
from ._snapshot import FetchSnapshot, fetched
from ._states import ClientError, Closed, Forbidden, NotAuthenticated, ProtocolError
from ._tokens import Token, resolved
from ._transport import Cut, Opener, TextFramesTransport, Transport, WebSocketTransport

if TYPE_CHECKING:
    from typing_extensions import Unpack

# Close codes after which it is of no use to come back as before.
_ENDS: dict[int, type[ClientError]] = {
    1009: ProtocolError,
    4400: ProtocolError,
    4403: Forbidden,
    4404: Forbidden,
}
_NOT_AUTHENTICATED, _UNREADABLE = 4401, 1007
# How often own presence is said again, so that nobody takes it for gone.
_PRESENCE_SECONDS = 3.0
# A part of a long message is waited for so long; then it is asked for from the start.
_RESUME_SECONDS = 15.0


class Connection:
    """Keeps documents in step with a server; made by connect().

    `error`: why it has ended for good, if it has. Until then it comes back after every cut.
    """

    def __init__(
        self,
        url: str,
        *,
        token: Token = None,
        text_frames: bool = False,
        backoff: Backoff | None = None,
        opener: Opener | None = None,
        random: Random | None = None,
    ) -> None:
        self.documents: dict[str, SharedDocument] = {}
        self.error: ClientError | None = None
        self.resumes = text_frames
        self._url = url if url.endswith("/") or "?" in url else url + "/"
        self._token = token
        self._backoff = backoff or Backoff()
        self._opener = opener or WebSocketTransport.open
        self._random = random or Random()
        self._kept: Kept | None = None
        self._outgoing: deque[bytes | tuple[bytes, bytes, bool]] = deque()
        self._something = asyncio.Event()
        self._open = False
        self._waiting_for_rest: asyncio.TimerHandle | None = None
        self._renewal: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._running = self._spawn(self._run())

    @property
    def is_open(self) -> bool:
        """Whether there is a connection at the moment."""
        return self._open

    async def join(
        self,
        name: str,
        doc: Doc[Any] | None = None,
        *,
        awareness: Awareness | None = None,
        outbox: Outbox | None = None,
        snapshot: FetchSnapshot | None = None,
    ) -> SharedDocument:
        """Takes part in a document. It is there at once, or when its snapshot was fetched; synced()
        waits for its content.

        Args:
            name: What the server calls it.
            doc: A document to be kept in step with it, a new one by default.
            awareness: That of the document, if there is one already.
            outbox: Where changes wait, a FileOutbox for instance; in memory by default.
            snapshot: Gets an empty document most of what the server has, past the connection: for
                servers whose messages are short. See snapshot_from(). If it fails, all comes
                through the connection.
        """
        if self.error is not None:
            raise self.error
        if name in self.documents:
            raise ValueError(f"{name!r} is joined already")
        found = None
        if snapshot is not None and (doc is None or doc.get_state() == NO_STATE):
            found = await fetched(snapshot, name)
            if self.error is not None or name in self.documents:  # meanwhile
                raise self.error or ValueError(f"{name!r} is joined already")
        document = SharedDocument(self, name, doc or Doc(), awareness=awareness, outbox=outbox)
        if found is not None:
            document.begin_with(found)
        self.documents[name] = document
        if self._open:
            document.opened(ask=self._waiting_for_rest is None)
        return document

    async def close(self) -> None:
        """Sends what waits to be sent, and ends. Whether it was stored durable() tells."""
        if self.error is None:
            with suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._sent(), 5)
        self._end(Closed("the connection was closed"))
        if self._running is not asyncio.current_task():
            self._running.cancel()
            with suppress(asyncio.CancelledError):
                await self._running

    async def _sent(self) -> None:
        while self._open and self._outgoing:
            await asyncio.sleep(0.005)

    # -- what documents ask for --------------------------------------------------------------------

    def post(self, message: bytes) -> None:
        self._outgoing.append(message)
        self._something.set()

    def post_resumable(self, message: bytes, source: bytes, *, again: bool) -> None:
        self._outgoing.append((message, source, again))
        self._something.set()

    def has_left(self, document: SharedDocument) -> None:
        if self.documents.get(document.name) is document:
            del self.documents[document.name]

    # -- one connection after another --------------------------------------------------------------

    def _spawn(self, work: Any) -> asyncio.Task[None]:
        task: asyncio.Task[None] = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _run(self) -> None:
        try:
            while self.error is None:
                try:
                    await self._connect_once()
                except Cut as cut:
                    self._after(cut)
                if self.error is None:
                    await asyncio.sleep(self._backoff.next())
        except Exception as error:
            failure = error if isinstance(error, ClientError) else ClientError(repr(error))
            failure.__cause__ = None if failure is error else error
            self._end(failure)

    async def _connect_once(self) -> None:
        token = await resolved(self._token)
        inner = await self._opener(self._url)
        transport: Transport = inner
        if self.resumes:
            transport = TextFramesTransport(inner, self._random, self._kept)
        self._outgoing.clear()
        self._open = True
        self.post(messages.with_json(messages.HELLO, _hello(token)))
        resuming, self._kept = self._kept is not None, None
        if resuming:
            loop = asyncio.get_running_loop()
            self._waiting_for_rest = loop.call_later(_RESUME_SECONDS, self._ask_all)
        for document in list(self.documents.values()):
            document.opened(ask=not resuming)
        writer = self._spawn(self._write(transport))
        presence = self._spawn(self._tick())
        try:
            while True:
                message = await transport.recv()
                if not isinstance(message, bytes):
                    raise Cut(_UNREADABLE, "text, where a binary message was expected")
                self._take(message)
        finally:
            self._open = False
            for task in (writer, presence):
                task.cancel()
            for timer in (self._waiting_for_rest, self._renewal):
                if timer is not None:
                    timer.cancel()
            self._waiting_for_rest = self._renewal = None
            if isinstance(transport, TextFramesTransport):
                self._kept = transport.kept
            for document in list(self.documents.values()):
                document.cut()
            with suppress(Exception):
                await transport.close()

    async def _write(self, transport: Transport) -> None:
        with suppress(Cut):  # whoever receives gets to know
            while True:
                while self._outgoing:
                    message = self._outgoing[0]
                    if isinstance(message, bytes):
                        await transport.send(message)
                    else:
                        assert isinstance(transport, TextFramesTransport)
                        content, source, again = message
                        await transport.send_resumable(content, source, again=again)
                    self._outgoing.popleft()
                self._something.clear()
                await self._something.wait()

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(_PRESENCE_SECONDS)
            for document in list(self.documents.values()):
                document.awareness.tick()

    def _ask_all(self) -> None:
        """The rest of what was cut is here, or will not come."""
        if self._waiting_for_rest is not None:
            self._waiting_for_rest.cancel()
            self._waiting_for_rest = None
            for document in list(self.documents.values()):
                document.ask()

    # -- what the server says ----------------------------------------------------------------------

    def _take(self, data: bytes) -> None:
        try:
            message = messages.read(data)
            if message.document is None:
                self._take_own(message)
                return
            document = self.documents.get(message.document)
            if document is not None:
                document.take(message)
                if document.state.value == "synced":
                    self._backoff.reset()
            if message.kind == messages.SYNC and message.step == messages.STEP2:
                self._ask_all()
        except (DecodeError, ValueError) as error:
            raise Cut(_UNREADABLE, f"the server has sent what cannot be read: {error}") from None

    def _take_own(self, message: Incoming) -> None:
        if message.kind == messages.CLOSING:
            # From servers behind what has no close codes of its own.
            fields = message.fields or {}
            code = fields.get("code")
            raise Cut(code if isinstance(code, int) else 1006, str(fields.get("message", "")))
        if message.kind == messages.WELCOME:
            self._backoff.reset()
            expires = (message.fields or {}).get("expires")
            if callable(self._token) and isinstance(expires, (int, float)):
                self._renew_before(float(expires))

    def _renew_before(self, expires: float) -> None:
        from time import time

        left = max(0.0, expires - time())
        loop = asyncio.get_running_loop()
        if self._renewal is not None:
            self._renewal.cancel()
        self._renewal = loop.call_later(left * 0.8, lambda: self._spawn(self._renew()))

    async def _renew(self) -> None:
        token = await resolved(self._token)
        if self._open and token is not None:
            self.post(messages.renew(token))

    # -- ends --------------------------------------------------------------------------------------

    def _after(self, cut: Cut) -> None:
        """What a close code means for the next attempt."""
        ends = _ENDS.get(cut.code)
        if ends is not None:
            self._end(ends(cut.reason or f"the server has closed the connection: {cut.code}"))
        elif cut.code == _NOT_AUTHENTICATED and not callable(self._token):
            self._end(NotAuthenticated(cut.reason or "the server does not take the token"))

    def _end(self, error: ClientError) -> None:
        if self.error is None:
            self.error = error
            for document in list(self.documents.values()):
                document.fail(error)


def _hello(token: str | None) -> dict[str, Any]:
    return {"v": 1} if token is None else {"v": 1, "token": token}


class _Options(TypedDict, total=False):
    token: Token
    text_frames: bool
    backoff: Backoff | None
    opener: Opener | None


@overload
def connect(
    url: str, name: None = None, **options: Unpack[_Options]
) -> AbstractAsyncContextManager[Connection]: ...


@overload
def connect(
    url: str,
    name: str,
    *,
    doc: Doc[Any] | None = None,
    awareness: Awareness | None = None,
    outbox: Outbox | None = None,
    snapshot: FetchSnapshot | None = None,
    **options: Unpack[_Options],
) -> AbstractAsyncContextManager[SharedDocument]: ...


@asynccontextmanager
async def connect(
    url: str,
    name: str | None = None,
    *,
    doc: Doc[Any] | None = None,
    token: Token = None,
    awareness: Awareness | None = None,
    outbox: Outbox | None = None,
    snapshot: FetchSnapshot | None = None,
    text_frames: bool = False,
    backoff: Backoff | None = None,
    opener: Opener | None = None,
) -> AsyncIterator[Any]:
    """Connects, for as long as the block lasts, and comes back after every cut.

        async with connect(url, "letter", token=token) as letter: ...       # a SharedDocument
        async with connect(url, token=token) as connection:                 # a Connection
            letter, notes = await connection.join("letter"), await connection.join("notes")

    Args:
        url: Of the server, without the name of a document: `wss://example.org/collab`.
        name: Of a document; with it `doc`, `awareness`, `outbox` and `snapshot` are as in
            Connection.join().
        token: What proves who this is, or a function, async or not, that gets a fresh one for
            each connection.
        text_frames: For transports without binary messages, such as Amazon API Gateway.
        backoff: How long to wait between attempts.
        opener: Opens another kind of transport.
    """
    connection = Connection(
        url, token=token, text_frames=text_frames, backoff=backoff, opener=opener
    )
    try:
        if name is None:
            yield connection
        else:
            yield await connection.join(
                name, doc, awareness=awareness, outbox=outbox, snapshot=snapshot
            )
    finally:
        await connection.close()
