"""Tags in a cell."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from penstock.stats.tags import UNTAGGED, Tagged
from penstock_tui.widgets.segments import cut, width_of
from penstock_tui.widgets.tag_cell import tag_parts, tag_text

BOTH = Tagged(("database", "index"), has_primary=True, broad=True, temporal=True)


def text(tagged: Tagged, width: int) -> str:
    return "".join(one for one, _ in cut(tag_parts(tagged, width), width))


def test_the_most_telling_tag_is_bold() -> None:
    """The others are not, nor is the first where none is said to be it."""
    assert tag_parts(Tagged(("auth", "token"), has_primary=True), 30) == [("auth", "strong"), (", ", ""), ("token", "")]
    assert tag_parts(Tagged(("auth",)), 30) == [("auth", "")]


def test_badges_are_words_and_letters_where_it_is_narrow() -> None:
    """Never a colour alone; and the beginning of a tag is worth more than a badge in full."""
    assert text(BOTH, 40).rstrip() == "BROAD TEMPORAL database, index"
    assert text(BOTH, 14) == "B T database, …"[:13] + "…"
    assert text(Tagged(("database",), broad=True), 14) == "BROAD database"
    assert text(Tagged(("auth",), temporal=True), 8) == "T auth  "
    assert text(Tagged(broad=True), 5) == "BROAD"
    assert tag_text(BOTH) == "BROAD TEMPORAL database, index"
    assert tag_text(UNTAGGED) == ""


names = st.lists(st.text(st.sampled_from("ab ü翻訳-"), min_size=1, max_size=12), max_size=5).map(tuple)


@given(st.builds(Tagged, names, st.booleans(), st.booleans(), st.booleans()), st.integers(0, 40))
def test_a_cell_is_as_wide_as_it_is(tagged: Tagged, width: int) -> None:
    """Whatever the tags, the columns beside it stay in line."""
    assert width_of(text(tagged, width)) == width
