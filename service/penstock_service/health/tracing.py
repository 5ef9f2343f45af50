"""`Tracing`: sends calls of models, read from the proxy's log, as OpenTelemetry spans to a collector, by OTLP over
gRPC. `[service] otlp` names it; without that, nothing of this is imported."""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from contextlib import closing
from pathlib import Path

from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import SpanKind, StatusCode

from penstock.base.errors import StoreError
from penstock.base.recurring_fault import RecurringFault
from penstock.base.version import VERSION
from penstock.events.cursor import START, Cursor
from penstock.events.event import Event, EventKind
from penstock.events.request_events import ClassifiedEvent
from penstock.events.response_events import AnsweredEvent, FailedEvent
from penstock.store.reading import all_events, open_log
from penstock_service.health import genai_names as names

__all__ = ["Tracing"]

logger = logging.getLogger(__name__)
_KINDS = (EventKind.CLASSIFIED, EventKind.ANSWERED, EventKind.FAILED)
_POLL_S = 2.0
_OPEN = 1000
"""Requests whose end is waited for."""
_TIMEOUT_S = 3
"""Seconds for one delivery, also at the end."""


class Tracing:
    """Follows the proxy's log in a thread, from its end on. A span has numbers and names of models, and no text, key or
    session. A collector that is away costs the spans, after they were tried again, and nothing else."""

    def __init__(self, store: Path, endpoint: str) -> None:
        self._store = store
        self._provider = TracerProvider(
            resource=Resource.create({"service.name": "penstock", "service.version": VERSION}), shutdown_on_exit=False
        )
        exporter = OTLPSpanExporter(endpoint, insecure=endpoint.startswith("http://"), timeout=_TIMEOUT_S)
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer("penstock")
        self._open: OrderedDict[str, tuple[float, ClassifiedEvent]] = OrderedDict()
        self._cursor = self._newest()
        self._unread = RecurringFault(logger, "calls of models cannot be traced now: %s")
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="penstock-tracing", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Send the spans that are left, and end the thread."""
        self._is_over.set()
        self._thread.join()
        self._read()
        self._provider.shutdown()

    def _newest(self) -> Cursor:
        """The start where there is no log yet: all of one that begins later counts."""
        if not self._store.exists():
            return START
        try:
            with closing(open_log(self._store)) as log:
                return log.end()
        except StoreError:
            return START

    def _follow(self) -> None:
        while not self._is_over.wait(_POLL_S):
            self._read()

    def _read(self) -> None:
        if not self._store.exists():
            return
        try:
            with closing(open_log(self._store)) as log:
                for event in all_events(log, self._cursor, _KINDS):
                    self._cursor = event.cursor
                    self._fold(event)
            self._unread.over()
        except StoreError as e:
            self._unread.met(e)

    def _fold(self, event: Event) -> None:
        said = event.data
        if isinstance(said, ClassifiedEvent):
            self._open[event.exchange] = event.at, said
            if len(self._open) > _OPEN:
                self._open.popitem(last=False)
        elif isinstance(said, AnsweredEvent | FailedEvent) and event.exchange in self._open:
            self._send(*self._open.pop(event.exchange), said, event.at)

    def _send(self, started: float, asked: ClassifiedEvent, end: AnsweredEvent | FailedEvent, ended: float) -> None:
        attributes: dict[str, str | int] = {names.OPERATION: "chat", names.PROVIDER: asked.provider}
        attributes[names.MODEL] = asked.model
        if isinstance(end, FailedEvent):
            attributes[names.ERROR] = end.why or "failed"
        elif end.usage is not None:
            attributes |= {names.INPUT_TOKENS: end.usage.prompt or 0, names.OUTPUT_TOKENS: end.usage.output or 0}
            attributes |= {names.RESPONSE_MODEL: end.model} if end.model else {}
        span = self._tracer.start_span(
            f"chat {asked.model}", None, SpanKind.CLIENT, attributes, start_time=_ns(started)
        )
        if isinstance(end, FailedEvent):
            span.set_status(StatusCode.ERROR)
        span.end(_ns(ended))


def _ns(seconds: float) -> int:
    return int(seconds * 1e9)
