"""`penstock memory` on a store in PostgreSQL."""

from __future__ import annotations

from pathlib import Path

import pytest

from penstock.base import paths
from tests.addons.conftest import Run

AWAY = "postgresql://me:secret@127.0.0.1:9/none"
COMMANDS = (
    ("list",),
    ("search", "kiln"),
    ("show", "abcd"),
    ("learned",),
    ("tags",),
    ("projects",),
    ("status",),
    ("add", "The kiln is hot."),
    ("prune",),
    ("reindex",),
)


@pytest.mark.parametrize("command", COMMANDS, ids=lambda words: words[0])
def test_a_server_that_is_away_is_an_error(run: Run, folder: Path, command: tuple[str, ...]) -> None:
    """Nobody takes it for a memory with nothing in it. The message names the database, never with the password."""
    found = run("memory", *command, "--store", AWAY)
    assert found.exit_code == 2, found.output
    assert "postgresql://127.0.0.1:9/none" in found.output
    assert "refused" in found.output
    assert "secret" not in found.output
    assert not list(folder.iterdir())


@pytest.mark.slow
@pytest.mark.usefixtures("folder")
def test_another_machine_shows_what_is_there(
    run: Run, postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whose own state folder is empty."""
    added = run("memory", "add", "The kiln of Ada runs at 900 degrees.", "--project", "pots", "--store", postgres_url)
    assert added.exit_code == 0, added.output
    profiles = paths.profiles_dir()
    monkeypatch.setenv("PENSTOCK_HOME", str(tmp_path / "another"))
    paths.profiles_dir().parent.mkdir(parents=True)
    profiles.rename(paths.profiles_dir())
    of_project = ("--project", "pots", "--store", postgres_url)
    assert "The kiln of Ada" in run("memory", "list", *of_project).output
    assert "The kiln of Ada" in run("memory", "search", "kiln", *of_project).output
    assert "pots" in run("memory", "projects", "--store", postgres_url).output
    assert "1 passage indexed" in run("memory", "reindex", "--store", postgres_url).output
    assert run("memory", "tags", *of_project).exit_code == 0
