"""Where originals are looked for."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from penstock.base import paths
from penstock.base.errors import StoreError
from penstock.store.original_lookup import find_originals, stores
from penstock.store.sql import SqlStore


def keep(path: Path, text: str, at: float) -> None:
    store = SqlStore(path)
    store.add_original("talk", text, "because", at)
    store.close()


@pytest.fixture
def second(penstock_home: Path) -> Path:
    """The store of a session beside the proxy's own, each with something, one text in both."""
    own = paths.store_path()
    second = own.with_name("penstock-2.db")
    keep(own, "in the first", 1.0)
    keep(second, "in the second", 3.0)
    keep(own, "in both", 4.0)
    keep(second, "in both", 2.0)
    return second


def test_the_stores_of_sessions_beside_it_are_looked_at_too(second: Path) -> None:
    """What a stub names is found whichever proxy wrote it; each text once, the newest first."""
    found = find_originals(None)
    assert [(o.text, o.at) for o in found] == [("in both", 4.0), ("in the second", 3.0), ("in the first", 1.0)]
    assert [o.text for o in find_originals(None, limit=1)] == ["in both"]
    assert [o.text for o in find_originals(None, found[1].handle)] == ["in the second"]


def test_a_store_that_is_named_is_the_only_one(second: Path) -> None:
    """Wherever it stands."""
    assert stores(second) == [second]
    assert {o.text for o in find_originals(second)} == {"in the second", "in both"}


def test_one_that_cannot_be_read_costs_the_others_nothing(second: Path) -> None:
    """Of another version, or damaged; when there is nothing else to show, why is said."""
    with sqlite3.connect(paths.store_path()) as db:
        db.execute("DROP TABLE originals")
    db.close()
    assert [o.text for o in find_originals(None)] == ["in the second", "in both"]
    with pytest.raises(StoreError, match="no such table"):
        find_originals(None, "00000000")


def test_where_there_is_none_that_is_said(penstock_home: Path) -> None:
    """Looking makes no file."""
    with pytest.raises(StoreError, match="no proxy has written there"):
        find_originals(None)
    assert not paths.store_path().exists()
