"""Metrics as CloudWatch takes them out of the log (embedded metric format): one line for each event
that has something to say, and log lines as JSON."""

from __future__ import annotations

import json
import logging
import sys
from typing import Any, TextIO

from ..rooms.ports import Metrics
from . import clock

NAMESPACE = "Ropewalk"


class EmbeddedMetrics(Metrics):
    """Counted while an event is handled, and written when it is over."""

    def __init__(self, out: TextIO | None = None) -> None:
        self._out = out
        self._counts: dict[str, float] = {}

    def count(self, name: str, value: float = 1, **labels: str) -> None:
        if labels:
            name += "_" + "_".join(labels[key] for key in sorted(labels))
        self._counts[name] = self._counts.get(name, 0) + value

    def observe(self, name: str, value: float, **labels: str) -> None:
        self._counts[name] = value

    def gauge(self, name: str, value: float, **labels: str) -> None:
        """What a process has at the moment says nothing here: it keeps nothing."""

    def flush(self, function: str, **fields: Any) -> None:
        counts, self._counts = self._counts, {}
        line = {
            "_aws": {
                "Timestamp": int(clock.now() * 1000),
                "CloudWatchMetrics": [
                    {
                        "Namespace": NAMESPACE,
                        "Dimensions": [["function"]],
                        "Metrics": [{"Name": name} for name in sorted(counts)],
                    }
                ],
            },
            "function": function,
            **{name: value for name, value in fields.items() if value is not None},
            **counts,
        }
        out = self._out or sys.stdout
        # In one piece, for what else is written there: print() without a buffer makes it two.
        out.write(json.dumps(line, separators=(",", ":")) + "\n")
        out.flush()


class JsonLines(logging.Formatter):
    """A log line as an object, without what must not be in one."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


def log_as_json() -> None:
    root = logging.getLogger()
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(JsonLines())
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
