"""The plots of a report. Each comes with a sentence for who cannot see it."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from penstock.base.format import dollars, plural
from penstock.stats.totals import Turn
from penstock_tui.report.drawing import BLUE, GREEN, GREY, HEIGHT, ORANGE, PURPLE, RED, SKY, Plot, drawn, figure
from penstock_tui.report.filling import PARTS
from penstock_tui.report.gather import Point, Report

__all__ = ["plots"]

TAGS = 15


def plots(report: Report) -> list[Plot]:
    """All of them, in the order of the page."""
    turns = [turn for turn in report.stats.turns.values() if turn.agent in ("", "main")]
    main = [point for point in report.points if point.is_main]
    return [
        _tokens(turns),
        _window(main, report.window),
        _cache(report.points),
        _money(report),
        _latency(report.points),
        _tags(turns),
    ]


def _tokens(turns: Sequence[Turn]) -> Plot:
    x = list(range(1, len(turns) + 1))
    came, sent = [turn.sums.came for turn in turns], [turn.sums.sent for turn in turns]
    canvas = figure()
    canvas.add_bar(x=x, y=came, name="as the client sent them", marker={"color": ORANGE, "pattern": {"shape": "/"}})
    canvas.add_bar(x=x, y=sent, name="as they left for the provider", marker={"color": BLUE})
    compacted = [(n, turn) for n, turn in zip(x, turns, strict=True) if turn.compactions]
    flushed = [(n, turn) for n, turn in zip(x, turns, strict=True) if turn.flushes and not turn.compactions]
    for name, symbol, marked in (("compaction", "diamond", compacted), ("flush", "circle-open", flushed)):
        canvas.add_scatter(
            x=[n for n, _ in marked],
            y=[max(turn.sums.came, turn.sums.sent) for _, turn in marked],
            mode="markers",
            name=name,
            marker={"symbol": symbol, "size": 10, "color": RED, "line": {"width": 2, "color": RED}},
            cliponaxis=False,
        )
    canvas.update_layout(barmode="group")
    saved = sum(came) - sum(sent)
    more = f"{abs(saved):,} {'fewer' if saved >= 0 else 'more: notes added them'}"
    caption = f"{plural(len(turns), 'turn')}: {sum(came):,} input tokens came, {sum(sent):,} were sent, {more}."
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
        drawn(canvas, "turn", "input tokens", bool(turns)),
        caption,
        ("turn", "came", "sent", "injected", "removed", "compactions", "flushes"),
        rows,
    )


def _window(points: Sequence[Point], window: int) -> Plot:
    known = [point for point in points if point.filling]
    x = [point.number for point in known]
    colours = (GREY, PURPLE, GREEN, BLUE, SKY, ORANGE, RED)
    patterns = (".", "x", "", "\\", "|", "/", "-")
    canvas = figure()
    parts = [name for name in PARTS if any(point.filling.get(name) for point in known)]
    for name in parts:
        place = PARTS.index(name)
        canvas.add_scatter(
            x=x,
            y=[point.filling.get(name, 0) for point in known],
            name=name,
            stackgroup="one",
            mode="lines" if len(x) > 1 else "markers",
            line={"color": colours[place], "width": 1},
            fillpattern={"shape": patterns[place], "size": 6, "solidity": 0.4},
        )
    sent = [point for point in known if point.sent is not None]
    canvas.add_scatter(
        x=[point.number for point in sent],
        y=[point.sent for point in sent],
        name="sent, in all",
        mode="lines+markers",
        line={"color": RED, "width": 2, "dash": "dash"},
        marker={"size": 4},
    )
    most = max((point.came or 0 for point in known), default=0)
    if window and most > window * 0.5:
        canvas.add_hline(y=window, line={"color": GREY, "dash": "dot"}, annotation_text="the model's window")
    share = f" of a window of {window:,}" if window else ""
    caption = (
        f"The largest request of the main agent had {most:,} tokens{share}." if known else "Nothing is known of it."
    )
    rows = [(str(p.number), str(p.turn), *(f"{p.filling.get(name, 0):,}" for name in parts)) for p in known]
    return Plot(
        "window",
        "What fills the window",
        "Each request of the main agent as it came, by what its tokens are; dashed, what was sent of it. Shares are "
        "estimates.",
        drawn(canvas, "request", "tokens", bool(known)),
        caption,
        ("request", "turn", *parts),
        rows,
    )


def _cache(points: Sequence[Point]) -> Plot:
    known = [(point.number, point.cache_share) for point in points if point.cache_share is not None]
    canvas = figure()
    shares = [100 * share for _, share in known]
    canvas.add_scatter(
        x=[n for n, _ in known],
        y=shares,
        mode="lines+markers",
        name="read from the cache",
        line={"color": GREEN},
        marker={"size": 4},
    )
    canvas.update_yaxes(range=[0, 102], ticksuffix=" %")
    mean = sum(shares) / len(shares) if shares else 0.0
    caption = (
        f"On average {mean:.0f} % of a request's input came from the cache." if shares else "Nothing is known of it."
    )
    rows = [(str(n), f"{100 * share:.1f} %") for n, share in known]
    return Plot(
        "cache",
        "Share of the input from the provider's cache",
        "Of each request. A drop to nothing is a cold cache, or a prefix that changed.",
        drawn(canvas, "request", "share of the input", bool(known)),
        caption,
        ("request", "share"),
        rows,
    )


def _money(report: Report) -> Plot:
    points, sums = report.points, report.stats.totals
    canvas = figure()
    canvas.add_scatter(
        x=[point.number for point in points],
        y=[point.saved for point in points],
        mode="lines",
        name="saved so far",
        fill="tozeroy",
        line={"color": BLUE, "width": 2},
    )
    canvas.update_yaxes(tickformat="$,.4~f", zeroline=True)
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
        drawn(canvas, "request", "dollars", bool(points) and bool(sums.money.requests)),
        caption if sums.money.requests else none,
        ("request", "saved so far"),
        [(str(point.number), dollars(point.saved)) for point in points] if money.requests or not money.unpriced else [],
    )


def _latency(points: Sequence[Point]) -> Plot:
    kinds = (
        ("Penstock itself", "suite_ms", BLUE, "solid", "circle"),
        ("provider's first byte", "first_ms", ORANGE, "dash", "square"),
        ("whole answer", "ms", GREY, "dot", "x"),
    )
    canvas = figure()
    for name, field, colour, dash, symbol in kinds:
        known = [(point.number, ms) for point in points if (ms := getattr(point, field))]
        canvas.add_scatter(
            x=[n for n, _ in known],
            y=[ms for _, ms in known],
            mode="lines+markers",
            name=name,
            line={"color": colour, "dash": dash, "width": 1.5},
            marker={"symbol": symbol, "size": 4},
        )
    canvas.update_yaxes(type="log", dtick=1, ticksuffix=" ms")
    suite = sorted(point.suite_ms for point in points if point.suite_ms is not None)
    half = suite[len(suite) // 2] if suite else 0.0
    return Plot(
        "latency",
        "Latency",
        "Of each request, in milliseconds, on a logarithmic axis.",
        drawn(canvas, "request", "milliseconds", bool(points)),
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
    canvas = figure()
    canvas.add_scatter(
        x=[n for tag in top for n in counts[tag]],
        y=[_short(tag) for tag in top for _ in counts[tag]],
        mode="markers",
        name="the turn has the tag",
        marker={"symbol": "square", "size": 11, "color": PURPLE},
    )
    canvas.update_yaxes(type="category", automargin=True)
    canvas.update_layout(height=max(HEIGHT, 90 + 24 * len(top)))
    most = ", ".join(_by_number(counts)[:5])
    caption = f"{plural(len(counts), 'tag')} in {plural(len(turns), 'turn')}; the most frequent: {most}."
    rows = [(tag, str(len(counts[tag])), ", ".join(map(str, counts[tag][:40]))) for tag in _by_number(counts)]
    return Plot(
        "tags",
        "Tags over turns",
        f"What each turn of the main agent was about: the {TAGS} most frequent tags, the first on top."
        if len(counts) > TAGS
        else "What each turn of the main agent was about, the first on top.",
        drawn(canvas, "turn", "", bool(top), keeps_height=True),
        caption if counts else "No turn has a tag.",
        ("tag", "turns", "which"),
        rows,
    )


def _by_number(counts: dict[str, list[int]]) -> list[str]:
    return sorted(counts, key=lambda tag: (-len(counts[tag]), counts[tag][0]))


def _short(tag: str) -> str:
    """Plotly reads some HTML in labels."""
    return escape(tag if len(tag) <= 28 else f"{tag[:27]}…")


def _ms(ms: float | None) -> str:
    return "" if ms is None else f"{ms:,.1f} ms"
