"""Logs: one JSON object a line for machines, or short lines for a person at a terminal.

Whoever logs gives an event's fields as `extra`. The request and the connection it happened in come
from the context. All that goes out is scrubbed (ops/scrub.py), tracebacks included.
"""

from __future__ import annotations

import json
import logging
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from types import MappingProxyType
from typing import Any, TextIO

from .scrub import scrub, scrub_value

_CONTEXT: ContextVar[Mapping[str, Any]] = ContextVar(
    "ropewalk_log_context", default=MappingProxyType({})
)

# What every record has by itself; all else was given as `extra`.
_OWN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "color_message"}

# These tell of every request and of every connection at `info`; the server does that itself.
QUIET = ("uvicorn.error", "uvicorn.access", "httpx", "httpcore", "websockets")

MAX_MESSAGE = 8_000  # characters; the rest of a longer one is cut off


@contextmanager
def context(**fields: Any) -> Iterator[None]:
    """Everything that is logged inside, in this task and those it starts, has these fields."""
    token = _CONTEXT.set({**_CONTEXT.get(), **fields})
    try:
        yield
    finally:
        _CONTEXT.reset(token)


def _fields(record: logging.LogRecord) -> dict[str, Any]:
    extra = {name: value for name, value in vars(record).items() if name not in _OWN}
    found: dict[str, Any] = scrub_value({**_CONTEXT.get(), **extra})
    return found


def _message(record: logging.LogRecord) -> str:
    try:
        text = record.getMessage()
    except Exception:
        text = str(record.msg)
    return scrub(text)[:MAX_MESSAGE]


class JsonFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        moment = time.gmtime(record.created)
        line: dict[str, Any] = {
            "time": time.strftime("%Y-%m-%dT%H:%M:%S", moment) + f".{int(record.msecs):03d}Z",
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": _message(record),
        }
        for name, value in _fields(record).items():
            line.setdefault(name, value)
        if record.exc_info and record.exc_info[1] is not None:
            line["exception"] = scrub(self.formatException(record.exc_info))
        if record.stack_info:
            line["stack"] = scrub(record.stack_info)
        return json.dumps(line, ensure_ascii=True, default=lambda value: scrub(repr(value)))


_COLORS = {"warning": "\x1b[33m", "error": "\x1b[31m", "critical": "\x1b[31;1m", "debug": "\x1b[2m"}


class TextFormatter(logging.Formatter):
    """`12:30:01 warning keys of the issuer not fetched  kept=2`."""

    def __init__(self, *, color: bool = False) -> None:
        super().__init__()
        self._color = color

    def format(self, record: logging.LogRecord) -> str:
        level = record.levelname.lower()
        fields = "".join(
            f"  {n}={_printable(v)}" for n, v in _fields(record).items() if n != "event"
        )
        clock = time.strftime("%H:%M:%S", time.localtime(record.created))
        line = f"{clock} {level:7} {_printable(_message(record))}{fields}"
        if self._color and level in _COLORS:
            line = f"{_COLORS[level]}{line}\x1b[0m"
        if record.exc_info and record.exc_info[1] is not None:
            line += "\n" + scrub(self.formatException(record.exc_info))
        return line


def _printable(value: Any) -> str:
    """On one line, whatever is in it: nobody writes lines of a log from outside."""
    text = value if isinstance(value, str) else json.dumps(value, default=str)
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def configure(level: str = "info", format: str = "auto", stream: TextIO | None = None) -> None:
    """Sends all logs of this process to a stream (stderr), in one form."""
    stream = stream if stream is not None else sys.stderr
    terminal = stream.isatty()
    as_text = format == "text" or (format == "auto" and terminal)
    handler = logging.StreamHandler(stream)
    handler.setFormatter(TextFormatter(color=terminal) if as_text else JsonFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name in QUIET:
        logging.getLogger(name).handlers[:] = []
        logging.getLogger(name).propagate = True
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))
