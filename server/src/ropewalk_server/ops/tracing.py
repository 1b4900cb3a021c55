"""Spans of OpenTelemetry, where its API is installed; else nothing, at the cost of a call.

Where spans go is the application's to say (opentelemetry-sdk, its environment variables).
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from functools import cache
from typing import Any

from .scrub import scrub_value


@cache
def _tracer() -> Any:
    try:
        from opentelemetry import trace
    except ImportError:
        return None
    return trace.get_tracer("ropewalk_server")


def span(name: str, **attributes: object) -> AbstractContextManager[object]:
    """A span around a block. Attributes are scrubbed; what they hold is text or a number."""
    tracer = _tracer()
    if tracer is None:
        return nullcontext()
    known = {f"ropewalk.{n}": _attribute(v) for n, v in attributes.items() if v is not None}
    started: AbstractContextManager[object] = tracer.start_as_current_span(name, attributes=known)
    return started


def _attribute(value: object) -> str | int | float | bool:
    shown = scrub_value(value)
    return shown if isinstance(shown, (str, int, float, bool)) else str(shown)
