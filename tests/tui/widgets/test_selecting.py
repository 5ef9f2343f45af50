"""Text selected in lines."""

from __future__ import annotations

import pytest
from rich.segment import Segment
from rich.style import Style
from textual.geometry import Offset
from textual.selection import Selection
from textual.strip import Strip

from penstock_tui.widgets.selecting import MOST, highlighted, text_in

LINES = ["one  ", "zwei ü翻訳 more", "three"]
MARKED = Style(reverse=True)


def selection(*ends: tuple[int, int] | None) -> Selection:
    start, end = (None if one is None else Offset(*one) for one in ends)
    return Selection(start, end)


@pytest.mark.parametrize(
    ("selected", "text"),
    [
        (selection((0, 0), (3, 0)), "one"),
        (selection((5, 1), (8, 1)), "ü翻訳"),
        (selection((9, 1), (2, 2)), "more\nth"),
        (selection((1, 0), (3, 2)), "ne\nzwei ü翻訳 more\nthr"),
        (selection(None, None), "zwei ü翻訳 more\nthree"),  # of what is shown
        (selection((0, 2), (5, 9)), "three"),  # rows went meanwhile
    ],
)
def test_what_is_selected(selected: Selection, text: str) -> None:
    """Without the blanks that fill a line."""
    assert text_in(selected, range(1, 3), len(LINES), LINES.__getitem__) == text


def test_no_more_is_copied_than_is_bearable() -> None:
    """A terminal gets it in one piece."""
    found = text_in(selection((0, 0), (1, 10**6)), range(3), 10**6, lambda _line: "x")
    assert found.count("x") == MOST


@pytest.mark.parametrize(
    ("selected", "marked"),
    [
        (selection((5, 1), (7, 1)), "ü翻"),
        (selection((5, 1), None), "ü翻訳 more"),
        (selection(None, None), LINES[1]),
        (selection((2, 0), (4, 2)), LINES[1]),
        (selection((0, 0), (4, 0)), ""),
        (selection((3, 1), (3, 1)), ""),
    ],
)
def test_what_is_selected_is_marked(selected: Selection, marked: str) -> None:
    """And only that; characters that are two cells wide included."""
    strip = Strip([Segment(LINES[1][:7], Style(bold=True)), Segment(LINES[1][7:], Style())])
    found = highlighted(strip, selected, 1, MARKED)
    assert "".join(one.text for one in found if one.style is not None and one.style.reverse) == marked
    assert found.text == strip.text
    assert found.cell_length == strip.cell_length
