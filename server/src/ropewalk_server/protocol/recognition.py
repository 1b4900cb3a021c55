"""Which codec a connection speaks, told by its first message."""

from __future__ import annotations

from ..limits import Limits
from .codec import Codec
from .envelopes import EnvelopeCodec
from .frames import BinaryCodec
from .hocuspocus import HocuspocusCodec, begins_hocuspocus
from .text_frames import TextFramesCodec
from .unfinished import Unfinished


def recognise(
    first: bytes | str, limits: Limits, unfinished: Unfinished, *, several: bool
) -> Codec:
    """The codec of a connection that begins with this message. `several`: its URL names no
    document; Hocuspocus' provider connects like that, and no other first message looks like its."""
    if isinstance(first, bytes):
        return HocuspocusCodec() if several and begins_hocuspocus(first) else BinaryCodec()
    if first.lstrip()[:1] == "{":
        return EnvelopeCodec(limits)
    return TextFramesCodec(limits, unfinished)
