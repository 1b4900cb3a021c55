"""Updates as values: what can be done with them without a document.

Whatever has a buffer is accepted: bytes, bytearray, memoryview, mmap.
"""

from __future__ import annotations

from . import _core

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypedDict

    class UpdateInfo(TypedDict):
        """What inspect_update() tells."""

        clients: dict[int, tuple[int, int]]
        roots: dict[str, str | None]
        items: int
        gcs: int
        skips: int
        units: int
        deleted_units: int
        skipped_units: int
        delete_ranges: int


def get_state(update: bytes, *, v2: bool = False) -> bytes:
    """The state vector of a document that has this update and nothing else."""
    return _core.get_state(update, v2)


def get_update(update: bytes, state: bytes, *, v2: bool = False) -> bytes:
    """What of an update somebody in `state` does not know."""
    return _core.get_update(update, state, v2)


def merge_updates(*updates: bytes, collect: bool = False, v2: bool = False) -> bytes:
    """One update that does what all of them do, in whatever order they are.

    Args:
        collect: Also forget the content of what is deleted, and join what was typed in one go: as
            small as what a document with all of it would encode.
        v2: They are in format V2, and so is the result.
    """
    return _core.merge_updates(updates, collect, v2)


def convert_update(update: bytes, *, v2: bool) -> bytes:
    """An update of the other format in format V2, or, with v2=False, in V1."""
    return _core.convert_update(update, not v2, v2)


def inspect_update(update: bytes, *, v2: bool = False) -> UpdateInfo:
    """What an update consists of, in numbers.

    `clients` has the clocks of each client, from the first up to the one behind the last; `roots`
    what each root is, as far as its content tells; `items`, `gcs` and `skips` are the structs;
    `units` counts the clocks of items and gcs, `deleted_units` those of them that are deleted,
    `skipped_units` those that are lacking.
    """
    return _core.inspect_update(update, v2)


def describe_update(update: bytes, *, v2: bool = False) -> str:
    """The same in words: a line for each struct and each deleted range."""
    return _core.describe_update(update, v2)


def obfuscate_update(
    update: bytes,
    *,
    formatting: bool = True,
    subdocuments: bool = True,
    xml: bool = True,
    v2: bool = False,
) -> bytes:
    """The same structs with made-up content, to be shown to those who look for a bug."""
    return _core.obfuscate_update(update, formatting, subdocuments, xml, v2)
