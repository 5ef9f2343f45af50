"""`RunEnd`: after the client of `penstock run` has exited, prints what the run cost, and asks whether to turn
keep-alive on if that would have saved enough (`ask_keep_alive`). It is made before the client starts, to know where the
run's part of the log begins. Gives up after one second if that takes long to read."""

from __future__ import annotations

import logging
import queue
import shlex
import threading
import time
from pathlib import Path

import typer

from penstock.base import paths
from penstock.control.discovery import Announcement
from penstock.plugins.manager import Plugins
from penstock_addons.cli.ask_keep_alive import ask_keep_alive, keep_alive_worth, may_ask
from penstock_addons.cli.run_log import RunLog
from penstock_addons.cli.run_summary import RunSummary

__all__ = ["RunEnd"]

logger = logging.getLogger(__name__)
LIMIT_S = 1.0
"""Seconds by which reading the log may put off the end of the command."""
_Lines = queue.SimpleQueue[str | None]


class RunEnd:
    """Made before the client starts. What goes wrong in it never changes how the command ends."""

    def __init__(self, store: Path, *, is_shared: bool, plain_http: bool = False, limit_s: float = LIMIT_S) -> None:
        """`is_shared` and `plain_http`: as for `RunSummary`."""
        self.log = RunLog(store)
        self._summary = RunSummary(self.log, is_shared=is_shared, plain_http=plain_http)
        self._limit_s = limit_s
        threading.Thread(target=_import, name="penstock-run-end", daemon=True).start()

    def say(self, profile: str, proxy: Announcement, plugins: Plugins, *, asks: bool) -> None:
        """Write to stderr what the run cost, and, if `asks`, the question of keep-alive."""
        until = time.monotonic() + self._limit_s
        lines: _Lines = queue.SimpleQueue()
        asks = asks and may_ask()
        # A daemon: where it takes too long, the command ends without it.
        work = threading.Thread(target=self._work, args=(lines, profile, proxy, plugins, asks), daemon=True)
        work.start()
        is_silent, worth = True, ""
        try:
            while (line := lines.get(timeout=max(0.0, until - time.monotonic()))) is not None:
                typer.echo(f"penstock: {line}", err=True)
                is_silent = False
            if asks:
                worth = lines.get(timeout=max(0.0, until - time.monotonic())) or ""
        except queue.Empty:
            if is_silent:
                where = "" if self.log.store == paths.store_path() else f" --store {shlex.quote(str(self.log.store))}"
                typer.echo(f"penstock: the log takes long to read; what this run cost: penstock cost{where}", err=True)
            return
        except KeyboardInterrupt:  # the person does not want to wait; what counts is the client's status
            return
        if worth:
            ask_keep_alive(profile, proxy, worth)

    def _work(self, lines: _Lines, profile: str, proxy: Announcement, plugins: Plugins, asks: bool) -> None:
        """The lines of the summary, None, and what keep-alive would have been worth."""
        try:
            for line in self._summary.lines(profile, proxy, plugins):
                lines.put(line)
        except Exception as e:  # noqa: BLE001 - plugins are asked, too
            logger.debug("what the run cost is not known: %s", e)
        lines.put(None)
        try:
            lines.put(keep_alive_worth(profile, self.log, plugins) if asks else "")
        except Exception as e:  # noqa: BLE001 - as above
            logger.debug("what keep-alive would have saved is not known: %s", e)
            lines.put("")


def _import() -> None:
    """Import, while the client runs, what takes a good part of a second at its end."""
    from penstock.replay import savings_advice
    from penstock.store import sql

    logger.debug("imported: %s, %s", savings_advice.__name__, sql.__name__)
