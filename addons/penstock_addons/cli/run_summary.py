"""`RunSummary`: the lines on what a `penstock run` cost and saved, when its client has ended, and why little was saved
in its longest session; or why no request was seen. Where others use the proxy, too, only requests of this folder's
project count."""

from __future__ import annotations

import os
import shlex
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from penstock.base import paths
from penstock.base.errors import PenstockError
from penstock.base.format import percent, plural, printable
from penstock.control.client import ask
from penstock.control.discovery import Announcement
from penstock.events.event import Event, EventKind
from penstock.plugins.manager import Plugins
from penstock.profiles import profile as profiles
from penstock_addons.cli.environment import no_proxy
from penstock_addons.cli.run_log import RunLog

__all__ = ["RunSummary"]

UNSEEN = "no request to a model was seen: "
PLAIN_HTTP = "plain HTTP goes through Penstock with --http only, "
UNKNOWN_HOST = (
    "a host that Penstock does not know is read if `hosts` in the profile names it, one on this machine with its port. "
    "More: penstock doctor"
)
DRAIN_S = 0.8
"""Seconds to wait for a running proxy to store its events: within those that the end of a run may take."""


class RunSummary:
    """What a run cost, in a line or two."""

    def __init__(self, log: RunLog, *, is_shared: bool, plain_http: bool = False) -> None:
        """`is_shared`: the proxy serves others, too. Then only requests from the project of this folder count, and
        those that name none. `plain_http`: the client's plain HTTP goes through the proxy, too."""
        self._log, self._is_shared, self._plain_http = log, is_shared, plain_http

    def lines(self, profile: str, proxy: Announcement, plugins: Plugins) -> Iterator[str]:
        """Nothing where nothing was paid for; a line that says why where no request was seen. Asks `proxy`, if it still
        runs, to store its events first. Raises `PenstockError`, and whatever a plugin raises."""
        if self._log.after is None:
            return
        is_complete = self._is_shared and _has_stored(proxy)  # before the log is read
        if self._saw_nothing(is_complete):
            passed = "" if self._plain_http else PLAIN_HTTP
            apart = printable(no_proxy(os.environ))
            yield f"{UNSEEN}{passed}{f'those of NO_PROXY ({apart}) go past it, ' if apart else ''}{UNKNOWN_HOST}"
            return
        from penstock.stats.cost_totals import CostTotals
        from penstock.stats.exchange import ExchangeStats
        from penstock.stats.why_little_saved import ENOUGH

        events = self._events()
        requests = [ExchangeStats.of(id, its) for id, its in events.items()]
        paid = CostTotals()
        for one in requests:
            paid.add(one.money)
            paid.add_reads(one.reads, one.reads_cost)
        if not paid.requests + paid.unpriced:
            return
        whole = sum(one.usage.prompt or 0 for one in requests if one.money is not None)
        read = sum(one.usage.cache_read or 0 for one in requests if one.money is not None)
        at = " at API prices" if any(one.login for one in requests) else ""
        cached = f"; {read / whole:.0%} of the input was read from the cache" if whole else ""
        saved = f"saved {paid.in_dollars(paid.saved)}{f' ({percent(paid.share)})' if paid.share is not None else ''}"
        yield (
            f"{plural(paid.requests + paid.unpriced, 'request')} for {paid.in_dollars(paid.paid)}{at}, without "
            f"Penstock {paid.in_dollars(paid.baseline)}: {saved}, {plural(sum(o.edits for o in requests), 'new edit')}"
            f"{cached}. More: penstock cost{self._where()}"
        )
        if (paid.share or 0.0) < ENOUGH:
            sessions: dict[str, list[Event]] = defaultdict(list)
            for one in requests:
                sessions[one.session or one.conversation] += events[one.id]
            yield from _why(list(sessions.values()), profile, plugins)

    def _saw_nothing(self, is_complete: bool) -> bool:
        """Whether the log of the run is complete, as it is once its proxy has stopped, and holds no request. On a
        shared proxy, that of another client may be of this one."""
        events = self._log.events()
        is_complete |= any(event.kind is EventKind.STOPPED for event in events)
        return is_complete and not any(event.exchange for event in events)

    def _events(self) -> dict[str, list[Event]]:
        """Those of this run, by exchange."""
        from penstock.events.request_events import ClassifiedEvent
        from penstock.identify.working_directory import ACCOUNT, project_of_folder

        here = project_of_folder(Path.cwd())
        found: dict[str, list[Event]] = defaultdict(list)
        ours: set[str] = set()
        for event in self._log.events():
            said = event.data
            if isinstance(said, ClassifiedEvent):
                names_none = not said.project or said.project.startswith(ACCOUNT)
                if not self._is_shared or names_none or said.project == here:
                    ours.add(event.exchange)
            if event.exchange:
                found[event.exchange].append(event)
        return {id: its for id, its in found.items() if id in ours}

    def _where(self) -> str:
        return "" if self._log.store == paths.store_path() else f" --store {shlex.quote(str(self._log.store))}"


def _has_stored(proxy: Announcement) -> bool:
    """Whether the proxy, which runs, has stored all its events so far."""
    try:
        return bool(ask(proxy.address, Path(proxy.store), "/drain", {}, DRAIN_S)["stored"])
    except PenstockError:  # it has ended, is busy or of an older version: the log may lack something
        return False


def _why(sessions: list[list[Event]], profile: str, plugins: Plugins) -> Iterator[str]:
    """The first reason why the longest of the sessions saved little."""
    from penstock.replay.savings_advice import savings_advice  # the engine

    longest = max(sessions, key=len)
    for reason in savings_advice(longest, profiles.load(profile), plugins)[:1]:
        yield f"why not more: {printable(reason)}"
