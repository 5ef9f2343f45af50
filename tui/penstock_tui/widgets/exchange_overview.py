"""`exchange_overview`: formats the overview of one exchange, shown beside its blocks, as coloured lines: state, stages,
tokens, cost, cache, edits, answer, timeline. Independent of widgets."""

from __future__ import annotations

from collections.abc import Sequence

from penstock.base.format import plural
from penstock.conversation.exchange import State
from penstock.stats.cost_totals import CostTotals
from penstock_tui.exchange.model import ExchangeDetail
from penstock_tui.format import count, dollars, duration, full_time, keep_alive, percent
from penstock_tui.log.row import Row
from penstock_tui.widgets.cell_width import fitted, width_of
from penstock_tui.widgets.column_layout import Moment
from penstock_tui.widgets.edit_words import describe, mark_of, tone_of_edit
from penstock_tui.widgets.wrapped_text import Line, labelled, section

__all__ = ["exchange_overview"]

Part = tuple[str, str]
"""A text and the name of its colour."""
_PARTS = ("system", "tools", "messages")
BAR = 24
"""Cells, beside a label in half of a window of 110."""
_MARKS = {
    "edited": ("✎", "good"),
    "nothing": ("·", "dim"),
    "failed": ("✗", "bad"),
    "late": ("◷", "warn"),
    "resting": ("z", "warn"),
    "skipped": ("-", "dim"),
    "refused": ("⊘", "warn"),
}


def exchange_overview(row: Row, detail: ExchangeDetail, moment: Moment, costs: CostTotals | None = None) -> list[Line]:
    """All sections that are not empty. `costs`: those of the exchange's session."""
    sections: list[tuple[str, list[Line]]] = [
        ("", _trouble(row, detail)),
        ("", _identity(row, detail)),
        ("Prompt", _said(detail.prompt)),
        ("Stages", _stages(detail)),
        ("Edits", _edits(detail)),
        ("Tokens", _tokens(row, detail)),
        ("Money", _money(row, costs)),
        ("Answer", _answer(row, detail)),
        ("Timeline", _timeline(row, detail, moment)),
    ]
    return [line for title, lines in sections for line in section(title, lines)]


def _trouble(row: Row, detail: ExchangeDetail) -> list[Line]:
    if row.state is State.REFUSED:
        later = f" Retry after {detail.retry_after:.0f} s." if detail.retry_after is not None else ""
        said = f"⊘ Refused with {row.status or 'no status'}: {detail.message or 'no message'}{later}"
        return _said(said, "warn")
    if row.failed:
        return _said(f"✗ Failed: {': '.join(filter(None, (row.why, row.error))) or row.status}", "bad")
    if row.lost:
        return _said("? The proxy ended while this was under way.", "warn")
    if row.bypassed:
        return _said(f"- Went through unread: {row.bypassed}", "dim")
    return []


def _identity(row: Row, detail: ExchangeDetail) -> list[Line]:
    where = " · ".join(
        filter(None, (f"turn {row.turn}" if row.turn else "", f"epoch {row.epoch}" if row.epoch else ""))
    )
    held = "" if detail.messages is None else plural(detail.messages, "message")
    return _pairs(
        [
            ("exchange", row.id),
            ("from", " · ".join(filter(None, (row.client, row.kind, row.agent, "a retry" if row.retry else "")))),
            ("to", " · ".join(filter(None, (row.model, row.dialect, "stream" if detail.stream else "")))),
            ("history", " · ".join(filter(None, (where, held)))),
            ("when", full_time(row.at)),
            ("conversation", row.conversation),
            ("session", f"{row.label}  {row.session}" if row.label else row.session),
            ("profile", row.profile),
        ]
    )


def _said(words: str, tone: str = "plain") -> list[Line]:
    return [((line, tone),) for line in words.strip().expandtabs().splitlines()]


def _stages(detail: ExchangeDetail) -> list[Line]:
    rows: list[Sequence[Part]] = []
    for one in detail.verdicts:
        mark, colour = _MARKS.get(one.outcome, ("?", "plain"))
        edits = plural(one.edits, "edit") if one.edits else ""
        remark = " · ".join(filter(None, (edits, " ".join(one.remark.split()))))
        took = duration(one.ms).rjust(6)
        rows.append(((f"{mark} {one.stage}", colour), (one.outcome, colour), (took, "dim"), (remark, "plain")))
    return _grid(rows)


def _edits(detail: ExchangeDetail) -> list[Line]:
    rows: list[Sequence[Part]] = []
    for one in detail.changes:
        if one.here:
            place = "" if one.m is None else f"{one.m}.{one.b or 0}"
            what = " ".join(describe(one).split())
            rows.append(((f"{mark_of(one)} {one.stage}", tone_of_edit(one)), (place.rjust(5), "dim"), (what, "plain")))
    return _grid(rows)


def _tokens(row: Row, detail: ExchangeDetail) -> list[Line]:
    lines: list[tuple[str, str]] = []
    if row.tokens_in is not None and row.tokens_out is not None:
        lines.append(("sent", _sent(row)))
    parts = [f"{name} {count(n)}" for name in _PARTS if (n := getattr(detail.shares, name)) is not None]
    lines.append(("of which", " · ".join(parts)))
    if detail.bytes_in is not None:
        out = "" if detail.bytes_out in (None, detail.bytes_in) else f" → {count(detail.bytes_out or 0)}"
        lines.append(("bytes", f"{count(detail.bytes_in)}{out}"))
    replayed = f"{row.replayed} replayed" if row.replayed else ""
    waiting = f"{row.pending} waiting for a cold cache" if row.pending else ""
    landed = f"{row.edits} landed" if row.edits else ""
    lines.append(("edits", " · ".join(filter(None, (landed, replayed, waiting)))))
    if row.usage.prompt is None:
        return _pairs(lines)
    return [*_pairs([*lines, ("provider", _usage(row))]), *_cache(row)]


