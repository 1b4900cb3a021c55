"""PostgreSQL's errors in words that say what to do."""

from __future__ import annotations

import asyncio

import asyncpg  # type: ignore[import-untyped]

from ropewalk_server.stores.contract import StoreError
from ropewalk_server.stores.keyed.calling import Unreachable
from ropewalk_server.stores.keyed.database import Occupied

# SQLSTATE, or its first letters -> (what to say, whether the same call may succeed later).
_SENTENCES = {
    "53100": ("the disk of {where} is full: free some space; what was acknowledged is safe", True),
    "53200": ("{where} is out of memory", True),
    "53300": (
        "{where} has no connection left: raise its max_connections, or lower pool= in the URL",
        True,
    ),
    "25006": ("{where} takes no writes: is it a standby, or read-only?", True),
    "28": ("{where} does not let this user in: check name and password in the URL", False),
    "3D000": ("there is no such database at {where}: createdb makes one", False),
    "42501": ("this user may not do that at {where}: GRANT it what it lacks", False),
    "57014": ("{where} took too long and was stopped (timeout= in the URL)", True),
    "40": ("{where} had to undo it for the sake of others", True),
    "XX": ("{where} reports damage of its own: look into its log", False),
}

# The connection is gone, or never was: whether the call was done is not known.
_CONNECTION = (
    OSError,
    TimeoutError,
    asyncio.TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.OperatorInterventionError,  # it shuts down, or starts
)

ERRORS = (*_CONNECTION, asyncpg.PostgresError)


def store_error(where: str, error: BaseException) -> StoreError | Occupied:
    """What to raise instead; `where` is the server without secrets."""
    state = getattr(error, "sqlstate", None) or ""
    if isinstance(error, asyncpg.UniqueViolationError) and error.table_name == "records":
        return Occupied()
    if isinstance(error, _CONNECTION) and state != "57014":
        said = str(error) or type(error).__name__
        return Unreachable(f"{where} does not answer: {said}")
    for begin in (state, state[:2]):
        if begin in _SENTENCES:
            sentence, transient = _SENTENCES[begin]
            return StoreError(f"{sentence.format(where=where)} ({error})", transient=transient)
    return StoreError(f"{where} could not do it ({state}: {error})", transient=False)
