"""What native classes leave to Python: streams of events, async observers, async transactions.

anyio is imported when the first of these is used, never with the package.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from types import TracebackType
    from typing import Any, Protocol, TypeVar

    from anyio import Lock

    from ._stream import UnsubscribableStream

    class AsyncDoc(Protocol):
        """The document, as far as it is used here."""

        # Kept for this module; None at first.
        _async_state: _AsyncState | None

        @property
        def _allow_multithreading(self) -> bool: ...
        def _wait_for_turn(self, timeout: float) -> bool:
            """Waits without the GIL until no transaction is open; False: not in `timeout` seconds
            (negative: for ever). Nothing is taken."""

    class AsyncTransaction(Protocol):
        """A transaction, as far as it is used here."""

        @property
        def _doc(self) -> AsyncDoc: ...
        @property
        def _leases(self) -> int:
            """How many blocks are open."""

        @property
        def _timeout(self) -> float:
            """Seconds to wait for one's turn; negative: for ever."""

        def __enter__(self, _acquire_transaction: bool = True) -> Any:
            """With False it does not wait for other threads: TimeoutError if one is in its turn."""

        def __exit__(
            self,
            exc_type: type[BaseException] | None,
            exc_val: BaseException | None,
            exc_tb: TracebackType | None,
        ) -> bool | None: ...

    Transaction = TypeVar("Transaction", bound=AsyncTransaction)

_CO_COROUTINE = 0x80  # inspect.CO_COROUTINE, without importing inspect


def is_async_callable(callback: object) -> bool:
    """Whether calling it gives a coroutine: an `async def`, a method or a partial of one."""
    while True:
        if (inner := getattr(callback, "__func__", None)) is not None:
            callback = inner
        elif type(callback).__name__ == "partial" and hasattr(callback, "func"):
            callback = callback.func
        else:
            break
    flags = getattr(getattr(callback, "__code__", None), "co_flags", 0)
    return isinstance(flags, int) and bool(flags & _CO_COROUTINE)


class _AsyncState:
    """What a document has to remember about async transactions."""

    def __init__(self) -> None:
        # The open transaction, if `async with` began it.
        self.transaction: AsyncTransaction | None = None
        # thread -> (callback, event) of async observers, while that thread commits.
        self.told: dict[int, list[tuple[Callable[[Any], Coroutine[Any, Any, None]], Any]]] = {}
        # Which task is in a new_transaction(), and what others of its thread wait for.
        self.task: int | None = None
        self.lock: Lock | None = None


def _state_of(doc: AsyncDoc) -> _AsyncState:
    state = doc._async_state
    if state is None:
        state = doc._async_state = _AsyncState()
    return state


def async_observer(
    doc: AsyncDoc, callback: Callable[[Any], Coroutine[Any, Any, None]]
) -> Callable[[Any], None]:
    """Makes an observer of `callback`, which the async transaction that tells it will run."""
    from _thread import get_ident

    def tell(event: Any) -> None:
        state = doc._async_state
        told = None if state is None else state.told.get(get_ident())
        if told is None:
            raise RuntimeError("an async observer needs `async with doc.transaction()`")
        told.append((callback, event))

    return tell


# -- streams of events -------------------------------------------------------------------------


def _run_in_loop() -> Callable[..., object] | None:
    """What runs a function soon in the event loop of this thread; None if no loop runs here."""
    import sys

    # trio first: in its guest mode asyncio runs as well.
    for module, current_loop in (("trio", _trio_loop), ("asyncio", _asyncio_loop)):
        if module in sys.modules:
            try:
                return current_loop()
            except RuntimeError:  # another one, or none
                pass
    return None


def _trio_loop() -> Callable[..., object]:
    import trio  # type: ignore[import-not-found, unused-ignore]

    run: Callable[..., object] = trio.lowlevel.current_trio_token().run_sync_soon
    return run


def _asyncio_loop() -> Callable[..., object]:
    from asyncio import get_running_loop

    return get_running_loop().call_soon_threadsafe


