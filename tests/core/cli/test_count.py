"""`penstock count` as a person uses it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner, Result

from penstock.base import paths
from penstock.cli import count
from penstock.engine.token_counts import KIND
from penstock.store.sql import SqlStore
from penstock.testing import conversation, user
from penstock.tokens.calibration import Calibration
from penstock.tokens.vocabulary import own_folder
from tests.core.cli.conftest import Run
from tests.vocabularies import TINY, put


def tiny(*words: str) -> Result:
    """With vocabularies small enough for a test."""
    app = typer.Typer()
    app.command()(count.command(TINY))
    return CliRunner().invoke(app, list(words), catch_exceptions=False)


def told(found: Result) -> dict[str, Any]:
    assert found.exit_code == 0, found.stderr
    value: dict[str, Any] = json.loads(found.stdout)
    return value


@pytest.fixture
def request_file(tmp_path: Path) -> str:
    path = tmp_path / "request.json"
    path.write_bytes(conversation(user("hello world"), system="hello", dialect="openai-responses", model="gpt-6.2-sol"))
    return str(path)


def test_a_text_is_counted_by_the_models_tokenizer(tmp_path: Path) -> None:
    """And that is said."""
    put(own_folder())
    (tmp_path / "text").write_text("hello world", encoding="utf-8")
    assert tiny(str(tmp_path / "text"), "--model", "gpt-5").stdout == (
        "2 tokens for gpt-5\ntokenizer: o200k_base, the model's own vocabulary\n"
    )


def test_a_request_is_counted_part_by_part(request_file: str) -> None:
    """By the model that it names; the parts add up."""
    put(own_folder())
    found = told(tiny(request_file, "--json"))
    assert (found["how"], found["model"], found["dialect"]) == ("tokenizer", "gpt-6.2-sol", "openai-responses")
    assert found["parts"]["system"] == 1
    assert sum(found["parts"].values()) == found["tokens"]
    lines = tiny(request_file).stdout.splitlines()
    assert [line.split()[0] for line in lines[2:5]] == ["system", "tools", "messages"]


def test_without_the_vocabulary_a_request_is_estimated(run: Run, request_file: str) -> None:
    """The next step is named; another model has another count."""
    found = told(run("count", request_file, "--json"))
    assert found["how"] == "estimated"
    assert "penstock tokens install o200k_base" in found["by"]
    assert told(run("count", request_file, "--json", "--model", "claude-opus-5-5"))["tokens"] > found["tokens"]


def test_what_the_proxy_has_learned_is_used(run: Run, request_file: str) -> None:
    """The count is calibrated then."""
    learned = Calibration()
    for _ in range(8):
        learned.learn("openai", "gpt-6.2-sol", "", 1000, 2000)
    store = SqlStore(paths.store_path())
    store.set_values(KIND, learned.facts())
    store.close()
    found = told(run("count", request_file, "--json"))
    assert found["how"] == "calibrated"
    assert "times 2.00 by what the provider counted" in found["by"]


def test_stdin_is_a_file_too(request_file: str) -> None:
    """`-`; and JSON may be counted as text."""
    app = typer.Typer()
    app.command()(count.command(TINY))
    found = CliRunner().invoke(app, ["-", "--text", "--json"], input=Path(request_file).read_bytes())
    assert (told(found)["dialect"], told(found)["parts"]) == (None, None)


@pytest.mark.parametrize(
    ("content", "words", "said"),
    [
        (None, (), "cannot be read: No such file"),
        (b"\x7fELF\0\0\0", (), "holds null bytes"),
        (b'{"model": "m"}', ("--dialect", "anthropic"), "cannot be read as anthropic: 'messages' is missing"),
        (b"{}", ("--dialect", "antropic"), "there is no dialect 'antropic'"),
    ],
)
def test_what_cannot_be_counted_is_said(
    run: Run, tmp_path: Path, content: bytes | None, words: tuple[str, ...], said: str
) -> None:
    """In a line that names the file, with status 2."""
    path = tmp_path / "file"
    if content is not None:
        path.write_bytes(content)
    found = run("count", str(path), *words)
    assert (found.exit_code, found.stdout) == (2, "")
    assert said in found.stderr
    assert "Traceback" not in found.stderr


def test_a_file_without_an_end_is_refused(run: Run, tmp_path: Path) -> None:
    """With what to do instead."""
    with (tmp_path / "large").open("wb") as file:
        file.truncate(count.LIMIT + 1)
    found = run("count", str(tmp_path / "large"))
    assert found.exit_code == 2
    assert "larger than 64 MB" in found.stderr


def test_text_that_is_not_utf8_is_counted(run: Run, tmp_path: Path) -> None:
    """What cannot be read of it counts as a character each."""
    (tmp_path / "latin").write_bytes("déjà vu".encode("latin-1"))
    assert told(run("count", str(tmp_path / "latin"), "--json"))["tokens"] > 0
