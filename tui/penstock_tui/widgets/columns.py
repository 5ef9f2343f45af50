"""`COLUMNS`: the columns of the request log, each with title, cell, sort key and help, and the functions that format
their cells. `column_of` and `order_by` find one, and the order by it; `tone_of_row`: the colour of a row."""

from __future__ import annotations

from penstock.conversation.exchange import Kind, State
from penstock.stats.tags import Tagged
from penstock_tui.format import clock_time, count, dollars, duration, percent
from penstock_tui.log.filtered_rows import Order
from penstock_tui.log.row import INGESTED, KEEP_ALIVE, Row
from penstock_tui.widgets.cell_width import width_of
from penstock_tui.widgets.column_layout import Cell, Column, Moment
from penstock_tui.widgets.tones import session_tone

__all__ = ["BY_SESSION", "COLUMNS", "column_of", "order_by", "tag_parts", "tag_text", "tone_of_row"]

SPINNER = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"


def tone_of_row(row: Row) -> str:
    """The tone of failed, refused and quiet rows; their words differ, too."""
    if row.history:
        return "dim"
    if row.state is State.REFUSED:
        return "warn"
    if row.failed:
        return "bad"
    if row.lost or row.retry or row.bypassed or row.kind in _QUIET:
        return "dim"
    return "plain"


_QUIET = ("", Kind.SIDE, Kind.COUNT, Kind.OTHER, KEEP_ALIVE, INGESTED)


BY_SESSION = Order("session", lambda row: row.session_number or None, falls=True, groups=True)
"""The order that groups requests by session under headings, the session that began last on top."""


def order_by(title: str) -> Order | None:
    """The order by a column: the greatest numbers first, texts alphabetically. None: it cannot be sorted by."""
    column = column_of(title)
    return (
        Order(title, column.sort, falls=column.right or title in ("time", "status", "session")) if column.sort else None
    )


def column_of(title: str) -> Column[Row]:
    """The column of that title. Raises `KeyError`."""
    return {column.title: column for column in COLUMNS}[title]


def _time(row: Row, moment: Moment) -> Cell:
    return clock_time(row.at, moment.now), "dim" if tone_of_row(row) == "plain" else ""


def _kind(row: Row, _moment: Moment) -> Cell:
    name = _SHORT.get(row.kind, row.kind) or ("bypass" if row.bypassed else "")
    return (f"{name} ↺" if row.retry else name), ""


_SHORT = {Kind.CLIENT_COMPACTION.value: "compact", Kind.SUBAGENT.value: "subagent", KEEP_ALIVE: "keepalive"}


def _session(row: Row, _moment: Moment) -> Cell:
    if not row.session_number:
        return "", ""
    return f"{row.session_number} {row.session_name}", session_tone(row.session_number)


def _agent(row: Row, _moment: Moment) -> Cell:
    return row.agent, "dim" if row.agent == "main" else ""


def _prompt(row: Row, _moment: Moment) -> Cell:
    if row.prompt:
        return row.prompt, "dim" if row.prompt.startswith(("↳", "↻")) else ""
    return f"{row.host}{row.path}", "dim"


def _tokens(number: int | None, row: Row) -> str:
    if number is None:
        return ""
    return f"~{count(number)}" if number and row.how == "estimated" else count(number)


def _baseline(row: Row, _moment: Moment) -> Cell:
    return _tokens(row.tokens_in, row), "dim" if row.tokens_in == row.tokens_out else ""


def _injected(row: Row, _moment: Moment) -> Cell:
    return (f"+{count(row.injected)}" if row.injected else ""), ""


def _removed(row: Row, _moment: Moment) -> Cell:
    return (f"-{count(row.removed)}" if row.removed else ""), "good"


def _edits(row: Row, _moment: Moment) -> Cell:
    if not row.edits:
        return "", ""
    change = row.injected_now - row.freed_now
    by = f"{'+' if change > 0 else '-'}{count(abs(change))}" if change else ""
    return f"{row.edits} {by}".rstrip(), "good" if change < 0 else "accent"


