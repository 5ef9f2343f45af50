"""The texts of the header line (`total_facts`), the footer line (`health_facts`) and the headings of sessions in the
request log (`session_heading`)."""

from __future__ import annotations

from pathlib import PurePath

from penstock.base.format import plural
from penstock_tui.format import age, ago, count, dollars, home_path, percent
from penstock_tui.log.feed import Feed
from penstock_tui.log.follow import LogState
from penstock_tui.log.health import Proxy
from penstock_tui.log.model_windows import stale
from penstock_tui.log.row import Row
from penstock_tui.log.stats.sessions import Session
from penstock_tui.widgets.fitted_line import Fact

__all__ = ["health_facts", "session_heading", "total_facts"]


WAITS = Fact("text is selected: rows wait, Ctrl+C copies, Esc goes on", 2, "accent")


def total_facts(feed: Feed, newer: int = 0, *, waits: bool = False, is_filtered: bool = False) -> list[Fact]:
    """The header: traffic and savings of all requests; it says so with `is_filtered`. `newer`: the number of rows over
    the visible ones, not followed; with `waits`, rows are not added while text is selected."""
    totals = feed.model.totals
    facts = [
        Fact("Penstock", 1, "head"),
        Fact(("of all, not only those shown: " if is_filtered else "") + plural(totals.requests, "request"), 2),
        Fact(plural(totals.turns, "turn"), 4),
    ]
    if totals.tokens_out:
        facts.append(Fact(f"{totals.about}{count(totals.tokens_out)} tokens sent", 4))
    if totals.saved > 0 and totals.tokens_in:
        share = percent(totals.saved / totals.tokens_in)
        facts.append(Fact(f"{count(totals.saved)} tokens fewer ({share})", 6))
    elif totals.saved < 0:
        facts.append(Fact(f"{count(-totals.saved)} tokens added", 6))
    costs = totals.costs
    if costs.requests:
        about = "~" if costs.estimated else ""
        kept, word = costs.saved, "saved" if costs.saved >= 0 else "lost"
        share = f" ({percent(abs(kept) / costs.baseline)})" if costs.baseline and kept else ""
        facts.append(Fact(f"{about}{dollars(abs(kept))} {word}{share}", 3, "bad" if kept < 0 else "good"))
        facts.append(Fact(f"{about}{dollars(costs.paid)} paid", 5))
    if costs.unpriced:
        facts.append(Fact(f"{plural(costs.unpriced, 'request')} at an unknown price", 6, "dim"))
    if stale():
        facts.append(Fact("! old table of models", 6, "warn"))
    if totals.cache_share is not None:
        facts.append(Fact(f"{percent(totals.cache_share)} of input from cache", 7))
    if waits:
        facts.append(WAITS)
    elif newer:
        facts.append(Fact(f"↑ {newer:,} newer, f follows", 2, "accent"))
    if feed.left:
        facts.append(Fact(f"reading the log, {count(feed.left)} events ahead", 2, "accent"))
    return facts


def health_facts(feed: Feed) -> list[Fact]:
    """The footer: the proxy's health."""
    health, now = feed.model.health, feed.clock.now()
    troubled = health.degraded(now) if feed.proxy is Proxy.RUNNING else ""
    facts = [_proxy(feed, now)]
    if health.is_paused and feed.proxy is Proxy.RUNNING:
        facts.append(Fact("‖ PAUSED: nothing new is edited", 1, "warn"))
    if troubled:
        facts.append(Fact(f"! degraded: {troubled}", 2, "warn"))
    if health.profile:
        facts.append(Fact(f"profile {health.profile}", 3))
    if feed.proxy is Proxy.RUNNING:
        facts.append(Fact(f"{feed.model.per_minute(now)}/min", 4))
    if health.faults:
        last = f", last {ago(health.last_fault_at, now)}" if health.last_fault_at is not None else ""
        facts.append(Fact(f"{plural(health.faults, 'fault')}{last}", 5, "warn"))
    if health.last_at is not None:
        facts.append(Fact(f"last event {ago(health.last_at, now)}", 7, "dim"))
    if health.stages:
        facts.append(Fact(f"stages {' › '.join(health.stages)}", 8, "dim"))
    if health.version:
        facts.append(Fact(f"Penstock {health.version}", 9, "dim"))
    facts.append(Fact(home_path(feed.path), 6, "dim"))
    return facts


def session_heading(session: Session | None, row: Row) -> str:
    """The heading above the requests of a session; `row` is one of them."""
    if session is None:
        return "requests of no session"
    totals, costs = session.totals, session.totals.costs
    saved = f"{dollars(abs(costs.saved))} {'lost' if costs.saved < 0 else 'saved'}" if costs.requests else ""
    work = f"{plural(totals.requests, 'request')}, {plural(totals.turns, 'turn')}"
    project = PurePath(session.project).name
    name = f"{session.number} {row.session_name}"
    return " · ".join(filter(None, (name, session.client, project, work, saved)))


def _proxy(feed: Feed, now: float) -> Fact:
    health = feed.model.health
    if feed.state is None:
        return Fact("○ opening the log", 1)
    if feed.state is LogState.MISSING:
        return Fact("○ waiting for a log", 1, "warn")
    if feed.state is LogState.UNREADABLE:
        return Fact("✗ the log cannot be read", 1, "bad")
    if feed.proxy is Proxy.RUNNING:
        since = f", up {age(now - health.started_at)}" if health.started_at is not None else ""
        return Fact(f"● running, pid {health.pid}{since}", 1, "good")
    if feed.proxy is Proxy.STOPPED:
        since = f" {ago(health.stopped_at, now)}" if health.stopped_at is not None else ""
        return Fact(f"■ stopped{since}", 1, "warn")
    if feed.proxy is Proxy.GONE:
        return Fact(f"■ pid {health.pid} is gone: it ended without a word", 1, "bad")
    return Fact("○ no proxy has signed this log", 1)
