"""`DrawnLines`: base class of widgets that draw only their visible lines, with text selection. `highlighted` and
`text_in` draw and read the selected part."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable

from rich.segment import Segment
from rich.style import Style
from textual.events import Click
from textual.scroll_view import ScrollView
from textual.selection import Selection
from textual.strip import Strip

from penstock_tui.widgets.cell_width import width_of
from penstock_tui.widgets.tones import Tones

__all__ = ["DrawnLines", "highlighted", "text_in"]


class DrawnLines(ScrollView, can_focus=True):
    """Line numbers count from the first line, wherever the widget is scrolled to."""

    HEAD = 0
    """Lines on top that are not scrolled, which a subclass draws itself. No text is selected there."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.tone = Tones(self)

    @property
    @abstractmethod
    def count(self) -> int:
        """The number of lines."""

    @abstractmethod
    def line(self, at: int) -> Strip:
        """The content of line `at`."""

    @property
    def waits(self) -> bool:
        """Whether text is selected, so that lines should not move."""
        return self.text_selection is not None

    def render_line(self, y: int) -> Strip:
        at = round(self.scroll_y) + y - self.HEAD
        if at >= self.count:
            return Strip.blank(self.scrollable_content_region.width, self.tone("plain"))
        strip, selection = self.line(at), self.text_selection
        if selection is not None:
            strip = highlighted(strip, selection, at, self.screen.get_component_rich_style("screen--selection"))
        # Where a selection begins and ends is read from what is drawn. While no mouse is there, that work is spared.
        return strip.apply_offsets(0, at) if self.region.contains(*self.app.mouse_position) else strip

    @property
    def allow_select(self) -> bool:
        """Whether text can be selected with the mouse."""
        return True

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        first = round(self.scroll_y)
        shown = range(first, first + max(self.size.height - self.HEAD, 0))
        return text_in(selection, shown, self.count, lambda at: self.line(at).text), "\n"

    def on_click(self, event: Click) -> None:
        event.prevent_default()  # with a second click Textual would select all there is

    def selection_updated(self, selection: Selection | None) -> None:
        self.refresh()


MOST = 1000
"""The largest number of lines that are copied at once."""


def highlighted(strip: Strip, selection: Selection, line: int, style: Style) -> Strip:
    """`strip`, the line `line` of its widget, with its selected part in `style`."""
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
    """The selected text of `count` lines, each as `line` gives it. A selection without an end ends with what is
    `shown`."""
    first = shown.start if selection.start is None else selection.start.y
    last = shown.stop - 1 if selection.end is None else selection.end.y
    lines = []
    for y in range(max(first, 0), min(last + 1, count, first + MOST)):
        start, end = selection.get_span(y) or (0, 0)
        text = line(y)
        lines.append(text[start : end if end >= 0 else len(text)].rstrip())
    return "\n".join(lines)
