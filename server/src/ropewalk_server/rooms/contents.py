"""What is in an update."""

from __future__ import annotations

from ropewalk import IdSet, encode_state_vector, get_update, inspect_update


def ends_of(update: bytes) -> dict[int, int]:
    """Of each client, the clock behind its last unit. ValueError: it is no update."""
    return {client: end for client, (_, end) in inspect_update(update)["clients"].items()}


def deletions_of(update: bytes) -> IdSet:
    """What it deletes. ValueError: it is no update."""
    rest = get_update(update, encode_state_vector(ends_of(update)))
    # Blocks are left out of it: one byte says that there are none, and all the rest is deletions.
    return IdSet.decode(rest[1:])
