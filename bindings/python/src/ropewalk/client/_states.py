"""What a document's connection may be in, and how it may end."""

from __future__ import annotations

from enum import Enum


class State(str, Enum):
    """What is known of a document's changes."""

    SYNCED = "synced"  # all is here, and all that was written here is durable there
    SYNCING = "syncing"  # on its way
    UNSYNCED = "unsynced"  # the server does not store changes at the moment, or has refused some
    OFFLINE = "offline"  # no connection; it is tried again, unless the connection has an error


class ClientError(Exception):
    """What goes wrong between here and a server."""


class Closed(ClientError):
    """The connection was closed on this side."""


class NotAuthenticated(ClientError):
    """The server does not take the token, and there is no newer one."""


class Forbidden(ClientError):
    """No right to this document, or no such document."""


class ProtocolError(ClientError):
    """The server and this client do not understand each other, or a bound was passed."""


class ChangeRefused(ClientError):
    """The server has not taken changes, and will not: they are in the local copy only."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(f"{reason} ({code})")
        self.code = code
        self.reason = reason
