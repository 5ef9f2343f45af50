"""`plots`: the plots of a report (tokens, window, cache, money, latency, tags), each with a sentence that says the same
for readers who cannot see it."""

from __future__ import annotations

from collections.abc import Sequence

from penstock.base.format import dollars, plural
from penstock.redaction.redaction import redact
from penstock.stats.totals import Turn
from penstock_tui.report.drawing import BLUE, GREEN, GREY, HEIGHT, ORANGE, PURPLE, RED, SKY, Chart, Plot
from penstock_tui.report.filling import PARTS
from penstock_tui.report.gather import Point, Report

__all__ = ["plots"]

TAGS = 15


def plots(report: Report) -> list[Plot]:
    """All plots, in the order of the page."""
    turns = [turn for turn in report.stats.turns.values() if turn.agent in ("", "main")]
    main = [point for point in report.points if point.is_main]
    return [
        _tokens(turns, report),
        _window(main, report.window),
        _cache(report),
        _money(report),
        _latency(report.points),
        _tags(turns),
    ]


def _tokens(turns: Sequence[Turn], report: Report) -> Plot:
    x = list(range(1, len(turns) + 1))
    came, sent = [turn.sums.came for turn in turns], [turn.sums.sent for turn in turns]
    compacted = [(n, turn) for n, turn in zip(x, turns, strict=True) if turn.compactions]
    flushed = [(n, turn) for n, turn in zip(x, turns, strict=True) if turn.flushes and not turn.compactions]
    canvas = Chart("turn", len(x), y_title="input tokens")
    canvas.bars(
        [
            ("as the client sent them", ORANGE, list(zip(x, came, strict=True))),
            ("as Penstock sent them", BLUE, list(zip(x, sent, strict=True))),
        ]
    )
    canvas.marks("compaction", "diamond", RED, [(n, max(turn.sums.came, turn.sums.sent)) for n, turn in compacted])
    canvas.marks("flush", "ring", RED, [(n, max(turn.sums.came, turn.sums.sent)) for n, turn in flushed])
    sums = report.stats.totals
    saved = sums.came - sums.sent
    more = f"{abs(saved):,} {'fewer' if saved >= 0 else 'more: notes added them'}"
    caption = f"Of all requests, {sums.came:,} input tokens were received, {sums.sent:,} sent, {more}."
    rows = [
        (
            str(n),
            f"{turn.sums.came:,}",
            f"{turn.sums.sent:,}",
            f"{turn.sums.injected:,}",
            f"{turn.sums.freed:,}",
            str(turn.compactions),
            str(turn.flushes),
        )
        for n, turn in zip(x, turns, strict=True)
    ]
    return Plot(
        "tokens",
        "Tokens per turn",
        "Input tokens of all requests of the main agent's turn, added up. A diamond marks a turn in which old turns "
        "were compacted, a ring one in which edits that waited landed together.",
        canvas.html() if turns else "",
        caption,
        ("turn", "received", "sent", "injected", "removed", "compactions", "flushes"),
        rows,
    )


def _window(points: Sequence[Point], window: int) -> Plot:
    known = [point for point in points if point.filling]
    x = [point.number for point in known]
    colours = (GREY, PURPLE, GREEN, BLUE, SKY, ORANGE, RED)
    parts = [name for name in PARTS if any(point.filling.get(name) for point in known)]
    canvas = Chart("request", max(x, default=1), y_title="tokens")
    canvas.areas(
        [(name, colours[PARTS.index(name)], [point.filling.get(name, 0) for point in known]) for name in parts], x
    )
    canvas.line("sent, in all", "currentColor", [(p.number, p.sent) for p in known if p.sent is not None], "6 4")
    most = max((point.came or 0 for point in known), default=0)
    if window and most > window * 0.5:
        canvas.level("the model's window", window)
    share = f" of a window of {window:,}" if window else ""
    caption = (
        f"The largest request of the main agent had {most:,} tokens{share}." if known else "Nothing is known of it."
    )
    rows = [(str(p.number), str(p.turn), *(f"{p.filling.get(name, 0):,}" for name in parts)) for p in known]
    return Plot(
        "window",
        "What fills the window",
        "Each request of the main agent as received, by what its tokens are; the dashed line is what was sent. Shares "
        "are estimates.",
        canvas.html() if known else "",
        caption,
        ("request", "turn", *parts),
        rows,
    )


def _cache(report: Report) -> Plot:
    known = [(point.number, point.cache_share) for point in report.points if point.cache_share is not None]
    canvas = Chart("request", len(report.points), lambda share: f"{share:.0f} %", most=100)
    canvas.line("", GREEN, [(n, 100 * share) for n, share in known])
    mean = report.stats.totals.cache_share
    caption = (
        f"{mean:.0%} of all input came from the cache." if known and mean is not None else "Nothing is known of it."
    )
    rows = [(str(n), f"{100 * share:.1f} %") for n, share in known]
    return Plot(
        "cache",
        "Share of the input from the provider's cache",
        "Of each request. At 0 % a conversation begins, the cache was cold, or the prefix changed.",
        canvas.html() if known else "",
        caption,
        ("request", "share"),
        rows,
    )


