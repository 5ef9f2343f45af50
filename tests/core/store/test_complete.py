"""Whether a store has all that was sent."""

from __future__ import annotations

from pathlib import Path

import pytest

from penstock.base.errors import StoreError
from penstock.events.event import PrefixHash
from penstock.store.complete import is_complete, mark_complete, mark_incomplete
from penstock.store.sql import SqlStore


def test_a_write_that_fails_is_noted(tmp_path: Path) -> None:
    """At once: the proxy may be killed before it can write again."""
    path = tmp_path / "penstock.db"
    store = SqlStore(path)
    mark_complete(path)
    store.set_tip("talk", PrefixHash(0, b"t" * 16, 3), 1.0)
    assert is_complete(path)
    with pytest.raises(StoreError, match="cannot be written"):
        store.set_tip("talk", PrefixHash(0, object(), 4), 1.0)  # type: ignore[arg-type]
    assert not is_complete(path)
    store.close()


def test_noted_twice_is_noted_once(tmp_path: Path) -> None:
    """And taken away twice, taken away."""
    path = tmp_path / "penstock.db"
    mark_incomplete(path)
    mark_complete(path)
    mark_complete(path)
    assert is_complete(path)
    mark_incomplete(path)
    mark_incomplete(path)
    assert not is_complete(path)
