"""Webhooks: signed, tried again, bounded, and never in the way."""

from __future__ import annotations

import asyncio
import json
import logging
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from ropewalk_server.ops import webhooks
from ropewalk_server.ops.metrics import PrometheusMetrics
from ropewalk_server.ops.webhooks import Webhooks, signature, verify

SECRET = "0123456789abcdef0123456789abcdef"
URL = "https://hooks.example/ropewalk"


class Receiver:
    """Answers what it is told to, and remembers."""

    def __init__(self, *answers: int | Exception) -> None:
        self.answers = list(answers)
        self.requests: list[httpx.Request] = []

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self.answers.pop(0) if self.answers else 204
        if isinstance(answer, Exception):
            raise answer
        return httpx.Response(answer, headers={"location": "https://elsewhere.example"})

    @property
    def events(self) -> list[dict[str, Any]]:
        return [
            event for request in self.requests for event in json.loads(request.content)["events"]
        ]


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhooks, "FIRST_PAUSE", 0.0005)


@asynccontextmanager
async def running(
    receiver: Any, urls: tuple[str, ...] = (URL,), **more: Any
) -> AsyncIterator[Webhooks]:
    made = Webhooks(
        urls,
        SECRET,
        now=lambda: 1000.5,
        chance=random.Random(1),
        transport=httpx.MockTransport(receiver),
        **more,
    )
    await made.start()
    try:
        yield made
    finally:
        await made.stop(1)


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0.001)


async def test_an_event_is_sent_signed() -> None:
    receiver = Receiver()
    async with running(receiver) as hooks:
        hooks.tell("connect", document="acme/letters/1", user="alice")
        await until(lambda: receiver.requests)
    (request,) = receiver.requests
    assert request.method == "POST"
    assert receiver.events == [
        {"event": "connect", "time": 1000.5, "document": "acme/letters/1", "user": "alice"}
    ]
    headers = dict(request.headers)
    assert headers["ropewalk-timestamp"] == "1000"
    assert headers["ropewalk-delivery"] == json.loads(request.content)["delivery"]
    assert verify(SECRET, headers, request.content, now=1100)


def test_what_is_not_from_the_server_is_not_verified() -> None:
    body = b'{"events":[]}'
    good = {"Ropewalk-Timestamp": "1000", "Ropewalk-Signature": signature(SECRET, "1000", body)}
    assert verify(SECRET, good, body, now=1000)
    assert not verify(SECRET, good, body + b" ", now=1000)
    assert not verify(SECRET + "x", good, body, now=1000)
    assert not verify(SECRET, good, body, now=1301)
    assert not verify(SECRET, good, body, now=699)
    assert not verify(SECRET, {}, body, now=1000)
    for timestamp in ("1001", "", "-1000", "x", "1" * 13, "١٠٠٠"):
        assert not verify(SECRET, {**good, "Ropewalk-Timestamp": timestamp}, body, now=1000)
    for wrong in ("", "v1=", "v2=" + good["Ropewalk-Signature"][3:], "é"):
        assert not verify(SECRET, {**good, "Ropewalk-Signature": wrong}, body, now=1000)


@pytest.mark.parametrize(
    "failure", [500, 503, 429, 408, httpx.ConnectError("no"), httpx.ReadTimeout("late")]
)
async def test_what_may_do_better_later_is_tried_again_as_the_same_delivery(
    failure: int | Exception,
) -> None:
    receiver = Receiver(failure, failure)
    async with running(receiver) as hooks:
        hooks.tell("connect", user="alice")
        await until(lambda: len(receiver.requests) == 3)
    assert len({request.headers["ropewalk-delivery"] for request in receiver.requests}) == 1


async def test_a_dead_letter_is_logged_and_counted(caplog: pytest.LogCaptureFixture) -> None:
    receiver = Receiver(*[500] * 3)
    counted = PrometheusMetrics(process=False)
    async with running(receiver, attempts=3, metrics=counted) as hooks:
        hooks.tell("connect", user="alice")
        await until(lambda: counted.total("webhook_events_dropped"))
        hooks.tell("connect", user="bob")
        await until(lambda: len(receiver.requests) == 4)
    assert counted.value("webhooks", outcome="failed") == 3
    assert counted.value("webhooks", outcome="delivered") == 1
    (record,) = [r for r in caplog.records if r.levelno == logging.ERROR]
    assert vars(record)["letters"][0]["user"] == "alice"
    assert SECRET not in caplog.text


