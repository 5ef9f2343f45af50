"""Lines that wrap."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from penstock_tui.widgets.wrapped_text import content_of, labelled, section

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


@given(st.text("ab /翻", max_size=300), st.integers(8, 60), st.integers(0, 6), st.booleans())
def test_what_is_longer_than_a_line_goes_on_below(text: str, width: int, cells: int, last: bool) -> None:
    """A path, say, or a language without blanks: nothing of it is lost, and no line is too long."""
    before = [("x" * cells, "dim")] if cells else []
    lines = content_of([[*before, (text, "plain")]], width, None if last else 4).plain.split("\n")
    assert "".join("".join(lines).split()) == "".join(("x" * cells + text).split())
    assert all(cell_len(line.rstrip()) <= width for line in lines)


def test_a_section_without_lines_has_no_heading() -> None:
    assert section("Budgets", []) == []