def _replayed(row: Row, _moment: Moment) -> Cell:
    parts = (f"↻{row.replayed}" if row.replayed else "", f"…{row.pending}" if row.pending else "")
    return " ".join(filter(None, parts)), "dim"


def _saved(row: Row, _moment: Moment) -> Cell:
    if row.saved is None:
        return ("?", "dim") if row.is_unpriced else ("", "")
    about = "~" if row.money is not None and row.money.is_estimated else ""
    return f"{about}{dollars(row.saved)}", "bad" if row.saved < 0 else "good" if row.saved > 0 else "dim"


def _total(row: Row, moment: Moment) -> Cell:
    if row.running:
        return duration(max(moment.now - row.at, 0) * 1000), "accent"
    return duration(row.ms), ""


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
    State.REWRITTEN: "sending",
    State.FORWARDED: "waiting",
}
_BRIEF = {"client left": "closed", "connection": "conn err", "cut": "cut"}
"""Where the status says nothing of what went wrong."""


def _gravity(row: Row) -> float | None:
    """Failed ranks above refused, refused above answered."""
    if row.running:
        return None
    grade = 3 if row.lost else 2 if row.failed and row.state is not State.REFUSED else row.state is State.REFUSED
    return grade * 1000 + (row.status or 0)


def _turn(row: Row) -> str:
    return str(row.turn) if row.turn else ""


_BADGES = (("BROAD", "B"), ("TEMPORAL", "T"))
LEAST = 6
"""Cells of the first tag that are worth more than a badge in full."""


def tag_text(tagged: Tagged) -> str:
    """All badges and tags in words."""
    return " ".join(filter(None, (*(long for long, _ in _badges(tagged)), ", ".join(tagged.names))))


def tag_parts(tagged: Tagged, width: int) -> list[Cell]:
    """The badges and tags for a cell of `width`. Badges are one letter each where they would leave no room for the
    beginning of a tag."""
    badges = _badges(tagged)
    first = min(width_of(tagged.names[0]), LEAST) if tagged.names else -1
    fits = sum(len(long) + 1 for long, _ in badges) + first <= width
    parts: list[Cell] = []
    for long, short in badges:
        parts += [(" ", ""), (long if fits else short, "badge")]
    for i, name in enumerate(tagged.names):
        parts += [(", ", ""), (name, "")] if i else [(" ", ""), (name, "strong" if tagged.has_primary else "")]
    return parts[1:]  # without the blank before the first


def _badges(tagged: Tagged) -> list[tuple[str, str]]:
    return [badge for badge, has in zip(_BADGES, (tagged.broad, tagged.temporal), strict=True) if has]


