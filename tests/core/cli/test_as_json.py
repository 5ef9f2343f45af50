"""Facts for programs: every command that prints some does so as JSON too."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from typer.main import get_command

from penstock.cli import build
from penstock.cli.deferred import DeferredCommand, DeferredGroup

ACTS = {
    *(
        "run",
        "up",
        "down",
        "pause",
        "resume",
        "compact",
        "demo",
        "import",
        "mcp",
        "serve",
        "context delete",
        "context import",
        "jobs cancel",
        "jobs run",
        "backup",
        "restore",
        "tui",
        "report",
        "reindex",
        "relay",
    ),
    "profiles",  # alone it is `profiles list`, which has it
    *("plugins new", "tokens install", "settings set", "settings reset", "settings save"),
    *("budget set", "budget raise", "budget reset", "sessions label", "sessions delete"),
    *("memory add", "memory edit", "memory pin", "memory unpin", "memory rate", "memory label", "memory delete"),
    *("memory prune", "memory reindex", "memory projects share"),
    *("memory remember", "memory mark", "memory forget", "memory expire"),
    *("providers delete", "quotas clear", "workspaces delete", "migrate"),
}
"""Commands that do something, and say what they did."""
IS_JSON = {"export", "context export", "jobs show", "hook"}


def _all(command: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    found = command.imported() if isinstance(command, DeferredCommand | DeferredGroup) else command
    if not hasattr(found, "commands") or found.invoke_without_command:
        yield name, found
    for word, one in getattr(found, "commands", {}).items():
        yield from _all(one, f"{name} {word}".strip())


COMMANDS = dict(_all(get_command(build())))
TOOLS = {name for name in COMMANDS if name.startswith("tool ")}
"""They print the tool's answer, as an agent gets it: JSON, or a text."""


@pytest.mark.parametrize("name", sorted(COMMANDS.keys() - ACTS - IS_JSON - TOOLS - {""}))
def test_a_command_that_prints_facts_has_them_as_json(name: str) -> None:
    """By the same option everywhere."""
    assert any("--json" in option.opts for option in COMMANDS[name].params)


def test_what_is_left_out_here_is_a_command() -> None:
    """Nothing is excused that is not there any more."""
    assert COMMANDS.keys() >= ACTS | IS_JSON
