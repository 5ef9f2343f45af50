"""Line numbers are known by how they count, in each form that readers write them."""

from __future__ import annotations

import pytest

from penstock_plugins.common.margin import MARGIN, margin_of

CODE = ["tank = Tank()", "", "    tank.fill()", "if tank.full:", "    tank.close()"]
FORMS = ["{:>6}→{}", "{:>6}\t{}", "{}: {}", "L{}: {}", "{:05}| {}", "{:>6}|{}", "{} | {}", "{:>4} │ {}"]


@pytest.mark.parametrize("form", FORMS)
def test_each_readers_numbers_are_known(form: str) -> None:
    """The lines behind them are those of the file, to the blank."""
    lines = [form.format(number, line) for number, line in enumerate(CODE, 41)]
    found = margin_of(lines)
    assert found is not None
    assert [line[match.end() :] for line in lines if (match := found.match(line))] == CODE
    assert [int(match[1]) for line in lines if (match := MARGIN.match(line))] == [41, 42, 43, 44, 45]


@pytest.mark.parametrize(
    "lines",
    [
        ["7\tpear", "12\tquince", "9\tplum", "31\tpear"],
        ["10:01: opened", "10:02: filled", "10:03: closed"],
        [f"{number * 10}: row" for number in range(9)],
        CODE,
        [],
    ],
)
def test_numbers_that_do_not_count_are_no_line_numbers(lines: list[str]) -> None:
    """Tables and times begin with numbers, too."""
    assert margin_of(lines) is None