@pytest.mark.parametrize("status", [301, 302, 400, 401, 404, 410])
async def test_what_is_final_is_not_tried_again(status: int) -> None:
    receiver = Receiver(status)
    counted = PrometheusMetrics(process=False)
    async with running(receiver, metrics=counted) as hooks:
        hooks.tell("connect", user="alice")
        await until(lambda: counted.total("webhook_events_dropped"))
    assert len(receiver.requests) == 1
    assert str(receiver.requests[0].url) == URL


async def test_changes_of_a_document_that_wait_are_one_event() -> None:
    receiver = Receiver()
    async with running(receiver) as hooks:
        for n in range(50):
            hooks.tell("change", document="a", updates=1, users=[f"u{n % 3}"])
        hooks.tell("change", document="b", updates=1, users=[])
        await until(lambda: len(receiver.events) == 2)
    first, second = receiver.events
    assert (first["document"], first["updates"], first["users"]) == ("a", 50, ["u0", "u1", "u2"])
    assert second["document"] == "b"


async def test_the_queue_is_bounded() -> None:
    counted = PrometheusMetrics(process=False)
    blocked = asyncio.Event()

    async def receiver(request: httpx.Request) -> httpx.Response:
        await blocked.wait()
        return httpx.Response(204)

    async with running(receiver, queue=10, metrics=counted) as hooks:
        for n in range(25):
            hooks.tell("connect", user=str(n))
        assert counted.total("webhook_events_dropped") == 15
        blocked.set()


async def test_an_address_that_is_down_holds_up_no_other() -> None:
    good = Receiver()

    async def receiver(request: httpx.Request) -> httpx.Response:
        if request.url.host == "down.example":
            await asyncio.sleep(60)
        return await good(request)

    async with running(receiver, ("https://down.example/", URL), timeout=30) as hooks:
        for n in range(5):
            hooks.tell("connect", user=str(n))
            await until(lambda n=n: len(good.events) > n)  # type: ignore[misc]


async def test_only_chosen_events_are_told() -> None:
    receiver = Receiver()
    async with running(receiver, events=("store",)) as hooks:
        hooks.tell("connect", user="alice")
        hooks.tell("store", document="a", updates=1)
        await until(lambda: receiver.events)
    assert [event["event"] for event in receiver.events] == ["store"]


async def test_what_waits_is_sent_when_the_server_stops() -> None:
    receiver = Receiver()
    async with running(receiver) as hooks:
        for n in range(250):
            hooks.tell("connect", user=str(n))
    assert len(receiver.events) == 250
    assert len(receiver.requests) == 3


async def test_stopping_takes_no_longer_than_it_may(caplog: pytest.LogCaptureFixture) -> None:
    async def receiver(request: httpx.Request) -> httpx.Response:
        await asyncio.sleep(60)
        raise AssertionError

    async with running(receiver) as hooks:
        for n in range(150):
            hooks.tell("connect", user=str(n))
        async with asyncio.timeout(2):
            await hooks.stop(0.05)
    lost = sum(len(vars(r)["letters"]) for r in caplog.records if r.levelno == logging.ERROR)
    assert lost == 150


@pytest.mark.parametrize(
    ("urls", "secret", "events", "says"),
    [
        ((URL,), "short", ("connect",), "at least 16"),
        (("http://hooks.example/",), SECRET, ("connect",), "over https"),
        (("ftp://hooks.example/",), SECRET, ("connect",), "over https"),
        ((URL,), SECRET, ("explode",), "not explode"),
    ],
)
def test_settings_that_cannot_be_are_refused(
    urls: tuple[str, ...], secret: str, events: tuple[str, ...], says: str
) -> None:
    with pytest.raises(ValueError, match=says):
        Webhooks(urls, secret, events=events)


async def test_without_addresses_nothing_is_kept() -> None:
    hooks = Webhooks((), "")
    await hooks.start()
    hooks.tell("connect")
    assert not hooks.wants("connect")
    await hooks.stop()
