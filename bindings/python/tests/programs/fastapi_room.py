"""A service with rooms: documents that browsers share over WebSockets and programs reach by HTTP.

The server gives each connection a Provider; the clients speak the sync protocol with the message
helpers. FastAPI's TestClient carries it all inside one process.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import anyio
from fastapi import FastAPI, HTTPException, Request, Response, WebSocket, WebSocketDisconnect
from fastapi.testclient import TestClient

from .transcript import Transcript


class Room:
    """A document on the server, who is connected, and what was written to its text."""

    def __init__(self, crdt: Any, name: str, number: int) -> None:
        self.crdt, self.name = crdt, name
        self.doc = crdt.Doc(client_id=1000 + number)
        self.text = self.doc.get("text", type=crdt.Text)
        self.votes = self.doc.get("votes", type=crdt.Map)
        self.awareness = crdt.Awareness(self.doc)
        self.sockets: list[WebSocket] = []
        self.deltas: list[Any] = []

    async def audit(self) -> None:
        async with self.text.events() as events:
            async for event in events:
                self.deltas.append(event.delta)


class Connection:
    """The WebSocket as a channel of messages for a Provider. Presence is handled on the way."""

    def __init__(self, room: Room, socket: WebSocket) -> None:
        self.room, self.socket = room, socket
        self.gone = anyio.Event()

    @property
    def path(self) -> str:
        return self.room.name

    def __aiter__(self) -> Connection:
        return self

    async def __anext__(self) -> bytes:
        while True:
            try:
                message = await self.recv()
            except WebSocketDisconnect:
                self.gone.set()
                raise StopAsyncIteration from None
            if message[0] != self.room.crdt.YMessageType.AWARENESS:
                return message
            update = self.room.crdt.read_message(message[1:])
            self.room.awareness.apply_awareness_update(update, self)
            for other in self.room.sockets:
                if other is not self.socket:
                    await other.send_bytes(message)

    async def recv(self) -> bytes:
        return await self.socket.receive_bytes()

    async def send(self, message: bytes) -> None:
        if not self.gone.is_set():
            await self.socket.send_bytes(message)


def create_app(crdt: Any) -> FastAPI:
    rooms: dict[str, Room] = {}

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with anyio.create_task_group() as tasks:
            app.state.tasks = tasks
            yield
            tasks.cancel_scope.cancel()
        rooms.clear()

    app = FastAPI(lifespan=lifespan)

    def room_of(name: str) -> Room:
        if name not in rooms:
            rooms[name] = Room(crdt, name, len(rooms))
            app.state.tasks.start_soon(rooms[name].audit)
        return rooms[name]

    def existing(name: str) -> Room:
        if name not in rooms:
            raise HTTPException(404, "no such room")
        return rooms[name]

    @app.websocket("/rooms/{name}/socket")
    async def connect(socket: WebSocket, name: str) -> None:
        await socket.accept()
        room = room_of(name)
        connection = Connection(room, socket)
        room.sockets.append(socket)
        try:
            async with crdt.Provider(room.doc, connection) as provider:
                assert provider.started.is_set()
                await connection.gone.wait()
        finally:
            room.sockets.remove(socket)

    @app.get("/rooms/{name}")
    async def show(name: str) -> dict[str, Any]:
        room = existing(name)
        return {
            "text": str(room.text),
            "votes": room.votes.to_py(),
            "present": sorted(room.awareness.states),
            "connected": len(room.sockets),
            "deltas": room.deltas,
        }

    @app.post("/rooms/{name}/votes/{choice}")
    async def vote(name: str, choice: str) -> dict[str, Any]:
        room = existing(name)
        async with room.doc.new_transaction(origin="http"):
            room.votes[choice] = room.votes.get(choice, 0) + 1
        return {choice: room.votes[choice]}

    @app.get("/rooms/{name}/update")
    async def download(name: str) -> Response:
        return Response(existing(name).doc.get_update(), media_type="application/octet-stream")

    @app.put("/rooms/{name}/update")
    async def upload(name: str, request: Request) -> Response:
        try:
            room_of(name).doc.apply_update(await request.body())
        except ValueError as error:
            raise HTTPException(422, "no update") from error
        return Response(status_code=204)

    return app


class Browser:
    """A client: its document, its socket and what it hears."""

    def __init__(self, crdt: Any, client_id: int, socket: Any) -> None:
        self.crdt, self.socket = crdt, socket
        self.doc = crdt.Doc(client_id=client_id)
        self.text = self.doc.get("text", type=crdt.Text)
        self.votes = self.doc.get("votes", type=crdt.Map)
        self.awareness = crdt.Awareness(self.doc)
        self.hearing = False
        self.heard: set[str] = set()
        self.subscription = self.doc.observe(self.publish)

    def publish(self, event: Any) -> None:
        if not self.hearing and event.update != b"\x00\x00":
            self.socket.send_bytes(self.crdt.create_update_message(event.update))

    def open(self) -> None:
        self.socket.send_bytes(self.crdt.create_sync_message(self.doc))
        self.until(lambda: {"SYNC_STEP1", "SYNC_STEP2"} <= self.heard)

    def until(self, holds: Callable[[], bool]) -> None:
        """Reads messages until something holds; 50 are more than any step here needs."""
        for _ in range(50):
            if holds():
                return
            self.read(self.socket.receive_bytes())
        raise AssertionError("what was awaited did not come")

    def read(self, message: bytes) -> None:
        if message[0] == self.crdt.YMessageType.AWARENESS:
            self.heard.add("AWARENESS")
            self.awareness.apply_awareness_update(self.crdt.read_message(message[1:]), "server")
            return
        self.heard.add(self.crdt.YSyncMessageType(message[1]).name)
        self.hearing = True
        try:
            reply = self.crdt.handle_sync_message(message[1:], self.doc)
        finally:
            self.hearing = False
        if reply is not None:
            self.socket.send_bytes(reply)

    def present(self, name: str) -> None:
        self.awareness.set_local_state({"name": name})
        update = self.awareness.encode_awareness_update([self.awareness.client_id])
        self.socket.send_bytes(self.crdt.create_awareness_message(update))


def until_text(text: str, *browsers: Browser) -> None:
    for browser in browsers:
        browser.until(lambda browser=browser: str(browser.text) == text)  # type: ignore[misc]


def visit(crdt: Any, client: TestClient, log: Transcript) -> None:
    with (
        client.websocket_connect("/rooms/lobby/socket") as first,
        client.websocket_connect("/rooms/lobby/socket") as second,
    ):
        ada, ben = Browser(crdt, 1, first), Browser(crdt, 2, second)
        ada.open()
        ben.open()
        with ada.doc.transaction():
            ada.text += "Dinner on Friday?"
            ada.text.insert(0, "Q: ", {"bold": True})
        until_text("Q: Dinner on Friday?", ben)
        log.say("ben reads", ben.text.diff())
        ben.text += " Yes 👍"
        until_text("Q: Dinner on Friday? Yes 👍", ada)
        ada.votes["yes"] = 1
        ben.until(lambda: "yes" in ben.votes)
        log.say("by http", client.post("/rooms/lobby/votes/yes").json())
        log.say("by http", client.post("/rooms/lobby/votes/no").json())
        for browser in (ada, ben):
            browser.until(lambda browser=browser: len(browser.votes) == 2)  # type: ignore[misc]
            log.say("votes", browser.votes)

        ada.present("Ada")
        ben.until(lambda: 1 in ben.awareness.states)
        ben.present("Ben 🌻")
        ada.until(lambda: 2 in ada.awareness.states)
        log.say("present", ada.awareness.states)
        log.say("heard", sorted(ada.heard))
        log.say("room", client.get("/rooms/lobby").json())

        # One goes offline, both write, and it comes back.
        ben.doc.unobserve(ben.subscription)
        second.close()
        ben.text.insert(0, "# ")
        ada.text.insert(3, "Big ")
        with client.websocket_connect("/rooms/lobby/socket") as third:
            ben.socket = third
            ben.heard.clear()
            ben.open()
            until_text("# Q: Big Dinner on Friday? Yes 👍", ada, ben)
            log.say("together", ada.text.diff())
            log.say("states", ada.doc.get_state()[0] == ben.doc.get_state()[0])


def main(crdt: Any) -> list[str]:
    log = Transcript()
    with TestClient(create_app(crdt)) as client:
        visit(crdt, client, log)
        room = client.get("/rooms/lobby").json()
        log.say("afterwards", [room["text"], room["votes"], room["present"]])
        log.say("no room", client.get("/rooms/attic").status_code)

        stored = client.get("/rooms/lobby/update").content
        log.say("upload", client.put("/rooms/copy/update", content=stored).status_code)
        log.say("copied", client.get("/rooms/copy").json()["text"])
        log.say("no update", client.put("/rooms/copy/update", content=b"\x07").status_code)
        with client.websocket_connect("/rooms/copy/socket") as socket:
            late = Browser(crdt, 3, socket)
            late.open()
            log.say("late one reads", late.text.diff())
            log.say("late one's votes", late.votes)
    return log.lines
