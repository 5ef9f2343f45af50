"""Fixtures: contexts in a file of the test, and the clock by which they go, which the test moves."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from penstock.base.clock import ManualClock
from penstock.contexts.contexts import Contexts


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file that does not exist yet, nor does its folder."""
    return tmp_path / "state" / "contexts.db"


@pytest.fixture
def contexts(path: Path, clock: ManualClock) -> Iterator[Contexts]:
    contexts = Contexts(path, clock)
    yield contexts
    contexts.close()