COLUMNS: tuple[Column[Row], ...] = (
    Column(
        "time",
        9,
        3,
        "when it came in; weekday or date when that was not today; ┊ behind it, and the whole row dim: history, from "
        "before the newest start of a proxy",
        _time,
        sort=lambda row: row.at,
        stays=True,
    ),
    Column(
        "turn",
        4,
        14,
        "how many messages of a person the history holds",
        lambda row, _: (_turn(row), ""),
        right=True,
        sort=lambda row: row.turn or None,
    ),
    Column(
        "kind",
        9,
        7,
        "main: a person's message · tool-loop: the agent goes on with its tools' results · subagent · side: titles, "
        "quota checks and the like · count: only counts tokens · compact: the client summarises · ↺ a retry · "
        "keepalive: no request of a client, Penstock sent the last one again so that the cache does not expire",
        _kind,
        sort=lambda row: row.kind,
    ),
    Column(
        "session",
        10,
        8,
        "the session, or the conversation where the client names none: its number by order of appearance in this log, "
        "and your label or how its id begins; b groups by it",
        _session,
        sort=lambda row: row.session_number or None,
    ),
    Column("client", 11, 12, "the program that sent it", lambda row, _: (row.client, ""), sort=lambda row: row.client),
    Column("agent", 8, 20, "main, or the client's name for a subagent", _agent, sort=lambda row: row.agent),
    Column(
        "model",
        17,
        21,
        "the model that was asked, then the one that answered",
        lambda row, _: (row.model, ""),
        sort=lambda row: row.model,
    ),
    Column(
        "request tags",
        14,
        11,
        "what the request is about, the most telling tag first and bold; BROAD, or B: it asks for an overview; "
        "TEMPORAL, or T: for what was at some time",
        lambda row, _: (tag_text(row.inbound), ""),
        sort=lambda row: row.inbound.first,
        parts=lambda row, width: tag_parts(row.inbound, width),
    ),
    Column(
        "answer tags",
        14,
        15,
        "what the turn was about that its answer ended, as above",
        lambda row, _: (tag_text(row.response), ""),
        sort=lambda row: row.response.first,
        parts=lambda row, width: tag_parts(row.response, width),
    ),
    Column(
        "prompt",
        19,
        2,
        "what the user wrote; ↳ the tool whose result came, with its file, command or pattern, and how many results "
        "more; ↻ what a keep-alive request read; else host and path",
        _prompt,
        grows=True,
        ample=60,
        sort=lambda row: row.prompt,
        stays=True,
    ),
    Column(
        "sent",
        6,
        6,
        "tokens that left for the provider; ~ an estimate",
        lambda row, _: (_tokens(row.tokens_out, row), ""),
        right=True,
        sort=lambda row: row.tokens_out,
    ),
    Column(
        "baseline",
        8,
        16,
        "tokens the client had sent: baseline + injected - removed = sent",
        _baseline,
        right=True,
        sort=lambda row: row.tokens_in,
    ),
    Column(
        "injected",
        8,
        17,
        "tokens of our notes in it, those replayed from earlier included",
        _injected,
        right=True,
        sort=lambda row: row.injected,
    ),
    Column(
        "removed",
        7,
        13,
        "tokens that edits removed in all, those of earlier requests included, less what they put in their place; in "
        "older logs baseline - sent",
        _removed,
        right=True,
        sort=lambda row: row.removed,
    ),
    Column(
        "edits",
        9,
        5,
        "what was edited in this request for the first time: how many edits, and by how many tokens they made it "
        "smaller (-) or larger (+, notes)",
        _edits,
        right=True,
        sort=lambda row: row.freed_now - row.injected_now if row.edits else None,
    ),
    Column(
        "replayed",
        9,
        23,
        "↻ edits of earlier requests that this one was sent with again, … edits that wait for a cold cache",
        _replayed,
        right=True,
        sort=lambda row: row.replayed,
    ),
    Column(
        "cache",
        5,
        10,
        "the part of the input the provider read from its cache",
        lambda row, _: (percent(row.cache_share), ""),
        right=True,
        sort=lambda row: row.cache_share,
    ),
    Column(
        "saved",
        9,
        4,
        "dollars, against the cost without Penstock; red with a minus: it cost more; ~ an estimate; ? unknown price",
        _saved,
        right=True,
        sort=lambda row: row.saved,
    ),
    Column(
        "suite",
        6,
        18,
        "time the suite took before the request left, without what it waited for its turn",
        lambda row, _: (duration(row.suite_ms), ""),
        right=True,
        sort=lambda row: row.suite_ms,
    ),
    Column(
        "provider",
        8,
        19,
        "time from when it left to the end of the answer",
        lambda row, _: (duration(row.provider_ms), ""),
        right=True,
        sort=lambda row: row.provider_ms,
    ),
    Column(
        "first",
        6,
        22,
        "time from its arrival to the first byte of the answer",
        lambda row, _: (duration(row.first_ms), ""),
        right=True,
        sort=lambda row: row.first_ms,
    ),
    Column(
        "total",
        6,
        9,
        "time from its arrival to the end of the answer, or so far",
        _total,
        right=True,
        sort=lambda row: row.ms,
    ),
    Column(
        "status",
        10,
        1,
        "✓ answered · ! answered, but a stage failed, was late or rests · ✂ the stream was cut · ✗ failed: "
        "the provider's status, or cut, closed (by the client), conn err (no connection to the provider) · "
        "⊘ refused by a budget or a stage · ? the proxy ended meanwhile · a turning mark: under way",
        _status,
        sort=_gravity,
    ),
)
"""All columns, in their order on the screen."""
