"""Figures as bench/report.py reads them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

Figure = tuple[str, float, str]  # id, value, unit


def write_figures(path: Path, figures: Sequence[Figure], measured_with: str) -> None:
    table = [{"id": id, "value": value, "unit": unit} for id, value, unit in figures]
    document = {"figures": table, "failures": [], "traces": measured_with}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
