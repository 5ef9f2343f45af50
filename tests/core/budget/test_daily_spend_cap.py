"""A day's cap."""

from __future__ import annotations

import datetime
import threading
from contextlib import suppress
from pathlib import Path

import pytest

from penstock.budget.daily_spend_cap import DailySpendCap, SpendCapReached


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "state" / "summaries.json"


def test_the_cap_is_never_passed(file: Path) -> None:
    """A call that could go past it is not made; what was set aside and not spent is there again."""
    spend_cap = DailySpendCap(0.50, file)
    spend_cap.reserve(0.30)
    with pytest.raises(SpendCapReached, match=r"0\.5.*\$0\.2000 are left"):
        spend_cap.reserve(0.30)
    spend_cap.settle(0.30, 0.10)
    spend_cap.reserve(0.40)


def test_a_restart_does_not_fill_it(file: Path) -> None:
    """What was spent today is read back."""
    first = DailySpendCap(0.50, file)
    first.reserve(0.40)
    with pytest.raises(SpendCapReached):
        DailySpendCap(0.50, file).reserve(0.20)


def test_two_with_the_same_file_share_the_day(file: Path) -> None:
    """The cap is for the day, not for each object: what another reserves or settles counts here at once."""
    one, other = DailySpendCap(0.50, file), DailySpendCap(0.50, file)
    one.reserve(0.30)
    with pytest.raises(SpendCapReached):
        other.reserve(0.30)
    one.settle(0.30, 0.10)
    other.reserve(0.40)
    with pytest.raises(SpendCapReached):
        one.reserve(0.10)


def test_at_once_no_more_than_the_cap_is_reserved(file: Path) -> None:
    """By many objects in many threads: nobody writes over what another has just written."""
    start = threading.Barrier(8)
    taken: list[float] = []

    def take() -> None:
        spend_cap = DailySpendCap(1.0, file)
        start.wait(timeout=30)
        for _ in range(20):
            with suppress(SpendCapReached):
                spend_cap.reserve(0.0625)
                taken.append(0.0625)

    threads = [threading.Thread(target=take) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(taken) == 1.0


def test_a_new_day_fills_it(file: Path) -> None:
    """Whatever was spent the day before."""
    today = [datetime.date(2031, 2, 3)]
    spend_cap = DailySpendCap(0.50, file, lambda: today[0])
    spend_cap.reserve(0.50)
    today[0] = datetime.date(2031, 2, 4)
    spend_cap.reserve(0.50)


@pytest.mark.parametrize("text", ["", "[]", '{"day": 1}', '{"day": "2031-02-03", "dollars": "much"}', "\xff"])
def test_a_file_that_says_nothing_is_an_empty_one(file: Path, text: str) -> None:
    """It breaks nothing."""
    file.parent.mkdir()
    file.write_text(text, encoding="latin-1")
    DailySpendCap(0.50, file).reserve(0.50)


def test_a_folder_that_can_not_be_written_caps_all_the_same(file: Path) -> None:
    """For as long as the process runs."""
    file.parent.write_text("no folder")
    spend_cap = DailySpendCap(0.50, file)
    spend_cap.reserve(0.40)
    with pytest.raises(SpendCapReached):
        spend_cap.reserve(0.20)
