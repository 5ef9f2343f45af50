"""Fixtures: an empty table of jobs in a file of the test, and its clock, which stands still until the test moves it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from penstock.base.clock import ManualClock
from penstock.jobs.jobs import Jobs


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def jobs(tmp_path: Path, clock: ManualClock) -> Iterator[Jobs]:
    opened = Jobs(tmp_path / "jobs.db", clock)
    yield opened
    opened.close()
