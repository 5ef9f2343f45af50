"""Reading a log page by page."""

from __future__ import annotations

from collections.abc import Callable
from unittest.mock import patch

from hypothesis import given
from hypothesis import strategies as st

from penstock.events.cursor import Cursor
from penstock.events.event import Event, EventKind
from penstock.store import reading
from penstock.store.in_memory import MemoryStore

KINDS = [EventKind.STARTED, EventKind.STAGE, EventKind.EDIT]


@given(
    kinds=st.lists(st.sampled_from(KINDS), max_size=40),
    wanted=st.sets(st.sampled_from(KINDS)),
    after=st.integers(0, 40),
    page=st.integers(1, 9),
)
def test_all_that_are_wanted_and_no_other(
    kinds: list[EventKind], wanted: set[EventKind], after: int, page: int
) -> None:
    """However the pages fall. No kind named: all of them."""
    store = MemoryStore()
    store.add_events([Event(0, float(i), "x", kind, {}) for i, kind in enumerate(kinds)])
    with patch.object(reading, "PAGE", page):
        found = [event.at for event in reading.all_events(store, Cursor(seq=after), wanted)]
    is_wanted: Callable[[EventKind], bool] = wanted.__contains__ if wanted else lambda _kind: True
    assert found == [float(i) for i, kind in enumerate(kinds) if i + 1 > after and is_wanted(kind)]
