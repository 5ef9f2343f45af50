"""Name the known word a person most likely meant."""

from __future__ import annotations

import pytest

from penstock.base.suggest import did_you_mean
from penstock.events.event import EventKind


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("stagse", " Did you mean 'stages'?"),
        ("stage", " Did you mean 'stages'?"),
        ("Mode", " Did you mean 'mode'?"),
        ("xyz", " Known: mode, stages."),
        ("", " Known: mode, stages."),
    ],
)
def test_the_nearest_word_is_named_or_all_of_them(word: str, said: str) -> None:
    """A space in front: it is put behind a sentence."""
    assert did_you_mean(word, {"stages", "mode"}) == said


def test_one_wrong_letter_of_three_is_near() -> None:
    assert did_you_mean("tll", ["agent", "tags", "ttl"]) == " Did you mean 'ttl'?"


def test_where_nothing_is_known_nothing_is_said() -> None:
    """Not an empty list."""
    assert did_you_mean("word", []) == ""


def test_a_member_of_an_enumeration_is_named_by_its_value() -> None:
    """As it is typed, not as Python shows it."""
    assert did_you_mean("bypased", EventKind) == " Did you mean 'bypassed'?"