def _money(report: Report) -> Plot:
    points, sums = report.points, report.stats.totals
    least, most = min((p.saved for p in points), default=0), max((p.saved for p in points), default=0)
    digits = next((n for n in range(2, 6) if max(most, -least) >= 5 / 10**n), 6)
    canvas = Chart("request", len(points), lambda dollars: f"{'-' if dollars < 0 else ''}${abs(dollars):,.{digits}f}")
    canvas.line("", BLUE, [(point.number, point.saved) for point in points], filled=True)
    money, about = sums.money, "about " if sums.money.estimated else ""
    caption = (
        f"Untouched, it would have cost {about}{dollars(money.baseline)}; {about}{dollars(money.paid)} was paid, "
        f"{about}{dollars(abs(money.saved))} {'saved' if money.saved >= 0 else 'lost'}."
    )
    if money.unpriced:
        caption += f" {plural(money.unpriced, 'request')} more had an unknown price."
    none = "Unknown price." if money.unpriced else "Nothing was paid, as far as the log says."
    return Plot(
        "money",
        "Money saved, added up",
        "What the requests would have cost without Penstock, less what was paid. Below zero, editing has cost more "
        "than it saved so far.",
        canvas.html() if points and sums.money.requests else "",
        caption if sums.money.requests else none,
        ("request", "saved so far"),
        [(str(point.number), dollars(point.saved)) for point in points] if money.requests or not money.unpriced else [],
    )


def _latency(points: Sequence[Point]) -> Plot:
    kinds = (
        ("Penstock itself", "suite_ms", BLUE, ""),
        ("provider's first byte", "first_ms", ORANGE, "6 4"),
        ("whole answer", "ms", GREY, "2 3"),
    )
    canvas = Chart("request", len(points), lambda ms: f"{ms:,g} ms", is_log=True)
    for name, field, colour, dash in kinds:
        canvas.line(name, colour, [(p.number, ms) for p in points if (ms := getattr(p, field))], dash)
    suite = sorted(point.suite_ms for point in points if point.suite_ms is not None)
    half = suite[len(suite) // 2] if suite else 0.0
    return Plot(
        "latency",
        "Latency",
        "Of each request, in milliseconds, on a logarithmic axis.",
        canvas.html() if points else "",
        f"Half of the requests spent at most {half:.1f} ms in Penstock, the slowest {suite[-1]:.0f}."
        if suite
        else "Nothing is known of it.",
        ("request", *(name for name, *_ in kinds)),
        [(str(p.number), _ms(p.suite_ms), _ms(p.first_ms), _ms(p.ms)) for p in points],
    )


def _tags(turns: Sequence[Turn]) -> Plot:
    counts: dict[str, list[int]] = {}
    for n, turn in enumerate(turns, 1):
        for tag in turn.tags:
            counts.setdefault(tag, []).append(n)
    top = sorted(counts, key=lambda tag: (-len(counts[tag]), counts[tag][0]))[:TAGS]
    top.sort(key=lambda tag: counts[tag][0], reverse=True)
    height = max(HEIGHT, 90 + 24 * len(top))
    canvas = Chart("turn", len(turns), names=[_short(redact(tag)) for tag in top], height=height)
    canvas.marks("", "square", PURPLE, [(n, row) for row, tag in enumerate(top) for n in counts[tag]])
    most = ", ".join(_by_number(counts)[:5])
    caption = f"{plural(len(counts), 'tag')} in {plural(len(turns), 'turn')}; the most frequent: {most}."
    rows = [(tag, str(len(counts[tag])), ", ".join(map(str, counts[tag][:40]))) for tag in _by_number(counts)]
    return Plot(
        "tags",
        "Tags over turns",
        f"What each turn of the main agent was about: the {TAGS} most frequent tags, the first on top."
        if len(counts) > TAGS
        else "What each turn of the main agent was about, the first on top.",
        canvas.html() if top else "",
        caption if counts else "No turn has a tag.",
        ("tag", "turns", "which"),
        rows,
    )


def _by_number(counts: dict[str, list[int]]) -> list[str]:
    return sorted(counts, key=lambda tag: (-len(counts[tag]), counts[tag][0]))


def _short(tag: str) -> str:
    return tag if len(tag) <= 28 else f"{tag[:27]}…"


def _ms(ms: float | None) -> str:
    return "" if ms is None else f"{ms:,.1f} ms"
