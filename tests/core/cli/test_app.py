"""The command line as a whole: quick, and in one piece whatever plugins do."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from penstock import __version__
from penstock.base import paths
from penstock.cli import build
from penstock.cli.panels import OTHERS, PANELS
from penstock.plugins.manager import BLOCK_VARIABLE
from tests.core.cli.conftest import Run

HEAVY = {
    "alembic",
    "chromadb",
    "cryptography",
    "httpx",
    "mitmproxy",
    "msgspec",
    "numpy",
    "penstock_plugins",
    "pydantic",
}
HEAVY |= {"rapidfuzz", "sqlalchemy", "textual", "tiktoken", "wordllama"}
COMPLETION = {"_PENSTOCK_COMPLETE": "complete_bash", "COMP_WORDS": "penstock ", "COMP_CWORD": "1"}
"""What bash sets when the first word behind `penstock` is to be completed."""


def _write_plugin(source: str, name: str = "theirs") -> None:
    paths.plugins_dir().mkdir(parents=True)
    (paths.plugins_dir() / f"{name}.py").write_text(source, encoding="utf-8")


def test_says_its_version(run: Run) -> None:
    """`--version` needs no command, and is the package's own."""
    found = run("--version")
    assert (found.exit_code, found.stdout.strip()) == (0, f"penstock {__version__}")


def test_is_a_module_too(penstock_home: Path) -> None:
    """`python -m penstock` is the same program."""
    found = subprocess.run(
        [sys.executable, "-P", "-m", "penstock", "--version"], capture_output=True, text=True, check=True
    )
    assert found.stdout.strip() == f"penstock {__version__}"


@pytest.mark.parametrize("words", ["--help", "--version", ""], ids=["help", "version", "completion"])
def test_help_version_and_completion_import_nothing_heavy(penstock_home: Path, words: str) -> None:
    """They cost no proxy, no screen, no database, no stage and no command."""
    code = (
        "import sys\n"
        "from penstock.cli import main\n"
        f"sys.argv = ['penstock', *{words.split()}]\n"
        "try:\n    main()\n"
        "except SystemExit as e:\n    assert not e.code\n"
        "print(*sys.modules, file=sys.stderr)\n"
    )
    environ = {**os.environ, **({} if words else COMPLETION)}
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environ)
    loaded = set(found.stderr.split())
    heavy = HEAVY & loaded - (set() if words else {"pydantic"})  # typer reads the options of what it completes with it
    assert not heavy
    ours = {
        name
        for name in loaded
        if name.startswith(("penstock_addons.", "penstock_tui.", "penstock_service.", "penstock.cli."))
    }
    assert ours == {f"penstock_{package}.plugin" for package in ("addons", "service", "tui")} | {
        f"penstock.cli.{module}" for module in ("app", "deferred", "panels")
    }
    wanted = {"up", "run", "doctor", "demo", "events", "export", "profiles", "plugins", "count", "tokens", "memory"}
    assert wanted <= set(found.stdout.split()) or words == "--version"


def test_help_says_how_to_be_passed_by(run: Run) -> None:
    """The way past everything is on the first page."""
    assert "x-penstock: bypass" in " ".join(run("--help").stdout.split())


@pytest.mark.parametrize("words", [["doctor"], ["explain", "aa"]], ids=["doctor", "explain"])
def test_no_colour_where_nobody_wants_one(store: Path, monkeypatch: pytest.MonkeyPatch, words: list[str]) -> None:
    """On a terminal too."""
    assert "\x1b[" in CliRunner().invoke(build(), words, color=True).stdout
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[" not in CliRunner().invoke(build(), words, color=True).stdout


@pytest.mark.parametrize("words", [["cost", "--store"], ["memory", "list", "--project"]])
def test_a_file_that_cannot_be_had_is_named_in_a_line(run: Run, words: list[str]) -> None:
    """Not by a traceback: a text given where a file was asked for, say."""
    found = run(*words, "x" * 300)
    assert found.exit_code == 2
    assert f"{'x' * 50}: File name too long" in found.stderr


def test_commands_stand_in_panels_by_topic(run: Run) -> None:
    """Every command that is listed stands in one panel, the panels and the commands in the order of the table."""
    found = _panels(run("--help").stdout)
    assert list(found.items()) == [(title, list(names)) for title, names in PANELS.items()]


def _panels(help: str) -> dict[str, list[str]]:
    """The commands by the title of their panel, in order."""
    found: dict[str, list[str]] = {}
    for title, panel in re.findall(r"^╭─ ([\w ]+?) ─+╮\n(.*?)^╰", help, re.MULTILINE | re.DOTALL):
        found[title] = re.findall(r"^│ ([a-z]\S*)", panel, re.MULTILINE)
    found.pop("Options", None)
    return found


@pytest.mark.parametrize(
    "source",
    [
        "import no_such_module_anywhere",
        "from penstock import hookimpl\n@hookimpl\ndef stagez(profile):\n    return []\n",
        "from penstock import hookimpl\n@hookimpl\ndef commands(app):\n    raise RuntimeError('mine')\n",
    ],
    ids=["import", "hook", "commands"],
)
def test_a_broken_plugin_costs_no_bundled_command(run: Run, source: str, capsys: pytest.CaptureFixture[str]) -> None:
    """It is named on stderr, and all that comes with Penstock goes on."""
    _write_plugin(source)
    found = run("plugins", "list")
    assert found.exit_code == 0
    said = capsys.readouterr().err
    assert "theirs" in said
    assert "bundled plugins only" in said
    assert "Traceback" not in said + found.output
    assert "addons" in found.stdout
    assert "theirs" not in found.stdout
    assert run("up", "--help").exit_code == 0


def test_a_plugin_that_is_left_out_breaks_nothing(
    run: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The variable that leaves a plugin out works for the command line too."""
    _write_plugin("import no_such_module_anywhere")
    monkeypatch.setenv(BLOCK_VARIABLE, "theirs")
    assert run("plugins", "list").exit_code == 0
    assert capsys.readouterr().err == ""


def test_a_plugin_adds_commands(run: Run) -> None:
    """A stranger's command stands behind ours, and what it raises on purpose is said in a line."""
    _write_plugin(
        "from penstock import hookimpl\nfrom penstock.base.errors import PenstockError\n"
        "@hookimpl\ndef commands(app):\n    app.command('greet')(greet)\n"
        "def greet(fail: bool = False) -> None:\n"
        "    if fail:\n        raise PenstockError('nobody is there\\nknock again')\n"
        "    print('hello')\n"
    )
    assert run("greet").stdout == "hello\n"
    assert _panels(run("--help").stdout)[OTHERS] == ["greet"]
    found = run("greet", "--fail")
    assert (found.exit_code, found.stdout) == (2, "")
    assert found.stderr == "penstock: nobody is there\npenstock: knock again\n"
