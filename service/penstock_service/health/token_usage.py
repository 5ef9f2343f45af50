"""`TokenUsage`: a Prometheus collector of the tokens that providers counted, by provider and model (100 at most),
summed up from the proxy's log: with each scrape it reads what was logged since the one before."""

from __future__ import annotations

import threading
from collections import Counter, OrderedDict
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

from prometheus_client.core import CounterMetricFamily
from prometheus_client.metrics_core import Metric

from penstock.base.errors import StoreError
from penstock.events.cursor import START, Cursor
from penstock.events.event import Event, EventKind
from penstock.events.request_events import ClassifiedEvent
from penstock.events.response_events import AnsweredEvent
from penstock.store.base import Store
from penstock.store.reading import all_events, open_log
from penstock_service.health.genai_names import MODEL, PROVIDER, TOKEN_TYPE, TOKEN_USAGE, prometheus_name

__all__ = ["TokenUsage"]

_KINDS = (EventKind.CLASSIFIED, EventKind.ANSWERED)
_MODELS = 100
"""Models with a row of their own; the tokens of all others are in `other`."""
_OPEN = 1000
"""Requests whose answer is waited for."""


class TokenUsage:
    """A collector for a Prometheus registry. With each scrape it reads what was logged since the one before; the first
    one says where to begin. What cannot be read now is read at the next one."""

    def __init__(self, store: Path) -> None:
        self._store, self._lock = store, threading.Lock()
        self._cursor: Cursor | None = None
        self._open: OrderedDict[str, tuple[str, str]] = OrderedDict()
        self._tokens: Counter[tuple[str, str, str]] = Counter()

    def collect(self) -> Iterable[Metric]:
        """The metric family, for Prometheus."""
        with self._lock:
            self._read()
            labels = [prometheus_name(name) for name in (PROVIDER, MODEL, TOKEN_TYPE)]
            about = "Tokens as the providers counted them."
            family = CounterMetricFamily(prometheus_name(TOKEN_USAGE), about, labels=labels)
            for values, tokens in sorted(self._tokens.items()):
                family.add_metric(list(values), tokens)
        return [family]

    def _read(self) -> None:
        if not self._store.exists():
            self._cursor = START  # all of a log that begins later counts
            return
        try:
            with closing(open_log(self._store)) as log:
                self._go_on(log)
        except StoreError:
            return  # the cursor stays: they are read at the next scrape

    def _go_on(self, log: Store) -> None:
        newest = log.end()
        if self._cursor is None or self._cursor > newest:  # the first scrape, or another log in its place
            self._cursor = newest
        for event in all_events(log, self._cursor, _KINDS):
            self._fold(event)
            newest = max(newest, event.cursor)  # some may have been written meanwhile
        self._cursor = newest

    def _fold(self, event: Event) -> None:
        said = event.data
        if isinstance(said, ClassifiedEvent):
            self._open[event.exchange] = said.provider, said.model
            if len(self._open) > _OPEN:
                self._open.popitem(last=False)
        elif isinstance(said, AnsweredEvent) and said.usage is not None:
            provider, model = self._open.pop(event.exchange, ("", ""))
            known = {name for _, name, _ in self._tokens}
            model = model if model in known or len(known) < _MODELS else "other"
            self._tokens[provider, model, "input"] += said.usage.prompt or 0
            self._tokens[provider, model, "output"] += said.usage.output or 0
