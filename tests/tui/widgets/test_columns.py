"""Which columns there is room for."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.conversation.exchange import State
from penstock.stats.tags import UNTAGGED, Tagged
from penstock_tui.log.row import Row
from penstock_tui.widgets.cell_width import cut, width_of
from penstock_tui.widgets.column_layout import GAP, Column, Moment, fit, pages
from penstock_tui.widgets.columns import COLUMNS, column_of, order_by, tag_parts, tag_text


@given(st.integers(0, 400))
def test_columns_fit_the_width(width: int) -> None:
    """The chosen ones never need more than there is, and at least one is there."""
    chosen = fit(width, COLUMNS)
    assert chosen
    assert sum(size for _, size in chosen) + GAP * (len(chosen) - 1) <= max(width, 0)


@given(st.integers(10, 300))
def test_growing_only_adds_columns(width: int) -> None:
    """A wider window never takes away what a narrower one showed."""
    assert {column.title for column, _ in fit(width, COLUMNS)} <= {
        column.title for column, _ in fit(width + 1, COLUMNS)
    }


def test_the_words_take_what_is_left_over() -> None:
    sizes = {column.title: size for column, size in fit(400, COLUMNS)}
    assert set(sizes) == {column.title for column in COLUMNS}
    assert sizes["prompt"] > 100


@pytest.mark.parametrize(("width", "least"), [(80, 19), (120, 35), (160, 50), (200, 60)])
def test_the_prompt_has_room_before_lesser_columns(width: int, least: int) -> None:
    """A log that is all numbers tells no story."""
    sizes = {column.title: size for column, size in fit(width, COLUMNS)}
    assert sizes["prompt"] >= least


def test_ranks_are_a_total_order() -> None:
    """Two columns of one rank would make the order of leaving a matter of chance."""
    assert sorted(column.priority for column in COLUMNS) == list(range(1, len(COLUMNS) + 1))


@given(st.integers(0, 400), st.sampled_from([None, *COLUMNS]))
def test_every_column_is_on_one_page_or_another(width: int, first: Column[Row] | None) -> None:
    """However narrow the window, page by page all can be read, and none is too wide for it."""
    found = pages(width, COLUMNS, first)
    assert {column.title for page in found for column, _ in page} == {column.title for column in COLUMNS}
    for page in found:
        assert sum(size for _, size in page) + GAP * (len(page) - 1) <= max(width, 0)


def test_further_pages_say_which_row_one_reads() -> None:
    """Time and words stay beside what was left over; and what was shown before does not come again."""
    first, second, *_ = ([column.title for column, _ in page] for page in pages(80, COLUMNS))
    assert {"time", "prompt"} < set(second)
    assert set(first) & set(second) == {"time", "prompt"}


def test_the_column_that_sorts_is_shown() -> None:
    """Else one would not see why rows stand as they do."""
    assert "model" not in {column.title for column, _ in fit(80, COLUMNS)}
    assert "model" in {column.title for column, _ in fit(80, COLUMNS, column_of("model"))}


@pytest.mark.parametrize("column", COLUMNS, ids=lambda one: one.title)
def test_every_column_sorts(column: Column[Row]) -> None:
    """A row of which nothing is known included."""
    order = order_by(column.title)
    assert order is not None
    full = Row("x", 5.0, number=1, status=200, tokens_in=10, tokens_out=5, inbound=Tagged(("a",)))
    assert sorted([order.key(Row("x", 0.0, number=0)), order.key(full)])
    assert isinstance(column.cell(full, Moment(9.0))[0], str)


def test_what_failed_is_graver_than_what_was_refused() -> None:
    """And what is under way has no status to be sorted by yet."""
    order = order_by("status")
    assert order is not None
    told = [
        Row("a", 0.0, number=0, state=State.FAILED, status=529),
        Row("b", 0.0, number=1, state=State.REFUSED, status=429),
        Row("c", 0.0, number=2, state=State.ANSWERED, status=200),
        Row("d", 0.0, number=3),
    ]
    found = sorted(told, key=order.key, reverse=True)
    assert [row.id for row in found] == ["a", "b", "c", "d"]


@pytest.mark.parametrize(
    ("fields", "texts"),
    [
        ({"tokens_in": 2000, "tokens_out": 1600, "injected": 100}, ("1.6k", "2.0k", "+100", "-500")),
        ({"tokens_in": 2000, "tokens_out": 1500}, ("1.5k", "2.0k", "", "-500")),  # an older log
        ({"tokens_in": 900, "tokens_out": 1000, "how": "estimated"}, ("~1.0k", "~900", "", "")),
        ({}, ("", "", "", "")),
    ],
)
def test_tokens_are_told_apart(fields: dict[str, Any], texts: tuple[str, ...]) -> None:
    """As it came, what came to it, what went, as it left."""
    row = Row("x", 0.0, number=0, **fields)
    shown = tuple(column_of(title).cell(row, Moment(0.0))[0] for title in ("sent", "baseline", "injected", "removed"))
    assert shown == texts


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"edits": 2, "freed_now": 4100, "replayed": 7}, "2 -4.1k"),
        ({"edits": 2, "freed_now": 400, "injected_now": 700}, "2 +300"),
        ({"edits": 1}, "1"),
        ({"replayed": 7, "pending": 1, "tokens_in": 2000, "tokens_out": 100}, ""),
    ],
)
def test_edits_are_those_of_this_request(fields: dict[str, Any], text: str) -> None:
    """Not those of earlier requests, which it was sent with as well: they are in a column of their own."""
    row = Row("x", 0.0, number=0, **fields)
    assert column_of("edits").cell(row, Moment(0.0))[0] == text
    replayed = column_of("replayed").cell(row, Moment(0.0))[0]
    assert ("↻7" in replayed, "…1" in replayed) == (row.replayed == 7, row.pending == 1)


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
