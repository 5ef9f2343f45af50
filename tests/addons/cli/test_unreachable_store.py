"""What commands say of a store in PostgreSQL whose server is away."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.addons.conftest import Run

AWAY = "postgresql://me:secret@127.0.0.1:9/none"
COMMANDS = (
    "budget show",
    "cost",
    "events",
    "expand",
    "explain",
    "export",
    "keys list",
    "memory list",
    "providers list",
    "quotas list",
    "report",
    "serve --port 0",
    "sessions list",
    "sessions label one two",
    "usage",
    "workspaces list",
)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_line_says_which_what_is_wrong_and_what_to_do(
    run: Run, penstock_home: Path, caplog: pytest.LogCaptureFixture, command: str
) -> None:
    """Once, and nothing about requests or writing: nobody has asked for either."""
    found = run(*command.split(), "--store", AWAY)
    assert found.exit_code == 2, found.output
    [line] = found.output.splitlines()
    assert "postgresql://127.0.0.1:9/none cannot be opened" in line
    assert line.count("refused") == 1
    assert line.endswith("see that its server is up and has this database, or correct its URL")
    assert caplog.records == []
