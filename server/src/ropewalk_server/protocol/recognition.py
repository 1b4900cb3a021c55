"""Which codec a connection speaks, told by its first message."""

from __future__ import annotations

from collections.abc import Callable

from .codec import Codec, Unreadable
from .frames import BinaryCodec

# Codecs of text, each with what recognises it; the first that does is taken.
TextCodec = tuple[Callable[[str], bool], Callable[[], Codec]]
TEXT_CODECS: list[TextCodec] = []


def recognise(first: bytes | str) -> Codec:
    """The codec of a connection that begins with this message."""
    if isinstance(first, bytes):
        return BinaryCodec()
    for recognises, codec in TEXT_CODECS:
        if recognises(first):
            return codec()
    raise Unreadable("text, where a binary message was expected")
