"""Budgets, read from a store."""

from __future__ import annotations

from pathlib import Path

from penstock.budget.scopes import Scope
from penstock.budget.settings import Limit
from penstock_tui.data.budget import read_budgets
from tests.tui.logs import Log
from tests.tui.screens.days import books


def test_the_widest_first_and_agents_below_their_session(log: Log) -> None:
    """The main agent before its subagents."""
    log.started()
    books(log, (Scope.SESSION, Limit(dollars=10)))
    rows = read_budgets(log.path, "default", log.clock.now()).rows
    assert [(row.scope, row.name) for row in rows] == [
        ("day", ""),
        ("session", "morning"),
        ("conversation", "main-talk"),
        ("conversation", "sub-talk"),
    ]
    assert rows[2].pool["dollars"] >= rows[3].pool["dollars"] > 0


def test_it_only_reads(log: Log) -> None:
    """Looking changes nothing in the store."""
    log.started()
    books(log, (Scope.DAY, Limit(dollars=10)))
    before = log.store.values_of("budget")
    read_budgets(log.path, "default", log.clock.now() + 90 * 86400)
    assert log.store.values_of("budget") == before


def test_a_store_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    """Gone, or none at all: never an exception on the reader's thread."""
    assert "cannot be read" in read_budgets(tmp_path / "none.db", "", 1.0).error
    letter = tmp_path / "letter.db"
    letter.write_text("a letter, and no database " * 100)
    assert "cannot be read" in read_budgets(letter, "", 1.0).error


def test_what_another_version_stored(log: Log) -> None:
    """Counters that are none here count as nothing."""
    log.started()
    log.store.set_values("budget", {"day||": {"used": "much"}, "moon|x|y": {}, "?": {"at": None}})
    log.store.set_values("budget-limit", {"day": {"dollars": -3}})
    found = read_budgets(log.path, "default", log.clock.now())
    assert found.error == "" or "cannot be read" in found.error
