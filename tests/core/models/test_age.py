"""How old the table of models is."""

from __future__ import annotations

import datetime
from collections.abc import Callable

import pytest

from penstock.models import Table, __main__, age


@pytest.fixture
def after(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """It is so many days after the table was made."""
    date = Table().date

    def after(days: int) -> None:
        monkeypatch.setattr(age, "today", lambda: date + datetime.timedelta(days))

    return after


@pytest.mark.parametrize(("days", "is_stale"), [(-5, False), (0, False), (84, False), (85, True), (400, True)])
def test_twelve_weeks(after: Callable[[int], None], days: int, is_stale: bool) -> None:
    """Up to then nothing is said; then how many weeks, and of which date."""
    after(days)
    said = age.staleness(Table().date)
    assert bool(said) is is_stale
    if is_stale:
        assert f"{days // 7} weeks old" in said
        assert Table().date.isoformat() in said
    assert age.age_days(Table().date) == max(0, days)


def test_an_old_table_is_not_released(after: Callable[[int], None], capsys: pytest.CaptureFixture[str]) -> None:
    """`make release` asks; the text says what to do. A wheel for a test asks nobody."""
    after(84)
    assert __main__.main() == 0
    assert "84 days old" in capsys.readouterr().out
    after(85)
    assert __main__.main() == 1
    assert "no release: the table of models is 12 weeks old" in capsys.readouterr().err
