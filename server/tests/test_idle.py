"""T14: what connections cost on which nothing happens; bench/server/idle.py measures 10,000."""

from __future__ import annotations

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "bench" / "server"))

import idle  # noqa: E402


def test_t14_idle_connections_cost_little() -> None:
    count = 10_000 if os.environ.get("ROPEWALK_SOAK") else 500
    figures = idle.measure(count, documents=count // 10, seconds=3.0)
    each = (figures["with_mib"] - figures["before_mib"]) * 1024 / count
    assert each <= 50, f"{each:.1f} KiB for each connection"
    assert figures["with_mib"] <= 512
    assert figures["core"] <= 0.10
    # Of a core that is the server's alone: 2 ms each are 500 a second.
    assert figures["connect_cpu_ms"] <= 2.0
