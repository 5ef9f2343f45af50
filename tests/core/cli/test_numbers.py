"""Numbers that are given on the command line."""

from __future__ import annotations

import re

import pytest

from tests.core.cli.conftest import Run

BOUNDED = ["cost --at", "replay prompts.txt --gap", "down --yes --grace", "demo --no-tui --speed"]
REAL = [
    "cost --at",
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


@pytest.mark.parametrize("command", BOUNDED)
@pytest.mark.parametrize("number", ["inf", "nan", "1e99"])
def test_what_is_expected_is_said(run: Run, command: str, number: str) -> None:
    """Of no number at all, too: that it should be less would be untrue."""
    said = _assert_refused(run, command, number)
    assert re.search(r"a number from [\d.]+ to [\d,]+ was expected, not", said)


@pytest.mark.parametrize("command", WHOLE)
@pytest.mark.parametrize("number", ["-1", "1.5", "nan", "99999999999999999999"])
def test_a_whole_number_is_one_that_can_be_meant(run: Run, command: str, number: str) -> None:
    """Nothing that a database or a clock would choke on gets past."""
    _assert_refused(run, command, number)


def _assert_refused(run: Run, command: str, number: str) -> str:
    *words, option = command.split()
    found = run(*words, f"{option}={number}" if option.startswith("--") else f"{option}{number}")
    assert found.exit_code == 2, found.output
    assert option in found.stderr
    assert "Invalid value" in found.stderr
    assert "Traceback" not in found.output
    return " ".join(found.stderr.replace("│", " ").split())
