"""`Metrics`: the service's Prometheus metrics: calls and their durations, calls about contexts, file size, tokens by
model, jobs, what message brokers have not got yet, and the CPU time of threads. No label holds a key, a path or a
session."""

from __future__ import annotations

from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest

from penstock.jobs.jobs import Jobs
from penstock_service.health.job_counts import JobCounts
from penstock_service.health.relay_lags import RelayLags
from penstock_service.health.thread_seconds import ThreadSeconds
from penstock_service.health.token_usage import TokenUsage
from penstock_service.http.observing import Answered

__all__ = ["Metrics"]

_BUCKETS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30)
"""Seconds."""


class Metrics:
    """The Prometheus metrics of one service. Any thread may call."""

    def __init__(self, contexts: Path, store: Path, jobs: Jobs) -> None:
        """`contexts` and `store`: the files of the contexts and of the proxy's log."""
        self._registry = registry = CollectorRegistry()
        self._calls = Counter(
            "penstock_requests", "Calls answered by the service.", ["method", "route", "status"], registry=registry
        )
        self._seconds = Histogram(
            "penstock_requests_seconds",
            "Seconds until an answer began.",
            ["method", "route"],
            buckets=_BUCKETS,
            registry=registry,
        )
        self._operations = Counter(
            "context_operations", "Calls about contexts.", ["operation", "outcome"], registry=registry
        )
        self._response_time = Histogram(
            "context_response_time",
            "Seconds until the answer to a call about contexts began.",
            ["operation"],
            buckets=_BUCKETS,
            registry=registry,
        )
        size = Gauge("context_storage_size", "Bytes of the file of contexts and its log.", registry=registry)
        size.set_function(lambda: _bytes(contexts))
        ProcessCollector(registry=registry)
        registry.register(TokenUsage(store))
        registry.register(JobCounts(jobs))
        registry.register(RelayLags(store))
        registry.register(ThreadSeconds())

    def note(self, call: Answered) -> None:
        """Count a call and its duration."""
        self._calls.labels(call.method, call.route, str(call.status)).inc()
        self._seconds.labels(call.method, call.route).observe(call.seconds)
        if call.operation:
            outcome = "ok" if call.status < 400 else "refused" if call.status < 500 else "failed"
            self._operations.labels(call.operation, outcome).inc()
            self._response_time.labels(call.operation).observe(call.seconds)

    def text(self) -> bytes:
        """All metrics in Prometheus' text format."""
        return generate_latest(self._registry)


def _bytes(file: Path) -> int:
    return sum(one.stat().st_size for one in (file, file.with_name(f"{file.name}-wal")) if one.exists())
