"""How a plot is drawn."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest

from penstock_tui.report.drawing import BLUE, Chart, ticks


@pytest.mark.parametrize(
    ("low", "high", "most", "expected"),
    [(0, 93_000, 5, [0, 20_000, 40_000, 60_000, 80_000]), (0, 0.28, 5, [0, 0.1, 0.2]), (-3, 7, 5, [-2, 0, 2, 4, 6])],
)
def test_ticks_are_round(low: float, high: float, most: int, expected: list[float]) -> None:
    assert ticks(low, high, most) == pytest.approx(expected)


def test_ticks_of_requests_are_whole() -> None:
    assert ticks(1, 3, 12, whole=True) == [1, 2, 3]


def labels(chart: Chart) -> list[str]:
    return [text.text or "" for text in ElementTree.fromstring(chart.html()).iter("text")]


def test_no_label_is_there_twice() -> None:
    """However small the values are, and one series has no legend."""
    chart = Chart("request", 3, lambda dollars: f"${dollars:.2f}")
    chart.line("saved", BLUE, [(1, 0.0), (2, 0.02), (3, 0.05)])
    assert labels(chart) == ["$0.00", "$0.01", "$0.02", "$0.03", "$0.04", "$0.05", "1", "2", "3", "request"]


def test_an_axis_of_losses_ends_at_nothing() -> None:
    """It reaches from the largest loss to 0, and no further up."""
    chart = Chart("request", 2, lambda dollars: f"{dollars:.5f}")
    chart.line("saved", BLUE, [(1, -0.00005), (2, -0.0002)])
    assert labels(chart)[:5] == ["-0.00020", "-0.00015", "-0.00010", "-0.00005", "0.00000"]


def test_a_logarithmic_axis_has_powers_of_ten() -> None:
    chart = Chart("request", 2, lambda ms: f"{ms:g} ms", is_log=True)
    chart.line("all", BLUE, [(1, 4.0), (2, 164.0)])
    assert labels(chart)[:4] == ["1 ms", "10 ms", "100 ms", "1000 ms"]


def test_names_are_escaped() -> None:
    chart = Chart("turn", 1, names=["<b>&"])
    chart.marks("", "square", BLUE, [(1, 0)])
    assert "&lt;b&gt;&amp;" in chart.html()
    assert not re.search("<b>", chart.html())


def test_nothing_and_one_value_can_be_drawn() -> None:
    """A session of one request that cost nothing."""
    for points in ([], [(1, 0.0)]):
        chart = Chart("request", 1)
        chart.line("a", BLUE, points)
        assert "nan" not in chart.html()


def test_a_long_log_makes_no_long_picture() -> None:
    """And its one peak is still there."""
    chart = Chart("request", 50_000)
    chart.line("all", BLUE, [(n, 900.0 if n == 33_333 else n % 7) for n in range(1, 50_001)])
    chart.areas([("part", BLUE, [1.0] * 50_000)], range(1, 50_001))
    assert len(chart.html()) < 100_000
    low = Chart("request", 50_000, most=900)
    low.line("peak", BLUE, [(33_333, 900.0)])
    peak = re.findall(r'd="M([\d.]+ [\d.]+)"', low.html())[0].split()[1]
    assert f" {peak}L" in chart.html()
