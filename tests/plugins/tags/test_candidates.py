"""Candidates: what a text can be tagged with, and how much each says."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.redaction.redaction import redact
from penstock_plugins.tags import candidates as rules
from penstock_plugins.tags.candidates import candidates


def names(text: str) -> list[str]:
    return [found.name for found in candidates(text)]


def value(text: str, name: str) -> float:
    return max(found.value for found in candidates(text) if found.name == name)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("see shop/till/cart.py", "cart.py"),
        ("see shop/refunds/cart.py", "refunds"),
        ("see https://example.org/docs/set-up", "set-up"),
        ("a ValueError is raised", "ValueError"),
        ("it says HTTP 404 there", "HTTP 404"),
        ("call parse_price then", "parse_price"),
        ("call `refunds` then", "refunds"),
        ("we stay at Coral Bay Hotel in May", "Coral Bay Hotel"),
        ("ask Leslie about it", "Leslie"),
        ("a form of the UKIPO is due", "UKIPO"),
    ],
)
def test_names_are_found_in_their_spelling(text: str, name: str) -> None:
    """Of files, folders, errors, code, people and places."""
    assert name in names(text)


def test_the_marker_of_a_secret_is_no_name() -> None:
    """Its words are those of Penstock; the words beside it are a person's, and are no pair."""
    text = f"the database, token ghp_{'a1B2' * 9}, password=hunter22x on port"
    marked = redact(text)
    assert "[redacted github token]" in marked
    assert "[redacted value]" in marked
    found = names(marked)
    assert {"database", "port"} <= set(found)
    assert {"github", "value", "redacted"}.isdisjoint(" ".join(found).split())


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("## Application Fees\n", "Application Fees"),
        ("**Submission Steps**: none", "Steps"),
        ("the invoice, an Invoice", "Invoice"),
        ("it is due in March, on Monday", "March"),
        ("commit 5457fb4c1a is broken", "5457fb4c1a"),
        ("see https://example.org/docs", "https"),
        ("the cases 1/2 and 3/4", "2"),
        ("do it with care or else, second", "else"),
    ],
)
def test_what_only_looks_like_one_is_not(text: str, name: str) -> None:
    """Headings, times, digests, numbers, and words that carry no topic."""
    assert name not in names(text)


def test_rare_words_say_more_than_frequent_ones() -> None:
    """Nouns more than verbs, verbs more than adjectives."""
    text = "the watermark of a price, to negotiate, generous"
    assert value(text, "watermark") > value(text, "price")
    assert value(text, "watermark") > value(text, "negotiate") > value(text, "generous")


def test_code_gives_its_names_alone() -> None:
    """And those for less: code repeats what a person names once."""
    text = "Look:\n```\nfor watermark in parse_price(x):\n```\nand read_till"
    found = {one.name: one.weight for one in candidates(text)}
    assert "watermark" not in found
    assert found["parse_price"] < found["read_till"] == 1


_PIECES = (*"aBE1_./-@+~`([ \n\u00e9", "HTTP ", "404 ", "Error", "x/y.py ", "is ", "https://")


@given(st.lists(st.sampled_from(_PIECES)).map("".join))
def test_words_that_are_not_looked_at_hold_no_name(text: str) -> None:
    """Plain words are left out before most rules are tried, for speed: nothing changes by that."""
    fast = list(candidates(text))
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(rules, "_without_plain", lambda text: text)
        assert list(candidates(text)) == fast