class _IgnoredStatus:
    """Stands for anyio.TASK_STATUS_IGNORED in default arguments, without importing anyio."""

    def started(self, value: object = None) -> None:
        """Tells nobody."""

    @staticmethod
    def _of_anyio() -> object:
        import sys

        return getattr(sys.modules.get("anyio"), "TASK_STATUS_IGNORED", None)

    def __eq__(self, other: object) -> bool:
        return self is other or (other is not None and other is self._of_anyio())

    def __hash__(self) -> int:
        return id(self)

    def __repr__(self) -> str:
        return repr(self._of_anyio() or "TASK_STATUS_IGNORED")


TASK_STATUS_IGNORED: Any = _IgnoredStatus()


class _Feed:
    """Carries events from an observer into a stream.

    The observer may be called in any thread, one call at a time. The memory streams of anyio belong
    to the thread of their event loop, so what comes from another thread is handed over to it;
    `under_way` counts this, so that nothing overtakes it and it counts as buffered.
    """

    def __init__(self, max_buffer_size: float, unobserve: Callable[[Any], None]) -> None:
        from _thread import get_ident

        from anyio import create_memory_object_stream

        self.send, self.receive = create_memory_object_stream[object](max_buffer_size)
        self.capacity = max_buffer_size
        self.unobserve = unobserve
        self.subscription: Any = None
        self.get_ident = get_ident
        self.home = get_ident()
        self.run_in_loop = _run_in_loop()
        self.under_way = 0

    def unsubscribe(self) -> None:
        subscription, self.subscription = self.subscription, None
        if subscription is not None:
            self.send.close()
            self.unobserve(subscription)

    def deliver(self, event: Any) -> None:
        """Observes documents with sync transactions. anyio.WouldBlock: the buffer is full."""
        from anyio import BrokenResourceError, ClosedResourceError

        try:
            if self.run_in_loop is None or (self.home == self.get_ident() and not self.under_way):
                self.send.send_nowait(event)
            else:
                self._hand_over(event)
        except (BrokenResourceError, ClosedResourceError):
            self.unsubscribe()

    def _hand_over(self, event: Any) -> None:
        from anyio import WouldBlock

        state = self.send.statistics()
        free = self.capacity - state.current_buffer_used + state.tasks_waiting_receive
        if self.under_way >= free:
            raise WouldBlock
        self.under_way += 1
        try:
            self.run_in_loop(self._arrive, event)  # type: ignore[misc]
        except RuntimeError:  # the loop is over, and with it whoever read
            self.under_way -= 1
            self.unsubscribe()

    def _arrive(self, event: Any) -> None:
        from anyio import BrokenResourceError, ClosedResourceError, WouldBlock

        self.under_way -= 1
        try:
            self.send.send_nowait(event)
        except (BrokenResourceError, ClosedResourceError, WouldBlock):
            # Whoever was waiting for it has gone: the stream ends, rather than miss an event.
            self.unsubscribe()

    async def deliver_and_wait(self, event: Any) -> None:
        """Observes documents with async transactions: waits while the buffer is full."""
        from anyio import BrokenResourceError, ClosedResourceError

        try:
            # A clone of its own, so that unsubscribing meanwhile does not lose the event.
            async with self.send.clone() as send:
                await send.send(event)
        except (BrokenResourceError, ClosedResourceError):
            self.unsubscribe()


def event_stream(
    observe: Callable[[Callable[[Any], Any]], Any],
    unobserve: Callable[[Any], None],
    max_buffer_size: float = float("inf"),
    async_transactions: bool = False,
) -> UnsubscribableStream[Any]:
    """The stream of what `observe` tells its callback, until unsubscribed or closed.

    With async transactions a full buffer holds them up; otherwise it is an anyio.WouldBlock, which
    reaches the writer as any observer's exception does.
    """
    from ._stream import with_unsubscribe

    feed = _Feed(max_buffer_size, unobserve)
    stream = with_unsubscribe(feed.receive, feed.unsubscribe)
    # The stream refers to the feed, never the feed to the stream: a stream that is dropped ends.
    del feed.receive
    feed.subscription = observe(feed.deliver_and_wait if async_transactions else feed.deliver)
    return stream


# -- async transactions ------------------------------------------------------------------------


