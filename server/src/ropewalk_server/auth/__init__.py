"""Who somebody is (tokens, tickets) and what they may do (roles)."""

from .authenticate import Door
from .identity import Authenticator, Authorizer, Identity, Refused, Role
from .roles import CallbackRoles, ClaimRoles, SameForAll, TableRoles
from .tickets import Tickets
from .tokens import TokenRules, TokenVerifier

__all__ = [
    "Authenticator",
    "Authorizer",
    "CallbackRoles",
    "ClaimRoles",
    "Door",
    "Identity",
    "Refused",
    "Role",
    "SameForAll",
    "TableRoles",
    "Tickets",
    "TokenRules",
    "TokenVerifier",
]
