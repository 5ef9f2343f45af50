"""Rows in an order that holds while they come, change and go."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from penstock_tui.log.filtered_rows import FilteredRows, Order
from penstock_tui.log.log_model import Changes
from penstock_tui.log.query import Query, parse
from penstock_tui.log.row import Row

FALLING = Order("total", lambda row: row.ms, falls=True)
RISING = FALLING.turned()
BY_CLIENT = Order("client", lambda row: row.client, falls=False)


def row(number: int, total: float | None = None, client: str = "") -> Row:
    return Row(f"x{number}", float(number), number=number, client=client, ms=total)


def shown(view: FilteredRows) -> list[int]:
    return [view.at(line).number for line in range(len(view))]


def test_the_newest_is_on_top() -> None:
    view = FilteredRows()
    view.show([row(0), row(1), row(2)], Query(), None)
    assert shown(view) == [2, 1, 0]


def test_sorted_either_way_with_what_is_not_known_yet_at_the_end() -> None:
    """And of what is alike, the newest on top."""
    rows = [row(0, 5.0), row(1), row(2, 9.0), row(3, 5.0), row(4)]
    view = FilteredRows()
    view.show(rows, Query(), FALLING)
    assert shown(view) == [2, 3, 0, 4, 1]
    view.show(rows, Query(), RISING)
    assert shown(view) == [3, 0, 2, 4, 1]


def test_texts_sort_without_regard_to_case() -> None:
    view = FilteredRows()
    view.show([row(0, client="codex"), row(1, client="Aider"), row(2)], Query(), BY_CLIENT)
    assert shown(view) == [1, 0, 2]


def test_a_row_that_is_gone_is_looked_for_where_it_stood() -> None:
    """The cursor goes to its neighbour."""
    rows = [row(n, float(n)) for n in range(5)]
    view = FilteredRows()
    view.show(rows, Query(), FALLING)
    assert view.update(Changes(dropped=[rows[2]]))
    assert view.line_of(rows[2]) is None
    assert view.at(view.near(rows[2])) is rows[3]


def test_a_change_that_moves_nothing_says_so() -> None:
    """Then one line is drawn anew, and not the whole window."""
    rows = [row(0, 1.0), row(1, 2.0)]
    view = FilteredRows()
    view.show(rows, Query(), FALLING)
    rows[0].status = 500
    assert not view.update(Changes(changed=[rows[0]]))
    rows[0].ms = 3.0
    assert view.update(Changes(changed=[rows[0]]))
    assert shown(view) == [0, 1]


orders = st.sampled_from([None, FALLING, RISING, BY_CLIENT, BY_CLIENT.turned()])
queries = st.sampled_from([Query(), parse("client:a"), parse("total:>3"), parse("-client:b")])
values = st.tuples(st.none() | st.integers(0, 6), st.sampled_from(["", "a", "b", "ab"]))
steps = st.lists(st.tuples(st.integers(0, 12), values, st.booleans()), max_size=30)


@given(orders, queries, steps)
def test_after_any_changes_it_stands_as_if_shown_anew(
    order: Order | None, query: Query, told: list[tuple[int, tuple[int | None, str], bool]]
) -> None:
    """Rows that come, change any way and go are each where a sort of all of them would put them."""
    view, rows = FilteredRows(), dict[int, Row]()
    view.show([], query, order)
    newest = -1
    for number, (total, client), goes in told:
        known = rows.get(number)
        if known is None:
            newest += 1
            known = rows[newest] = row(newest, total, client)
            view.update(Changes(added=[known]))
        elif goes and number == min(rows):
            view.update(Changes(dropped=[rows.pop(number)]))
        else:
            known.ms, known.client = total, client
            view.update(Changes(changed=[known]))
    anew = FilteredRows()
    anew.show(rows.values(), query, order)
    assert shown(view) == shown(anew)
    assert all(view.line_of(view.at(line)) == line for line in range(len(view)))
    assert {one.number for one in rows.values() if query.matches(one)} == set(shown(view))


GROUPED = Order("session", lambda row: row.session_number or None, falls=True, groups=True)
of_sessions = st.lists(st.integers(0, 4), max_size=30)


@given(of_sessions, of_sessions)
def test_each_group_has_a_heading(before: list[int], after: list[int]) -> None:
    """As rows come; the way from a line to its row and back is the same."""
    rows = [Row(f"x{n}", float(n), number=n, session_number=of) for n, of in enumerate([*before, *after])]
    view = FilteredRows()
    view.show(rows[: len(before)], Query(), GROUPED)
    view.update(Changes(added=rows[len(before) :]))
    groups = sorted({row.session_number for row in rows}, reverse=True)
    wanted: list[object] = []
    for group in groups:
        wanted += ["heading", *(row.number for row in reversed(rows) if row.session_number == group)]
    found = ["heading" if view.is_heading(line) else view.at(line).number for line in range(len(view))]
    assert (found, view.rows) == (wanted, len(rows))
    for line in range(len(view)):
        row = view.at(line)
        assert view.line_of(row) == view.near(row) == line + view.is_heading(line)
