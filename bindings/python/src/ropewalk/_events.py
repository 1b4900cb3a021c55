"""Observing documents and shared types: what their Python classes take over from here."""

from __future__ import annotations

from ._core import (
    ArrayEvent,
    MapEvent,
    SubdocsEvent,
    Subscription,
    TextEvent,
    TransactionEvent,
    XmlEvent,
    _observe,
    _observe_subdocs,
    _observe_type,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from typing import Any, Literal, overload

    from ._stream import UnsubscribableStream
else:

    def overload(function):  # noqa: ANN001, ANN201
        """Stands for typing.overload, which would take a while to import."""
        return function


__all__ = [
    "ArrayEvent",
    "DocEvents",
    "MapEvent",
    "SubdocsEvent",
    "Subscription",
    "TextEvent",
    "TransactionEvent",
    "TypeEvents",
    "XmlEvent",
]

_VARIADIC = 0x04 | 0x08  # inspect.CO_VARARGS, inspect.CO_VARKEYWORDS


def parameter_count(callback: Callable[..., object]) -> int:
    """How many parameters an observer has, keyword-only ones apart; 1 if it does not tell.

    `*args` and `**kwargs` count as one each.
    """
    function: Any = callback
    bound = 0
    if type(function).__name__ == "method":
        function, bound = function.__func__, 1
    if type(function).__name__ == "function" and not hasattr(function, "__wrapped__"):
        code = function.__code__
        return int(code.co_argcount - bound + (code.co_flags & _VARIADIC).bit_count())
    from inspect import Parameter, signature

    try:
        parameters = signature(callback).parameters.values()
    except ValueError:  # some builtins
        return 1
    return sum(one.kind is not Parameter.KEYWORD_ONLY for one in parameters)


class TypeEvents:
    """What shared types have to say about their changes."""

    __slots__ = ()

    def observe(
        self,
        callback: Callable[[], object] | Callable[[Any], object] | Callable[[Any, Any], object],
    ) -> Subscription:
        """Calls `callback` after each transaction that changed this.

        It gets as many of the event and the transaction as it has parameters, and may read the
        document but not write. What it raises comes out of the transaction, as one of an
        ExceptionGroup.

        The observer stays until it is unobserved or the document goes; the subscription is also a
        context manager.
        """
        return _observe_type(self, callback, _checked_count(callback), False)

    def observe_deep(
        self,
        callback: Callable[[], object]
        | Callable[[list[Any]], object]
        | Callable[[list[Any], Any], object],
    ) -> Subscription:
        """The same with a list of events: of this, and of the shared types within it."""
        return _observe_type(self, callback, _checked_count(callback), True)

    def unobserve(self, subscription: Subscription) -> None:
        """Ends an observer, and forgets its callback."""
        subscription.drop()

    @overload
    def events(
        self, deep: Literal[False] = False, max_buffer_size: float = float("inf")
    ) -> UnsubscribableStream[Any]: ...

    @overload
    def events(
        self, deep: Literal[True], max_buffer_size: float = float("inf")
    ) -> UnsubscribableStream[list[Any]]: ...

    def events(
        self, deep: bool = False, max_buffer_size: float = float("inf")
    ) -> UnsubscribableStream[Any]:
        """The events as a stream, for `async for`:

            async with text.events() as events:
                async for event in events:
                    print(event.delta)

        Events wait in a buffer. If it is full, writers get an anyio.WouldBlock.
        """
        from ._base import event_stream

        return event_stream(
            self.observe_deep if deep else self.observe, self.unobserve, max_buffer_size
        )


class DocEvents:
    """What documents have to say about their changes."""

    __slots__ = ()

    def observe(
        self,
        callback: Callable[[TransactionEvent], None]
        | Callable[[TransactionEvent], Awaitable[None]],
        *,
        v2: bool = False,
    ) -> Subscription:
        """Calls `callback` with a TransactionEvent after each transaction that changed anything.

        An async one is run by the `async with doc.transaction()` that it tells of. With v2 the
        update of the event is in format V2, which is only encoded where somebody observes so.
        """
        return _observe(self, self._as_observer(callback), v2)

    def observe_subdocs(
        self,
        callback: Callable[[SubdocsEvent], None] | Callable[[SubdocsEvent], Awaitable[None]],
    ) -> Subscription:
        """Calls `callback` with a SubdocsEvent after each transaction that added, removed or loaded
        sub-documents."""
        return _observe_subdocs(self, self._as_observer(callback))

    def unobserve(self, subscription: Subscription) -> None:
        """Ends an observer, and forgets its callback."""
        subscription.drop()

    @overload
    def events(
        self,
        subdocs: Literal[False] = False,
        max_buffer_size: float = float("inf"),
        async_transactions: bool = False,
    ) -> UnsubscribableStream[TransactionEvent]: ...

    @overload
    def events(
        self,
        subdocs: Literal[True],
        max_buffer_size: float = float("inf"),
        async_transactions: bool = False,
    ) -> UnsubscribableStream[SubdocsEvent]: ...

    def events(
        self,
        subdocs: bool = False,
        max_buffer_size: float = float("inf"),
        async_transactions: bool = False,
    ) -> UnsubscribableStream[Any]:
        """The events as a stream, for `async for`:

            async with doc.events() as events:
                async for event in events:
                    await socket.send(event.update)

        Events wait in a buffer. If it is full, writers get an anyio.WouldBlock; with
        `async_transactions`, for documents that only these change, they wait.
        """
        from ._base import event_stream

        return event_stream(
            self.observe_subdocs if subdocs else self.observe,
            self.unobserve,
            max_buffer_size,
            async_transactions,
        )

    def _as_observer(self, callback: Callable[[Any], Any]) -> Callable[[Any], None]:
        from ._base import async_observer, is_async_callable

        if is_async_callable(callback):
            return async_observer(self, callback)  # type: ignore[arg-type]
        return callback


def _checked_count(callback: Callable[..., object]) -> int:
    if not callable(callback):
        raise TypeError(f"{callback!r} is not a callable object")
    # With more it is called with two, and Python says what is missing.
    return min(2, parameter_count(callback))
