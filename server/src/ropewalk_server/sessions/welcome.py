"""What a client is told about itself."""

from __future__ import annotations

from typing import Any

from ..auth.identity import Identity
from ..limits import Limits
from ..protocol.messages import Welcome
from ..rooms.colors import color_of
from .states import Joined

PROTOCOL_VERSION = 1


def welcome(identity: Identity, limits: Limits, joined: Joined | None) -> Welcome:
    """The answer to a hello or a renewal: in a document, or of the connection alone."""
    fields: dict[str, Any] = {
        "v": PROTOCOL_VERSION,
        "user": {
            "id": identity.user,
            "name": identity.name or identity.user,
            "color": color_of(identity.user),
        },
        "limits": {"message": limits.message_bytes, "document": limits.document_bytes},
    }
    if identity.expires is not None:
        fields["expires"] = identity.expires
    if joined is not None:
        fields["role"] = joined.member.role.name.lower()
        fields["epoch"] = joined.room.epoch
    return Welcome(fields)
