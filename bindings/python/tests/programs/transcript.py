"""What a program saw, in lines that are equal for equal meanings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twin import plain


class Transcript:
    def __init__(self) -> None:
        self.lines: list[str] = []

    def say(self, label: str, value: object = "") -> None:
        self.lines.append(f"{label}: {plain(value)!r}" if value != "" else label)

    def fails(self, label: str, action: Callable[[], object]) -> None:
        """Which exception an action raises; its sentence is each module's own."""
        try:
            result = action()
        except Exception as error:
            self.lines.append(f"{label} raises {kind_of(error)}")
        else:
            self.lines.append(f"{label} gives {plain(result)!r}")

    def events(self, label: str, events: list[Any]) -> None:
        """Events of one transaction; the order among different types is nobody's promise."""
        for line in sorted(describe(event) for event in events):
            self.lines.append(f"{label} {line}")


def kind_of(error: BaseException) -> str:
    """The exception's builtin ancestor that is nearest: a DecodeError is a ValueError."""
    if isinstance(error, KeyError):  # ropewalk's is an AttributeError as well, for hasattr()
        return "KeyError"
    builtin = next(c for c in type(error).__mro__ if c.__module__ in ("builtins", "pydantic"))
    return builtin.__name__


def describe(event: Any) -> str:
    parts = [f"{type(event).__name__} at {plain(list(event.path))}"]
    for name in ("delta", "keys"):
        # In ropewalk texts have attributes, and their events tell of these.
        if hasattr(event, name) and (type(event).__name__, name) != ("TextEvent", "keys"):
            parts.append(f"{name} {plain(getattr(event, name))!r}")
    return ", ".join(parts)
