"""`JobCounts`: a Prometheus collector of the number of jobs by state."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric

from penstock.base.errors import StoreError
from penstock.jobs.jobs import Jobs
from penstock.jobs.records import STATES

__all__ = ["JobCounts"]


class JobCounts:
    """A collector for a Prometheus registry: counts by state. Nothing while the file cannot be read."""

    def __init__(self, jobs: Jobs) -> None:
        self._jobs = jobs

    def collect(self) -> Iterable[Metric]:
        """The metric family, for Prometheus."""
        family = GaugeMetricFamily("penstock_jobs", "Jobs of all queues that are kept.", labels=["state"])
        counts: Counter[str] = Counter(dict.fromkeys(STATES, 0))
        try:
            for queue in self._jobs.stats():
                counts.update(queue.counts)
        except StoreError:
            return []
        for state, count in sorted(counts.items()):
            family.add_metric([state], count)
        return [family]
