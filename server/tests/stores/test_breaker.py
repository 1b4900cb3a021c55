"""A service that does not answer is left alone, and tried by one at a time."""

import asyncio

import pytest

from ropewalk_server.stores.breaker import FAILURES, Breaker
from ropewalk_server.stores.contract import StoreError
from ropewalk_server.stores.keyed.calling import Calls, Unreachable


def opened(now):
    breaker = Breaker(lambda: now[0])
    for _ in range(FAILURES):
        assert breaker.may_try()
        breaker.failed("cut")
    assert breaker.is_open
    return breaker


def test_a_breaker_lets_one_try_and_waits_longer_each_time():
    now = [0.0]
    breaker = opened(now)
    assert not breaker.may_try()
    now[0] += 0.3
    assert breaker.may_try()
    assert not breaker.may_try()  # one is trying
    breaker.failed("cut again")
    now[0] += 0.2
    assert not breaker.may_try()
    now[0] += 0.4
    assert breaker.may_try()
    breaker.succeeded()
    assert breaker.may_try()
    assert not breaker.is_open


def test_what_was_on_its_way_when_it_opened_changes_nothing():
    now = [0.0]
    breaker = opened(now)
    for _ in range(10):
        breaker.failed("cut as well")
    now[0] += 0.25
    assert breaker.may_try()
    breaker.gave_up()  # cancelled: another one tries
    assert breaker.may_try()
    breaker.succeeded()
    assert not breaker.is_open


async def test_calls_are_tried_again_and_refused_while_nothing_answers():
    calls, tried = Calls("the database"), []

    async def fails():
        tried.append("fails")
        raise Unreachable("no route")

    async def refuses():
        raise StoreError("no such table", transient=False)

    async def answers():
        return 7

    with pytest.raises(Unreachable):
        await calls(fails)
    assert len(tried) == 3
    with pytest.raises(StoreError, match="no such table"):  # an answer: it is there
        await calls(refuses)
    for _ in range(FAILURES):
        with pytest.raises(Unreachable):
            await calls(fails, again=False)
    before = len(tried)
    with pytest.raises(Unreachable, match=r"the database does not answer \(no route\)"):
        await calls(fails)
    assert len(tried) == before  # refused at once

    async def soon():
        while True:
            try:
                return await calls(answers)
            except Unreachable:
                await asyncio.sleep(0.01)

    assert await asyncio.wait_for(soon(), 10) == 7
    assert await calls(answers) == 7
