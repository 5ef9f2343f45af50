"""Fixtures: the gateway's store in a file of the test, and the clock by which it goes, which the test moves."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from penstock.base.clock import ManualClock
from penstock.gateway.database import FILE_NAME, GatewayStore


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file that does not exist yet, nor does its folder."""
    return tmp_path / "state" / FILE_NAME


@pytest.fixture
def store(path: Path, clock: ManualClock) -> Iterator[GatewayStore]:
    store = GatewayStore(path, clock)
    yield store
    store.close()
