"""Which columns there is room for."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from penstock_tui.widgets.columns import COLUMNS
from penstock_tui.widgets.fitting import GAP, fit


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
    sizes = {column.title: size for column, size in fit(300, COLUMNS)}
    assert set(sizes) == {column.title for column in COLUMNS}
    assert sizes["words"] > 100


def test_ranks_are_a_total_order() -> None:
    """Two columns of one rank would make the order of leaving a matter of chance."""
    assert sorted(column.priority for column in COLUMNS) == list(range(1, len(COLUMNS) + 1))
