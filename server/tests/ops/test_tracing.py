"""Spans, with OpenTelemetry and without."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from ropewalk_server.ops import tracing


@pytest.fixture
def exporter(monkeypatch: pytest.MonkeyPatch) -> Iterator[InMemorySpanExporter]:
    made = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(made))
    monkeypatch.setattr(tracing, "_tracer", lambda: provider.get_tracer("test"))
    yield made
    provider.shutdown()


def test_a_block_is_a_span_and_secrets_are_in_none(exporter: InMemorySpanExporter) -> None:
    with (
        tracing.span("outer", document="acme/a", bytes=5, nothing=None),
        tracing.span("inner", url="/a?token=secret"),
    ):
        pass
    inner, outer = exporter.get_finished_spans()
    assert outer.attributes == {"ropewalk.document": "acme/a", "ropewalk.bytes": 5}
    assert inner.attributes == {"ropewalk.url": "/a?token=[hidden]"}
    assert inner.parent is not None
    assert inner.parent.span_id == outer.context.span_id


def test_what_goes_wrong_inside_goes_through(exporter: InMemorySpanExporter) -> None:
    with pytest.raises(ValueError, match="no"), tracing.span("outer"):
        raise ValueError("no")
    assert not exporter.get_finished_spans()[0].status.is_ok


def test_without_opentelemetry_there_is_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry", None)
    tracing._tracer.cache_clear()
    try:
        with tracing.span("outer", document="a"):
            pass
        assert tracing._tracer() is None
    finally:
        tracing._tracer.cache_clear()
