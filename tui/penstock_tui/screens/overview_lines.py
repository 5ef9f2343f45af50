"""What each panel of the overview says, as lines in tones. Knows no widget."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import islice

from penstock.base.readable import one_line
from penstock.stats.why_little_saved import ENOUGH
from penstock_tui.format import age, ago, bar, clock_time, count, dollars, keep_alive, many, percent, sparkline
from penstock_tui.log.feed import Feed
from penstock_tui.log.health import Proxy
from penstock_tui.log.recent import lately
from penstock_tui.log.stats.sessions import Session
from penstock_tui.log.stats.totals import Totals
from penstock_tui.widgets.segments import fitted
from penstock_tui.widgets.wrapped_text import LABEL, Line, labelled

__all__ = ["client_lines", "lately_lines", "little_saved", "money_lines", "token_lines", "traffic_lines", "why_lines"]

HOUR = 60
WIDEST = 60
"""Cells of a bar."""
CLIENTS = 12
LATELY = 20
EXPLAINED = 3
"""Sessions of which is said why they saved little."""


def traffic_lines(feed: Feed, now: float, width: int) -> list[Line]:
    """Uptime, sums, and requests per minute."""
    model, pulse = feed.model, feed.model.pulse
    totals, taken = model.totals, model.compactions
    waiting = f", {taken.waiting:,} pending" if taken.waiting else ""
    freed = f", {count(taken.freed)} tokens removed" if taken.landed else ""
    label, end = _hour(feed, now)
    minutes = pulse.minutes(end, HOUR)
    told = f"{many(pulse.per_minute(now), 'request')} a minute, at most {max(minutes)} in that hour"
    return [
        labelled("uptime", (_uptime(feed, now), "plain")),
        labelled("requests", (f"{many(totals.requests, 'request')}, {many(totals.turns, 'turn')}", "strong")),
        labelled("compactions", (f"{taken.landed:,} landed{freed}{waiting}", "plain")),
        *_course(label, minutes, told, width),
    ]


def token_lines(feed: Feed, now: float, width: int) -> list[Line]:
    """What was kept off the wire, and what came from providers' caches."""
    totals = feed.model.totals
    cache = percent(totals.cache_share)
    label, end = _hour(feed, now)
    minutes = feed.model.course.minutes(end, HOUR)
    shares = [round(100 * (minute.cache_share or 0)) for minute in minutes]
    lines: list[Line] = [labelled("tokens", *_tokens(totals))]
    if totals.saved > 0:
        lines.append(labelled("", (bar(totals.tokens_out / totals.tokens_in, _room(width)), "accent")))
    lines.append(
        labelled("cache", (f"{cache} of input read from it" if cache else "no provider has told yet", "strong"))
    )
    if cache:
        told = f"the cache's part by the minute; {count(sum(one.sent for one in minutes))} tokens sent in that hour"
        lines += _course(label, shares, told, width, most=100)
    return lines


def money_lines(feed: Feed, width: int) -> list[Line]:
    """What was paid, and what would have been."""
    purse = feed.model.totals.purse
    if not purse.requests:
        return [labelled("money", ("unknown price" if purse.unpriced else "nothing booked yet", "plain"))]
    about = "~" if purse.estimated else ""
    word, tone = ("lost", "bad") if purse.saved < 0 else ("saved", "good")
    share = f" ({percent(abs(purse.saved) / purse.baseline)})" if purse.baseline and purse.saved else ""
    lines: list[Line] = [
        labelled("money", (f"{about}{dollars(purse.saved)} {word}{share}", tone)),
        labelled(
            "paid",
            (f"{about}{dollars(purse.paid)}", "strong"),
            (f" of {dollars(purse.baseline)} without Penstock", "plain"),
        ),
    ]
    if purse.saved > 0:
        lines.append(labelled("", (bar(purse.paid / purse.baseline, _room(width)), tone)))
    if purse.reads:
        lines.append(labelled("keep-alive", (f"{keep_alive(purse)}, in what was paid", "plain")))
    lines.append(labelled("compacting", (f"~{dollars(purse.naive)} had clients compacted by themselves", "plain")))
    if purse.unpriced:
        lines.append(labelled("", (f"{many(purse.unpriced, 'request')} more at an unknown price", "warn")))
    return lines


def client_lines(feed: Feed, now: float) -> list[Line]:
    """Who sends, those that were active last on top."""
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


def lately_lines(feed: Feed, now: float) -> list[Line]:
    """What stood out, the newest on top."""
    found = lately(feed.model, LATELY)
    return [labelled(clock_time(one.at, now), (one.words, one.tone)) for one in found] or [
        (("no compaction, no flush, no fault yet", "plain"),)
    ]


def little_saved(feed: Feed) -> list[Session]:
    """The newest sessions that saved little of what was paid."""
    found = (one for one in feed.model.sessions.listed() if one.totals.purse.requests or one.totals.purse.unpriced)
    return list(islice((one for one in found if (one.totals.purse.share or 0.0) < ENOUGH), EXPLAINED))


def why_lines(feed: Feed, reasons: Mapping[str, Sequence[str]]) -> list[Line]:
    """Why those saved little, as far as it was looked up."""
    lines: list[Line] = []
    for one in little_saved(feed):
        if found := reasons.get(one.name):
            name = feed.model.label_of(one.name) or one.name
            lines.append(((f"{one.client or '?'} {name[:24]}", "strong"),))
            lines += [((f"- {one_line(reason)}", "plain"),) for reason in found]
    return lines or [(("every session of late saved well, or is too young to tell", "plain"),)]


def _client(name: str, totals: Totals, last: float, now: float) -> Line:
    purse = totals.purse
    money = f", {dollars(purse.paid)} paid" if purse.requests else ", unknown price" if purse.unpriced else ""
    said = f"{many(totals.requests, 'request')}, {count(totals.tokens_out)} tokens{money}"
    return ((fitted(name, LABEL), "strong"), (said, "plain"), (f", {ago(last, now)}", "dim"))


def _hour(feed: Feed, now: float) -> tuple[str, float]:
    """What the hour is called that is shown, and its end: that of a proxy that has ended is the last it lived in."""
    last = feed.model.health.last_at
    return ("last hour", now) if feed.proxy is Proxy.RUNNING or last is None else ("its last hour", last)


def _course(label: str, numbers: Sequence[int], told: str, width: int, most: int | None = None) -> list[Line]:
    """A sparkline that ends now, and what it shows."""
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
    sent = (f"{count(totals.tokens_out)} sent", "plain")
    if not totals.saved:
        return (sent,)
    share = f" ({percent(abs(totals.saved) / totals.tokens_in)})" if totals.tokens_in else ""
    if totals.saved < 0:
        return sent, (f", {count(-totals.saved)} added{share}", "warn")
    return sent, (f", {count(totals.saved)} kept off the wire{share}", "good")
