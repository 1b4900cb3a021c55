"""Numbers: what is counted is what Prometheus reads."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from ropewalk_server.ops import metrics
from ropewalk_server.ops.metrics import PrometheusMetrics


def read(counted: PrometheusMetrics) -> dict[str, float]:
    """Samples by name and labels, through the parser of Prometheus' own library."""
    found = {}
    for family in text_string_to_metric_families(counted.text().decode()):
        for sample in family.samples:
            labels = ",".join(f"{k}={v}" for k, v in sorted(sample.labels.items()))
            found[f"{sample.name}{{{labels}}}"] = sample.value
    return found


def test_counters_gauges_and_distributions() -> None:
    counted = PrometheusMetrics(process=False)
    counted.count("messages", type="sync")
    counted.count("messages", 2, type="sync")
    counted.count("messages", type="awareness")
    counted.count("updates")
    counted.gauge("connections", 3)
    counted.gauge("connections", 2)
    for seconds in (0.0005, 0.003, 0.003, 99):
        counted.observe("append_seconds", seconds)
    assert counted.value("messages", type="sync") == 3
    assert counted.value("connections") == 2
    assert counted.value("never") == 0
    assert counted.total("messages") == 4
    assert counted.total("append_seconds") == 4
    samples = read(counted)
    assert samples["ropewalk_messages_total{type=sync}"] == 3
    assert samples["ropewalk_messages_total{type=awareness}"] == 1
    assert samples["ropewalk_updates_total{}"] == 1
    assert samples["ropewalk_connections{}"] == 2
    assert samples["ropewalk_append_seconds_bucket{le=0.001}"] == 1
    assert samples["ropewalk_append_seconds_bucket{le=0.005}"] == 3
    assert samples["ropewalk_append_seconds_bucket{le=10.0}"] == 3
    assert samples["ropewalk_append_seconds_bucket{le=+Inf}"] == 4
    assert samples["ropewalk_append_seconds_count{}"] == 4
    assert abs(samples["ropewalk_append_seconds_sum{}"] - 99.0065) < 1e-9


def test_a_value_at_the_end_of_a_bucket_is_in_it() -> None:
    counted = PrometheusMetrics(process=False)
    counted.observe("append_updates", 1)
    assert read(counted)["ropewalk_append_updates_bucket{le=1.0}"] == 1


def test_labels_that_differ_make_one_family() -> None:
    counted = PrometheusMetrics(process=False)
    counted.count("refused", reason="a")
    counted.count("refused", where='b"\n')
    counted.count("refused")
    samples = read(counted)
    assert samples["ropewalk_refused_total{reason=a,where=}"] == 1
    assert samples["ropewalk_refused_total{reason=,where=}"] == 1


def test_labels_from_outside_cannot_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics, "MAX_SERIES", 20)
    counted = PrometheusMetrics(process=False)
    for n in range(metrics.MAX_SERIES * 3):
        counted.count("messages", type=f"t{n}")
        counted.observe("x_seconds", 1, type=f"t{n}")
    samples = read(counted)
    assert samples["ropewalk_messages_total{type=other}"] == metrics.MAX_SERIES * 2
    assert samples["ropewalk_x_seconds_count{type=other}"] == metrics.MAX_SERIES * 2
    assert counted.total("messages") == metrics.MAX_SERIES * 3


def test_the_process_is_measured_too() -> None:
    assert "process_resident_memory_bytes{}" in read(PrometheusMetrics())


def test_to_count_is_cheap() -> None:
    """As a ratio to a function call of the same run, so that a busy machine does not matter."""
    counted = PrometheusMetrics(process=False)

    def nothing(name: str, value: float = 1, **labels: str) -> None: ...

    def timed(call: object) -> float:
        best = 1e9
        for _ in range(7):
            started = time.process_time()
            for _ in range(20_000):
                call("messages", type="sync")  # type: ignore[operator]
            best = min(best, time.process_time() - started)
        return best

    assert timed(counted.count) < 12 * timed(nothing)


def names_in(folder: Path) -> set[str]:
    found: set[str] = set()
    for file in folder.rglob("*.py"):
        found |= set(re.findall(r'\.(?:count|observe|gauge)\(\s*f?"(\w+)', file.read_text()))
    return found


def test_every_number_that_the_server_counts_is_explained() -> None:
    package = Path(metrics.__file__).parents[1]
    rooms = [room for room in package.iterdir() if room.is_dir() and room.name != "lambdas"]
    assert set().union(*map(names_in, rooms)) == set(metrics.HELP)


def test_every_number_that_functions_count_is_explained() -> None:
    package = Path(metrics.__file__).parents[1]
    guide = Path(__file__).parents[3] / "docs" / "guides" / "aws.md"
    explained = set(re.findall(r"`(\w+)`", guide.read_text()))
    counted = names_in(package / "lambdas")
    assert len(counted) > 10
    assert {name for name in counted if not any(e.startswith(name) for e in explained)} == set()
