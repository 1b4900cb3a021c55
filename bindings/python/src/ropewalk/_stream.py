"""The stream of events that Doc.events() and the events() of shared types return."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from anyio.streams.memory import MemoryObjectReceiveStream

E = TypeVar("E")


class UnsubscribableStream(MemoryObjectReceiveStream[E]):
    """A stream of events that can be told to take no more.

    unsubscribe() ends the collecting; what is in the buffer can still be received, and iteration
    ends after it. It may be called again. Closing the stream unsubscribes too, and drops the
    buffer. A stream and its clones share one buffer and one subscription; it is the last to be
    closed that ends it.
    """

    unsubscribe: Callable[[], None]

    def clone(self) -> UnsubscribableStream[E]:
        """Another end of the same stream: each event goes to one of the two."""
        return with_unsubscribe(super().clone(), self.unsubscribe)

    def close(self) -> None:
        """Closes this end, and unsubscribes if it was the last one."""
        super().close()
        if self.statistics().open_receive_streams == 0:
            self.unsubscribe()

    def __del__(self) -> None:
        super().__del__()  # warns if it was not closed
        self.close()


def with_unsubscribe(
    stream: MemoryObjectReceiveStream[E], unsubscribe: Callable[[], None]
) -> UnsubscribableStream[E]:
    """Makes an UnsubscribableStream of a stream of anyio, which has no public constructor."""
    stream.__class__ = UnsubscribableStream
    stream.unsubscribe = unsubscribe  # type: ignore[attr-defined]
    return stream  # type: ignore[return-value]
