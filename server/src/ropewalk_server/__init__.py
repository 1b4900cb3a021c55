"""A collaboration server for every Yjs client.

rooms = Rooms(store="sqlite:rooms.db", authenticate=who_is_it)
app = FastAPI(lifespan=rooms.lifespan)
app.include_router(rooms_router(rooms), prefix="/collab")
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .auth.identity import Identity as Identity
    from .auth.identity import Refused as Refused
    from .auth.identity import Role as Role
    from .http.sockets import rooms_router as rooms_router
    from .limits import Limits as Limits
    from .rooms.rooms import Rooms as Rooms

# Imported when first used: a program that serves no sockets needs no web framework.
_HOMES = {
    "Identity": "auth.identity",
    "Limits": "limits",
    "Refused": "auth.identity",
    "Role": "auth.identity",
    "Rooms": "rooms.rooms",
    "rooms_router": "http.sockets",
}

__all__ = ["Identity", "Limits", "Refused", "Role", "Rooms", "rooms_router"]


def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value = globals()[name] = getattr(import_module(f".{home}", __name__), name)
    return value
