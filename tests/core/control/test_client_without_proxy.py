"""Commands that a proxy would carry out, where none is up."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from penstock.base.errors import PenstockError, StoreError
from penstock.budget.settings import Budget
from penstock.control.client import NotUp, Remote, do_budget, do_sessions
from penstock.events.event import Event, EventKind
from penstock.store.sql import SqlStore

NOW = 1_700_000_000.0


def budget(store: Path, command: str, **arguments: Any) -> dict[str, Any]:
    return do_budget(store, Budget, command, arguments)


def sessions(store: Path, command: str, **arguments: Any) -> dict[str, Any]:
    return do_sessions(store, command, arguments)


def test_done_in_the_store(tmp_path: Path) -> None:
    """And let go of: who comes next finds it so."""
    store = tmp_path / "penstock.db"
    assert budget(store, "set", scope="day", dollars=5)["set"] == "day"
    [day] = budget(store, "show")["budgets"]
    assert day["limits"] == {"dollars": 5.0}
    with_session = SqlStore(store)
    said = {"session": "morning", "conversation": "talk", "client": "codex", "kind": "main"}
    with_session.add_events([Event(0, NOW, "x", EventKind.CLASSIFIED, said)])
    with_session.close()
    assert sessions(store, "label", session="morning", label="kiln")["label"] == "kiln"
    assert sessions(store, "delete", session="kiln")["deleted"]["events"] == 1
    assert sessions(store, "list") == {"sessions": []}


@pytest.mark.parametrize("do", [budget, sessions])
def test_before_there_is_a_store(tmp_path: Path, do: Callable[..., dict[str, Any]]) -> None:
    """It is said how there comes to be one, and looking makes none."""
    for command in ("show", "delete", "raise"):
        with pytest.raises(PenstockError, match="`penstock up` begins it"):
            do(tmp_path / "penstock.db", command)
    assert list(tmp_path.iterdir()) == []


def test_a_store_that_somebody_has_is_left_alone(tmp_path: Path) -> None:
    """One that cannot be asked: it would not see what was written."""
    store = SqlStore(tmp_path / "penstock.db")
    with pytest.raises(StoreError, match="belongs to another proxy"):
        budget(store.path, "reset")
    with pytest.raises(StoreError, match="belongs to another proxy"):
        sessions(store.path, "delete", session="morning")
    assert sessions(store.path, "list") == {"sessions": []}, "looking is free"
    store.close()


def test_no_proxy_is_said_with_the_store_and_what_to_do(tmp_path: Path) -> None:
    """Nobody has the store: the error names it, and the command that starts a proxy."""
    store = tmp_path / "penstock.db"
    with pytest.raises(NotUp, match=rf"{store} is up: `penstock up`"):
        Remote(store).do("/compact", {})
