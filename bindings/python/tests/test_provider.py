"""Providers: two documents at the ends of a channel."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import anyio
import pytest

from ropewalk import (
    Array,
    Channel,
    DecodeError,
    Doc,
    Provider,
    Text,
    YMessageType,
    YSyncMessageType,
    create_awareness_message,
    create_update_message,
    read_message,
)

BACKENDS = ["asyncio", "trio"]


def run(main: Callable[[], Awaitable[None]], backend: str) -> None:
    if backend == "trio":
        pytest.importorskip("trio")

    async def limited() -> None:
        with anyio.fail_after(20):
            await main()

    anyio.run(limited, backend=backend)


class Pipe(Channel):
    """One end of a channel in memory. Counts what it sends."""

    def __init__(self, incoming: Any, outgoing: Any) -> None:
        self._incoming = incoming
        self._outgoing = outgoing
        self.sent: list[bytes] = []

    @property
    def path(self) -> str:
        return "room"

    async def send(self, message: bytes) -> None:
        self.sent.append(message)
        await self._outgoing.send(message)

    async def recv(self) -> bytes:
        try:
            return await self._incoming.receive()  # type: ignore[no-any-return]
        except anyio.EndOfStream:
            raise StopAsyncIteration from None

    async def __aenter__(self) -> Pipe:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._outgoing.aclose()
        await self._incoming.aclose()


def pipes() -> tuple[Pipe, Pipe]:
    to_left, from_right = anyio.create_memory_object_stream[bytes](100)
    to_right, from_left = anyio.create_memory_object_stream[bytes](100)
    return Pipe(from_right, to_right), Pipe(from_left, to_left)


async def until(holds: Callable[[], bool]) -> None:
    while not holds():
        await anyio.sleep(0.001)


def text_of(doc: Doc) -> str:
    return str(doc.get("text", type=Text))


@pytest.mark.parametrize("backend", BACKENDS)
def test_two_documents_become_equal_and_stay_so(backend: str) -> None:
    async def main() -> None:
        left, right = Doc(), Doc()
        left["text"] = Text("left ")
        right["text"] = Text("right ")
        one, other = pipes()
        async with one, other, Provider(left, one) as a, Provider(right, other) as b:
            await a.synced.wait()
            await b.synced.wait()
            await until(lambda: text_of(left) == text_of(right) != "")
            assert sorted(text_of(left).split()) == ["left", "right"]
            left.get("text", type=Text).insert(0, "later ")
            right["list"] = Array([1])
            await until(lambda: text_of(right).startswith("later "))
            await until(lambda: left.get("list", type=Array).to_py() == [1])
        assert left.get_update(right.get_state()) == b"\x00\x00"
        assert right.get_update(left.get_state()) == b"\x00\x00"

    run(main, backend)


@pytest.mark.parametrize("backend", BACKENDS)
def test_started_with_start_and_ended_with_stop(backend: str) -> None:
    async def main() -> None:
        left, right = Doc(), Doc()
        left["text"] = Text("left")
        one, other = pipes()
        async with one, other, anyio.create_task_group() as group:
            a, b = Provider(left, one), Provider(right, other)
            with pytest.raises(RuntimeError, match="not started"):
                await a.stop()
            group.start_soon(a.start)
            await a.started.wait()
            with pytest.raises(RuntimeError, match="already started"):
                await a.start()
            with pytest.raises(RuntimeError, match="already started"):
                async with a:
                    pass
            await group.start(b.start)
            await b.synced.wait()
            assert text_of(right) == "left"
            await a.stop()
            await b.stop()
            with pytest.raises(RuntimeError, match="not started"):
                await b.stop()

    run(main, backend)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_provider_can_be_started_again(backend: str) -> None:
    async def main() -> None:
        one, other = pipes()
        doc = Doc()
        provider = Provider(doc, one)
        async with one, other:
            async with provider:
                pass
            doc["text"] = Text("again")
            async with provider:
                doc.get("text", type=Text).insert(0, "once ")
            assert len(one.sent) == 3

    run(main, backend)


@pytest.mark.parametrize("backend", BACKENDS)
def test_leaving_the_block_sends_what_was_changed_in_it(backend: str) -> None:
    async def main() -> None:
        doc = Doc()
        doc["list"] = numbers = Array()
        one, other = pipes()
        async with one, other, Provider(doc, one):
            for number in range(50):
                numbers.append(number)
        kinds = [message[:2] for message in one.sent]
        assert kinds[0] == bytes([YMessageType.SYNC, YSyncMessageType.SYNC_STEP1])
        assert kinds[1:] == [bytes([YMessageType.SYNC, YSyncMessageType.SYNC_UPDATE])] * 50
        copy = Doc()
        copy["list"] = Array()
        for message in one.sent[1:]:
            copy.apply_update(read_message(message[2:]))
        assert copy["list"].to_py() == [*range(50)]
        numbers.append(50)
        await anyio.sleep(0.01)
        assert len(one.sent) == 51

    run(main, backend)


@pytest.mark.parametrize("backend", BACKENDS)
def test_an_exception_in_the_block_ends_it_at_once(backend: str) -> None:
    class Slow(Pipe):
        async def send(self, message: bytes) -> None:  # noqa: ARG002
            await anyio.sleep_forever()

    async def main() -> None:
        doc = Doc()
        doc["text"] = text = Text()
        one, other = pipes()
        slow = Slow(one._incoming, one._outgoing)
        caught: BaseException | None = None
        async with one, other:
            try:
                async with Provider(doc, slow):
                    text.insert(0, "lost")
                    raise KeyError("in the block")
            except Exception as error:
                caught = error
        assert "in the block" in repr(caught)
        text.insert(0, "nobody listens")

    run(main, backend)


@pytest.mark.parametrize("backend", BACKENDS)
def test_cancelling_ends_it(backend: str) -> None:
    async def main() -> None:
        one, other = pipes()
        async with one, other:
            with anyio.move_on_after(0.01):
                async with Provider(Doc(), one):
                    await anyio.sleep_forever()
            provider = Provider(Doc(), one)
            for _ in range(2):  # and it can be started again
                with anyio.move_on_after(0.01) as scope:
                    await provider.start()
                assert scope.cancelled_caught

    run(main, backend)


@pytest.mark.parametrize("backend", BACKENDS)
def test_when_the_peer_is_gone_changes_are_still_sent(backend: str) -> None:
    async def main() -> None:
        doc = Doc()
        doc["text"] = text = Text()
        one, other = pipes()
        async with one, other, Provider(doc, one):
            await other._outgoing.aclose()
            await until(lambda: len(one.sent) == 1)
            text.insert(0, "a")
            await until(lambda: len(one.sent) == 2)

    run(main, backend)


def _leaves(error: BaseException) -> list[BaseException]:
    inner = getattr(error, "exceptions", None)
    return [error] if inner is None else [leaf for one in inner for leaf in _leaves(one)]


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(
    "message",
    [
        b"",
        b"\x00",
        b"\x00\x07\x01\x00",
        b"\x00\x00",
        b"\x00\x02\x05abc",
        b"\x00\x02\xff\xff\xff\xff\xff\xff\xff\x0f",
        b"\x00\x02\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
    ],
)
def test_a_bad_message_is_told(backend: str, message: bytes) -> None:
    async def main() -> None:
        one, other = pipes()
        doc = Doc()
        async with one, other:
            caught: BaseException | None = None
            try:
                async with Provider(doc, one):
                    await other.send(message)
                    await anyio.sleep_forever()
            except Exception as error:
                caught = error
            assert caught is not None
            assert [type(leaf) for leaf in _leaves(caught)] == [DecodeError]
        assert doc.get_state() == b"\x00"

    run(main, backend)


def test_other_kinds_of_messages_are_ignored() -> None:
    async def main() -> None:
        one, other = pipes()
        doc, source = Doc(), Doc()
        source["text"] = Text("hello")
        async with one, other, Provider(doc, one):
            await other.send(create_awareness_message(b"\x00"))
            await other.send(b"\x02\x00")
            await other.send(create_update_message(source.get_update()))
            await until(lambda: text_of(doc) == "hello")

    run(main, "asyncio")


def test_what_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        one, other = pipes()
        async with one, other, Provider(Doc(), one) as a, Provider(Doc(), other) as b:
            await a.synced.wait()
            await b.synced.wait()

    with caplog.at_level("DEBUG"):
        run(main, "asyncio")
    told = {record.getMessage() for record in caplog.records}
    assert "room: sending SYNC_STEP1" in told
    assert "room: received SYNC_STEP2" in told
