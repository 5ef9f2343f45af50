"""How many tokens a text has, by estimate."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.tokens.estimate import bytes_of, estimate, estimate_bytes

# Counted once with a byte-pair vocabulary of 200,000 entries.
COUNTED = [
    ("The quick brown fox jumps over the lazy dog.", 10),
    ("def add(first: int, second: int) -> int:\n    return first + second\n", 19),
    ("2024-05-01 12:00:00,123 INFO server started on port 8080", 27),
    ('{"name": "value", "list": [1, 2, 3], "nested": {"a": true}}', 25),
    ("Guten Morgen, wie geht es Ihnen heute?", 9),
]


@pytest.mark.parametrize(("text", "tokens"), COUNTED)
def test_short_texts_are_met_roughly(text: str, tokens: int) -> None:
    """Within half; on whole requests the error is far smaller."""
    assert tokens * 0.5 <= estimate(text) <= tokens * 1.6


def test_nothing_has_no_tokens_and_anything_has_one() -> None:
    """At least."""
    assert estimate("") == 0
    assert estimate(" ") == 1
    assert estimate("a") == 1


@given(st.text(max_size=200), st.text(max_size=200))
def test_more_text_has_no_fewer_tokens(text: str, more: str) -> None:
    """Up to rounding, and to what joins at the seam."""
    assert estimate(f"{text}\n{more}") >= max(estimate(text), estimate(more)) - 2


def test_a_long_text_is_judged_by_a_sample() -> None:
    """Beginning, middle and end: about as if it were counted whole."""
    line = "a line of words and 1234 numbers, again and again\n"
    assert estimate(line * 1000) == pytest.approx(estimate(line) * 1000, rel=0.1)


def test_other_alphabets_count_by_the_character() -> None:
    """Where a vocabulary has few pieces."""
    assert estimate("これはテストです") == 8


def test_bytes_are_judged_by_their_number() -> None:
    """Tool lists and system prompts are not worth decoding."""
    assert estimate_bytes(2900) == 1000
    assert estimate_bytes(0) == 0


@pytest.mark.parametrize("tokens", [0, 1, 85, 258, 1500, 1_000_003])
def test_tokens_known_otherwise_are_told_in_bytes(tokens: int) -> None:
    """So that they stand in one sum with text."""
    assert estimate_bytes(bytes_of(tokens)) == tokens
