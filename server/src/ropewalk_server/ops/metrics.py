"""Numbers for Prometheus.

To count costs a dictionary look-up and an addition: no locks (the event loop is one thread) and no
objects; the text that Prometheus reads is made when it asks.
"""

from __future__ import annotations

import bisect
import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from prometheus_client import (
    CollectorRegistry,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from ..rooms import ports

PREFIX = "ropewalk_"

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
BYTES = (64, 256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216)
COUNTS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)

# What each number is, and for distributions where its buckets end. One that is counted and has no
# line here is shown all the same.
HELP: dict[str, str] = {
    # Connections.
    "connections": "WebSocket connections that are open.",
    "closed": "Connections that the server has ended, by close code; 4408 read too slowly.",
    "refused": "Connections and joins that were refused, by reason.",
    "session_failures": "Messages at which the server failed.",
    # What is said.
    "messages": "Messages from clients, by type; of those, Awareness is presence.",
    "received_bytes": "Bytes of messages from clients.",
    "unknown_messages": "Messages of types that this version does not know.",
    "unexpected_messages": "Messages that only a server says, or that were not allowed.",
    "awareness_ignored": "Presence that was said for somebody else, or was too much.",
    "changes_denied": "Changes by those who may only read.",
    # Documents.
    "rooms": "Documents in memory.",
    "rooms_unsynced": "Times that a store took no changes of a document for too long.",
    "broadcast_seconds": "From a change's arrival to the outboxes of the others.",
    "ack_seconds": "From a change's arrival to its commit, when it is acknowledged.",
    "entries_refused": "Stored changes of other processes that the engine refused.",
    # The store.
    "updates_stored": "Changes that were committed.",
    "append_seconds": "One commit of the changes of a document.",
    "load_seconds": "Reading a document from the store.",
    "load_failures": "Documents that could not be loaded.",
    "damaged_records": "Records that were found damaged or gone, each once while its document is "
    "open; the store has set them aside.",
    "store_failures": "Calls of the store that failed, by call; they are tried again.",
    "compactions": "Logs that were put together.",
    "compaction_failures": "Logs that could not be put together this time.",
    "documents_built": "Documents that were served from their packed form until somebody wrote.",
    "compaction_seconds": "Putting one log together.",
    # Epochs.
    "renumberings": "Documents that have begun a new epoch by themselves.",
    "renumbering_failures": "Documents that could not be renumbered this time.",
    "translations": "Changes of older epochs that were translated.",
    "untranslatable": "Changes of older epochs that could not be; their clients keep them aside.",
    # HTTP.
    "http_requests": "HTTP requests, by method, route and status.",
    "http_seconds": "HTTP requests from their first byte to their last.",
    "webhooks": "Requests to webhooks, by outcome.",
    "webhook_events_dropped": "Events that a webhook was never told of.",
}

Labels = tuple[tuple[str, str], ...]

MAX_SERIES = 1_000  # label values of one name; further ones are counted together


@dataclass(slots=True)
class _Distribution:
    bounds: tuple[float, ...]
    counts: list[int] = field(default_factory=list)
    total: float = 0.0

    def __post_init__(self) -> None:
        self.counts = [0] * (len(self.bounds) + 1)

    def add(self, value: float) -> None:
        self.counts[bisect.bisect_left(self.bounds, value)] += 1
        self.total += value

    def buckets(self) -> list[tuple[str, float]]:
        ends = [*(str(float(bound)) for bound in self.bounds), "+Inf"]
        return list(zip(ends, itertools.accumulate(map(float, self.counts)), strict=True))


def bounds_of(name: str) -> tuple[float, ...]:
    """Where the buckets of a distribution end, by the unit at the end of its name."""
    if name.endswith("_seconds"):
        return SECONDS
    return BYTES if name.endswith("_bytes") else COUNTS


class PrometheusMetrics(ports.Metrics, Collector):
    """What rooms and sessions count into, and what /metrics reads."""

    def __init__(self, *, process: bool = True) -> None:
        self._counters: dict[str, dict[Labels, float]] = {}
        self._gauges: dict[str, dict[Labels, float]] = {}
        self._distributions: dict[str, dict[Labels, _Distribution]] = {}
        self.registry = CollectorRegistry(auto_describe=False)
        self.registry.register(self)
        if process:
            ProcessCollector(registry=self.registry)
            PlatformCollector(registry=self.registry)

    def count(self, name: str, value: float = 1, **labels: str) -> None:
        series = self._counters.get(name)
        if series is None:
            series = self._counters[name] = {}
        key = tuple(labels.items()) if labels else ()
        try:
            series[key] += value
        except KeyError:
            series[_bounded(series, key)] = value + series.get(_bounded(series, key), 0.0)

    def gauge(self, name: str, value: float, **labels: str) -> None:
        series = self._gauges.setdefault(name, {})
        series[_bounded(series, tuple(labels.items()))] = value

    def observe(self, name: str, value: float, **labels: str) -> None:
        series = self._distributions.get(name)
        if series is None:
            series = self._distributions[name] = {}
        key = tuple(labels.items()) if labels else ()
        found = series.get(key)
        if found is None:
            key = _bounded(series, key)
            found = series.setdefault(key, _Distribution(bounds_of(name)))
        found.add(value)

    def value(self, name: str, **labels: str) -> float:
        """What was counted, or what a gauge says; 0 of what never happened."""
        key = _in_order(tuple(labels.items()))
        for table in (self._counters, self._gauges):
            for found, value in table.get(name, {}).items():
                if _in_order(found) == key:
                    return value
        return 0.0

    def total(self, name: str) -> float:
        """A counter over all its labels, or the measurements of a distribution."""
        if name in self._distributions:
            return float(sum(sum(one.counts) for one in self._distributions[name].values()))
        return sum(self._counters.get(name, {}).values())

    def collect(self) -> Iterator[Metric]:
        for name, series in list(self._counters.items()):
            # The library appends "_total" by itself.
            yield from _family(CounterMetricFamily, name, series.items())
        for name, series in list(self._gauges.items()):
            yield from _family(GaugeMetricFamily, name, series.items())
        for name, distributions in list(self._distributions.items()):
            names = _label_names(distributions)
            histogram = HistogramMetricFamily(PREFIX + name, HELP.get(name, name), labels=names)
            for labels, one in list(distributions.items()):
                histogram.add_metric(_label_values(names, labels), one.buckets(), one.total)
            yield histogram

    def text(self) -> bytes:
        """What /metrics answers."""
        return generate_latest(self.registry)


def _family(
    kind: type[CounterMetricFamily | GaugeMetricFamily],
    name: str,
    series: Iterable[tuple[Labels, float]],
) -> Iterator[Metric]:
    rows = list(series)
    names = _label_names(labels for labels, _ in rows)
    family = kind(PREFIX + name, HELP.get(name, name), labels=names)
    for labels, value in rows:
        family.add_metric(_label_values(names, labels), value)
    yield family


def _in_order(labels: Labels) -> Labels:
    return tuple(sorted(labels))


def _label_names(series: Iterable[Labels]) -> list[str]:
    """All names that occur, so that one family has one set of them."""
    return sorted({name for labels in series for name, _ in labels})


def _label_values(names: list[str], labels: Labels) -> list[str]:
    known = dict(labels)
    return [str(known.get(name, "")) for name in names]


def _bounded(series: dict[Labels, float] | dict[Labels, _Distribution], key: Labels) -> Labels:
    """The key, or one for all that is too much: what comes from outside cannot fill the memory."""
    if key in series or len(series) < MAX_SERIES:
        return key
    return tuple((name, "other") for name, _ in key)
