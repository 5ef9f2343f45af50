"""`penstock doctor` changes nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.addons.conftest import Run


@pytest.mark.parametrize("store", ["postgresql://me:secret@127.0.0.1:9/none", ""], ids=["database", "own"])
def test_an_empty_home_stays_empty(run: Run, penstock_home: Path, store: str) -> None:
    """Also when it is given the URL of a database, which it looks at all the same."""
    found = run("doctor", *(("--store", store) if store else ()))
    if store:
        assert "postgresql://127.0.0.1:9/none cannot be opened" in found.output
        assert "secret" not in found.output
    assert not list(penstock_home.rglob("*"))


@pytest.mark.slow
def test_a_database_is_looked_at(run: Run, penstock_home: Path, postgres_url: str) -> None:
    """One that no proxy of this machine has used."""
    found = run("doctor", "--store", postgres_url)
    [line] = [line for line in found.output.splitlines() if line.startswith("ok    store")]
    assert "answers" in line
    assert "ok    memory: none yet" in found.output
    assert not list(penstock_home.rglob("*"))
