"""The whole server on a real socket, and clients that come to it."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any, TypeVar
from urllib.parse import quote

import httpx
import uvicorn
from fastapi import FastAPI
from ropewalk import Doc, Text
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from ropewalk_server.http.app import Service, create_app
from ropewalk_server.http.serving import Server, uvicorn_config
from ropewalk_server.protocol import frames
from ropewalk_server.protocol.messages import Ack, Hello, Message, Numbered, Step1, Step2, Update
from ropewalk_server.settings import AdminSettings, AuthSettings, ServerSettings, Settings
from ropewalk_server.stores.memory import MemoryStore

M = TypeVar("M")
ADMIN_KEY = "the-admin-key-of-the-tests"


def free_socket() -> socket.socket:
    made = socket.socket()
    made.bind(("127.0.0.1", 0))
    return made


@asynccontextmanager
async def serving(
    app: Any, server: Callable[[uvicorn.Config], uvicorn.Server]
) -> AsyncIterator[str]:
    """An application on a port of its own: "127.0.0.1:port"."""
    listening = free_socket()
    config = uvicorn_config(app, Settings().limits, lifespan="on", timeout_graceful_shutdown=2)
    process = server(config)
    process.capture_signals = contextlib.nullcontext  # type: ignore[method-assign, assignment]
    task = asyncio.create_task(process.serve(sockets=[listening]))
    async with asyncio.timeout(10):
        while not process.started:
            assert not task.done(), "the server has ended"
            await asyncio.sleep(0.005)
    try:
        yield "{}:{}".format(*listening.getsockname())
    finally:
        process.should_exit = True
        await task
        listening.close()


class Running:
    """A server that runs, and how to reach it."""

    def __init__(self, app: FastAPI, place: str) -> None:
        self.app = app
        self.service: Service = app.state.service
        self.place = place
        # Without certificates: to load them takes longer than most tests.
        self.http = httpx.AsyncClient(base_url=f"http://{place}", timeout=10, verify=False)

    def token(self, user: str = "alice", **more: Any) -> str:
        assert self.service.auth.issuer is not None
        return self.service.auth.issuer.token(user, **more)

    @asynccontextmanager
    async def client(
        self, document: str = "letter", token: str | None = None, *, query: str = "", **options: Any
    ) -> AsyncIterator[Client]:
        url = f"ws://{self.place}/collab/{quote(document)}{query}"
        async with connect(url, compression=None, max_size=None, **options) as socket:
            client = Client(socket)
            if token is not None:
                await client.say(Hello(token=token))
            yield client

    async def refusal(self, **how: Any) -> tuple[int, list[Message]]:
        """How a connection ends that must not come in, and all that it was told. What the server
        sends first to somebody it lets in is its state: then this fails."""
        try:
            async with self.client(**how) as client:
                await client.say(Step1(b"\x00"))
                with contextlib.suppress(ConnectionClosed):
                    async with asyncio.timeout(3):
                        while True:
                            await client.hear()
                return client.code, client.heard
        except InvalidStatus as refused:
            return refused.response.status_code, []


@asynccontextmanager
async def running(settings: Settings | None = None, **more: Any) -> AsyncIterator[Running]:
    settings = settings or made()
    more.setdefault("store", MemoryStore())
    app = create_app(settings, **more)
    async with serving(app, lambda config: Server(config, app.state.service.rooms)) as place:
        made_ = Running(app, place)
        try:
            yield made_
        finally:
            await made_.http.aclose()


async def begin_anew(service: Service) -> None:
    """Makes a server on a store in memory forget everybody and everything."""
    rooms = service.rooms
    for session in list(rooms.sessions):
        session.end(1001, "the next test")
    for room in rooms.open_rooms.values():
        room.close()
    assert isinstance(rooms.store, MemoryStore)
    rooms.store._shared.documents.clear()
    service.auth.revocations.forget()
    service.auth.door.revocation = service.auth.revocations


def made(**sections: Any) -> Settings:
    """Settings with changes: server={"origins": (...)}; the admin key is set."""
    base = Settings(
        server=ServerSettings(), auth=AuthSettings(), admin=AdminSettings(key=ADMIN_KEY)
    )
    changed = {name: replace(getattr(base, name), **fields) for name, fields in sections.items()}
    return replace(base, **changed)


class Client:
    """A client that knows the extension, with a document of its own."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.doc: Doc[Any] = Doc()
        self.heard: list[Message] = []
        self.number = 0

    @property
    def code(self) -> int:
        return self.socket.close_code or 0

    @property
    def text(self) -> str:
        return str(self.doc.get("t", type=Text))

    async def say(self, message: Message) -> None:
        await self.socket.send(frames.encode(None, message))

    async def hear(self) -> Message:
        raw = await self.socket.recv()
        assert isinstance(raw, bytes)
        _, message = frames.decode(raw)
        self.heard.append(message)
        if isinstance(message, Step2 | Update):
            self.doc.apply_update(message.update)
        return message

    async def until(self, kind: type[M], condition: Callable[[M], bool] = lambda _: True) -> M:
        """The next message of a kind."""
        async with asyncio.timeout(5):
            while True:
                message = await self.hear()
                if isinstance(message, kind) and condition(message):
                    return message

    async def sync(self) -> Client:
        await self.say(Step1(self.doc.get_state()))
        await self.until(Step2)
        return self

    async def write(self, text: str) -> int:
        """Writes at the end, with a number that it returns."""
        before = self.doc.get_state()
        root = self.doc.get("t", type=Text)
        root.insert(len(root), text)
        self.number += 1
        await self.say(Numbered(self.number, Update(self.doc.get_update(before))))
        return self.number

    async def write_durably(self, text: str) -> None:
        number = await self.write(text)
        await self.until(Ack, lambda ack: ack.number >= number)

    async def closed(self, seconds: float = 5.0) -> int:
        """Waits until the server has ended it; the code."""
        async with asyncio.timeout(seconds):
            with contextlib.suppress(ConnectionClosed):
                while True:
                    await self.hear()
        return self.code


async def ticket(server: Running, document: str = "letter", **who: Any) -> str:
    answer = await server.http.post(
        "/api/tickets",
        json={"document": document},
        headers={"Authorization": f"Bearer {server.token(**who)}"},
    )
    assert answer.status_code == 201
    assert answer.json()["expires_in"] == 30
    given: str = answer.json()["ticket"]
    return given
