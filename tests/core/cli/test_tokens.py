"""`penstock tokens` as a person uses it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from penstock.base.errors import VocabularyError
from penstock.cli import tokens
from penstock.tokens.vocabulary import own_folder
from tests.core.cli.conftest import Run
from tests.vocabularies import TINY, TINY_FILE, put


def run(*words: str) -> Result:
    """With vocabularies small enough for a test."""
    return CliRunner().invoke(tokens.app(TINY), list(words), prog_name="penstock tokens", catch_exceptions=False)


@pytest.fixture
def carried(tmp_path: Path) -> str:
    """A file that was fetched elsewhere."""
    (tmp_path / "carried").write_bytes(TINY_FILE)
    return str(tmp_path / "carried")


def test_nothing_is_installed_at_first() -> None:
    """The list says whose each is, and what to do."""
    said = run("list").stdout
    assert said.count("not installed") == 2
    assert "GPT-6" in said
    assert "penstock tokens install" in said


def test_as_json() -> None:
    """A list with the same."""
    found = json.loads(run("list", "--json").stdout)
    assert [one["vocabulary"] for one in found] == list(TINY)
    assert {(one["state"], one["file"]) for one in found} == {("not installed", None)}


def test_one_is_installed_from_a_file(carried: str) -> None:
    """It says where; the list does too. A second time there is nothing to do, unless it is forced."""
    path = own_folder() / TINY["o200k_base"].file_name
    assert run("install", "--from", carried).stdout == f"Installed o200k_base: {path}\n"
    assert str(path) in run("list").stdout
    assert run("install", "--from", carried).stdout == f"o200k_base is there already: {path}\n"
    assert run("install", "--from", carried, "--force").stdout == f"Installed o200k_base: {path}\n"


def test_it_goes_where_tiktoken_looks(carried: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Other programs of this machine share it."""
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", str(tmp_path / "shared"))
    run("install", "cl100k_base", "--from", carried)
    assert [one.name for one in (tmp_path / "shared").iterdir()] == [TINY["cl100k_base"].file_name]


def test_a_damaged_one_is_said_and_replaced(carried: str) -> None:
    """Without being forced."""
    put(own_folder(), data=b"damaged")
    assert "  damaged  " in run("list").stdout
    assert run("install", "--from", carried).stdout.startswith("Installed")
    assert "  damaged  " not in run("list").stdout


def test_a_file_is_that_of_one_vocabulary(carried: str) -> None:
    """Two names and one file are refused."""
    found = run("install", "o200k_base", "cl100k_base", "--from", carried)
    assert found.exit_code == 2
    assert "name one" in found.stderr


def test_a_name_that_there_is_not_is_refused() -> None:
    """With the nearest."""
    with pytest.raises(VocabularyError, match=r"'o200k'.*o200k_base"):
        run("install", "o200k")


def test_a_fetch_that_fails_ends_with_status_2(run: Run, tmp_path: Path) -> None:
    """The whole command line says it in a line."""
    found = run("tokens", "install", "--from", str(tmp_path / "none"))
    assert (found.exit_code, found.stdout) == (2, "")
    assert "cannot be read from" in found.stderr
    assert "Traceback" not in found.stderr
