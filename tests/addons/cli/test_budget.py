"""`penstock budget`, as a person types it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from penstock.base import paths
from penstock.base.clock import SystemClock
from penstock.budget import Amount, BudgetOwner, Budgets
from penstock.budget.settings import Budget
from penstock.engine import budget_store
from penstock.store.sql import SqlStore
from tests.addons.cli.program import Program
from tests.addons.conftest import Run
from tests.budgets_stored import save_in

Say = Callable[..., str]


@pytest.fixture
def say(run: Run) -> Say:
    """Types a command that goes well, and gives what was printed."""

    def say(*words: str) -> str:
        found = run(*words)
        assert found.exit_code == 0, found.output
        return found.output

    return say


def spend(dollars: float, tokens: float = 1000) -> None:
    """As a proxy does that was up before."""
    now, store = SystemClock().now(), SqlStore(paths.store_path())
    budgets: Budgets = budget_store.load(store, now, save=save_in(store))
    who = BudgetOwner("c0ffee", session="monday", agent="claude-code", project="kiln")
    budgets.settle(f"x{dollars}", who, Budget(), Amount(dollars, tokens, 1), now)
    store.close()


def rows(say: Say) -> dict[str, Any]:
    return {row["scope"]: row for row in json.loads(say("budget", "show", "--json"))["budgets"]}


def test_from_setting_to_resetting(say: Say, run: Run) -> None:
    """Where no proxy is up the store itself is read and written."""
    spend(3.0)
    assert "Nothing is limited" in say("budget", "show")
    assert "project kiln" not in say("budget", "show")
    assert "$3.00, 1,000 tokens, 1 request " in say("budget", "show", "--all")
    say("budget", "set", "project", "kiln", "--dollars", "4")
    shown = say("budget", "show")
    assert "project kiln" in shown
    assert re.search(r"\$3.00 of \$4.00 +REDUCED", shown)
    spend(1.5)
    assert rows(say)["project"]["level"] == "BLOCKED"
    assert "Raised: project kiln" in say("budget", "raise")
    assert rows(say)["project"]["limits"] == {"dollars": 6.5}
    assert "NORMAL" in say("budget", "show")
    found = run("budget", "raise")
    assert (found.exit_code, "nothing is blocked" in found.output) == (2, True)
    assert "1 budget counts from nothing" in say("budget", "reset", "project", "kiln", "-y")
    assert rows(say)["project"]["used"]["dollars"] == 0
    assert rows(say)["day"]["used"]["dollars"] == 4.5
    say("budget", "set", "project", "kiln", "--none")
    assert rows(say)["project"]["limits"] == {}


def test_nothing_is_reset_without_a_yes(say: Say, run: Run) -> None:
    """Nor where there is nothing."""
    spend(3.0)
    refused = run("budget", "reset")
    assert (refused.exit_code, "--yes does not ask" in refused.output) == (1, True)
    assert rows(say)["day"]["used"]["dollars"] == 3.0
    assert run("budget", "reset", "session", "tuesday", "-y").exit_code == 2


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("set", "dya", "--dollars", "1"), "'day', 'project'"),
        (("set", "day"), "--dollars, --tokens or --requests"),
        (("set", "day", "--dollars", "-1"), "dollars"),
        (("raise", "project", "nobody"), "penstock budget show"),
    ],
)
def test_what_makes_no_sense_is_told(run: Run, words: tuple[str, ...], said: str) -> None:
    """With what was expected."""
    spend(1.0)
    found = run("budget", *words)
    assert found.exit_code == 2
    assert said in found.output


def test_before_anything_was_spent(run: Run) -> None:
    """It says so, and makes no store."""
    found = run("budget", "show")
    assert (found.exit_code, "nothing was spent yet" in found.output) == (2, True)
    assert not paths.store_path().exists()


def test_the_proxy_that_is_up_is_asked(say: Say, up: Callable[..., Program]) -> None:
    """Its books are the right ones."""
    up()
    say("budget", "set", "day", "--dollars", "20")
    assert rows(say)["day"]["limits"] == {"dollars": 20.0}
    assert "$0 of $20.00" in say("budget", "show")


def test_names_of_strangers_do_not_steer_the_terminal(say: Say) -> None:
    """A session's id is what a client sends."""
    now, store = SystemClock().now(), SqlStore(paths.store_path())
    budgets = budget_store.load(store, now, save=save_in(store))
    budgets.settle("x", BudgetOwner("c", session="\x1b[31mred\n" * 40), Budget(), Amount(1, 1, 1), now)
    store.close()
    shown = say("budget", "show", "--all")
    assert "\x1b[31m" not in shown
    assert max(map(len, shown.splitlines())) < 160
