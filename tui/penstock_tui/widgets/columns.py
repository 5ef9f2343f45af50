"""The columns of the request log: what each shows."""

from __future__ import annotations

from penstock.exchange import Kind, State
from penstock_tui.figures import clock_time, count, dollars, duration, percent
from penstock_tui.rows import Row
from penstock_tui.widgets.fitting import Cell, Column, Moment

__all__ = ["COLUMNS", "tone_of_row"]

SPINNER = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"


def tone_of_row(row: Row) -> str:
    """Failed, refused and quiet rows are told apart by tone as well as by their words."""
    if row.state is State.REFUSED:
        return "warn"
    if row.failed:
        return "bad"
    if row.lost or row.retry or row.bypassed or row.kind in _QUIET:
        return "dim"
    return "plain"


_QUIET = ("", Kind.SIDE, Kind.COUNT, Kind.OTHER)


def _time(row: Row, moment: Moment) -> Cell:
    return clock_time(row.at, moment.now), "dim" if tone_of_row(row) == "plain" else ""


def _kind(row: Row, _moment: Moment) -> Cell:
    name = _SHORT.get(row.kind, row.kind) or ("bypass" if row.bypassed else "")
    return (f"{name} ↺" if row.retry else name), ""


_SHORT = {Kind.CLIENT_COMPACTION.value: "compact", Kind.SUBAGENT.value: "subagent"}


def _agent(row: Row, _moment: Moment) -> Cell:
    return row.agent, "dim" if row.agent == "main" else ""


def _words(row: Row, _moment: Moment) -> Cell:
    if row.words:
        return row.words, "dim" if row.words.startswith("↳") else ""
    return f"{row.host}{row.path}", "dim"


def _tokens(row: Row, _moment: Moment) -> Cell:
    if row.tokens_out is None:
        return "", ""
    sent = count(row.tokens_out) if row.how != "estimated" else f"~{count(row.tokens_out)}"
    if row.tokens_in is None or row.tokens_in == row.tokens_out:
        return sent, ""
    return f"{sent} ({count(row.tokens_in)})", ""


def _edits(row: Row, _moment: Moment) -> Cell:
    parts = (
        str(row.edits) if row.edits else "",
        f"↻{row.replayed}" if row.replayed else "",
        f"…{row.pending}" if row.pending else "",
    )
    return " ".join(filter(None, parts)), "accent" if row.edits else "dim"


def _cache(row: Row, _moment: Moment) -> Cell:
    return percent(row.cache_share), ""


def _saved(row: Row, _moment: Moment) -> Cell:
    if row.saved is None:
        return "", ""
    about = "" if row.counted else "~"
    return f"{about}{dollars(row.saved)}", "bad" if row.saved < 0 else "good" if row.saved > 0 else "dim"


def _suite(row: Row, _moment: Moment) -> Cell:
    return duration(row.suite_ms), ""


def _first(row: Row, _moment: Moment) -> Cell:
    return duration(row.first_ms), ""


def _total(row: Row, moment: Moment) -> Cell:
    if row.running:
        return duration(max(moment.now - row.at, 0) * 1000), "accent"
    return duration(row.total_ms), ""


def _status(row: Row, moment: Moment) -> Cell:
    if row.running:
        return f"{SPINNER[moment.frame % len(SPINNER)]} {_DOING[row.state]}", "accent"
    if row.lost:
        return "? lost", ""
    said = "" if row.status is None else str(row.status)
    if row.state is State.REFUSED:
        return f"⊘ {said}".rstrip(), ""
    if row.failed:
        return f"✗ {_BRIEF.get(row.why) or said or row.why or 'failed'}", ""
    return f"{'!' if row.trouble else '✓' if row.complete else '✂'} {said}".rstrip(), "warn" if row.trouble else ""


_DOING = {
    State.RECEIVED: "reading",
    State.CLASSIFIED: "stages",
    State.ENRICHED: "sending",
    State.FORWARDED: "waiting",
}
_BRIEF = {"client left": "left", "connection": "no link", "cut": "cut"}
"""Where the status says nothing of what went wrong."""

COLUMNS: tuple[Column[Row], ...] = (
    Column("time", 9, 4, "when it came in; weekday or date when that was not today", _time),
    Column("client", 11, 9, "the program that sent it", lambda row, _: (row.client, "")),
    Column(
        "kind",
        9,
        3,
        "main: a person's message · tool-loop: the agent goes on with its tools' results · subagent · side: titles, "
        "quota checks and the like · count: only counts tokens · compact: the client summarises · ↺ a retry",
        _kind,
    ),
    Column("agent", 8, 15, "main, or the client's name for a subagent", _agent),
    Column("model", 17, 11, "the model that was asked, then the one that answered", lambda row, _: (row.model, "")),
    Column("turn", 4, 12, "how many messages of a person the history holds", lambda row, _: (_turn(row), ""), True),
    Column(
        "words", 20, 2, "what the person wrote; ↳ the tools whose results came; else host and path", _words, grows=True
    ),
    Column("tokens", 14, 5, "sent to the provider, in brackets what the client had sent; ~ an estimate", _tokens, True),
    Column("edits", 9, 10, "landed in this request, ↻ replayed from earlier, … waiting for a cold cache", _edits, True),
    Column("cache", 5, 7, "the part of the input the provider read from its cache", _cache, True),
    Column("saved", 9, 8, "dollars, against the request untouched; red: it cost more; ~ an estimate", _saved, True),
    Column("suite", 6, 14, "time all stages took before the request left", _suite, True),
    Column("first", 6, 13, "time until the first byte of the answer", _first, True),
    Column("total", 6, 6, "time until the answer was complete, or so far", _total, True),
    Column(
        "status",
        10,
        1,
        "✓ answered · ! answered, but a stage failed, was late or rests · ✂ the stream was cut · ✗ failed: "
        "the provider's status, or cut, left (the client went away), no link · "
        "⊘ refused by a budget or a stage · ? the proxy ended meanwhile · a turning mark: under way",
        _status,
    ),
)
"""In their order on the screen."""


def _turn(row: Row) -> str:
    return str(row.turn) if row.turn else ""
