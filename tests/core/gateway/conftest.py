"""Fixtures: the gateway's store in a file or a database of the test, and its clock, which the test moves."""

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


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.slow)])
def url(request: pytest.FixtureRequest) -> str:
    """The database with the gateway's tables; empty: they are in the file."""
    return str(request.getfixturevalue("postgres_url")) if request.param == "postgres" else ""


@pytest.fixture
def store(path: Path, clock: ManualClock, url: str) -> Iterator[GatewayStore]:
    store = GatewayStore(path, clock, url)
    yield store
    store.close()
