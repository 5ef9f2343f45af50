"""Panels of the overview as coloured lines: `traffic_lines`, `token_lines`, `money_lines`, `client_lines`,
`recent_lines`, reasons for small savings (`why_lines`, of the sessions that `little_saved` gives) and the health of
each part (`part_lines`). Independent of widgets."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import islice

from penstock.base.format import plural
from penstock.base.readable import one_line, with_short_ids
from penstock.stats.why_little_saved import ENOUGH
from penstock_tui.format import age, ago, bar, clock_time, count, dollars, keep_alive, percent, sparkline
from penstock_tui.log.feed import Feed
from penstock_tui.log.health import RECENT, Proxy
from penstock_tui.log.model_windows import stale, table_date
from penstock_tui.log.recent import recent_activity
from penstock_tui.log.stats.faults import Fault
from penstock_tui.log.stats.sessions import Session
from penstock_tui.log.stats.totals import Totals
from penstock_tui.widgets.cell_width import fitted
from penstock_tui.widgets.wrapped_text import LABEL, Line, labelled

__all__ = [
    "client_lines",
    "little_saved",
    "money_lines",
    "part_lines",
    "recent_lines",
    "token_lines",
    "traffic_lines",
    "why_lines",
]

HOUR = 60
WIDEST = 60
"""Cells of a bar at most."""
CLIENTS = 12
LATELY = 20
EXPLAINED = 3
"""The number of sessions for which it is said why they saved little."""


def traffic_lines(feed: Feed, now: float, width: int) -> list[Line]:
    """Uptime, sums, and requests per minute."""
    model, request_rate = feed.model, feed.model.request_rate
    totals, taken = model.totals, model.compactions
    waiting = f", {taken.waiting:,} pending" if taken.waiting else ""
    freed = f", {count(taken.freed)} tokens removed" if taken.landed else ""
    label, end = _hour(feed, now)
    minutes = request_rate.minutes(end, HOUR)
    lately = request_rate.per_minute(now)
    # The last 60 seconds may lie across two of the clock's minutes, and have more requests than either of them.
    told = f"{plural(lately, 'request')} in the last minute, at most {max(lately, *minutes)} a minute in that hour"
    return [
        labelled("uptime", (_uptime(feed, now), "plain")),
        labelled("requests", (f"{plural(totals.requests, 'request')}, {plural(totals.turns, 'turn')}", "strong")),
        labelled("compactions", (f"{taken.landed:,} landed{freed}{waiting}", "plain")),
        *_over_time(label, minutes, told, width),
    ]


def token_lines(feed: Feed, now: float, width: int) -> list[Line]:
    """Tokens saved, and the share read from providers' caches."""
    totals = feed.model.totals
    cache = percent(totals.cache_share)
    label, end = _hour(feed, now)
    minutes = feed.model.minute_sums.minutes(end, HOUR)
    shares = [round(100 * (minute.cache_share or 0)) for minute in minutes]
    lines: list[Line] = [labelled("tokens", *_tokens(totals))]
    if totals.saved > 0:
        lines.append(labelled("", (bar(totals.tokens_out / totals.tokens_in, _room(width)), "accent")))
    lines.append(
        labelled("cache", (f"{cache} of input read from it" if cache else "no provider has told yet", "strong"))
    )
    if cache:
        told = f"the cache's part by the minute; {count(sum(one.sent for one in minutes))} tokens sent in that hour"
        lines += _over_time(label, shares, told, width, most=100)
    return lines


def money_lines(feed: Feed, width: int) -> list[Line]:
    """Dollars paid, and dollars without Penstock."""
    costs = feed.model.totals.costs
    if not costs.requests:
        return [labelled("money", ("unknown price" if costs.unpriced else "nothing booked yet", "plain"))]
    about = "~" if costs.estimated else ""
    word, tone = ("lost", "bad") if costs.saved < 0 else ("saved", "good")
    share = f" ({percent(abs(costs.saved) / costs.baseline)})" if costs.baseline and costs.saved else ""
    lines: list[Line] = [
        labelled("money", (f"{about}{dollars(costs.saved)} {word}{share}", tone)),
        labelled(
            "paid",
            (f"{about}{dollars(costs.paid)}", "strong"),
            (f" of {dollars(costs.baseline)} without Penstock", "plain"),
        ),
    ]
    if costs.saved > 0:
        lines.append(labelled("", (bar(costs.paid / costs.baseline, _room(width)), tone)))
    if costs.reads:
        lines.append(labelled("keep-alive", (f"{keep_alive(costs)}, in what was paid", "plain")))
    lines.append(labelled("compacting", (f"~{dollars(costs.naive)} had clients compacted by themselves", "plain")))
    if costs.unpriced:
        lines.append(labelled("", (f"{plural(costs.unpriced, 'request')} more at an unknown price", "warn")))
    return lines


