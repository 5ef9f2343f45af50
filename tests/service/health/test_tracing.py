"""Spans for calls of models, at a real collector."""

from __future__ import annotations

import queue
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
import httpx
import pytest
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2 as messages
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2_grpc as service

from penstock.control.discovery import free_port
from penstock.events.event import Event, EventKind
from penstock.profiles.service import ServiceSettings
from penstock.store.sql import SqlStore
from penstock_service.health.tracing import Tracing
from penstock_service.server import ServiceServer

ABOUT = {"provider": "anthropic", "model": "m", "session": "secret", "conversation": "secret", "words": "secret"}


class Collector(service.TraceServiceServicer):  # type: ignore[misc]
    """Keeps the spans that it gets."""

    def __init__(self) -> None:
        self.spans: queue.Queue[Any] = queue.Queue()

    def Export(self, request: Any, context: Any) -> Any:  # noqa: N802
        for resource in request.resource_spans:
            for scope in resource.scope_spans:
                for span in scope.spans:
                    self.spans.put(span)
        return messages.ExportTraceServiceResponse()


@pytest.fixture
def collector() -> Iterator[tuple[Collector, str]]:
    with ThreadPoolExecutor(2) as pool:
        server, kept = grpc.server(pool), Collector()
        service.add_TraceServiceServicer_to_server(kept, server)
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        yield kept, f"http://127.0.0.1:{port}"
        server.stop(None).wait()


def events(end: EventKind, **said: Any) -> list[Event]:
    return [Event(0, 10.0, "a", EventKind.CLASSIFIED, ABOUT), Event(0, 12.5, "a", end, said)]


def test_a_span_for_each_call(collector: tuple[Collector, str], tmp_path: Path) -> None:
    """With what was counted and how long it took; nothing that was said, and nothing from before."""
    kept, address = collector
    log = SqlStore(tmp_path / "penstock.db")
    log.add_events(events(EventKind.ANSWERED, status=200))
    tracing = Tracing(log.path, address)
    usage = {"input": 5, "cache_read": 10, "output": 6}
    log.add_events(events(EventKind.ANSWERED, status=200, model="m-2026", usage=usage, text="secret"))
    log.add_events(events(EventKind.FAILED, why="provider", status=529, error="secret"))
    log.close()
    tracing.close()
    answered, failed = kept.spans.get(timeout=60), kept.spans.get(timeout=60)
    assert kept.spans.empty()
    assert (answered.name, answered.end_time_unix_nano - answered.start_time_unix_nano) == ("chat m", 2_500_000_000)
    found = {one.key: one.value.string_value or one.value.int_value for one in answered.attributes}
    assert found == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "anthropic",
        "gen_ai.request.model": "m",
        "gen_ai.response.model": "m-2026",
        "gen_ai.usage.input_tokens": 15,
        "gen_ai.usage.output_tokens": 6,
    }
    assert {one.key: one.value.string_value for one in failed.attributes}["error.type"] == "provider"
    assert "secret" not in str(answered) + str(failed)


def test_a_service_sends_them_where_its_settings_say(collector: tuple[Collector, str], tmp_path: Path) -> None:
    """What was logged until its end comes, too."""
    kept, address = collector
    server = ServiceServer(tmp_path / "penstock.db", ServiceSettings(otlp=address))
    server.start()
    assert httpx.get(f"{server.url}/healthz", trust_env=False, timeout=60).status_code == 200
    log = SqlStore(tmp_path / "penstock.db")
    log.add_events(events(EventKind.ANSWERED, status=200))
    log.close()
    server.stop()
    assert kept.spans.get(timeout=60).name == "chat m"


def test_a_collector_that_is_away_costs_nothing_else(tmp_path: Path) -> None:
    """It ends in time, and says nothing as an error that would end a proxy."""
    log = SqlStore(tmp_path / "penstock.db")
    tracing = Tracing(log.path, f"http://127.0.0.1:{free_port('127.0.0.1')}")
    log.add_events(events(EventKind.ANSWERED, status=200))
    log.close()
    tracing.close()
