"""`penstock migrate`."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from penstock.store.reading import all_events, open_log
from penstock.store.store_file import file_for
from tests.core.cli.conftest import Run


@pytest.mark.slow
def test_moves_the_own_store(run: Run, store: Path, postgres_url: str) -> None:
    """It prints what was moved, contexts too, and how to start a proxy on it; the second time there is nothing to
    do."""
    store.with_name("contexts.db").touch()
    done = run("migrate", "--to", postgres_url)
    assert done.exit_code == 0, done.output
    assert any(line.startswith("context_versions ") for line in done.stdout.splitlines())
    assert "copying events: 9 rows, 0 done" in done.stderr
    assert [line.split()[:2] for line in done.stdout.splitlines() if line.startswith("events ")] == [["events", "9"]]
    assert f"penstock up --store {file_for(postgres_url)}" in done.stdout
    with closing(open_log(file_for(postgres_url))) as new, closing(open_log(store)) as old:
        assert list(all_events(new)) == list(all_events(old))
    assert run("migrate", "--to", postgres_url, "--from", str(store.parent)).stdout == (
        "Everything was moved there before.\n"
    )


@pytest.mark.slow
def test_counts_what_became_null(run: Run, store: Path, postgres_url: str) -> None:
    """Numbers that JSON does not have."""
    with closing(sqlite3.connect(store)) as db, db:
        db.execute("INSERT INTO facts (kind, key, value) VALUES ('a', 'b', '{\"x\": [NaN, -Infinity]}')")
    done = run("migrate", "--to", postgres_url)
    assert "facts: 2 numbers that JSON does not have (NaN, Infinity) are null there" in done.stdout, done.output


def test_says_what_is_wrong(run: Run, penstock_home: Path, tmp_path: Path) -> None:
    """In a line, with the next step."""
    missing = run("migrate", "--from", str(tmp_path / "no.db"), "--to", "postgresql://db/penstock")
    assert (missing.exit_code, "does not exist: name the store" in missing.stderr) == (2, True)
