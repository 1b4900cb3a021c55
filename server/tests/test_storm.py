"""T16: everybody is cut off and comes back at once; bench/server/storm.py does it."""

from __future__ import annotations

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "bench" / "server"))

import storm


def test_t16_a_storm_of_clients() -> None:
    clients, count = (2_000, 20) if os.environ.get("ROPEWALK_SOAK") else (100, 3)
    figures = storm.measure(clients, count)
    assert max(figure["equal"] for figure in figures) < 30
    # Memory returns: what grew once is used again.
    assert figures[-1]["mib"] <= figures[0]["mib"] * 1.10
