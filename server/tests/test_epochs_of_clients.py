"""Documents that are renumbered while clients are away: ours in Python and in Node over real sockets,
and stock ones, which never write anything twice."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from ropewalk import Doc, Text

from harness.node import Node, node
from live import LiveServer, live_server
from ropewalk.client import Backoff, FileOutbox, SharedDocument, connect
from ropewalk_server.ops.documents import Documents
from ropewalk_server.rooms.policy import DocumentPolicy
from ropewalk_server.rooms.snapshots import updates_of

REFUSE = DocumentPolicy(stock=(("*", False),))
STORED = "tests/letter"
PACKAGE = Path(__file__).parents[2] / "build/npm/ropewalk/dist"


def run(work: Any) -> None:
    asyncio.run(asyncio.wait_for(work, 60))


def text_of(document: SharedDocument) -> Text:
    return document.doc.get("text", type=Text)


async def stored(server: LiveServer) -> str:
    doc: Doc[Any] = Doc()
    for update in updates_of(await server.store.read(STORED)):
        doc.apply_update(update)
    return str(doc.get("text", type=Text))


async def renumber(server: LiveServer) -> int:
    room = server.rooms.open_rooms.get(STORED)
    if room is not None:
        await room.settled()
    done = await Documents(server.store, policy=server.rooms.policy).renumber(STORED)
    assert done is not None
    return done.version.epoch


async def epochs_pass(server: LiveServer, number: int, gone: str) -> None:
    """So many begin, and in each somebody writes a digit and takes some of `gone` away."""
    for epoch in range(number):
        async with connect(server.url, "letter", backoff=Backoff(0.01, 0.1)) as other:
            await other.synced()
            text = text_of(other)
            at = str(text).index(gone[epoch])
            del text[at : at + 1]
            text.insert(0, str(epoch + 1))
            await other.durable()
        await renumber(server)


class Away:
    """A network that is not always there."""

    def __init__(self) -> None:
        self.gone = False
        self.transports: list[Any] = []

    async def open(self, url: str) -> Any:
        from ropewalk.client import Cut
        from ropewalk.client._transport import WebSocketTransport

        if self.gone:
            raise Cut(1006, "no network")
        self.transports.append(await WebSocketTransport.open(url))
        return self.transports[-1]

    async def leave(self) -> None:
        self.gone = True
        for transport in self.transports:
            await transport.close()


@pytest.mark.parametrize("text_frames", [False, True])
@pytest.mark.parametrize("epochs", [1, 2, 3])
def test_python_away_for_some_epochs(epochs: int, text_frames: bool) -> None:
    async def work() -> None:
        network = Away()
        async with (
            live_server(policy=REFUSE) as server,
            connect(
                server.url,
                "letter",
                backoff=Backoff(0.01, 0.1),
                opener=network.open,
                text_frames=text_frames,
            ) as ann,
        ):
            replaced: list[tuple[str, list[bytes]]] = []
            ann.on_replaced = lambda old, lost: replaced.append(
                (str(old.get("text", type=Text)), lost)
            )
            text_of(ann).insert(0, "abcdef")
            await ann.durable()
            await network.leave()
            text_of(ann).insert(3, "[away]")
            await epochs_pass(server, epochs, "fed")
            text_of(ann).insert(9, "!")
            network.gone = False
            await ann.durable()
            await ann.synced()
            digits = "321"[3 - epochs :]
            left = "abcdef"[: 6 - epochs]
            assert await stored(server) == digits + left.replace("abc", "abc[away]!")
            assert str(text_of(ann)) == await stored(server)
            assert replaced == [("abc[away]!def", [])]
            # And goes on in it.
            text_of(ann).insert(0, "on ")
            await ann.durable()
            await renumber(server)
            await asyncio.sleep(0.05)
            await ann.synced()
            assert str(text_of(ann)) == await stored(server) == "on " + digits + left.replace(
                "abc", "abc[away]!"
            )

    run(work())


def test_python_after_a_restart_with_a_file(tmp_path: Path) -> None:
    async def work() -> None:
        network = Away()
        async with live_server(policy=REFUSE) as server:
            outbox = FileOutbox(tmp_path / "outbox")
            async with connect(
                server.url, "letter", backoff=Backoff(0.01, 0.1), opener=network.open, outbox=outbox
            ) as ann:
                text_of(ann).insert(0, "abc")
                await ann.durable()
                await network.leave()
                text_of(ann).insert(1, "-")
            await renumber(server)
            again = FileOutbox(tmp_path / "outbox")
            async with connect(
                server.url, "letter", backoff=Backoff(0.01, 0.1), outbox=again
            ) as ann:
                await ann.durable()
                await ann.synced()
                assert str(text_of(ann)) == await stored(server) == "a-bc"
                assert again.epoch == 1
            assert [path.name for path in tmp_path.iterdir()] == ["outbox"]

    run(work())


def test_python_with_a_copy_that_is_too_old_keeps_what_it_had(tmp_path: Path) -> None:
    async def work() -> None:
        network = Away()
        policy = DocumentPolicy(stock=(("*", False),), kept_epochs=1)
        async with live_server(policy=policy) as server:
            outbox = FileOutbox(tmp_path / "outbox")
            async with connect(
                server.url, "letter", backoff=Backoff(0.01, 0.1), opener=network.open, outbox=outbox
            ) as ann:
                lost: list[bytes] = []
                ann.on_replaced = lambda _, updates: lost.extend(updates)
                text_of(ann).insert(0, "abc")
                await ann.durable()
                await network.leave()
                text_of(ann).insert(1, "-")
                await epochs_pass(server, 2, "cb")
                network.gone = False
                await asyncio.sleep(0.2)
                await ann.synced()
                assert str(text_of(ann)) == await stored(server) == "21a"
                assert len(lost) == 1
            assert (tmp_path / "outbox.epoch-0").exists()

    run(work())


def quiet(seen: Any) -> bool:
    return bool(seen["state"] == "synced" and seen["unsent"] == 0)


@pytest.mark.parametrize("epochs", [1, 3])
@pytest.mark.parametrize("owns", [True, False])
def test_our_provider_away_for_some_epochs(owns: bool, epochs: int) -> None:
    async def work() -> None:
        async with live_server(policy=REFUSE) as server, node("epochs.mjs", str(PACKAGE)) as act:
            ann = {"as": "ann"}
            await act("ours", **ann, url=server.url, document="letter", owns=owns)
            await act.until("ann", quiet)
            await act("edit", **ann, at=0, text="abcdef")
            await act.until("ann", quiet)
            await act("away", **ann)
            await act("edit", **ann, at=3, text="[away]")
            await epochs_pass(server, epochs, "fed")
            await act("edit", **ann, at=9, text="!")
            await act("back", **ann)
            expected = "321"[3 - epochs :] + "abcdef"[: 6 - epochs].replace("abc", "abc[away]!")
            seen = await act.until("ann", lambda seen: quiet(seen) and seen["text"] == expected)
            assert seen["events"] == (["document"] if owns else [f"epoch {epochs} moved"])
            assert await stored(server) == expected

    run(work())


def test_our_provider_after_a_reload() -> None:
    """The page was closed with something unsent; the document it had is gone with it."""

    async def work() -> None:
        async with live_server(policy=REFUSE) as server, node("epochs.mjs", str(PACKAGE)) as act:
            ann = {"as": "ann"}
            await act("ours", **ann, url=server.url, document="letter", owns=True)
            await act.until("ann", quiet)
            await act("edit", **ann, at=0, text="abcdef")
            await act.until("ann", quiet)
            await act("away", **ann)
            await act("edit", **ann, at=3, text="[away]")
            await act("leave", **ann)
            await epochs_pass(server, 2, "fe")
            await act("ours", **ann, url=server.url, document="letter", owns=True)
            await act.until("ann", lambda seen: quiet(seen) and seen["text"] == "21abc[away]d")
            assert await stored(server) == "21abc[away]d"

    run(work())


async def stock_with_a_copy(server: LiveServer, act: Node) -> None:
    """A page of y-websocket and y-indexeddb, which was closed with something unsent."""
    await act("stock", **{"as": "stock"}, url=server.url, document="letter")
    await act.until("stock", lambda seen: bool(seen["synced"]))
    await act("edit", **{"as": "stock"}, at=0, text="stock ")
    async with connect(server.url, "letter", backoff=Backoff(0.01, 0.1)) as ours:
        while str(text_of(ours)) != "stock ":
            await asyncio.sleep(0.01)
        text_of(ours).insert(6, "and ours")
        await ours.durable()
    await act.until("stock", lambda seen: bool(seen["text"] == "stock and ours"))
    await act("away", **{"as": "stock"})
    await act("edit", **{"as": "stock"}, at=-1, text=", unsent")
    await act("leave", **{"as": "stock"})


def test_a_stock_client_with_a_database_never_doubles_text() -> None:
    """First admitted; then the document takes clients that know epochs only, and is renumbered."""

    async def work() -> None:
        async with live_server() as server, node("epochs.mjs", str(PACKAGE)) as act:
            await stock_with_a_copy(server, act)
            await server.stop()
            server.options["policy"] = REFUSE
            await server.start()
            await renumber(server)
            await act("stock", **{"as": "stock"}, url=server.url, document="letter")
            seen = await act.until("stock", lambda seen: 4410 in seen["events"])
            assert seen["text"] == "stock and ours, unsent"  # its own copy, as it was
            assert await stored(server) == "stock and ours"

    run(work())


def test_a_stock_client_with_a_database_never_undoes_a_restore() -> None:
    async def work() -> None:
        async with live_server() as server, node("epochs.mjs", str(PACKAGE)) as act:
            documents = Documents(server.store, policy=server.rooms.policy)
            async with connect(server.url, "letter", backoff=Backoff(0.01, 0.1)) as ours:
                text_of(ours).insert(0, "x")
                await ours.durable()
                del text_of(ours)[0:1]
                await ours.durable()
            kept = await documents.savepoint(STORED)
            await stock_with_a_copy(server, act)
            await documents.restore(STORED, kept.id)
            await act("stock", **{"as": "stock"}, url=server.url, document="letter")
            await act.until("stock", lambda seen: 4409 in seen["events"])
            assert await stored(server) == ""
            await act("leave", **{"as": "stock"})
            # Somebody who is new has the document as it is.
            await act("stock", **{"as": "new"}, url=server.url, document="letter")
            await act.until("new", lambda seen: bool(seen["synced"]))
            await act("edit", **{"as": "new"}, at=0, text="restored")
            async with connect(server.url, "letter", backoff=Backoff(0.01, 0.1)) as ours:
                while str(text_of(ours)) != "restored":
                    await asyncio.sleep(0.01)

    run(work())
