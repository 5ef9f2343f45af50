"""What a report tells."""

from __future__ import annotations

from typing import Any

from penstock.events.event import EventKind
from penstock.stats.selection import choose
from penstock_tui.report import gather as gathering
from penstock_tui.report.gather import Report, gather
from tests.tui.logs import Facts, Log, life, paid_life
from tests.tui.screens.days import a_day

K = EventKind


def told(log: Log, **asked: str) -> Report:
    return gather(log.store, choose(log.store, **asked))


def with_result(tokens: int, left: int | None = None, **more: Any) -> Facts:
    """A life that brings a tool's result, shortened to `left`."""
    blocks = [
        {"m": 1, "b": 0, "role": "assistant", "kind": "tool_use", "tokens": 4, "name": "Bash", "id": "c1", "text": ""},
        {"m": 2, "b": 0, "role": "user", "kind": "tool_result", "tokens": tokens, "name": "", "id": "c1", "text": "so"},
    ]
    edit = {"stage": "trim", "op": "replace", "state": "landed", "reason": "long", "m": 2, "b": 0, "before": tokens}
    facts = [(kind, data | {"blocks": blocks} if kind is K.CLASSIFIED else data) for kind, data in life(**more)]
    return facts if left is None else [*facts[:2], (K.EDIT, edit | {"after": left}), *facts[2:]]


def test_a_day(log: Log) -> None:
    """A point for each request, sums of the turns, what was edited; money is added up."""
    a_day(log)
    report = told(log)
    assert [point.number for point in report.points] == [1, 2, 3]
    assert [round(point.saved, 2) for point in report.points] == [0.03, 0.06, 0.03]
    assert [point.has_compacted for point in report.points] == [False, True, False]
    assert {edit.change.op for edit in report.edits} == {"replace", "compact"}
    assert (report.edit_count, report.window) == (4, 200_000)
    assert [one.name for one in report.stats.sessions.values()] == ["morning", "evening"]


def test_of_one_session(log: Log) -> None:
    """Nothing of another counts."""
    a_day(log)
    report = told(log, session="evening")
    assert (len(report.points), report.stats.totals.money.saved) == (1, -0.03)


def test_the_largest_results_with_what_was_sent_of_them(log: Log) -> None:
    """The tool's name is that of its call; only so many are kept."""
    log.exchange(with_result(900, left=80))
    for n in range(gathering.MOST + 5):
        log.exchange(with_result(100 + n))
    report = told(log)
    assert len(report.results) == gathering.MOST
    first, second = report.results[:2]
    assert (first.tool, first.tokens, first.left, first.number) == ("Bash", 900, 80, 1)
    assert (second.tokens, second.left) == (144, 144)


def test_a_clients_own_calls_are_no_points(log: Log) -> None:
    """Their money counts all the same."""
    log.exchange(paid_life(0.05, 0.05, kind="side"))
    report = told(log)
    assert (report.points, report.stats.totals.money.paid) == ([], 0.05)
