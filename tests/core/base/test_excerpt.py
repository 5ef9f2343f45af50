"""Parts of a text by line."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.base.errors import PenstockError
from penstock.base.excerpt import AROUND, WIDE, excerpt, lines_of

TEXT = "one\ntwo\nthree\nfour\n"


def test_all_of_it_is_to_the_letter() -> None:
    """When nothing is asked."""
    assert excerpt(TEXT) == TEXT


@pytest.mark.parametrize(
    ("lines", "found"),
    [("1", "one"), ("2-3", "two\nthree"), ("3-", "three\nfour"), ("2-99", "two\nthree\nfour"), (" 1-1 ", "one")],
)
def test_a_range_of_lines(lines: str, found: str) -> None:
    """From one, both ends included; past the end is the end."""
    assert excerpt(TEXT, lines=lines) == found


@pytest.mark.parametrize("lines", ["0", "5", "3-2", "-3", "a", "1-b", "1,2", "1-2-3", "9" * 30])
def test_a_range_that_is_none_is_named(lines: str) -> None:
    """With what was expected, or what there is."""
    with pytest.raises(PenstockError, match="lines '"):
        excerpt(TEXT, lines=lines)


def test_a_range_the_wrong_way_round_says_so() -> None:
    """And which one has the lines between; one from past the end says how many there are."""
    with pytest.raises(PenstockError, match=r"lines '3-2': the range ends before it begins; did you mean 2-3\?"):
        excerpt(TEXT, lines="3-2")
    for lines in ("7", "7-", "7-9"):
        with pytest.raises(PenstockError, match="it has the lines 1-4"):
            excerpt(TEXT, lines=lines)


def test_what_matches_comes_with_its_number() -> None:
    """The number it has in the whole text, also when only a range is looked at."""
    assert excerpt(TEXT, grep="t") == "2:two\n3:three"
    assert excerpt(TEXT, grep="^t", lines="3-4") == "3:three"
    assert excerpt(TEXT, grep="nothing") == ""


def test_a_bad_pattern_is_named() -> None:
    """And what is wrong with it."""
    with pytest.raises(PenstockError, match=r"'\(' is no regular expression: missing \)"):
        excerpt(TEXT, grep="(")


def test_of_a_very_long_line_the_match_is_shown() -> None:
    """A file in one line: what stands around it, and that there is more."""
    found = excerpt("a" * 5000 + "needle" + "b" * 5000, grep="needle")
    assert found == "1:…" + "a" * AROUND + "needle" + "b" * AROUND + "…"
    assert excerpt("needle" + "b" * WIDE, grep="ne+dle").startswith("1:needleb")
    assert len(excerpt("b" * 9000, grep="b+")) < WIDE


@given(st.lists(st.text(st.characters(exclude_characters="\n")), min_size=1))
def test_lines_are_those_of_an_editor(lines: list[str]) -> None:
    """Only line feeds end one, and one at the end begins no other."""
    assert lines_of("\n".join(lines) + "\n") == lines
    assert excerpt("\n".join(lines) + "\n", lines=f"1-{len(lines)}") == "\n".join(lines)
