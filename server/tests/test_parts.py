"""The small parts of the server: deadlines, outboxes, frames, names, colours, budgets."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
import uvloop
from hypothesis import given
from hypothesis import strategies as st

from ropewalk_server.errors import Close, CloseCode, LoadFailed, Rejected, fitting_reason
from ropewalk_server.http.wire import Framer, frame_header
from ropewalk_server.limits import Limits
from ropewalk_server.rooms.colors import COLORS, color_of
from ropewalk_server.rooms.deadlines import Deadlines
from ropewalk_server.rooms.names import BadName, split_name, stored_name, tenant_prefix
from ropewalk_server.sessions.budget import Budget
from ropewalk_server.sessions.outbox import Outbox

pytestmark = pytest.mark.anyio


# -- deadlines -----------------------------------------------------------------------------------


async def test_deadlines_come_in_their_order() -> None:
    deadlines, come = Deadlines(), []
    for moment in (0.03, 0.01, 0.02):
        deadlines.after(moment, lambda moment=moment: come.append(moment))  # type: ignore[misc]
    deadlines.after(0.015, lambda: come.append("cancelled")).cancel()
    await asyncio.sleep(0.06)
    assert come == [0.01, 0.02, 0.03]
    assert len(deadlines) == 0


async def test_a_deadline_that_fails_keeps_none_from_coming() -> None:
    failed: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: failed.append(context))
    deadlines = Deadlines()
    come: list[int] = []

    def fail() -> None:
        raise ZeroDivisionError

    def again() -> None:
        deadlines.after(0.0, lambda: come.append(2))

    deadlines.after(0.0, fail)
    deadlines.after(0.0, lambda: come.append(1))
    deadlines.after(0.01, again)
    await asyncio.sleep(0.05)
    assert come == [1, 2]
    assert len(failed) == 1


def test_deadlines_on_uvloop() -> None:
    """Its handle of a moment that has come is none of a timer."""
    come: list[int] = []

    async def main() -> None:
        deadlines = Deadlines()
        for number in range(10):
            deadlines.after(-1.0, lambda number=number: come.append(number))  # type: ignore[misc]
            deadlines.after(0.0, lambda number=number: come.append(number))  # type: ignore[misc]
        await asyncio.sleep(0.02)
        assert len(deadlines) == 0

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())
    assert sorted(come) == sorted([*range(10), *range(10)])


async def test_cancelled_deadlines_do_not_pile_up() -> None:
    deadlines = Deadlines()
    for _ in range(20_000):
        deadlines.after(60.0, lambda: None).cancel()
    assert len(deadlines) <= 1_024 + 1
    deadlines.close()
    assert len(deadlines) == 0


# -- outboxes ------------------------------------------------------------------------------------


class Wire:
    def __init__(self) -> None:
        self.open = asyncio.Event()
        self.open.set()
        self.sent: list[bytes | str] = []
        self.closed: tuple[int, str] | None = None

    async def send(self, message: bytes | str) -> None:
        await self.open.wait()
        self.sent.append(message)

    async def close(self, code: int, reason: str) -> None:
        self.closed = (code, reason)

    def box(self, limit: int = 100) -> Outbox:
        return Outbox(self.send, self.close, limit)


async def test_an_outbox_sends_in_order_and_then_has_no_task() -> None:
    wire = Wire()
    box = wire.box()
    assert box._task is None
    for number in range(5):
        box.send(bytes((number,)))
    await box.flushed()
    assert wire.sent == [bytes((number,)) for number in range(5)]
    assert (box._task, box._queue) == (None, None)
    box.close(1001, "bye")
    await box.flushed()
    assert wire.closed == (1001, "bye")
    box.send(b"late")
    await asyncio.sleep(0)
    assert len(wire.sent) == 5


@pytest.mark.parametrize("stock", [True, False])
async def test_an_outbox_cuts_off_who_does_not_keep_up(stock: bool) -> None:
    wire = Wire()
    wire.open.clear()
    box = wire.box(limit=100)
    box.stock = stock
    box.send(bytes(1000))  # any one message may be sent
    await asyncio.sleep(0)
    for _ in range(10):
        box.send(bytes(10))
    assert box.unsent == 100
    box.send(b"x")
    assert box.unsent == 0
    wire.open.set()
    await box.flushed()
    assert wire.closed is not None
    # y-websocket would never come back from a 44xx.
    assert wire.closed[0] == (CloseCode.TRY_AGAIN if stock else CloseCode.TOO_SLOW)
    assert "unsent_bytes" in wire.closed[1]


async def test_an_outbox_whose_connection_is_gone_keeps_nothing() -> None:
    wire = Wire()
    wire.open.clear()
    box = wire.box()
    box.send(b"x")
    box.send(b"y")
    await asyncio.sleep(0)
    box.lost()
    await asyncio.sleep(0.01)
    assert (box.unsent, box._task, wire.sent) == (0, None, [])
    box.send(b"z")
    box.close(1000, "")
    await asyncio.sleep(0)
    assert box._task is None


async def test_an_outbox_that_cannot_send_is_gone() -> None:
    async def fails(_: bytes | str) -> None:
        raise ConnectionError

    box = Outbox(fails, Wire().close, 100)
    box.send(b"x")
    await box.flushed()
    assert box.gone


# -- frames of the wire --------------------------------------------------------------------------


@pytest.mark.parametrize("size", [0, 1, 125, 126, 65_535, 65_536, 70_000])
def test_frames_are_those_of_the_protocol(size: int) -> None:
    from websockets.frames import Frame, Opcode

    for opcode, message in ((Opcode.BINARY, bytes(size)), (Opcode.TEXT, "a" * size)):
        data = message.encode() if isinstance(message, str) else message
        expected = Frame(opcode, data).serialize(mask=False)
        assert b"".join(Framer().frame(message)) == expected
        assert frame_header(0x80 | opcode, size) + data == expected


def test_a_frame_is_made_once_for_all() -> None:
    framer, message = Framer(), bytes(100)
    assert framer.frame(message) is framer.frame(message)
    assert framer.frame(bytes(100) + b"x") is not framer.frame(message)


# -- names, colours, reasons, budgets ------------------------------------------------------------


@given(st.text(max_size=30), st.text(min_size=1, max_size=30))
def test_names_of_tenants_do_not_meet(tenant: str, name: str) -> None:
    try:
        stored = stored_name(tenant, name)
    except BadName:
        assert any(c < " " or c == "\x7f" or "\ud800" <= c <= "\udfff" for c in tenant + name)
        return
    assert split_name(stored) == (tenant, name)
    assert stored.startswith(tenant_prefix(tenant))
    assert "/" not in tenant_prefix(tenant)[:-1]


def contrast_with_white(color: str) -> float:
    parts = [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return 1.05 / (luminance + 0.05)


def test_colours_are_stable_and_can_be_written_on() -> None:
    assert color_of("ann") == color_of("ann")
    assert {color_of(str(number)) for number in range(200)} == set(COLORS)
    assert min(map(contrast_with_white, COLORS)) >= 4.5


def test_a_reason_fits_into_a_close_frame() -> None:
    assert fitting_reason("short") == "short"
    long = fitting_reason("ä" * 100)
    assert len(long.encode()) <= 123
    assert set(long) == {"ä"}


def test_errors_say_what_they_are() -> None:
    assert str(Close(CloseCode.TOO_SLOW, "slow")) == "slow (4408)"
    assert str(Rejected("invalid", "cut")) == "cut"
    assert str(LoadFailed("gone")) == "gone"


def test_a_budget_fills_again() -> None:
    budget = Budget(replace(Limits(), messages_per_second=10, message_burst=5))
    assert [budget.spend(0.0) for _ in range(6)] == [True] * 5 + [False]
    assert budget.spend(0.1)
    assert not budget.spend(0.1)
    assert [budget.spend(100.0) for _ in range(6)] == [True] * 5 + [False]
