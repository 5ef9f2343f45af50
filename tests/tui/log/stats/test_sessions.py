"""Sums by session."""

from __future__ import annotations

from penstock.events.response_events import LoggedUsage
from penstock_tui.log.row import Row
from penstock_tui.log.stats.sessions import Sessions


def row(number: int, session: str = "", **more: object) -> Row:
    return Row(f"x{number}", 100.0 + number, number=number, session=session, **more)  # type: ignore[arg-type]


def test_a_request_that_names_its_session_late_counts_once() -> None:
    """It is received before it is read."""
    sessions = Sessions()
    one = row(1, conversation="talk")
    sessions.enter(one)
    sessions.leave(one)
    one.session = "s"
    sessions.enter(one)
    assert [(found.name, found.named, found.totals.requests) for found in sessions.listed()] == [("s", True, 1)]


def test_the_active_one_is_first_and_says_what_it_works_on() -> None:
    sessions = Sessions()
    sessions.enter(row(1, "a", client="codex", project="/src/kiln"))
    sessions.enter(row(2, "b"))
    sessions.enter(row(3, "a", model="m", provider="p", kind="main", agent="main", usage=LoggedUsage(input=90)))
    first, second = sessions.listed()
    assert (first.name, first.client, first.project, first.model, first.prompt) == ("a", "codex", "/src/kiln", "m", 90)
    assert (first.first_at, first.last_at, first.totals.requests) == (101.0, 103.0, 2)
    assert second.name == "b"


def test_a_side_call_says_nothing_of_the_window() -> None:
    """What the main agent sent last is what fills it."""
    sessions = Sessions()
    sessions.enter(row(1, "a", kind="main", agent="main", model="big", usage=LoggedUsage(input=900)))
    sessions.enter(row(2, "a", kind="side", agent="main", model="small", usage=LoggedUsage(input=9)))
    [one] = sessions.listed()
    assert (one.model, one.prompt) == ("big", 900)


def test_one_is_forgotten_only_when_its_rows_are() -> None:
    """A row that still changes would else be taken out of sums it is not in."""
    sessions = Sessions(limit=2)
    rows = [row(i, f"s{i}") for i in range(4)]
    for one in rows:
        sessions.enter(one)
    assert len(sessions) == 4
    for one in rows[:3]:
        sessions.drop(one)
    assert [found.name for found in sessions.listed()] == ["s3", "s2"]