def client_lines(feed: Feed, now: float) -> list[Line]:
    """Clients and their sessions, the most recently active first."""
    sums: defaultdict[str, Totals] = defaultdict(Totals)
    last: dict[str, float] = {}
    for session in feed.model.sessions.listed():
        name = session.client or "?"
        sums[name].join(session.totals)
        last[name] = max(last.get(name, 0.0), session.last_at)
    names = sorted(sums, key=lambda name: -last[name])
    lines = [_client(name, sums[name], last[name], now) for name in names[:CLIENTS]]
    if len(names) > CLIENTS:
        lines.append(labelled("", (f"and {len(names) - CLIENTS} more", "dim")))
    return lines or [(("no client has come by yet", "plain"),)]


def recent_lines(feed: Feed, now: float) -> list[Line]:
    """Recent activity, the newest first."""
    found = recent_activity(feed.model, LATELY)
    return [labelled(clock_time(one.at, now), (one.text, one.tone)) for one in found] or [
        (("no compaction, no flush, no fault yet", "plain"),)
    ]


def little_saved(feed: Feed) -> list[Session]:
    """The latest sessions that saved little of what was paid."""
    found = (one for one in feed.model.sessions.listed() if one.totals.costs.requests or one.totals.costs.unpriced)
    return list(islice((one for one in found if (one.totals.costs.share or 0.0) < ENOUGH), EXPLAINED))


def why_lines(feed: Feed, reasons: Mapping[str, Sequence[str]]) -> list[Line]:
    """Why those saved little, as far as it has been computed."""
    lines: list[Line] = []
    for one in little_saved(feed):
        if found := reasons.get(one.name):
            name = feed.model.label_of(one.name) or one.name
            lines.append(((f"{one.client or '?'} {name[:24]}", "strong"),))
            lines += [((f"- {one_line(reason)}", "plain"),) for reason in found]
    return lines or [(("every session of late saved well, or is too young to tell", "plain"),)]


def _client(name: str, totals: Totals, last: float, now: float) -> Line:
    costs = totals.costs
    money = f", {dollars(costs.paid)} paid" if costs.requests else ", unknown price" if costs.unpriced else ""
    said = f"{plural(totals.requests, 'request')}, {totals.about}{count(totals.tokens_out)} tokens{money}"
    return ((fitted(name, LABEL), "strong"), (said, "plain"), (f", {ago(last, now)}", "dim"))


def _hour(feed: Feed, now: float) -> tuple[str, float]:
    """The name of the hour shown, and its end: for a proxy that has ended, its last one."""
    last = feed.model.health.last_at
    return ("last hour", now) if feed.proxy is Proxy.RUNNING or last is None else ("its last hour", last)


def _over_time(label: str, numbers: Sequence[int], told: str, width: int, most: int | None = None) -> list[Line]:
    """A sparkline that ends now, and its label."""
    drawn = sparkline(numbers, _room(width), most)
    return [labelled(label, (drawn, "accent")), labelled("", (told, "dim"))]


def _room(width: int) -> int:
    return max(min(WIDEST, width - LABEL), 1)


def _uptime(feed: Feed, now: float) -> str:
    health = feed.model.health
    if health.started_at is None:
        return "not known: no proxy has signed this log"
    if feed.proxy is Proxy.RUNNING:
        return f"{age(now - health.started_at)}, since the proxy started"
    end = health.stopped_at if health.stopped_at is not None else health.last_at or health.started_at
    return f"{age(end - health.started_at)}, until the proxy ended {ago(end, now)}"


def _tokens(totals: Totals) -> tuple[tuple[str, str], ...]:
    sent = (f"{totals.about}{count(totals.tokens_out)} sent", "plain")
    if not totals.saved:
        return (sent,)
    share = f" ({percent(abs(totals.saved) / totals.tokens_in)})" if totals.tokens_in else ""
    if totals.saved < 0:
        return sent, (f", {count(-totals.saved)} added{share}", "warn")
    return sent, (f", {count(totals.saved)} kept off the wire{share}", "good")


_PROXY = {
    Proxy.RUNNING: ("● running", "good"),
    Proxy.STOPPED: ("■ stopped: what this shows is what it left behind", "warn"),
    Proxy.GONE: ("■ gone: its process ended without a word", "bad"),
    Proxy.UNKNOWN: ("○ not known: no proxy has signed this log", "dim"),
}
_LEVELS = {"REDUCED": "warn", "MINIMAL": "warn", "BLOCKED": "bad"}


def part_lines(feed: Feed, now: float) -> list[Line]:
    """The state of proxy, store, stages, memory, other parts with faults, and budgets."""
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
        return "✓ all stages running", "good"
    said = "; ".join(f"{name}: {remark}" if remark else name for name, remark in sorted(resting.items()))
    return f"! resting after failures: {said}", "warn"


def _budgets(feed: Feed, now: float) -> tuple[str, str]:
    worst = feed.model.levels.worst(now)
    if worst is None:
        return "✓ none is running low", "good"
    said = f"! {worst.level}, {ago(worst.at, now)}: {worst.why or worst.budget}"
    return with_short_ids(said), _LEVELS.get(worst.level, "warn")
