"""`DiffList`: a scrollable list of the differences between received and forwarded, edit by edit (`diff_lines`). Of a
long run of removed or added lines 12 are shown, of one block in full 5,000."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from penstock.base.format import plural
from penstock.base.readable import readable
from penstock_tui.exchange.diff import Difference
from penstock_tui.widgets.block_lines import label_of, letter_of, role_tone, wrapped
from penstock_tui.widgets.cell_width import fitted, width_of
from penstock_tui.widgets.edit_words import mark_of, size_of, state_of, tone_of_edit
from penstock_tui.widgets.line_view import LineView
from penstock_tui.widgets.wrapped_text import Line

__all__ = ["DiffList", "diff_lines"]

RUN = 12
"""Lines that are shown of a long run of removed or added lines, so that what replaced them is in sight."""
MOST = 5000
"""The largest number of lines of one block in full."""
_TONES = {"+": "added", "-": "taken", " ": "dim"}


class DiffList(LineView):
    """Lines with - were received and not forwarded, lines with + were forwarded in their place."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._found: Sequence[Difference] | None = None

    def show(self, found: Sequence[Difference] | None, *, from_start: bool) -> None:
        """Show the differences. None: they are still being read."""
        self._found = found
        self.border_title = "Sent against received" + (f" · {len(found)}" if found is not None else "")
        self.border_subtitle = "- as received  + as sent"
        self.draw()
        if from_start:
            self.scroll_home(animate=False)

    def made(self, width: int) -> list[Line]:
        if self._found is None:
            return [[("Reading the texts…", "dim")]]
        if not self._found:
            return [[("Nothing was changed: it was sent as received.", "dim")]]
        return [line for one in self._found for line in diff_lines(one, width, full=self.full)]


def diff_lines(one: Difference, width: int, *, full: bool) -> Iterator[Line]:
    """A heading, a note on texts that are not kept, and the changed lines; unchanged ones are folded."""
    change = one.change
    tone = tone_of_edit(change)
    who = _who(one)
    room = max(width - 3 - sum(width_of(text) for text, _ in who), 8)
    what = fitted(_what(one), room).rstrip()
    yield [("── ", "dim"), *who, (what, tone), (f" {'─' * (room - width_of(what) - 1)}", "dim")]
    if change.reason:
        yield [("   ", "dim"), (fitted(change.reason, max(width - 3, 8)).rstrip(), "plain")]
    for words in _missing(one):
        yield from ([("   ", "dim"), (part, "warn")] for part in wrapped(words, max(width - 3, 8)))
    if one.same and not full:
        words = f"Nothing is lost: {one.same}. e shows the lines."
        yield from ([("   ", "dim"), (part, "good")] for part in wrapped(words, max(width - 3, 8)))
    else:
        yield from _whole(one, width) if full else _short(one, width)
    yield [("", "plain")]


def _whole(one: Difference, width: int) -> Iterator[Line]:
    for line in one.lines[:MOST]:
        yield from _drawn(line, width)
    if len(one.lines) > MOST:
        where = f": penstock expand {one.change.handle}" if one.change.handle else ""
        yield [(f"   ⋯ {plural(len(one.lines) - MOST, 'more line')}{where}", "dim")]


def _short(one: Difference, width: int) -> Iterator[Line]:
    for sign, run in groupby(one.lines, key=lambda line: line[:1]):
        found = list(run)
        # One line more takes no more room than the words that would stand for it.
        shown = found if len(found) <= RUN + 1 else found[:RUN]
        for line in shown:
            yield from _drawn(line, width)
        if len(shown) < len(found):
            more = f"{plural(len(found) - RUN, 'more line')} like it: e shows them"
            yield [("   ", "dim"), (f"{sign} ⋯ {more}", _TONES.get(sign, "dim"))]


def _who(one: Difference) -> list[tuple[str, str]]:
    place = "gone" if one.change.m is None else f"{one.change.m}.{one.change.b or 0}"
    if one.block is None:
        return [(f"{place} ", "plain")]
    return [
        (f"{place} ", "plain"),
        (f"▌{letter_of(one.block)} ", role_tone(one.block)),
        (f"{label_of(one.block)} ", role_tone(one.block)),
    ]


def _what(one: Difference) -> str:
    covers = f"for {plural(one.covers, 'message')}" if one.covers else ""
    name = one.block.name if one.block is not None else ""
    change = one.change
    parts = (f"{mark_of(change)} {change.stage} {change.op}".rstrip(), name, covers, state_of(change), size_of(change))
    return " · ".join(filter(None, parts))


def _missing(one: Difference) -> Iterator[str]:
    if not one.is_before_whole:
        kept = "the log's beginning of it is compared" if one.before else "there is nothing to compare with"
        yield f"! What came is not in the store any more: {kept}."
    if not one.is_after_whole:
        yield "! What was sent is in the log only: its beginning is compared."


def _drawn(line: str, width: int) -> Iterator[Line]:
    sign, text = line[:1], readable(line[1:])
    if sign == "@":
        yield [(f"   ⋯ {plural(int(text), 'line')} the same", "dim")]
        return
    tone = _TONES.get(sign, "plain")
    room = max(width - 5, 8)
    first, *rest = wrapped(text, room)
    yield [("   ", "dim"), (f"{sign} {first}", tone)]
    for part in rest:
        yield [("   ", "dim"), (f"  {part}", tone)]
