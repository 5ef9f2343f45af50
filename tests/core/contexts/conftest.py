"""Fixtures: contexts in a file or a database of the test, and their clock, which the test moves."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from penstock.base.clock import ManualClock
from penstock.contexts.contexts import Contexts


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


in_a_file = pytest.mark.parametrize("url", ["sqlite"], indirect=True)
"""For tests of the file itself."""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file that does not exist yet, nor does its folder."""
    return tmp_path / "state" / "contexts.db"


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.slow)])
def url(request: pytest.FixtureRequest) -> str:
    """The database with the tables; empty: they are in the file."""
    return str(request.getfixturevalue("postgres_url")) if request.param == "postgres" else ""


@pytest.fixture
def contexts(path: Path, clock: ManualClock, url: str) -> Iterator[Contexts]:
    contexts = Contexts(path, clock, url=url)
    yield contexts
    contexts.close()
