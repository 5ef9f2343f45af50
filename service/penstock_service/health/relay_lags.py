"""`RelayLags`: a Prometheus collector of how far message brokers are behind the log."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from pathlib import Path

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric

from penstock.base.errors import PenstockError
from penstock_service.relay.lag import lags_of

__all__ = ["RelayLags"]

logger = logging.getLogger(__name__)


class RelayLags:
    """A collector for a Prometheus registry. The label `broker` is an address and a topic that the owner gave a relay.
    While the log cannot be read, there is no figure: Prometheus can say so with `absent`."""

    def __init__(self, store: Path) -> None:
        self._store = store

    def collect(self) -> Iterable[Metric]:
        """The metric families, for Prometheus."""
        events = GaugeMetricFamily("penstock_relay_lag_events", "Events that wait for a broker.", labels=["broker"])
        seconds = GaugeMetricFamily(
            "penstock_relay_lag_seconds", "Seconds that the oldest of them has waited.", labels=["broker"]
        )
        try:
            lags = lags_of(self._store)
        except PenstockError as e:
            logger.warning("the lag of relays cannot be read: %s", e)
            lags = []
        for one in lags:
            events.add_metric([one.broker], one.events)
            seconds.add_metric([one.broker], one.seconds)
        return [events, seconds]
