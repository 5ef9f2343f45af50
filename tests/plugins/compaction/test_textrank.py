"""TextRank: what a sentence is, and which say most."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from penstock_plugins.compaction.textrank import CHUNK, rank, split


def test_sentences_end_at_stops_and_lines() -> None:
    """An item of a list is one; a stop inside a name is none; a block of code stays together."""
    text = "Read v1.2 of a.py first. Then `run` it.\n- one item\n```\nx = 1.  Y = 2\n\nz\n```\nDone!"
    assert split(text) == [
        "Read v1.2 of a.py first.",
        "Then `run` it.",
        "- one item",
        "```\nx = 1.  Y = 2\n\nz\n```",
        "Done!",
    ]


def test_a_block_of_code_that_never_ends_is_a_sentence() -> None:
    """Nothing of it is lost."""
    assert split("See:\n```\na\nb") == ["See:", "```\na\nb"]


@given(st.text())
def test_splitting_loses_no_word(text: str) -> None:
    """All that is not blank is in some sentence, in order."""
    assert "".join("".join(split(text)).split()) == "".join(text.split())


def test_the_sentence_that_shares_most_ranks_first() -> None:
    """One that the others hang on stands above them, one about something else below."""
    sentences = [
        "The cache of the basket is slow.",
        "The basket reads its cache for every price in the shop.",
        "Every price in the shop is read twice.",
        "Lunch was late.",
    ]
    scores = rank(sentences)
    assert max(scores) == scores[1]
    assert min(scores) == scores[3]


@given(st.lists(st.text(alphabet="abc def.", max_size=40), max_size=30))
def test_ranks_are_the_same_every_time(sentences: list[str]) -> None:
    """For each sentence one, above zero."""
    scores = rank(sentences)
    assert scores == rank(list(sentences))
    assert len(scores) == len(sentences)
    assert all(score > 0 for score in scores)


def test_a_very_long_text_is_ranked_in_chunks() -> None:
    """Work grows with the length of a text, not with its square: what is far apart is not compared."""
    sentences = [f"word{i % 7} other{i % 11} third{i % 13} again" for i in range(CHUNK)]
    assert rank(sentences * 4) == rank(sentences) * 4
