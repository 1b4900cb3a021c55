"""What a server adds to text frames (ropewalk.text_frames): the sources of its answers.

The answer to a step 0 is the longest message there is. Its source says what it was made from, so that
any process finds the same bytes again: the version of the document and what the client had.
"""

from __future__ import annotations

from typing import NamedTuple

from ropewalk import DecodeError, Decoder, Encoder
from ropewalk.text_frames import MAX_SOURCE

from ..stores.contract import Version


class Answer(NamedTuple):
    """The answer to a step 0: all of `doc` at `version` that a client in `state_vector` lacks."""

    doc: str
    version: Version
    state_vector: bytes


def answer_source(answer: Answer) -> bytes:
    """Its source; empty if it would be longer than a source may be: then only whoever still has the
    answer can send the rest of it."""
    encoder = Encoder()
    encoder.write_var_string(answer.doc)
    encoder.write_var_uint(answer.version.epoch)
    encoder.write_var_uint(answer.version.seq)
    source = encoder.to_bytes() + answer.state_vector
    return source if len(source) <= MAX_SOURCE else b""


def read_answer_source(source: bytes) -> Answer | None:
    """What it stands for; None if it is no such source."""
    decoder = Decoder(source)
    try:
        doc = decoder.read_var_string()
        version = Version(decoder.read_var_uint(), decoder.read_var_uint())
    except DecodeError:
        return None
    state_vector = source[decoder.i0 :]
    return Answer(doc, version, state_vector) if doc and state_vector else None
