"""Texts of tools and models that are shown."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.base.readable import one_line, readable, with_short_ids


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain words", "plain words"),
        ("two\n\tlines", "two\n\tlines"),
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]52;c;aGVsbG8=\x07clipboard", "clipboard"),
        ("turned \u202eround", "turned round"),
        ("half \ud800 a character", "half  a character"),
    ],
)
def test_nothing_steers_the_terminal(text: str, shown: str) -> None:
    """Colours, the clipboard, the direction of writing; line ends and tabs stay."""
    assert readable(text) == shown


@given(st.text(st.characters(exclude_categories=[]), max_size=30))
def test_a_line_is_one_line_that_can_be_written(text: str) -> None:
    """To a terminal, and to any file."""
    line = one_line(text, 20)
    assert line.splitlines() in ([], [line])
    assert len(line.encode()) <= 80


def test_a_line_is_cut() -> None:
    assert one_line("ab \n cd", 4) == "ab"


def test_ids_are_cut_and_nothing_else() -> None:
    """Not what a person named, nor a number, nor a word of hexadecimal digits."""
    assert with_short_ids("conversation 8858935a548677b1fdb44b8e: 70% used") == "conversation 8858935a: 70% used"
    assert with_short_ids("session demo-1, facade, 1795552131") == "session demo-1, facade, 1795552131"
