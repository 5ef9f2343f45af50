"""Panels of the overview as coloured lines: cost over time (`cost_lines`), window use (`window_lines`), latest edits
(`edit_lines`), and what to do next where nothing comes through or is edited (`next_lines`). Independent of widgets."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby, islice

from penstock.base.format import plural
from penstock_tui.format import age, bar, clock_time, count, dollars, percent
from penstock_tui.log.feed import Feed
from penstock_tui.log.health import Proxy
from penstock_tui.log.model_windows import window_of
from penstock_tui.log.stats.last_edits import LandedEdit
from penstock_tui.widgets.cell_width import fitted, width_of
from penstock_tui.widgets.notice import words_for
from penstock_tui.widgets.wrapped_text import LABEL, Line, labelled

__all__ = ["cost_lines", "edit_lines", "next_lines", "window_lines"]

HIGH = 7
"""Lines of the plot of costs."""
WIDEST = 100
LAST = 6
"""The number of edits shown."""
WINDOWS = 5
"""The number of conversations whose window is shown."""
ACTIVE = 3600.0
"""Seconds before the newest event within which a conversation counts as active."""
QUIET = 600.0
"""Seconds without an event after which it is said how to send a client."""
NEARLY, FULL = 0.7, 0.9
"""Shares of a window from which it is coloured."""


def cost_lines(feed: Feed, now: float, width: int) -> list[Line]:
    """Dollars paid so far, and dollars without Penstock, as two areas one over the other."""
    points = list(feed.model.cost_curve.sampled(max(min(width - LABEL, WIDEST), 1)))
    if not points:
        return [(("nothing was paid for at a known price yet", "plain"),)]
    most = max(max(point.baseline, point.paid) for point in points) or 1.0
    marks = [[_mark(line, point.paid / most, point.baseline / most) for point in points] for line in range(HIGH)]
    labels = {0: dollars(most), HIGH - 1: "$0"}
    lines: list[Line] = [
        labelled(labels.get(line, ""), *(("".join(mark for mark, _ in run), tone) for tone, run in _runs(found)))
        for line, found in enumerate(marks)
    ]
    begin, end = clock_time(points[0].at, now), clock_time(points[-1].at, now)
    gap = " " * max(len(points) - width_of(begin) - width_of(end), 1)
    last = points[-1]
    is_loss = last.paid > last.baseline
    rest = ("▓ lost: ", "bad") if is_loss else ("░ saved: ", "good")
    rest_dollars = f"{dollars(abs(last.baseline - last.paid))} of {dollars(last.baseline)}"
    return [
        *lines,
        labelled("", (f"{begin}{gap}{end}", "dim")),
        labelled(
            "",
            ("█ paid: ", "accent"),
            (f"{dollars(last.paid)}   ", "plain"),
            rest,
            (rest_dollars, "plain"),
        ),
    ]


def _mark(line: int, paid: float, baseline: float) -> tuple[str, str]:
    """The character in a cell of the plot, by the value at the middle of its line; the lowest line is the last."""
    level = (HIGH - 1 - line + 0.5) / HIGH
    if level <= min(paid, baseline):
        return "█", "accent"
    if level <= baseline:
        return "░", "good"
    return ("▓", "bad") if level <= paid else (" ", "plain")


def _runs(found: list[tuple[str, str]]) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    for tone, run in groupby(found, key=lambda one: one[1]):
        yield tone, list(run)


def window_lines(feed: Feed, width: int) -> list[Line]:
    """How full the model's window is in each active conversation, the most recently active first."""
    newest = feed.model.health.last_at or 0.0
    active = (one for one in feed.model.sessions.listed() if one.prompt and one.last_at > newest - ACTIVE)
    lines: list[Line] = []
    for one in islice(active, WINDOWS):
        window = window_of(one.provider, one.model)
        name = f"{one.number} {feed.model.label_of(one.name) or one.name}"
        label = (f"{fitted(name, LABEL - 1)} ", "strong")
        if not window:
            lines.append(
                (label, (f"{count(one.prompt)} tokens; the window of {one.model or '?'} is not known", "plain"))
            )
            continue
        share = one.prompt / window
        said = f" {percent(share)} of {count(window)}"
        tone = "bad" if share >= FULL else "warn" if share >= NEARLY else "accent"
        drawn = bar(share, max(min(width - LABEL, WIDEST) - 14, 1))
        lines.append((label, (drawn, tone), (said, "plain")))
    return lines or [(("no conversation of an agent in the last hour", "plain"),)]


def edit_lines(feed: Feed, now: float) -> list[Line]:
    """The latest edits that were applied, the newest first, each as a sentence."""
    last = islice(reversed(feed.model.last_edits.rows), LAST)
    return [labelled(clock_time(one.at, now), *_sentence(one)) for one in last] or [
        (("nothing was edited yet", "plain"),)
    ]


def _sentence(one: LandedEdit) -> tuple[tuple[str, str], ...]:
    freed = one.before - one.after
    if one.op == "note":
        did = f"added a note of {plural(one.after, 'token')}"
    elif freed > 0:
        did = f"saved {count(freed)} of {count(one.before)} tokens"
    else:
        did = f"added {plural(-freed, 'token')}"
    why = f": {one.reason}" if one.reason else ""
    if one.op == "compact" and one.messages:
        why = f": {plural(one.messages, 'old message')} put into a record"
    return (f"{one.stage} ", "plain"), (did, "good" if freed > 0 else "plain"), (why, "plain")


def next_lines(feed: Feed, now: float) -> list[Line]:
    """What the user can do where no requests come: nothing logged yet, no proxy running. Empty while all goes well."""
    health = feed.model.health
    if words := words_for(feed, ""):
        title, sentences = words
        return [((title, "strong"),), *(((sentence, "plain"),) for sentence in sentences)]
    if feed.proxy in (Proxy.STOPPED, Proxy.GONE):
        return [
            (("No proxy is running.", "warn"),),
            (("Start it again in another terminal:   penstock up", "plain"),),
        ]
    if health.is_paused and feed.proxy is Proxy.RUNNING:
        return [(("Editing is paused: p in the settings (9) resumes it.", "warn"),)]
    quiet = now - (health.last_at or now)
    if feed.proxy is Proxy.RUNNING and quiet > QUIET:
        return [
            ((f"Nothing has come through for {age(quiet)}.", "plain"),),
            (("Send a client through it:   penstock run -- claude", "plain"),),
        ]
    return []
