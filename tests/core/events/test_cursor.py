"""Places in the event log."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.events.cursor import PATTERN, START, Cursor

NUMBERS = st.integers(0, 10**18 - 1)


@given(transaction=NUMBERS, seq=NUMBERS)
def test_as_text_and_back(transaction: int, seq: int) -> None:
    """A reader may keep it as text."""
    text = str(Cursor(transaction, seq))
    assert Cursor.read(text) == Cursor(transaction, seq)
    assert re.match(PATTERN, text)


def test_a_log_with_one_writer_has_plain_numbers() -> None:
    """Those that readers of earlier versions kept."""
    assert (Cursor.read("17"), str(Cursor(seq=17)), str(START)) == (Cursor(seq=17), "17", "0")


@pytest.mark.parametrize("text", ["", "-1", "1.", ".1", "1.2.3", "٣", "x", "1\n", "9" * 19])
def test_other_text_is_no_cursor(text: str) -> None:
    with pytest.raises(ValueError, match="no cursor"):
        Cursor.read(text)


@given(st.tuples(NUMBERS, NUMBERS), st.tuples(NUMBERS, NUMBERS))
def test_in_the_order_in_which_they_are_seen(one: tuple[int, int], other: tuple[int, int]) -> None:
    """The transaction first, then the number."""
    assert (Cursor(*one) < Cursor(*other)) == (one < other)
    assert Cursor(*one).before < Cursor(*one) < Cursor(*one).next
