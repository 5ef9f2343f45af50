"""Each part of the proxy, and whether it works: a sign and words, so that no colour is needed."""

from __future__ import annotations

from penstock.base.format import plural
from penstock_tui.format import ago
from penstock_tui.log.feed import Feed
from penstock_tui.log.health import RECENT, Proxy
from penstock_tui.log.model_windows import stale, table_date
from penstock_tui.log.stats.faults import Fault
from penstock_tui.widgets.wrapped_text import Line, labelled

__all__ = ["part_lines"]

_PROXY = {
    Proxy.RUNNING: ("● running", "good"),
    Proxy.STOPPED: ("■ stopped: what this shows is what it left behind", "warn"),
    Proxy.GONE: ("■ gone: its process ended without a word", "bad"),
    Proxy.UNKNOWN: ("○ not known: no proxy has signed this log", "dim"),
}
_LEVELS = {"REDUCED": "warn", "MINIMAL": "warn", "BLOCKED": "bad"}


def part_lines(feed: Feed, now: float) -> list[Line]:
    """Proxy, store, stages, memory, what else had faults, budgets."""
    faults = feed.model.faults
    named = ("store", "events", "memory")
    others = [(part, fault) for part, fault in faults.by_part.items() if part not in named]
    return [
        labelled("proxy", _PROXY[feed.proxy]),
        labelled("store", _state(faults.of("store") or faults.of("events"), now)),
        labelled("stages", _stages(feed)),
        labelled("memory", _state(faults.of("memory"), now)),
        *(labelled(part, _state(fault, now)) for part, fault in others),
        labelled("budgets", _budgets(feed, now)),
        labelled("models", (f"! {stale()}", "warn") if stale() else (f"✓ table of {table_date()}", "good")),
    ]


def _state(fault: Fault | None, now: float) -> tuple[str, str]:
    if fault is None:
        return "✓ no faults", "good"
    said = f"{plural(fault.count, 'fault')}, the last {ago(fault.at, now)}: {fault.error or 'not said'}"
    return (f"! {said}", "warn") if now - fault.at < RECENT else (f"· {said}", "plain")


def _stages(feed: Feed) -> tuple[str, str]:
    resting = feed.model.health.resting
    if not resting:
        return "✓ none rests", "good"
    said = "; ".join(f"{name}: {remark}" if remark else name for name, remark in sorted(resting.items()))
    return f"! resting after failures: {said}", "warn"


def _budgets(feed: Feed, now: float) -> tuple[str, str]:
    worst = feed.model.levels.worst()
    if worst is None:
        return "✓ none is running low", "good"
    said = f"! {worst.level} {worst.budget}, {ago(worst.at, now)}: {worst.why}"
    return said, _LEVELS.get(worst.level, "warn")
