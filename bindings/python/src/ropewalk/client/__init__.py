"""Documents kept in step with a Ropewalk server.

    from ropewalk import Text
    from ropewalk.client import connect

    async with connect("wss://example.org/collab", "letter", token=token) as letter:
        await letter.synced()
        text = letter.doc.get("letter", type=Text)
        text += " or Madam"
        await letter.durable()

Needs `websockets`: pip install "ropewalk[client]".
"""

from __future__ import annotations

from ._backoff import Backoff as Backoff
from ._connection import Connection as Connection
from ._connection import connect as connect
from ._document import SharedDocument as SharedDocument
from ._outbox import FileOutbox as FileOutbox
from ._outbox import Outbox as Outbox
from ._snapshot import FetchedSnapshot as FetchedSnapshot
from ._snapshot import FetchSnapshot as FetchSnapshot
from ._snapshot import snapshot_from as snapshot_from
from ._states import ChangeRefused as ChangeRefused
from ._states import ClientError as ClientError
from ._states import Closed as Closed
from ._states import Forbidden as Forbidden
from ._states import NotAuthenticated as NotAuthenticated
from ._states import ProtocolError as ProtocolError
from ._states import State as State
from ._transport import Cut as Cut
from ._transport import Transport as Transport

__all__ = [
    "Backoff",
    "ChangeRefused",
    "ClientError",
    "Closed",
    "Connection",
    "Cut",
    "FetchSnapshot",
    "FetchedSnapshot",
    "FileOutbox",
    "Forbidden",
    "NotAuthenticated",
    "Outbox",
    "ProtocolError",
    "SharedDocument",
    "State",
    "Transport",
    "connect",
    "snapshot_from",
]
