"""Streams of events, async observers and async transactions."""

from __future__ import annotations

import gc
import threading
import warnings
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import anyio
import pytest
from anyio import to_thread

from ropewalk import Array, Doc, UnsubscribableStream

BACKENDS = ["asyncio", "trio"]


def run(main: Callable[[], Awaitable[None]], backend: str = "asyncio") -> None:
    if backend == "trio":
        pytest.importorskip("trio")

    async def limited() -> None:
        with anyio.fail_after(20):
            await main()

    anyio.run(limited, backend=backend)


def numbered(**options: Any) -> tuple[Doc, Array[int]]:
    doc = Doc(**options)
    doc["list"] = numbers = Array()
    return doc, numbers


def replay(updates: list[bytes]) -> list[int]:
    doc, numbers = numbered()
    for update in updates:
        doc.apply_update(update)
    result: list[int] = numbers.to_py()
    return result


async def settle() -> None:
    """Lets other tasks run until they wait for something."""
    for _ in range(20):
        await anyio.sleep(0)


async def until(holds: Callable[[], bool]) -> None:
    while not holds():
        await anyio.sleep(0.001)


def leaves(error: BaseException | None) -> list[type]:
    """The types of the exceptions in a group, however deep."""
    inner = getattr(error, "exceptions", None)
    return [type(error)] if inner is None else [leaf for one in inner for leaf in leaves(one)]


@contextmanager
def raising(*types: type, from_: tuple[type, ...] = ()) -> Iterator[None]:
    raised: Exception | None = None
    try:
        yield
    except Exception as error:
        raised = error
    assert raised is not None
    assert leaves(raised) == [*types]
    if from_:
        assert leaves(raised.__cause__) == [*from_]


@pytest.mark.parametrize("backend", BACKENDS)
def test_events_are_read_after_they_were_made(backend: str) -> None:
    async def main() -> None:
        doc, numbers = numbered()
        async with doc.events() as events:
            assert isinstance(events, UnsubscribableStream)
            for number in range(5):
                numbers.append(number)
            events.unsubscribe()
            events.unsubscribe()
            numbers.append(99)
            assert replay([event.update async for event in events]) == [0, 1, 2, 3, 4]

    run(main, backend)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_reader_that_waits_is_woken(backend: str) -> None:
    async def main() -> None:
        doc, numbers = numbered()
        updates: list[bytes] = []

        async def read(events: UnsubscribableStream[Any]) -> None:
            async for event in events:
                updates.append(event.update)

        async with anyio.create_task_group() as group, doc.events(max_buffer_size=0) as events:
            group.start_soon(read, events)
            for number in range(3):
                await settle()
                numbers.append(number)
            await settle()
            events.unsubscribe()
            await settle()
        assert replay(updates) == [0, 1, 2]

    run(main, backend)


def test_a_full_buffer_reaches_the_writer() -> None:
    async def main() -> None:
        doc, numbers = numbered()
        async with doc.events(max_buffer_size=1) as events:
            numbers.append(0)
            with raising(anyio.WouldBlock):
                numbers.append(1)
            assert numbers.to_py() == [0, 1]
            await events.receive()

    run(main)


def test_a_stream_that_is_closed_or_dropped_takes_no_more() -> None:
    async def main() -> None:
        doc, numbers = numbered()
        closed = doc.events(max_buffer_size=1)
        clone = closed.clone()
        assert isinstance(clone, UnsubscribableStream)
        closed.close()
        numbers.append(0)
        clone.close()
        clone.close()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ResourceWarning)
            dropped = doc.events(max_buffer_size=0)
            del dropped
            gc.collect()
        numbers.append(1)
        numbers.append(2)

    run(main)


def test_each_stream_has_all_events() -> None:
    async def main() -> None:
        doc, numbers = numbered()
        async with doc.events() as one, doc.events() as other:
            numbers.append(1)
            one.unsubscribe()
            numbers.append(2)
            other.unsubscribe()
            assert len([event async for event in one]) == 1
            assert len([event async for event in other]) == 2

    run(main)


