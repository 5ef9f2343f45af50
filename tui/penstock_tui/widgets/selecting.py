"""Text selected with the mouse in a widget that draws its own lines."""

from __future__ import annotations

from collections.abc import Callable

from rich.segment import Segment
from rich.style import Style
from textual.selection import Selection
from textual.strip import Strip

from penstock_tui.widgets.segments import width_of

__all__ = ["highlighted", "text_in"]

MOST = 1000
"""Lines copied at once."""


def highlighted(strip: Strip, selection: Selection, line: int, style: Style) -> Strip:
    """`strip`, which is the line `line` of its widget, with what is selected of it in `style`."""
    span = selection.get_span(line)
    if span is None:
        return strip
    text = strip.text
    start, end = (width_of(text[:at]) if at >= 0 else strip.cell_length for at in span)
    end = min(end, strip.cell_length)
    if start >= end:
        return strip
    before, within, after = strip.crop(0, start), strip.crop(start, end), strip.crop(end)
    return Strip.join([before, Strip(Segment.apply_style(within, post_style=style)), after])


def text_in(selection: Selection, shown: range, count: int, line: Callable[[int], str]) -> str:
    """What is selected of `count` lines, each as `line` gives it. Where a selection has no end, that of what is `shown`
    is it."""
    first = shown.start if selection.start is None else selection.start.y
    last = shown.stop - 1 if selection.end is None else selection.end.y
    lines = []
    for y in range(max(first, 0), min(last + 1, count, first + MOST)):
        start, end = selection.get_span(y) or (0, 0)
        text = line(y)
        lines.append(text[start : end if end >= 0 else len(text)].rstrip())
    return "\n".join(lines)
