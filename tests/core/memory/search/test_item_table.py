"""The shape of a project in memory."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from penstock.memory.search.item_table import ItemTable, Row, distinct
from penstock.memory.search.text_features import NAMES, traits_of

places = st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 9), st.integers(0, 2)), max_size=40)


def rows_of(listed: list[tuple[str, int, int]]) -> tuple[list[Row], list[tuple[int, int]]]:
    rows = [
        Row(n, session, seq, part, "user", None, traits_of("x").tobytes(), 0, None)
        for n, (session, seq, part) in enumerate(listed, 1)
    ]
    return rows, [(10 * row.id + i, row.id) for row in rows for i in range(row.part + 1)]


@given(places, st.integers(0, 40))
def test_growing_is_the_same_as_building(listed: list[tuple[str, int, int]], cut: int) -> None:
    """However the items came, each lies at its place, sessions together, with its passages."""
    rows, passages = rows_of(listed)
    at_once = ItemTable.empty().grown(rows, passages)
    first = [p for p in passages if p[1] <= cut]
    in_two = ItemTable.empty().grown(rows[:cut], first).grown(rows[cut:], passages[len(first) :])
    assert at_once.ids.tolist() == in_two.ids.tolist()
    order = [(s, q, p) for s, q, p in zip(at_once.session, at_once.seq, at_once.part, strict=True)]
    assert order == sorted(order)
    for layout in (at_once, in_two):
        at = layout.positions(np.array([number for number, _ in passages], np.int64))
        assert [int(layout.ids[row]) for row in layout.owner[at]] == [item for _, item in passages]


def test_a_passage_that_is_gone_is_not_known() -> None:
    """An index may still hold it."""
    layout = ItemTable.empty().grown(*rows_of([("a", 0, 0)]))
    assert layout.positions(np.array([10, 11, 9], np.int64)).tolist() == [0]
    assert ItemTable.empty().positions(np.array([1], np.int64)).tolist() == []


def test_the_message_before_is_of_the_same_session() -> None:
    """And of a long one, its last part."""
    layout = ItemTable.empty().grown(*rows_of([("a", 0, 0), ("a", 0, 1), ("a", 3, 0), ("a", 3, 1), ("b", 0, 0)]))
    assert layout.previous(np.arange(5)).tolist() == [-1, -1, 1, 1, -1]
    assert layout.previous(np.array([3, 0])).tolist() == [1, -1]
    assert ItemTable.empty().previous(np.zeros(0, np.int64)).tolist() == []


def test_traits_have_a_number_each() -> None:
    """And a long text is no longer than a rather long one."""
    assert len(traits_of("")) == len(NAMES)
    assert traits_of("word " * 1000)[0] == traits_of("word " * 10_000)[0]


@given(st.lists(st.integers(-(2**63), 2**63 - 1)))
def test_numbers_are_each_there_once(numbers: list[int]) -> None:
    """Rising, whatever their distance."""
    assert distinct(np.array(numbers + numbers[:3], np.int64)).tolist() == sorted(set(numbers))
