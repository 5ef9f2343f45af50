"""The list of English words: how frequent each is, and of what kind."""

from __future__ import annotations

import pytest

from penstock_plugins.tags.english import RAREST, is_listed, word_of


@pytest.mark.parametrize(
    ("word", "kind"),
    [("invoice", "noun"), ("invoices", "noun"), ("write", "verb"), ("large", "adjective"), ("else", "other")],
)
def test_kinds_of_listed_words(word: str, kind: str) -> None:
    """Of a plural, that of its singular."""
    assert is_listed(word)
    assert word_of(word).kind == kind


@pytest.mark.parametrize(
    ("word", "kind"),
    [("grobified", "verb"), ("grobful", "adjective"), ("grobfully", "other"), ("grob", "noun")],
)
def test_a_word_that_is_not_listed_is_rare(word: str, kind: str) -> None:
    """Its kind is told by its ending; without one it is a noun."""
    assert not is_listed(word)
    assert word_of(word) == (RAREST, kind)


def test_frequent_words_have_high_values() -> None:
    """A plural is as frequent as its singular."""
    assert word_of("the").zipf > word_of("page").zipf > word_of("invoice").zipf > RAREST
    assert word_of("invoices").zipf >= word_of("invoice").zipf
