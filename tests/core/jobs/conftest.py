"""Fixtures: an empty table of jobs in a file or a database of the test, and its clock, which the test moves."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from penstock.base.clock import ManualClock
from penstock.jobs.jobs import Jobs


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.slow)])
def url(request: pytest.FixtureRequest) -> str:
    """The database with the tables; empty: they are in the file."""
    return str(request.getfixturevalue("postgres_url")) if request.param == "postgres" else ""


@pytest.fixture
def jobs(tmp_path: Path, clock: ManualClock, url: str) -> Iterator[Jobs]:
    opened = Jobs(tmp_path / "jobs.db", clock, url)
    yield opened
    opened.close()
