"""Text between two delimiters: what goes, what stays."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.base.delimited import Enclosed

DROP = Enclosed.tags(["a", "b-c"], keep=False)
KEEP = Enclosed.tags(["a", "b-c"], keep=True)


@pytest.mark.parametrize(
    ("text", "dropped", "kept"),
    [
        ("x<a>y</a>z", "xz", "xyz"),
        ("<a>1</a><b-c>2</b-c>3", "3", "123"),
        ("<A>1</a> and <a>2</A>", " and ", "1 and 2"),
        ("<a><b-c></a>x</b-c>", "x</b-c>", "<b-c>x</b-c>"),
        ("<a>1<a>2</a>3</a>", "3</a>", "1<a>23</a>"),
        ("<a>over\nlines</a>", "", "over\nlines"),
    ],
)
def test_an_envelope_ends_at_the_first_end(text: str, dropped: str, kept: str) -> None:
    """Of its own name; what comes behind it is looked at again."""
    assert (DROP(text), KEEP(text)) == (dropped, kept)


@pytest.mark.parametrize(
    "text", ["", "<a>", "</a><a>", "<a>x</b-c>", "< a>x</a>", "<ab>x</ab>", "a</a>", "<b-ſ>x</b-ſ>"]
)
def test_what_is_not_closed_stays(text: str) -> None:
    """The same object: nothing is copied for nothing."""
    assert DROP(text) is text
    assert KEEP(text) is text


def test_an_open_one_hides_no_closed_one_of_another_name() -> None:
    """Each name is looked for on its own."""
    assert DROP("<a>1<b-c>2</b-c>3<b-c>4</b-c>") == "<a>13"


def test_of_delimiters_that_begin_alike_the_longer_one_counts() -> None:
    """In whatever order they are given."""
    for pairs in ({"[u": "]", "[user": "[/user"}, {"[user": "[/user", "[u": "]"}):
        assert Enclosed(pairs, keep=False)("1[user x] y[/user2") == "12"


@given(st.lists(st.sampled_from(["<a>", "</a>", "<b-c>", "</b-c>", "x", "<", "\n"]), max_size=30))
def test_nothing_is_closed_twice(pieces: list[str]) -> None:
    """Text outside of envelopes is never lost, and what is kept is what was inside."""
    text = "".join(pieces)
    left = iter(text)
    assert all(c in left for c in DROP(text))
    left = iter(text)
    assert all(c in left for c in KEEP(text))
    assert len(DROP(text)) <= len(KEEP(text)) <= len(text)
