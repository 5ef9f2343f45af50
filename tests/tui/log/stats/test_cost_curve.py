"""Costs over the time of a log."""

from __future__ import annotations

import pytest

from penstock.events.event import Event, EventKind
from penstock.events.payload import read
from penstock.events.response_events import LoggedCost
from penstock_tui.log.row import Row
from penstock_tui.log.stats.cost_curve import MOST, CostCurve

K = EventKind


def paid(baseline: float, paid: float, kind: str = "main") -> Row:
    return Row("x", 0.0, kind=kind, money=read(LoggedCost, {"baseline": baseline, "paid": paid}))


def answered(curve: CostCurve, at: float, row: Row | None) -> None:
    curve.fold(Event(1, at, "x", K.ANSWERED, {}), row)


def test_sums_go_up_with_time() -> None:
    """Both sums; a keep-alive request is paid, and would not have been without Penstock."""
    curve = CostCurve()
    answered(curve, 10.2, paid(2.0, 1.0))
    answered(curve, 10.7, paid(1.0, 0.5))
    answered(curve, 90.0, paid(1.0, 0.5))
    curve.fold(Event(1, 95.0, "x", K.KEPT_ALIVE, {"usd": 0.25}), None)
    assert [(point.baseline, point.paid) for point in curve.points()] == [(3.0, 1.5), (4.0, 2.0), (4.0, 2.25)]
    sampled = list(curve.sampled(5))
    assert [point.paid for point in sampled] == [1.5, 1.5, 1.5, 1.5, 2.25]


def test_what_has_no_price_is_left_out() -> None:
    """So are requests that only count tokens, and answers of requests that are not in the log."""
    curve = CostCurve()
    answered(curve, 1.0, None)
    answered(curve, 1.0, paid(1.0, 1.0, kind="count"))
    answered(curve, 1.0, Row("x", 0.0, kind="main"))
    assert curve.points() == []
    assert list(curve.sampled(10)) == []


def test_a_long_log_takes_no_more_room() -> None:
    """And its sums are the same."""
    curve = CostCurve()
    for n in range(5000):
        answered(curve, n * 977.0, paid(0.02, 0.01))
    points = curve.points()
    assert 10 < len(points) <= MOST
    assert points[-1].baseline == pytest.approx(100.0)
    assert [point.at for point in points] == sorted(point.at for point in points)
