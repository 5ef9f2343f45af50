"""A store belongs to one proxy, and notices when its file is taken away."""

from __future__ import annotations

from pathlib import Path

import pytest

from penstock.errors import StoreError
from penstock.events import Event, EventKind
from penstock.store.lock import is_taken
from penstock.store.sql import SqlStore

EVENT = Event(0, 1.0, "x", EventKind.RECEIVED, {})


def test_a_second_proxy_is_kept_off_until_the_first_has_ended(tmp_path: Path) -> None:
    """Two would not know of each other's edits; reading is for everybody."""
    path = tmp_path / "penstock.db"
    first = SqlStore(path)
    assert is_taken(path)
    with pytest.raises(StoreError, match="another proxy"):
        SqlStore(path)
    reader = SqlStore(path, readonly=True)
    assert reader.last_seq() == 0
    reader.close()
    first.close()
    assert not is_taken(path)
    SqlStore(path).close()


def test_a_store_deleted_in_use_is_noticed_and_begun_anew(tmp_path: Path) -> None:
    """What is written then is refused once, so that no edit leaves whose original is nowhere; after that it works."""
    path = tmp_path / "penstock.db"
    store = SqlStore(path)
    store.add_events([EVENT])
    for file in tmp_path.glob("penstock.db*"):
        if not file.name.endswith(".lock"):
            file.unlink()
    with pytest.raises(StoreError, match="deleted"):
        store.add_events([EVENT])
    store.add_events([EVENT])
    assert [e.seq for e in store.events_after(0)] == [1]
    assert path.exists()
    store.close()
