"""How the commands write."""

from __future__ import annotations

import typer
from hypothesis import given
from hypothesis import strategies as st

from penstock.base.format import columns, dollars, lasted, percent, plural, printable, signed


def test_dollars() -> None:
    """No loss is rounded away, and less than four decimals can show is not rounded up."""
    amounts = (0, 12.345, -1, 0.5, -0.31, 0.0001, 0.000099, 0.000006, -0.0000001, 1234.5)
    written = ["$0", "$12.35", "-$1.00", "$0.5000", "-$0.3100", "$0.0001"]
    written += ["<$0.0001", "<$0.0001", "-<$0.0001", "$1,234.50"]
    assert [dollars(amount) for amount in amounts] == written


def test_shares_and_losses() -> None:
    """A loss is red as well as negative."""
    assert (percent(0.5), percent(-0.123), percent(None)) == ("50.0%", "-12.3%", "")
    assert signed("x", 1) == signed("x", 0) == "x"
    assert signed("x", -0.1) == typer.style("x", fg="red")


def test_counts() -> None:
    """One is no plural; thousands are told apart."""
    assert [plural(n, "edit") for n in (0, 1, 2, 1200)] == ["0 edits", "1 edit", "2 edits", "1,200 edits"]
    assert plural(None, "edit") == "0 edits"


def test_durations() -> None:
    """In the unit that says something: what took a while never took nothing."""
    written = ["under 1 ms", "under 1 ms", "1 ms", "999 ms", "1.0 s", "1.2 s", "75 s", "1,200 s"]
    assert [lasted(ms) for ms in (0, 0.3, 0.6, 999, 999.6, 1234, 75_400, 1_200_000)] == written


@given(st.text())
def test_nothing_steers_the_terminal(text: str) -> None:
    """One line of what can be printed."""
    assert printable(text).isprintable()


def test_columns_stand_under_one_another() -> None:
    """Colours take no room."""
    red = typer.style("-1", fg="red")
    assert columns([("a", "one", "10"), ("bbb", "x", red)], 2) == ["a    one  10", f"bbb  x    {red}"]
