"""Who somebody is (tokens, tickets) and what they may do (roles)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .authenticate import Door as Door
    from .identity import Authenticator as Authenticator
    from .identity import Authorizer as Authorizer
    from .identity import Identity as Identity
    from .identity import Refused as Refused
    from .identity import Role as Role
    from .roles import CallbackRoles as CallbackRoles
    from .roles import ClaimRoles as ClaimRoles
    from .roles import SameForAll as SameForAll
    from .roles import TableRoles as TableRoles
    from .tickets import Tickets as Tickets
    from .tokens import TokenRules as TokenRules
    from .tokens import TokenVerifier as TokenVerifier

# Imported when first used: whoever needs an Identity needs no cryptography.
_HOMES = {
    "Door": "authenticate",
    **dict.fromkeys(("Authenticator", "Authorizer", "Identity", "Refused", "Role"), "identity"),
    **dict.fromkeys(("CallbackRoles", "ClaimRoles", "SameForAll", "TableRoles"), "roles"),
    "Tickets": "tickets",
    **dict.fromkeys(("TokenRules", "TokenVerifier"), "tokens"),
}

__all__ = sorted(_HOMES)


def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value = globals()[name] = getattr(import_module(f".{home}", __name__), name)
    return value
