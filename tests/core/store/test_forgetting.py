"""Forgetting in all stores of an installation."""

from __future__ import annotations

from pathlib import Path

import pytest

from penstock.base.errors import StoreError
from penstock.store.forgetting import forget_everywhere
from penstock.store.sql import SqlStore

TEXT = "what a person wants gone"


def filled(file: Path) -> None:
    store = SqlStore(file)
    store.add_original("c", TEXT, "", 1.0)
    store.close()


def test_every_store_forgets(tmp_path: Path) -> None:
    """The proxy's own, and those beside it; where there is none, none is made."""
    first = tmp_path / "penstock.db"
    assert forget_everywhere(first, [TEXT]) == 0
    assert not first.exists()
    filled(first)
    filled(tmp_path / "penstock-2.db")
    assert forget_everywhere(first, [TEXT]) == 2
    assert forget_everywhere(first, [TEXT]) == 0


def test_a_store_in_use_is_named(tmp_path: Path) -> None:
    """The others forget all the same; the one that this process has open does too."""
    first = tmp_path / "penstock.db"
    for file in (first, tmp_path / "penstock-2.db"):
        filled(file)
    own, other = SqlStore(first), SqlStore(tmp_path / "penstock-2.db")
    with pytest.raises(StoreError, match=r"penstock-2\.db belongs to a proxy"):
        forget_everywhere(first, [TEXT], own)
    assert own.find_originals() == []
    assert len(other.find_originals()) == 1
    own.close()
    other.close()
