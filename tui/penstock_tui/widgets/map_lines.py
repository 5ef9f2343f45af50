"""`map_lines`: formats the context map as lines: how full the window is, what fills it, what changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from penstock_tui.exchange.context.chart import Chart, changes
from penstock_tui.exchange.context.parts import Part, PartName
from penstock_tui.exchange.context.window import WindowMap
from penstock_tui.format import count, percent
from penstock_tui.widgets.cell_width import fitted, width_of
from penstock_tui.widgets.wrapped_text import Line

__all__ = ["map_lines"]

LABEL = 9
TOOLS = 6
"""The number of tools whose results have a line of their own."""
SOFT, HARD = "┊", "┃"
_HEAD = ("received", "sent", "share", "request", "turn")
"""Columns of numbers. In a narrow window the last ones go."""
_NUMBER = 8
_NAME = 18


def map_lines(found: WindowMap, width: int) -> list[Line]:
    """The lines for `width` cells, from about 50 on."""
    chart = found.now
    if not chart.parts:
        return [[("The log does not say what this request held.", "dim")]]
    room = max(width - LABEL, 8)
    return [
        *_window(chart, room),
        *_stacks(chart, room),
        *_table(found, width),
    ]


def _window(chart: Chart, room: int) -> Iterator[Line]:
    limits = chart.limits
    if not limits.window:
        yield [(fitted("window", LABEL), "dim"), (f"{chart.sent:,} tokens of a window that is not known", "plain")]
        return
    share = chart.sent / limits.window
    tone = "bad" if chart.sent >= limits.hard else "warn" if chart.sent >= limits.soft else "good"
    filled = min(max(round(share * room), 1), room)
    cells = ["█"] * filled + ["░"] * (room - filled)
    for at, sign in ((limits.soft, SOFT), (limits.hard, HARD)):
        cells[min(int(at / limits.window * room), room - 1)] = sign
    text = "".join(cells)
    yield [(fitted("window", LABEL), "dim"), (text[:filled], tone), (text[filled:], "dim")]
    bundled = "" if limits.is_own else " (the profile is not known here)"
    facts = (
        f"{percent(share)} full: {count(chart.sent)} of {count(limits.window)}",
        f"{count(chart.free)} free",
        f"{SOFT} soft {count(limits.soft)}",
        f"{HARD} hard {count(limits.hard)}{bundled}",
    )
    for line in _joined(facts, room):
        yield [(" " * LABEL, "dim"), (line, tone if tone != "good" else "plain")]


def _joined(facts: Sequence[str], room: int) -> Iterator[str]:
    """The texts joined into lines, as many on each as fit."""
    line = ""
    for fact in facts:
        longer = f"{line} · {fact}" if line else fact
        if line and width_of(longer) > room:
            yield fitted(line, room).rstrip()
            longer = fact
        line = longer
    yield fitted(line, room).rstrip()


def _stacks(chart: Chart, room: int) -> Iterator[Line]:
    most = max(chart.came, chart.sent, 1)
    came = [(part.name, part.came) for part in chart.parts]
    sent = [(part.name, part.sent) for part in chart.parts]
    if came == sent:
        yield [(fitted("sent", LABEL), "dim"), *_stack(sent, most, room)]
        return
    yield [(fitted("received", LABEL), "dim"), *_stack(came, most, room)]
    yield [(fitted("sent", LABEL), "dim"), *_stack(sent, most, room)]


def _stack(parts: Sequence[tuple[PartName, int]], most: int, room: int) -> Iterator[tuple[str, str]]:
    """Each part drawn with its letter, so that it is readable without colours. `most` tokens fill the width."""
    so_far = end = 0
    for name, size in parts:
        so_far, start = so_far + size, end
        end = round(so_far / most * room)
        yield name.letter * (end - start), name.tone


def _table(found: WindowMap, width: int) -> Iterator[Line]:
    chart = found.now
    columns = min(max((width - _NAME) // (_NUMBER + 1), 2), len(_HEAD))
    bar = max(width - _NAME - columns * (_NUMBER + 1) - 2, 0)
    most = max((part.sent for part in chart.parts), default=0)
    before = (found.request_before, found.turn_before)
    grown = [None if one is None else changes(chart, one) for one in before]
    yield _row("part", "head", _HEAD[:columns], "")
    for label, tone, part, signed in _rows(chart, grown):
        yield _row(label, tone, _numbers(part, chart, signed)[:columns], _bar(part.sent, most, bar))
    whole = Part(PartName.OTHER, chart.came, chart.sent)
    sums = ["" if one is None else _signed(sum(one.values())) for one in grown]
    yield _row("  in all", "strong", _numbers(whole, chart, sums)[:columns], "")


def _rows(chart: Chart, grown: Sequence[Mapping[PartName, int] | None]) -> Iterator[tuple[str, str, Part, list[str]]]:
    """Each part with its label, its tone and its growth; below results, their tools."""
    shown = {part.name: part for part in chart.parts}
    for name in PartName:
        part = shown.get(name) or Part(name, 0, 0)
        if name not in shown and not any(one and name in one for one in grown):
            continue
        signed = ["" if one is None else _signed(one.get(name, 0)) for one in grown]
        yield f"{name.letter} {name}", name.tone, part, signed
        for one in _of(part):
            yield f"    {one.label}", "plain", one, ["", ""]


def _numbers(part: Part, chart: Chart, grown: Sequence[str]) -> list[str]:
    sent = count(part.sent) if part.sent != part.came else "="
    share = percent(part.sent / (chart.limits.window or chart.sent or 1))
    return [count(part.came), sent, share, *grown]


def _row(label: str, tone: str, numbers: Sequence[str], bar: str) -> Line:
    cells = [fitted(one, _NUMBER + 1, right=True) for one in numbers]
    return [(fitted(label, _NAME), tone), ("".join(cells), "head" if tone == "head" else "plain"), (f" {bar}", tone)]


def _of(part: Part) -> list[Part]:
    """The largest ones; the others added up."""
    if len(part.of) <= TOOLS:
        return list(part.of)
    rest = part.of[TOOLS - 1 :]
    others = Part(part.name, sum(one.came for one in rest), sum(one.sent for one in rest), label=f"{len(rest)} others")
    return [*part.of[: TOOLS - 1], others]


def _signed(change: int) -> str:
    return f"{'+' if change > 0 else '-'}{count(abs(change))}" if change else "·"


def _bar(size: int, most: int, width: int) -> str:
    filled = round(size / most * width) if most else 0
    return "▇" * max(filled, 1 if size and width else 0)
