"""What a store that keeps who is connected has beside the contract. It is for whoever asks, of any
process: nothing that documents need depends on it, and it may be gone or late by some seconds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

# Nobody is there of whom nothing was heard for so long.
STALE_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Connected:
    """Somebody in a document, over one connection to some process."""

    id: str  # another one for each time that somebody enters
    user: str
    since: float  # seconds since 1970
    shown: Any = None  # what the person shows of themselves, as JSON has it


class Connections(Protocol):
    """Calls return at once, and are written behind, all of a moment together."""

    def start(self) -> None: ...

    async def close(self) -> None:
        """Whoever was here is not any more."""
        ...

    def joined(self, doc: str, id: str, user: str, since: float) -> None: ...

    def shown(self, doc: str, id: str, state: bytes) -> None: ...

    def touched(self, doc: str) -> None:
        """Something has been written."""
        ...

    def left(self, doc: str, id: str) -> None: ...

    async def connected(self, doc: str) -> Sequence[Connected]:
        """Who is there, in any process, the first who came first."""
        ...


def connections_of(store: object) -> Connections | None:
    """Those of a store, if it keeps them."""
    connections: Connections | None = getattr(store, "connections", None)
    return connections
