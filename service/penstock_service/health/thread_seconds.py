"""`ThreadSeconds`: the metric of the CPU time that the threads of this process have used, which with `penstock up
--serve` is the proxy's."""

from __future__ import annotations

from collections.abc import Iterable

from prometheus_client.core import GaugeMetricFamily, Metric

from penstock.base.thread_times import thread_times

__all__ = ["ThreadSeconds"]


class ThreadSeconds:
    """A collector for a Prometheus registry."""

    def collect(self) -> Iterable[Metric]:
        """The metric family, for Prometheus."""
        said = "CPU seconds of the threads that run now, by what they are for."  # less when one has ended: no counter
        family = GaugeMetricFamily("penstock_thread_cpu_seconds", said, labels=["thread"])
        for name, seconds in sorted(thread_times().items()):
            family.add_metric([name], seconds)
        return [family]
