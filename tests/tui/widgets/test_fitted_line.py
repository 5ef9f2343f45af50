"""Lines of an exact width."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from penstock_tui.widgets.cell_width import fitted
from penstock_tui.widgets.fitted_line import BETWEEN, Fact, choose

FACTS = [Fact("running", 1), Fact("profile default", 3), Fact("a very long list of stages", 4), Fact("2/min", 2)]


@given(st.integers(0, 120))
def test_facts_fit_by_rank(width: int) -> None:
    """The first in rank is always there; the others only where there is room."""
    chosen = choose(FACTS, width)
    assert FACTS[0] in chosen
    if len(chosen) > 1:
        assert len(BETWEEN.join(fact.text for fact in chosen)) <= width


def test_all_facts_in_their_own_order_when_there_is_room() -> None:
    assert choose(FACTS, 200) == FACTS


@given(st.text(st.characters(categories=["L", "N", "P", "Zs"]), max_size=20), st.integers(0, 12), st.booleans())
def test_a_cell_has_its_width(text: str, width: int, right: bool) -> None:
    """Wide characters included."""
    assert cell_len(fitted(text, width, right)) == width
