"""Summaries of a tag: sentences as they were said, between a floor and a ceiling of tokens."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from penstock.memory import Item
from penstock.memory.tag_summaries import TagSummary, tag_summary

ITEMS = [
    Item("p", "It rained. The glaze cracks above 900 degrees. We wait.", seq=3, role="assistant"),
    Item("p", "Let us look at the kiln.\n\nThe glazes are in the shed.", seq=2),
    Item("p", "Nothing of it here, but much else.", seq=1),
]
"""The newest first."""


def sentences(summary: TagSummary) -> list[str]:
    return [one for _, said in summary.parts for one in said]


def test_a_sentence_of_each_item_that_names_the_tag() -> None:
    """In the order of time; of an item that does not name it, the first."""
    assert sentences(tag_summary(ITEMS, "glaze", 1, 400)) == [
        "Nothing of it here, but much else.",
        "The glazes are in the shed.",
        "The glaze cracks above 900 degrees.",
    ]


def test_the_ceiling_leaves_out_the_oldest() -> None:
    """What was said last holds."""
    summary = tag_summary(ITEMS, "glaze", 1, 20)
    assert sentences(summary) == ["The glaze cracks above 900 degrees."]
    assert summary.tokens <= 20


def test_below_the_floor_more_is_said() -> None:
    """As far as there is more."""
    whole = tag_summary(ITEMS, "glaze", 300, 400)
    assert sentences(whole)[-3:] == ["It rained.", "The glaze cracks above 900 degrees.", "We wait."]
    assert whole.tokens < 300


def test_the_same_sentence_is_said_once() -> None:
    """Agents repeat themselves."""
    assert sentences(tag_summary([ITEMS[0], ITEMS[0]], "glaze", 1, 400)) == ["The glaze cracks above 900 degrees."]


@given(st.lists(st.text(max_size=300), max_size=8), st.integers(1, 200), st.integers(1, 200))
def test_never_above_the_ceiling(texts: list[str], least: int, most: int) -> None:
    """And each sentence is of its item, whatever is in it."""
    summary = tag_summary([Item("p", text, seq=9 - n) for n, text in enumerate(texts)], "glaze", least, most)
    assert summary.tokens <= most
    assert all(sentence in item.text for item, said in summary.parts for sentence in said if "…" not in sentence)
