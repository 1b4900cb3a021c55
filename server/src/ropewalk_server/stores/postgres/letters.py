"""A notification of PostgreSQL is text of less than 8,000 bytes: longer messages go in pieces."""

from __future__ import annotations

import secrets
from base64 import b64encode
from collections import OrderedDict

_PIECE = 5_700
# Messages of which a piece is still missing; it may have been lost.
_UNFINISHED = 64


def cut_letter(topic: str, message: bytes) -> list[str]:
    """Payloads: topic, id, number of the piece, number of the last, the piece in base64."""
    id = secrets.token_urlsafe(9)
    last = max(len(message) - 1, 0) // _PIECE
    return [
        f"{topic} {id} {number} {last} "
        + b64encode(message[number * _PIECE : (number + 1) * _PIECE]).decode()
        for number in range(last + 1)
    ]


class Letters:
    """Puts pieces together again; they come in order, those of several messages mixed."""

    def __init__(self) -> None:
        self._pieces: OrderedDict[str, list[bytes]] = OrderedDict()

    def add(self, id: str, number: int, last: int, piece: bytes) -> bytes | None:
        """The message, when this was its last piece."""
        pieces = self._pieces.setdefault(id, [])
        if number != len(pieces):
            self._pieces.pop(id)
            return None
        pieces.append(piece)
        if number == last:
            return b"".join(self._pieces.pop(id))
        while len(self._pieces) > _UNFINISHED:
            self._pieces.popitem(last=False)
        return None
