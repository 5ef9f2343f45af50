"""`WholeList`: a scrollable list of one side of a whole request: system prompt, tools, other fields, every message and
block."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from textual import on
from textual.message import Message

from penstock.base.format import plural
from penstock_tui.exchange.whole import WholeSide
from penstock_tui.format import count
from penstock_tui.widgets.block_lines import LEGEND, lines_of, wrapped
from penstock_tui.widgets.cell_width import fitted
from penstock_tui.widgets.line_view import LineView
from penstock_tui.widgets.wrapped_text import Line

__all__ = ["WholeList"]

FEW = 3
"""The number of lines of the system prompt, and of tools, that are shown when not in full."""


class WholeList(LineView):
    """Each block in a line, or all of it."""

    @dataclass
    class Wrapped(Message):
        """All lines, made on a thread, and what they were made of: the side, whether in full, and the width."""

        lines: list[Line]
        of: tuple[WholeSide | None, bool, int]

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._side: WholeSide | None = None
        self._said: list[str] = []

    def show(self, side: WholeSide, title: str) -> None:
        """Show `side` from its beginning."""
        self._side = side
        self.border_title, self.border_subtitle = title, LEGEND
        self.draw()
        self.scroll_home(animate=False)

    def say(self, lines: list[str]) -> None:
        """Show why there is nothing else to show."""
        self._side, self._said = None, lines
        self.draw()

    def draw(self) -> None:
        """Make the lines again, on a thread, as a prompt may have megabytes. Until they are there, the old ones stay on
        the screen."""
        width = self.scrollable_content_region.width
        # The newest one counts: the others are cancelled, and what they found is not shown.
        self.run_worker(partial(self._make, width), thread=True, exclusive=True, group="wrap", name="wrap the request")

    def made(self, width: int) -> list[Line]:
        if self._side is None:
            return [[(part, "plain")] for line in self._said for part in wrapped(line, max(width, 8))]
        return list(_lines(self._side, max(width, 8), full=self.full))

    def _make(self, width: int) -> None:
        of = (self._side, self.full, width)
        self.post_message(self.Wrapped(self.made(width), of))

    @on(Wrapped)
    def _wrapped(self, event: Wrapped) -> None:
        if event.of == (self._side, self.full, self.scrollable_content_region.width):
            self.put(event.lines)


def _lines(side: WholeSide, width: int, *, full: bool) -> Iterator[Line]:
    if side.detail is None:
        yield [("No dialect that comes with Penstock reads this request: here it is as JSON.", "dim")]
        yield from _text(side.text, width, full=True)
        return
    if side.system:
        yield _head(f"system prompt · ~{count(side.system_tokens)} tokens", width)
        yield from _text(side.system, width, full=full)
    if side.tools:
        tokens = sum(tokens for _, tokens in side.tools)
        yield _head(f"{plural(len(side.tools), 'tool')} · ~{count(tokens)} tokens", width)
        if full:
            for name, size in side.tools:
                yield [(f"{count(size):>10} ", "dim"), (name, "tool")]
        else:
            yield [(fitted("  " + ", ".join(name for name, _ in side.tools), width).rstrip(), "plain")]
    if side.rest:
        yield _head("other fields", width)
        for name, text in side.rest:
            value = f"{name}: {text}"
            for part in wrapped(value, width - 2) if full else [fitted(value, width - 2).rstrip()]:
                yield [("  ", "dim"), (part, "plain")]
    yield _head(plural(side.detail.messages or 0, "message"), width)
    yield from lines_of(side.detail, width, full=full, longest=None).lines


def _head(said: str, width: int) -> Line:
    return [(f"── {said} ".ljust(width, "─"), "head")]


def _text(text: str, width: int, *, full: bool) -> Iterator[Line]:
    lines = [part for line in text.splitlines() for part in wrapped(line, width - 2)]
    shown = lines if full else lines[:FEW]
    for line in shown:
        yield [("  ", "dim"), (line, "plain")]
    if len(shown) < len(lines):
        yield [(f"  ⋯ {plural(len(lines) - len(shown), 'more line')}", "dim")]
