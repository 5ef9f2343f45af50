"""`penstock profiles`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from penstock.base import paths
from penstock.profiles import files, profile
from tests.core.cli.conftest import Run


def _write(name: str, text: str) -> Path:
    paths.profiles_dir().mkdir(parents=True, exist_ok=True)
    file = paths.profiles_dir() / f"{name}.toml"
    file.write_text(text, encoding="utf-8")
    return file


def test_lists_every_profile_with_what_it_is_for(run: Run) -> None:
    """A line each; a person's own with its file, and one that is broken with the reason."""
    own = _write("mine", 'extends = "default"\nabout = "My own."\n')
    _write("broken", "stages = 3\n")
    lines = {line.split()[0]: line for line in run("profiles", "list").stdout.splitlines() if line}
    assert lines.keys() == files.available().keys()
    assert lines["mine"].endswith(f"My own.  [{own}]")
    assert "cannot be used" in lines["broken"]
    assert profile.load("codex").about in lines["codex"]


def test_as_json(run: Run) -> None:
    """The list, one profile, and what came of a check."""
    own = _write("mine", 'extends = "default"\nabout = "My own."\n')
    _write("broken", "stages = 3\n")
    found = {one["profile"]: one for one in json.loads(run("profiles", "list", "--json").stdout)}
    assert found["mine"] == {"profile": "mine", "about": "My own.", "own": True, "file": str(own), "error": None}
    assert "stages" in found["broken"]["error"]
    shown = json.loads(run("profiles", "show", "mine", "--json").stdout)
    assert shown == profile.load("mine").model_dump(mode="json", exclude={"name"})
    checked = json.loads(run("profiles", "check", "mine", "--json").stdout)
    assert checked == {"profile": "mine", "stages": list(profile.load("mine").stages)}


@pytest.mark.parametrize("name", sorted(files.available()))
def test_what_it_shows_is_the_profile(run: Run, name: str) -> None:
    """Saved to a file, what `show` prints is the same profile, with nothing left to extend."""
    shown = run("profiles", "show", name).stdout
    assert "extends" not in shown
    file = _write("shown", shown)
    assert profile.load(str(file)).model_dump(exclude={"name"}) == profile.load(name).model_dump(exclude={"name"})


def test_checks_a_file(run: Run) -> None:
    """By its path, wherever it stands."""
    found = run("profiles", "check", str(_write("fine", 'extends = "default"\n')))
    assert found.exit_code == 0
    assert "fine" in found.stdout
    assert "envelope" in found.stdout


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("modee = 'edit'", "Did you mean 'mode'?"),
        ("mode = 'edits'", "mode = 'edits'"),
        ('stages = ["envelop"]', "Did you mean 'envelope'?"),
        ('extends = "default"\n[stage.envelope]\napplyy = "send"', "Did you mean 'apply'?"),
        ('extends = "default"\n[stage.envelop]\napply = "send"', "Did you mean 'envelope'?"),
        ("mode = ", "is not TOML"),
    ],
)
def test_says_what_is_wrong(run: Run, text: str, said: str) -> None:
    """The file, the key and the nearest known one; the settings of stages are looked at too. No traceback, status 2."""
    found = run("profiles", "check", str(_write("wrong", text)))
    assert found.exit_code == 2
    assert said in found.stderr
    assert "wrong" in found.stderr
    assert all(line.startswith("penstock: ") for line in found.stderr.splitlines())


def test_without_a_command_they_are_listed(run: Run) -> None:
    """As `penstock profiles list` does."""
    assert run("profiles").stdout == run("profiles", "list").stdout


def test_a_name_that_is_near_none_suggests_none(run: Run) -> None:
    """Those that there are, instead."""
    found = run("profiles", "show", "nope")
    assert found.exit_code == 2
    assert "Did you mean" not in found.stderr
    assert "Known: " in found.stderr


def test_a_password_in_a_url_is_not_shown(run: Run) -> None:
    """Neither by what prints the profile nor by what finds a fault in that URL."""
    table = 'extends = "default"\n[stage.memory.nats]\nurl = "%s://ada:lovelace@nats.example.org"\n'
    _write("fine", table % "tls")
    for shown in (run("profiles", "show", "fine"), run("profiles", "show", "fine", "--json")):
        assert "tls://[withheld]@nats.example.org" in shown.stdout
        assert "lovelace" not in shown.output
    _write("broken", table % "nats")
    found = run("profiles", "check", "broken")
    said = f"{found.output}{found.exception}"
    assert "nats://[withheld]@nats.example.org" in said
    assert "lovelace" not in said
