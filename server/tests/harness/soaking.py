"""How often tests do what they do: seconds of it in `make test`, hours in `make soak`
(ROPEWALK_SOAK=1), and any number by a variable of its own. What takes long says how far it is."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

T = TypeVar("T")

SOAK = os.environ.get("ROPEWALK_SOAK") == "1"
# Who reads progress wants a line now and then.
_EVERY_SECONDS = 20.0


def times(name: str, quick: int, soak: int) -> int:
    """ROPEWALK_<name>, or what is usual."""
    return int(os.environ.get(f"ROPEWALK_{name}") or (soak if SOAK else quick))


def say(what: str) -> None:
    """A figure, or how far a soak is; pytest shows it with -s."""
    print(f"# {time.strftime('%H:%M:%S')} {what}", flush=True)


def counted(what: str, items: Sequence[T] | Iterable[T], total: int = 0) -> Iterator[T]:
    """The items; a soak says now and then at which of them it is."""
    total = total or len(items)  # type: ignore[arg-type]
    said = time.monotonic()
    for number, item in enumerate(items):
        if SOAK and time.monotonic() - said > _EVERY_SECONDS:
            said = time.monotonic()
            say(f"{what}: {number} of {total}")
        yield item
