"""Lines that wrap."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from penstock_tui.widgets.lines import content_of, labelled, section

WORDS = st.text("abc", min_size=1, max_size=8)


@given(st.lists(WORDS, min_size=1, max_size=30), st.integers(30, 80))
def test_no_word_is_lost_and_no_line_too_long(words: list[str], width: int) -> None:
    """What does not fit goes on below, under what it is about."""
    lines = content_of([labelled("label", (" ".join(words), "plain"))], width).plain.split("\n")
    assert " ".join(lines).split() == ["label", *words]
    assert all(len(line) <= width for line in lines)
    assert all(line.startswith(" " * 14) for line in lines[1:])


@given(st.lists(WORDS, min_size=2, max_size=30), st.integers(30, 80), st.integers(0, 12))
def test_below_its_last_text(words: list[str], width: int, cells: int) -> None:
    """Whatever stands before it: a label, columns, or nothing."""
    before = [("x" * cells, "dim")] if cells else []
    first, *rest = content_of([[*before, (" ".join(words), "plain")]], width, None).plain.split("\n")
    assert f"{first} {' '.join(rest)}".split() == ("x" * cells + " ".join(words)).split()
    assert all(len(line) - len(line.lstrip()) == cells for line in rest)


def test_a_section_without_lines_has_no_heading() -> None:
    assert section("Budgets", []) == []
