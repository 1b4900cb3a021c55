"""Compaction: what a history can do without.

    small = compact(history)                    # keeps every id: always allowed
    history, epoch = renumber(history)          # forgets what was deleted: a new epoch
    late = epoch.translate_update(doc.get_update(epoch.old_state()))
"""

from __future__ import annotations

from . import _core

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable


def compact(history: bytes, *, v2: bool = False) -> bytes:
    """The same history without the content of what is deleted, in as few structs as possible.

    Replicas that have it and replicas that have the other one go on together.

    Args:
        v2: It is in format V2, and so is the result.
    """
    return _core.compact(history, v2)


def renumber(
    history: bytes,
    *,
    from_epoch: int = 0,
    to_epoch: int | None = None,
    taken: Iterable[int] = (),
    seed: int | None = None,
    v2: bool = False,
) -> tuple[bytes, _core.EpochMap]:
    """A new epoch: what lives, under new ids, and the map that leads there.

    Whoever has the old history must come over: what it has not sent goes through the map, and the
    rest of its copy is thrown away. Raises DecodeError for a history with holes.

    Args:
        from_epoch: The number of the epoch that ends.
        to_epoch: That of the one that begins; the next number if left out.
        taken: Client ids of other epochs that are still supported.
        seed: 64 bits that new client ids are drawn from, the same ones of the same; at random if
            left out.
        v2: The history is in format V2, and so is the result.
    """
    from secrets import randbits

    behind = from_epoch + 1 if to_epoch is None else to_epoch
    bits = randbits(64) if seed is None else seed
    return _core.renumber(history, from_epoch, behind, bits, taken, v2)