async def enter_async(transaction: Transaction) -> Transaction:
    """Transaction.__aenter__"""
    state = _state_of(transaction._doc)
    if transaction._leases > 0 and state.transaction is not transaction:
        raise RuntimeError("Already in a transaction that was begun by `with`, not `async with`")
    transaction.__enter__()
    state.transaction = transaction
    return transaction


async def exit_async(
    transaction: AsyncTransaction,
    exc_type: type[BaseException] | None,
    exc_val: BaseException | None,
    exc_tb: TracebackType | None,
) -> bool | None:
    """Transaction.__aexit__: the last to leave commits, and waits for the async observers.

    What other observers raise comes after these are done.
    """
    if transaction._leases > 1:
        return transaction.__exit__(exc_type, exc_val, exc_tb)

    from _thread import get_ident

    state = _state_of(transaction._doc)
    state.transaction = None
    told = state.told[get_ident()] = []
    failure: Exception | None = None
    swallowed: bool | None = None
    try:
        swallowed = transaction.__exit__(exc_type, exc_val, exc_tb)
    except Exception as error:
        failure = error
    finally:
        del state.told[get_ident()]
    if told:
        from anyio import create_task_group

        try:
            async with create_task_group() as group:
                for callback, event in told:
                    group.start_soon(callback, event)
        except BaseException as error:
            if failure is not None:
                raise error from failure
            raise
    if failure is not None:
        raise failure
    return swallowed


async def enter_new_async(transaction: Transaction) -> Transaction:
    """NewTransaction.__aenter__: waits until other tasks and threads have had their turns."""
    if transaction._leases > 0:  # doc.transaction() within its block has given it again
        return await enter_async(transaction)

    from anyio import get_current_task

    doc = transaction._doc
    state = _state_of(doc)
    task = get_current_task().id
    if state.task == task:
        raise RuntimeError("Already in a transaction")
    if doc._allow_multithreading:
        await _enter_between_threads(transaction)
    else:
        await _enter_between_tasks(transaction)
    state.transaction = transaction
    state.task = task
    return transaction


async def exit_new_async(
    transaction: AsyncTransaction,
    exc_type: type[BaseException] | None,
    exc_val: BaseException | None,
    exc_tb: TracebackType | None,
) -> bool | None:
    """NewTransaction.__aexit__"""
    if transaction._leases > 1:
        return await exit_async(transaction, exc_type, exc_val, exc_tb)
    doc = transaction._doc
    state = _state_of(doc)
    state.task = None  # before the commit, after which another thread may have its turn
    try:
        return await exit_async(transaction, exc_type, exc_val, exc_tb)
    finally:
        if not doc._allow_multithreading:
            _release(state)


async def _enter_between_threads(transaction: AsyncTransaction) -> None:
    from time import monotonic

    doc = transaction._doc
    end = None if transaction._timeout < 0 else monotonic() + transaction._timeout
    while True:
        if doc._wait_for_turn(0):
            try:
                transaction.__enter__(False)
            except TimeoutError:  # another thread was faster
                pass
            else:
                return
        left = -1.0 if end is None else max(0.0, end - monotonic())
        if left == 0 or not await _wait_in_thread(doc, left):
            raise TimeoutError("Could not acquire transaction")


async def _wait_in_thread(doc: AsyncDoc, timeout: float) -> bool:
    from anyio import CapacityLimiter, to_thread

    # Not one of the threads that everybody shares: whoever is in its turn may need one of those.
    return await to_thread.run_sync(
        doc._wait_for_turn, timeout, abandon_on_cancel=True, limiter=CapacityLimiter(1)
    )


async def _enter_between_tasks(transaction: AsyncTransaction) -> None:
    from anyio import Lock, fail_after

    state = _state_of(transaction._doc)
    if state.lock is None:
        state.lock = Lock()
    try:
        with fail_after(None if transaction._timeout < 0 else transaction._timeout):
            await state.lock.acquire()
    except TimeoutError:
        raise TimeoutError("Could not acquire transaction") from None
    try:
        transaction.__enter__()
    except BaseException:
        _release(state)
        raise


def _release(state: _AsyncState) -> None:
    lock = state.lock
    if lock is not None:
        lock.release()
        if not lock.locked():
            # The next one may run in another event loop, where this lock would not work.
            state.lock = None
