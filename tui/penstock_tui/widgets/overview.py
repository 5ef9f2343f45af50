"""What is known of one exchange, beside its blocks."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.style import Style
from rich.table import Table
from rich.text import Text

from penstock.exchange import State
from penstock_tui.counts.totals import Purse
from penstock_tui.figures import count, dollars, duration, full_time, many, percent
from penstock_tui.rows import Row
from penstock_tui.story import Story
from penstock_tui.widgets.edit_words import mark_of, told, tone_of_edit
from penstock_tui.widgets.fitting import Moment

__all__ = ["overview"]

Tone = Callable[[str], Style]
BAR = 32
_MARKS = {
    "edited": ("✎", "good"),
    "nothing": ("·", "dim"),
    "failed": ("✗", "bad"),
    "late": ("◷", "warn"),
    "resting": ("z", "warn"),
    "skipped": ("-", "dim"),
    "refused": ("⊘", "warn"),
}


def overview(row: Row, story: Story, moment: Moment, tone: Tone, purse: Purse | None = None) -> RenderableType:
    """All sections that have something to say. `purse`: the money of its session."""
    sections = (
        ("", _trouble(row, story, tone)),
        ("", _identity(row, story, tone)),
        ("Words", _said(story.words, tone)),
        ("Stages", _stages(story, tone)),
        ("Edits", _edits(story, tone)),
        ("Tokens", _tokens(row, story, tone)),
        ("Money", _money(row, purse, tone)),
        ("Answer", _answer(row, story, tone)),
        ("Timeline", _timeline(row, story, moment, tone)),
    )
    return Group(*_titled(sections, tone))


def _titled(sections: tuple[tuple[str, RenderableType | None], ...], tone: Tone) -> Iterator[RenderableType]:
    for title, body in sections:
        if body is None:
            continue
        yield Padding(Group(Text(title, style=tone("head")), body) if title else body, (0, 0, 1, 0))


def _trouble(row: Row, story: Story, tone: Tone) -> RenderableType | None:
    if row.state is State.REFUSED:
        later = f" Retry after {story.retry_after:.0f} s." if story.retry_after is not None else ""
        said = f"⊘ Refused with {row.status or 'no status'}: {story.message or 'no message'}{later}"
        return Text(said, style=tone("warn"))
    if row.failed:
        return Text(f"✗ Failed: {': '.join(filter(None, (row.why, row.error))) or row.status}", style=tone("bad"))
    if row.lost:
        return Text("? The proxy ended while this was under way.", style=tone("warn"))
    if row.bypassed:
        return Text(f"- Went through unread: {row.bypassed}", style=tone("dim"))
    return None


def _identity(row: Row, story: Story, tone: Tone) -> RenderableType:
    where = " · ".join(
        filter(None, (f"turn {row.turn}" if row.turn else "", f"epoch {row.epoch}" if row.epoch else ""))
    )
    held = "" if story.messages is None else many(story.messages, "message")
    return _pairs(
        [
            ("exchange", row.id),
            ("from", " · ".join(filter(None, (row.client, row.kind, row.agent, "a retry" if row.retry else "")))),
            ("to", " · ".join(filter(None, (row.model, row.dialect, "stream" if story.stream else "")))),
            ("history", " · ".join(filter(None, (where, held)))),
            ("when", full_time(row.at)),
            ("conversation", row.conversation),
            ("session", f"{row.label}  {row.session}" if row.label else row.session),
            ("profile", row.profile),
        ],
        tone,
    )


def _said(words: str, tone: Tone) -> RenderableType | None:
    if not words.strip():
        return None
    return _folded(words.strip(), tone)


def _stages(story: Story, tone: Tone) -> RenderableType | None:
    if not story.verdicts:
        return None
    table = _grid()
    for one in story.verdicts:
        mark, colour = _MARKS.get(one.outcome, ("?", "plain"))
        edits = many(one.edits, "edit") if one.edits else ""
        table.add_row(
            Text(f"{mark} {one.stage}", style=tone(colour)),
            Text(one.outcome, style=tone(colour)),
            Text(duration(one.ms), style=tone("dim"), justify="right"),
            _folded(" · ".join(filter(None, (edits, one.remark))), tone),
        )
    return table


def _edits(story: Story, tone: Tone) -> RenderableType | None:
    own = [one for one in story.changes if one.here]
    if not own:
        return None
    table = _grid()
    for one in own:
        colour = tone_of_edit(one)
        place = "" if one.m is None else f"{one.m}.{one.b or 0}"
        table.add_row(
            Text(f"{mark_of(one)} {one.stage}", style=tone(colour)),
            Text(place, style=tone("dim"), justify="right"),
            _folded(told(one), tone),
        )
    return table


def _tokens(row: Row, story: Story, tone: Tone) -> RenderableType | None:
    lines: list[tuple[str, RenderableType | str]] = []
    if row.tokens_in is not None and row.tokens_out is not None:
        lines.append(("sent", _sent(row)))
    parts = [f"{name} {count(n)}" for name, n in story.tokens.items() if name != "total"]
    lines.append(("of which", " · ".join(parts)))
    if story.bytes_in is not None:
        out = "" if story.bytes_out in (None, story.bytes_in) else f" → {count(story.bytes_out or 0)}"
        lines.append(("bytes", f"{count(story.bytes_in)}{out}"))
    replayed = f"{row.replayed} replayed" if row.replayed else ""
    waiting = f"{row.pending} waiting for a cold cache" if row.pending else ""
    landed = f"{row.edits} landed" if row.edits else ""
    lines.append(("edits", " · ".join(filter(None, (landed, replayed, waiting)))))
    if row.prompt is not None:
        lines.append(("provider", _usage(row)))
        lines.append(("cache", _bar(row, tone)))
    return _pairs(lines, tone) if any(value for _, value in lines) else None


def _sent(row: Row) -> str:
    before, after = row.tokens_in or 0, row.tokens_out or 0
    how = f" ({row.how})" if row.how else ""
    if before == after:
        return f"{after:,}{how}"
    change = f", {percent(abs(before - after) / before)} {'less' if after < before else 'more'}" if before else ""
    return f"{before:,} → {after:,}{how}{change}"


def _usage(row: Row) -> str:
    parts = [
        (row.prompt, "in"),
        (row.cache_read, "read from cache"),
        (row.cache_write, "written to cache"),
        (row.output, "out"),
    ]
    return " · ".join(f"{number:,} {name}" for number, name in parts if number is not None)


def _bar(row: Row, tone: Tone) -> RenderableType:
    """Three fillings, so that it reads without colours."""
    whole = row.prompt or 0
    if not whole:
        return Text("")
    read = round(BAR * (row.cache_read or 0) / whole)
    written = round(BAR * (row.cache_write or 0) / whole)
    rest = max(BAR - read - written, 0)
    bar = Text("█" * read, style=tone("good"))
    bar.append("▓" * written, style=tone("warn"))
    bar.append("░" * rest, style=tone("dim"))
    legend = [f"█ {percent((row.cache_read or 0) / whole)} read"]
    if row.cache_write:
        legend.append(f"▓ {percent(row.cache_write / whole)} written")
    if row.input:
        legend.append(f"░ {percent(row.input / whole)} plain")
    return bar.append(f"\n{'  '.join(legend)}", style=tone("plain"))


def _money(row: Row, purse: Purse | None, tone: Tone) -> RenderableType | None:
    if row.baseline is None:
        return None
    about = "" if row.counted else "~"
    lines: list[tuple[str, RenderableType | str]] = [
        ("untouched", f"~{dollars(row.baseline)}"),
        ("paid", f"{about}{dollars(row.paid)}{'' if row.counted else ' (estimated)'}"),
        ("exchange", _gain(row.saved or 0.0, row.baseline, tone)),
        ("compacting", f"~{dollars(row.naive)} by itself at 30% of the window"),
        ("cache", f"reads saved {row.reads_saved:,} · writes caused {row.writes_caused:,} tokens"),
    ]
    if purse is not None and purse.requests:
        lines.append(("session", _gain(purse.saved, purse.baseline, tone, f" in {many(purse.requests, 'request')}")))
    return _pairs(lines, tone)


def _gain(kept: float, baseline: float, tone: Tone, where: str = "") -> Text:
    """What was saved, or lost, of what it would have cost."""
    share = f" ({percent(abs(kept) / baseline)})" if baseline and kept else ""
    said = f"{dollars(abs(kept))} {'lost' if kept < 0 else 'saved'}{share}{where}"
    return Text(said, style=tone("bad" if kept < 0 else "good" if kept else "plain"))


def _answer(row: Row, story: Story, tone: Tone) -> RenderableType | None:
    if not (row.tools or story.stop or story.text):
        return None
    facts = _pairs([("stop", story.stop), ("calls", ", ".join(row.tools))], tone)
    return Group(facts, _folded(story.text.strip(), tone)) if story.text.strip() else facts


def _timeline(row: Row, story: Story, moment: Moment, tone: Tone) -> RenderableType | None:
    if not story.steps:
        return None
    start = story.steps[0].at
    table = _grid()
    for step in story.steps:
        after = full_time(start).split()[1] if step is story.steps[0] else f"+{duration((step.at - start) * 1000)}"
        colour = "bad" if step.name in ("failed", "fault") else "warn" if step.name == "refused" else "plain"
        table.add_row(
            Text(step.name, style=tone(colour)),
            Text(after, style=tone("dim")),
            _folded(_noted(row, step.name, step.note), tone),
        )
    if row.running:
        so_far = duration(max(moment.now - start, 0) * 1000)
        table.add_row(Text("…", style=tone("accent")), Text(f"+{so_far}", style=tone("accent")), Text("under way"))
    return table


def _noted(row: Row, name: str, note: str) -> str:
    took = ""
    if name == "forwarded" and row.suite_ms is not None:
        took = f"the suite took {duration(row.suite_ms)}"
    if name == "answered" and row.first_ms is not None:
        took = f"first byte after {duration(row.first_ms)}, complete after {duration(row.total_ms)}"
    return " · ".join(filter(None, (took, note)))


def _pairs(lines: list[tuple[str, RenderableType | str]], tone: Tone) -> Table:
    """Names and values; those without a value are left out."""
    table = _grid()
    for name, value in lines:
        if value:
            table.add_row(Text(name, style=tone("dim")), _folded(value, tone) if isinstance(value, str) else value)
    return table


def _folded(text: str, tone: Tone) -> Text:
    """Long words, like paths, go on in the next line instead of being cut."""
    return Text(text, style=tone("plain"), overflow="fold")


def _grid() -> Table:
    return Table.grid(padding=(0, 2, 0, 0))