@pytest.mark.parametrize("backend", BACKENDS)
def test_changes_of_another_thread_arrive_in_their_order(backend: str) -> None:
    async def main() -> None:
        doc, numbers = numbered(allow_multithreading=True)

        def write() -> None:
            for number in range(100):
                with doc.new_transaction():
                    numbers.append(number)

        async with anyio.create_task_group() as group, doc.events() as events:
            group.start_soon(to_thread.run_sync, write)
            updates = [(await events.receive()).update for _ in range(100)]
        assert replay(updates) == [*range(100)]

    run(main, backend)


def test_a_full_buffer_reaches_a_writer_in_another_thread() -> None:
    async def main() -> None:
        doc, numbers = numbered(allow_multithreading=True)
        refused: list[int] = []

        def write() -> None:
            for number in range(10):
                try:
                    numbers.append(number)
                except Exception:
                    refused.append(number)

        async with doc.events(max_buffer_size=3) as events:
            await to_thread.run_sync(write)
            events.unsubscribe()
            assert len([event async for event in events]) == 3
        assert refused == [3, 4, 5, 6, 7, 8, 9]

    run(main)


def test_a_loop_that_has_ended_holds_nobody_up() -> None:
    doc, numbers = numbered(allow_multithreading=True)
    kept: list[Any] = []

    async def main() -> None:
        kept.append(doc.events())

    run(main)
    thread = threading.Thread(target=numbers.append, args=(1,))
    thread.start()
    thread.join(10)
    assert numbers.to_py() == [1]
    kept.pop().close()


# -- async transactions ----------------------------------------------------------------------------


@pytest.mark.parametrize("backend", BACKENDS)
def test_async_observers_are_waited_for(backend: str) -> None:
    async def main() -> None:
        doc, numbers = numbered()
        told: list[bytes] = []

        async def observer(event: Any) -> None:
            await anyio.sleep(0.001)
            told.append(event.update)

        class Observer:
            async def hear(self, event: Any) -> None:
                await observer(event)

        async def hear(_extra: int, event: Any) -> None:
            await observer(event)

        for callback in (observer, Observer().hear, partial(hear, 1)):
            subscription = doc.observe(callback)
            async with doc.transaction(), doc.transaction():
                numbers.append(1)
                assert told == []
            assert len(told) == 1
            told.clear()
            doc.unobserve(subscription)

    run(main, backend)


def test_an_async_observer_needs_an_async_transaction() -> None:
    async def main() -> None:
        doc, numbers = numbered()

        async def observer(_event: Any) -> None: ...

        doc.observe(observer)
        with raising(RuntimeError):
            numbers.append(1)

    run(main)


@pytest.mark.parametrize("backend", BACKENDS)
def test_back_pressure(backend: str) -> None:
    async def main() -> None:
        doc, numbers = numbered()
        written: list[int] = []

        async def write(events: UnsubscribableStream[Any]) -> None:
            for number in range(5):
                async with doc.transaction():
                    numbers.append(number)
                written.append(number)
            events.unsubscribe()

        async with (
            anyio.create_task_group() as group,
            doc.events(max_buffer_size=1, async_transactions=True) as events,
        ):
            group.start_soon(write, events)
            await until(lambda: written == [0])
            await settle()
            assert written == [0]
            updates = [(await events.receive()).update]
            await until(lambda: written == [0, 1])
            await settle()
            assert written == [0, 1]
            updates += [event.update async for event in events]
            assert written == [0, 1, 2, 3, 4]
        assert replay(updates) == [0, 1, 2, 3, 4]

    run(main, backend)


@pytest.mark.parametrize("backend", BACKENDS)
def test_an_exception_in_the_block_is_that_exception(backend: str) -> None:
    async def main() -> None:
        doc, numbers = numbered()
        for transaction in (doc.transaction, doc.new_transaction, doc.new_transaction):
            with raising(KeyError):
                async with transaction():
                    numbers.append(1)
                    raise KeyError("mine")
        assert numbers.to_py() == [1, 1, 1]

    run(main, backend)


