"""The way back to a client, as sessions and rooms see it."""

from __future__ import annotations

from typing import Protocol


class Link(Protocol):
    """One connection, seen from inside. Neither call waits, and neither fails: a link that is gone
    takes what it is given and drops it. Whoever owns it calls Session.closed() when it is gone."""

    # Until it has said hello: how a connection ends is told in codes that y-websocket knows.
    stock: bool

    def send(self, message: bytes | str) -> None:
        """Sends it behind all that was sent before. If the client does not keep up, the link closes
        itself (4408, or what a stock client hears for it)."""
        ...

    def close(self, code: int, reason: str) -> None:
        """Sends what is waiting, then closes. Later calls change nothing."""
        ...
