"""How long a connection is good for: tokens expire and are renewed, rights are taken back, and
documents are replaced."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from harness.peers import Peer, make_rooms, stored_text, until
from ropewalk_server.auth.identity import Identity
from ropewalk_server.protocol.messages import (
    Epoch,
    Renew,
    Step1,
    Welcome,
)
from ropewalk_server.rooms.rooms import Rooms
from ropewalk_server.stores.contract import Version

pytestmark = pytest.mark.anyio

EMPTY = b"\x00\x00"


async def open_rooms(**options: Any) -> Rooms:
    rooms = make_rooms(**options)
    await rooms.start()
    return rooms


# -- tokens --------------------------------------------------------------------------------------


def expiring(seconds: dict[str, float], now: list[float]) -> Any:
    def who(token: str | None) -> Identity:
        user, _, _ = (token or "").partition("/")
        return Identity(user, "firm", expires=now[0] + seconds[token or ""])

    return who


class Hands:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.time = [1_000.0]

    def now(self) -> float:
        return self.time[0]


async def test_an_expired_token_closes() -> None:
    hands = Hands()
    rooms = await open_rooms(
        authenticate=expiring({"ann": 0.05}, hands.time), authorize=None, clock=hands
    )
    peer = await Peer(rooms).hello(token="ann")
    assert peer.code is None
    hands.time[0] += 1
    await until(lambda: peer.closed)
    assert peer.closed == (4401, "the token has expired")
    await rooms.stop()


async def test_a_renewed_token_keeps_it_open() -> None:
    hands = Hands()
    rooms = await open_rooms(
        authenticate=expiring({"ann": 0.05, "ann/2": 1000.0}, hands.time),
        authorize=None,
        clock=hands,
    )
    peer = await Peer(rooms).hello(token="ann")
    await peer.say(Renew("ann/2"))
    assert peer.last(Welcome).fields["expires"] == 2000.0
    hands.time[0] += 1
    await asyncio.sleep(0.1)
    assert peer.code is None
    await rooms.stop()


async def test_a_token_of_somebody_else_is_no_renewal() -> None:
    rooms = await open_rooms()
    peer = await Peer(rooms).hello(token="editor:ann@firm")
    await peer.say(Renew("editor:bob@firm"))
    assert peer.code == 4401
    other = await Peer(rooms).hello(token="editor:ann@firm")
    await other.say(Renew("editor:ann@other"))
    assert other.code == 4401
    await rooms.stop()


async def test_a_renewal_brings_the_role_of_the_new_token() -> None:
    rooms = await open_rooms()
    peer = await Peer(rooms).hello(token="editor:ann@firm")
    await peer.say(Renew("reader:ann@firm"))
    assert peer.last(Welcome).fields["role"] == "reader"
    number = await peer.type_numbered("no")
    assert peer.refused == {number: "forbidden"}
    await rooms.stop()


async def test_what_was_taken_back_ends_connections() -> None:
    rooms = await open_rooms()
    ann = await Peer(rooms).hello(token="editor:ann@firm")
    bob = await Peer(rooms).hello(token="editor:bob@firm")
    assert await rooms.revoke(tenant="firm", user="ann") == 1
    assert (ann.code, bob.code) == (4401, None)
    assert await rooms.revoke(document="letter") == 1
    assert bob.code == 4401
    await rooms.stop()


# -- epochs --------------------------------------------------------------------------------------


async def test_a_client_of_another_epoch_is_told_and_not_heard() -> None:
    rooms = await open_rooms()
    peer = await Peer(rooms).hello(epoch=3)
    assert [type(m) for _, m in peer.received] == [Epoch]
    await peer.type_numbered("lost")
    await peer.type("lost")
    await peer.say(Step1(b"\0"))
    assert [type(m) for _, m in peer.received] == [Epoch]
    assert await stored_text(rooms) == ""
    peer.doc, peer.number = type(peer.doc)(), 0
    await peer.hello(epoch=0)
    await peer.type_numbered("kept")
    await until(lambda: peer.acked == 1)
    assert await stored_text(rooms) == "kept"
    await rooms.stop()


async def test_a_new_epoch_reaches_everybody() -> None:
    rooms = await open_rooms()
    ours, stock = await Peer(rooms).hello(), Peer(rooms)
    await stock.sync()
    await ours.type_numbered("old")
    await until(lambda: ours.acked == 1)
    snapshot = Peer(rooms).write("new")
    await rooms.store.seal("firm/letter", Version(0, 1), snapshot)
    await until(lambda: ours.all(Epoch))
    assert ours.last(Epoch).epoch == 1
    assert stock.code == 4409
    ours.doc, ours.number = type(ours.doc)(), 0
    await ours.hello(epoch=1)
    await ours.sync()
    assert ours.text == "new"
    await rooms.stop()


async def test_a_change_that_comes_too_late_for_its_epoch_is_refused() -> None:
    rooms = await open_rooms()
    peer = await Peer(rooms).hello()
    await peer.type_numbered("a")
    await until(lambda: peer.acked == 1)
    sealed = asyncio.ensure_future(rooms.store.seal("firm/letter", Version(0, 1), EMPTY))
    await asyncio.sleep(0)
    await peer.type_numbered("b")
    await sealed
    await until(lambda: peer.all(Epoch))
    assert peer.refused in ({2: "epoch"}, {})
    assert await stored_text(rooms) in ("", "ab")
    await rooms.stop()