@pytest.mark.parametrize("backend", BACKENDS)
def test_observers_that_raise_leave_the_document_usable(backend: str) -> None:
    async def main() -> None:
        doc, numbers = numbered()

        def bad(_event: Any) -> None:
            raise KeyError("sync")

        async def worse(_event: Any) -> None:
            raise IndexError("async")

        subscriptions = [doc.observe(bad), doc.observe(worse)]
        for transaction in (doc.transaction, doc.new_transaction, doc.new_transaction):
            with raising(IndexError, from_=(KeyError,)):
                async with transaction():
                    numbers.append(1)
        for subscription in subscriptions:
            doc.unobserve(subscription)
        async with doc.new_transaction():
            numbers.append(1)
        assert numbers.to_py() == [1, 1, 1, 1]

    run(main, backend)


def test_async_within_sync_is_refused() -> None:
    async def main() -> None:
        doc, numbers = numbered()
        with doc.transaction(), pytest.raises(RuntimeError, match="with"):
            async with doc.transaction():
                pass
        async with doc.transaction():
            with doc.transaction():
                numbers.append(1)
        assert numbers.to_py() == [1]

    run(main)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("threads", [False, True])
def test_new_transactions_take_turns(backend: str, threads: bool) -> None:
    async def main() -> None:
        doc, numbers = numbered(allow_multithreading=threads)

        async def write(first: int) -> None:
            async with doc.new_transaction():
                for number in range(first, first + 3):
                    numbers.append(number)
                    await anyio.sleep(0.001)

        async with anyio.create_task_group() as group:
            for task in range(5):
                group.start_soon(write, 10 * task)
        found = numbers.to_py()
        assert sorted(found) == sorted(10 * task + i for task in range(5) for i in range(3))
        for i in range(0, len(found), 3):
            assert found[i : i + 3] == [found[i], found[i] + 1, found[i] + 2]

    run(main, backend)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("threads", [False, True])
def test_waiting_for_a_turn_has_an_end(backend: str, threads: bool) -> None:
    async def main() -> None:
        doc, numbers = numbered(allow_multithreading=threads)
        done = anyio.Event()

        async def hold(*, task_status: Any) -> None:
            async with doc.new_transaction():
                task_status.started()
                await done.wait()

        async with anyio.create_task_group() as group:
            await group.start(hold)
            with pytest.raises(TimeoutError, match="Could not acquire transaction"):
                async with doc.new_transaction(timeout=0.02):
                    pass
            with anyio.move_on_after(0.02) as scope:  # a wait that is given up takes no turn
                async with doc.new_transaction():
                    pass
            assert scope.cancelled_caught
            done.set()
        async with doc.new_transaction(timeout=1):
            numbers.append(1)
        assert numbers.to_py() == [1]

    run(main, backend)


@pytest.mark.parametrize("threads", [False, True])
def test_a_new_transaction_within_another_of_the_task_is_refused(threads: bool) -> None:
    async def main() -> None:
        doc, numbers = numbered(allow_multithreading=threads)
        async with doc.new_transaction():
            with pytest.raises(RuntimeError, match="Already in a transaction"):
                async with doc.new_transaction():
                    pass
            async with doc.transaction():
                numbers.append(1)
        async with doc.new_transaction():
            numbers.append(2)
        assert numbers.to_py() == [1, 2]

    run(main)


def test_a_task_waits_for_a_thread() -> None:
    async def main() -> None:
        doc, numbers = numbered(allow_multithreading=True)
        begun, done = threading.Event(), threading.Event()

        def hold() -> None:
            with doc.new_transaction():
                begun.set()
                done.wait(10)
                numbers.append(1)

        async with anyio.create_task_group() as group:
            group.start_soon(to_thread.run_sync, hold)
            await to_thread.run_sync(begun.wait)
            with pytest.raises(TimeoutError):
                async with doc.new_transaction(timeout=0.02):
                    pass
            done.set()
            async with doc.new_transaction():
                numbers.append(2)
        assert numbers.to_py() == [1, 2]

    run(main)


def test_one_document_in_two_event_loops_one_after_the_other() -> None:
    doc, numbers = numbered()

    async def main() -> None:
        async def write() -> None:
            async with doc.new_transaction():
                await anyio.sleep(0)
                numbers.append(1)

        async with anyio.create_task_group() as group:
            group.start_soon(write)
            group.start_soon(write)

    for backend in BACKENDS:
        run(main, backend)
    assert numbers.to_py() == [1, 1, 1, 1]
