"""Numbers that are given on the command line."""

from __future__ import annotations

import pytest

from tests.core.cli.conftest import Run

REAL = [
    "cost --days",
    "replay prompts.txt --gap",
    "down --yes --grace",
    "demo --no-tui --speed",
    "budget set day --dollars",
    "budget set day --tokens",
    "budget raise day --requests",
]
WHOLE = [
    "events -n",
    "replay prompts.txt --window",
    "memory list --limit",
    "memory search x -n",
    "memory show x --around",
]


@pytest.mark.parametrize("command", REAL)
@pytest.mark.parametrize("number", ["inf", "-inf", "nan", "1e400", "-1", "many"])
def test_a_number_is_finite_and_not_negative(run: Run, command: str, number: str) -> None:
    """Anything else is refused in words that name the option, before anything is done."""
    _assert_refused(run, command, number)


@pytest.mark.parametrize("command", WHOLE)
@pytest.mark.parametrize("number", ["-1", "1.5", "nan", "99999999999999999999"])
def test_a_whole_number_is_one_that_can_be_meant(run: Run, command: str, number: str) -> None:
    """Nothing that a database or a clock would choke on gets past."""
    _assert_refused(run, command, number)


def _assert_refused(run: Run, command: str, number: str) -> None:
    *words, option = command.split()
    found = run(*words, f"{option}={number}" if option.startswith("--") else f"{option}{number}")
    assert found.exit_code == 2, found.output
    assert option in found.stderr
    assert "Invalid value" in found.stderr
    assert "Traceback" not in found.output
