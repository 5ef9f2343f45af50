"""Commands that are imported when they run."""

from __future__ import annotations

from typing import Annotated, Any

import pytest
import typer
from typer.main import get_command
from typer.testing import CliRunner

from penstock.cli import build
from penstock.cli.deferred import NO_NUMBER, DeferredCommand, DeferredGroup, add_command

COMMANDS: dict[str, Any] = get_command(build()).commands  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", COMMANDS)
def test_what_stands_for_a_command_says_what_the_command_says(name: str) -> None:
    """In the list of commands and in its own help stands the same, and every command that is listed is there."""
    listed = COMMANDS[name]
    assert isinstance(listed, DeferredCommand | DeferredGroup)
    found = listed.imported()
    assert found.name == listed.name == name
    assert " ".join(found.help.split("\n\n")[0].split()) == listed.help


@pytest.mark.parametrize("name", ["", *(name for name, found in COMMANDS.items() if isinstance(found, DeferredGroup))])
def test_a_group_alone_lists_its_commands(name: str) -> None:
    """That is no error: the status is 0, and nothing is on stderr. One that does something by itself does that."""
    if name and COMMANDS[name].imported().invoke_without_command:
        assert CliRunner().invoke(build(), name.split(), prog_name="penstock").exit_code == 0
        return
    found = CliRunner().invoke(build(), name.split(), prog_name="penstock")
    assert (found.exit_code, found.stderr) == (0, "")
    assert "Usage" in found.stdout
    assert "Commands" in found.stdout or not name


@pytest.mark.parametrize(
    ("words", "port", "rest"),
    [
        (["--port"], NO_NUMBER, []),
        (["--port", "5"], 5, []),
        (["--port", "--name", "a"], NO_NUMBER, ["a"]),
        (["--name", "a", "--port", "--", "--port"], NO_NUMBER, ["a", "--port"]),
        (["--name", "a"], 1, ["a"]),
    ],
)
def test_a_number_may_be_left_out(
    monkeypatch: pytest.MonkeyPatch, words: list[str], port: int, rest: list[str]
) -> None:
    """Where the command says so; what stands behind `--` is no option."""
    got: list[object] = []

    def later(behind: Annotated[list[str] | None, typer.Argument()] = None, port: int = 1, name: str = "") -> None:
        got.append((port, [*filter(None, [name]), *(behind or [])]))

    monkeypatch.setattr("penstock.cli.deferred._imported", lambda home: {"some.module:later": later}[home])
    app = typer.Typer()
    app.callback()(lambda: None)
    add_command(app, "later", "some.module:later", "Do it.", alone=["--port"])
    assert CliRunner().invoke(app, ["later", *words]).exit_code == 0
    assert got == [(port, rest)]


def test_a_command_gets_its_options_and_its_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """It runs as one that was there from the beginning, in any group."""
    got: list[object] = []

    def later(words: list[str], count: int = 1) -> None:
        got.append((words, count))

    monkeypatch.setattr("penstock.cli.deferred._imported", lambda home: {"some.module:later": later}[home])
    app = typer.Typer()
    app.callback()(lambda: None)
    add_command(app, "later", "some.module:later", "Do it.", settings={"allow_interspersed_args": False})
    assert CliRunner().invoke(app, ["later", "--count", "2", "a", "--count", "3"]).exit_code == 0
    assert got == [(["a", "--count", "3"], 2)]
