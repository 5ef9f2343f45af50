"""Reading a log from its newest end."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.base.errors import StoreError
from penstock.events.cursor import Cursor
from penstock.events.event import Event, EventKind
from penstock.store import reading
from penstock.store.in_memory import MemoryStore


@given(
    kinds=st.lists(st.sampled_from([EventKind.STAGE, EventKind.EDIT]), max_size=60),
    count=st.integers(0, 30),
    forgotten=st.integers(0, 20),
    page=st.integers(1, 9),
    later=st.integers(0, 5),
)
def test_newest_is_the_end_of_all(kinds: list[EventKind], count: int, forgotten: int, page: int, later: int) -> None:
    """However the pages fall, and whatever retention has deleted from the old end."""
    store = MemoryStore()
    store.add_events([Event(0, float(i), "x", kind, {}) for i, kind in enumerate(kinds)])
    store.prune(before=float(forgotten), keep_events=1000)
    upto = Cursor(seq=store.end().seq - later)
    wanted = [e for e in store.events_after() if e.kind is EventKind.EDIT and e.cursor <= upto]
    before, reading.PAGE = reading.PAGE, page
    try:
        found = reading.newest(store, count, lambda e: e.kind is EventKind.EDIT, upto)
        assert list(reading.all_events(store)) == store.events_after()
    finally:
        reading.PAGE = before
    assert found == (wanted[-count:] if count else [])


def test_a_folder_is_refused_with_the_file_to_name(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=f"is a folder: name the file of a store in it, {tmp_path}/penstock.db"):
        reading.open_log(tmp_path)
