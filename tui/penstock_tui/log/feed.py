"""`Feed`: follows the log on one thread (`run`); on the screen's thread `take` brings the log model up to date and
returns what changed, and `check` looks whether the proxy still runs."""

from __future__ import annotations

import queue
import threading
import time
from pathlib import Path

from penstock.base.clock import Clock
from penstock_tui.log.follow import Batch, Follower, LogState, follow
from penstock_tui.log.health import Proxy
from penstock_tui.log.log_model import Changes, LogModel

__all__ = ["Feed"]

WAITING = 8
"""The number of batches that the thread reads ahead of the screen."""


class Feed:
    """Follows the log on one thread (`run`); another, the screen's, takes the new events (`take`)."""

    def __init__(self, path: Path, clock: Clock, model: LogModel | None = None, *, every: float = 0.1) -> None:
        self.path = path
        self.clock = clock
        self.model = model or LogModel()
        self.state: LogState | None = None
        """The state of the log. None: it was not polled yet."""
        self.error = ""
        self.left = 0
        """The number of events still to be read, about, while a long log is read."""
        self.proxy = Proxy.UNKNOWN
        self._every = every
        self._follower = Follower(path, batch=500)
        self._stop = threading.Event()
        self._queue: queue.Queue[Batch] = queue.Queue(WAITING)

    @property
    def loaded(self) -> bool:
        """Whether all that the log held at the last poll is in the model, or there is no log to read."""
        return not self.is_catching_up and self._queue.empty()

    @property
    def is_catching_up(self) -> bool:
        """Whether the events that the log held when it was opened are still being read."""
        return self.state is None or self.left > 0

    @property
    def has_gateway(self) -> bool:
        """Whether the store of a gateway stands beside the log."""
        return self._follower.has_gateway

    def run(self) -> None:
        """Follow the log until `stop` is called. Blocks: call it on a thread."""
        follow(self._follower, self._deliver, self._stop, self._every)

    def show(self, path: Path) -> None:
        """Follow another log from now on. The model is cleared at the next poll."""
        self.path = self._follower.path = path

    def stop(self) -> None:
        """Make `run` return soon."""
        self._stop.set()

    def take(self, budget: float = 0.04) -> list[Changes]:
        """Fold new events into the model, for about `budget` seconds, so that keys are answered in between."""
        taken: list[Changes] = []
        end = time.perf_counter() + budget
        while time.perf_counter() < end:
            try:
                batch = self._queue.get_nowait()
            except queue.Empty:
                break
            taken.append(self._fold(batch))
        return taken

    def check(self) -> Changes:
        """Check whether the proxy still runs; if not, requests under way are marked as lost."""
        self.proxy = self.model.health.proxy()
        ended = self.proxy in (Proxy.STOPPED, Proxy.GONE)
        return Changes(changed=self.model.settle() if ended else [])

    def _fold(self, batch: Batch) -> Changes:
        if batch.reset:
            self.model.clear(batch.thinned)
        self.state, self.error = batch.state, batch.error
        self.left = batch.left if batch.more else 0
        changes = self.model.apply(batch.events)
        changes.reset, changes.thinned = batch.reset, batch.thinned
        if batch.labels is not None:
            known = {row.id for row in (*changes.added, *changes.changed)}
            changes.changed += [row for row in self.model.label(batch.labels) if row.id not in known]
        return changes

    def _deliver(self, batch: Batch) -> None:
        while not self._stop.is_set():
            try:
                self._queue.put(batch, timeout=0.1)
            except queue.Full:
                continue
            return
