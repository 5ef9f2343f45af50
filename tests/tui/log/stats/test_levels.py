"""Levels of budgets, and providers' limits."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from penstock.events.event import Event, EventKind
from penstock_tui.log.row import Row
from penstock_tui.log.stats.levels import Levels

K = EventKind


def fold(levels: Levels, kind: EventKind, at: float = 1.0, row: Row | None = None, **payload: Any) -> None:
    levels.fold(Event(1, at, "x" if row else "", kind, payload), row)


def test_the_budget_that_is_nearest_its_end() -> None:
    """By what was said of each last."""
    levels = Levels()
    assert levels.worst(9.0) is None
    fold(levels, K.BUDGET, 1.0, budget="day", before="NORMAL", level="BLOCKED", why="day: 100% used")
    fold(levels, K.BUDGET, 2.0, budget="project kiln", before="NORMAL", level="REDUCED", why="70% used")
    worst = levels.worst(9.0)
    assert worst is not None
    assert worst.budget == "day"
    fold(levels, K.BUDGET, 3.0, budget="day", before="BLOCKED", level="NORMAL", why="day: 50% used")
    worst = levels.worst(9.0)
    assert worst is not None
    assert (worst.budget, worst.level) == ("project kiln", "REDUCED")
    assert len(levels.changes) == 3


@pytest.mark.parametrize(("form", "later"), [("%Y-%m-%dT%H", 3_600), ("%Y-%m-%d", 86_400), ("%Y-%m", 31 * 86_400)])
def test_a_level_ends_with_its_period(form: str, later: float) -> None:
    """The next one logs nothing before its first request."""
    levels, at = Levels(), 1_700_000_000.0
    period = datetime.fromtimestamp(at).strftime(form)
    fold(levels, K.BUDGET, at, budget="day", before="NORMAL", level="BLOCKED", why="100% used", period=period)
    worst = levels.worst(at)
    assert worst is not None
    assert worst.level == "BLOCKED"
    assert levels.worst(at + later) is None
    fold(levels, K.BUDGET, at, budget="session x", before="NORMAL", level="REDUCED", why="ever", period="")
    assert levels.worst(at + later) is not None


def test_the_newest_answer_of_each_provider_counts() -> None:
    """A failure tells of limits too; an answer that tells of none takes nothing back."""
    levels = Levels()
    one, other = Row("x", 1.0, number=0, provider="anthropic"), Row("y", 1.0, number=1, provider="openai")
    fold(levels, K.ANSWERED, 1.0, one, limits=[{"name": "requests", "limit": 50, "remaining": 9}])
    fold(levels, K.ANSWERED, 2.0, other, limits=[{"name": "tokens", "used": 0.5}])
    fold(levels, K.FAILED, 3.0, one, limits=[{"name": "retry-after", "remaining": 0, "resets_at": 60.0}])
    fold(levels, K.ANSWERED, 4.0, one)
    assert [(limit.provider, limit.name, limit.at) for limit in levels.limits] == [
        ("anthropic", "retry-after", 3.0),
        ("openai", "tokens", 2.0),
    ]


def test_an_older_log() -> None:
    levels = Levels()
    for payload in ({}, {"level": 3}, {"limits": "none"}, {"limits": [{}, 1]}):
        for kind in Levels.KINDS:
            fold(levels, kind, **payload)
    assert levels.worst(9.0) is None
