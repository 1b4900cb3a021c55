"""Redis' errors in words that say what to do."""

from __future__ import annotations

from redis import exceptions

from ropewalk_server.stores.contract import StoreError
from ropewalk_server.stores.keyed.calling import Unreachable

# How Redis begins its answer -> (what to say, whether the same call may succeed later).
_SENTENCES = {
    "OOM": ("{where} has no memory left: raise maxmemory; what was acknowledged is safe", True),
    "MISCONF": ("{where} cannot write to its disk, and takes nothing until it can", True),
    "READONLY": ("{where} is a replica and takes no writes", True),
    "NOAUTH": ("{where} wants a password: put it into the URL", False),
    "WRONGPASS": ("{where} does not let this user in: check name and password", False),
    "NOPERM": ("this user may not do that at {where}: give it what it lacks (ACL SETUSER)", False),
    "WRONGTYPE": ("{where} has something else under our keys: use another database", False),
}

# The connection is gone, or never was, or Redis is starting: perhaps the call was done.
_CONNECTION = (
    OSError,
    TimeoutError,
    exceptions.ConnectionError,
    exceptions.TimeoutError,
    exceptions.BusyLoadingError,
)
_REFUSED = (exceptions.AuthenticationError, exceptions.NoPermissionError)

ERRORS = (*_CONNECTION, exceptions.RedisError)


def store_error(where: str, error: BaseException) -> StoreError:
    """What to raise instead; `where` is the server without secrets."""
    said = str(error) or type(error).__name__
    if isinstance(error, _CONNECTION) and not isinstance(error, _REFUSED):
        return Unreachable(f"{where} does not answer: {said}")
    if isinstance(error, exceptions.OutOfMemoryError):
        said = f"OOM {said}"
    for begin, (sentence, transient) in _SENTENCES.items():
        if begin in said.split(":")[0] or f" {begin} " in said:
            return StoreError(f"{sentence.format(where=where)} ({said})", transient=transient)
    if isinstance(error, _REFUSED):
        return StoreError(f"{where} does not let this user in ({said})", transient=False)
    return StoreError(f"{where} could not do it ({said})", transient=False)