def _sent(row: Row) -> str:
    before, after = row.tokens_in or 0, row.tokens_out or 0
    how = f" ({row.how})" if row.how else ""
    if before == after:
        return f"{after:,}{how}"
    change = f", {percent(abs(before - after) / before)} {'less' if after < before else 'more'}" if before else ""
    return f"{before:,} → {after:,}{how}{change}"


def _usage(row: Row) -> str:
    parts = [
        (row.usage.prompt, "in"),
        (row.usage.cache_read, "read from cache"),
        (row.usage.cache_write, "written to cache"),
        (row.usage.output, "out"),
    ]
    return " · ".join(f"{number:,} {name}" for number, name in parts if number is not None)


def _cache(row: Row) -> list[Line]:
    """Three fillings, so that it is readable without colours."""
    whole, usage = row.usage.prompt or 0, row.usage
    if not whole:
        return []
    read = round(BAR * (usage.cache_read or 0) / whole)
    written = round(BAR * (usage.cache_write or 0) / whole)
    rest = max(BAR - read - written, 0)
    legend = [f"█ {percent((usage.cache_read or 0) / whole)} read"]
    if usage.cache_write:
        legend.append(f"▓ {percent(usage.cache_write / whole)} written")
    if usage.input:
        legend.append(f"░ {percent(usage.input / whole)} plain")
    bar = labelled("cache", ("█" * read, "good"), ("▓" * written, "warn"), ("░" * rest, "dim"))
    return [bar, labelled("", ("  ".join(legend), "plain"))]


def _money(row: Row, costs: CostTotals | None) -> list[Line]:
    money = row.money
    if row.is_unpriced:
        return _pairs([("price", "unknown: nobody has said what this model costs")])
    again = f"{plural(row.reads, 'read')} of it, {dollars(row.reads_cost)}" if row.reads else ""
    if money is None or money.baseline is None:
        return _pairs([("keep-alive", again)])
    about, how = ("~", " (estimated)") if money.is_estimated else ("", "")
    lines = _pairs(
        [
            ("paid", f"{about}{dollars(money.spent)}{how}"),
            ("instead of", f"~{dollars(money.baseline)} without Penstock"),
        ]
    )
    lines.append(labelled("exchange", _gain(row.saved or 0.0, money.baseline)))
    lines += _pairs(
        [
            ("compacting", f"~{dollars(money.naive or 0.0)} by itself at 30% of the window"),
            ("cache", f"reads saved {money.reads_saved:,} · writes caused {money.writes_caused:,} tokens"),
            ("keep-alive", again),
        ]
    )
    if costs is not None and costs.requests:
        of = f" in {plural(costs.requests, 'request')}"
        lines.append(labelled("session", _gain(costs.saved, costs.baseline, of)))
        lines += _pairs([("", keep_alive(costs) and f"keep-alive: {keep_alive(costs)}")])
    return lines


def _gain(kept: float, baseline: float, where: str = "") -> Part:
    """Dollars saved, or lost, as a share of the cost without Penstock."""
    share = f" ({percent(abs(kept) / baseline)})" if baseline and kept else ""
    said = f"{dollars(abs(kept))} {'lost' if kept < 0 else 'saved'}{share}{where}"
    return said, "bad" if kept < 0 else "good" if kept else "plain"


def _answer(row: Row, detail: ExchangeDetail) -> list[Line]:
    return [*_pairs([("stop", detail.stop), ("calls", ", ".join(row.tools))]), *_said(detail.text)]


def _timeline(row: Row, detail: ExchangeDetail, moment: Moment) -> list[Line]:
    if not detail.steps:
        return []
    start = detail.steps[0].at
    rows: list[Sequence[Part]] = []
    for step in detail.steps:
        after = full_time(start).split()[1] if step is detail.steps[0] else f"+{duration((step.at - start) * 1000)}"
        colour = "bad" if step.name in ("failed", "fault") else "warn" if step.name == "refused" else "plain"
        rows.append(((step.name, colour), (after, "dim"), (_noted(row, step.name, step.note), "plain")))
    if row.running:
        so_far = duration(max(moment.now - start, 0) * 1000)
        rows.append((("…", "accent"), (f"+{so_far}", "accent"), ("under way", "plain")))
    return _grid(rows)


def _noted(row: Row, name: str, note: str) -> str:
    took = ""
    if name == "forwarded" and row.suite_ms is not None:
        took = f"the suite took {duration(row.suite_ms)}"
    if name == "answered" and row.first_ms is not None:
        took = f"first byte after {duration(row.first_ms)}, complete after {duration(row.ms)}"
    return " · ".join(filter(None, (took, " ".join(note.split()))))


def _pairs(lines: Sequence[tuple[str, str]]) -> list[Line]:
    """Names and values; those without a value are left out."""
    return [labelled(name, (" ".join(value.split("\n")), "plain")) for name, value in lines if value]


def _grid(rows: Sequence[Sequence[Part]]) -> list[Line]:
    """Each column but the last is as wide as its content."""
    wide = [max(map(width_of, (text for text, _ in column))) for column in zip(*rows, strict=True)]
    return [
        [*((f"{fitted(text, size)}  ", tone) for (text, tone), size in zip(row, wide[:-1], strict=False)), row[-1]]
        for row in rows
    ]
