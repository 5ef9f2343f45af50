"""What a shell offers for values, as bash asks for it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from penstock.base import paths
from penstock.cli import build
from penstock.profiles import files

Offered = Callable[[str], list[str]]


@pytest.fixture
def offered(penstock_home: Path) -> Offered:
    """What is offered for the last of these words, as far as it is written."""

    def offered(words: str) -> list[str]:
        asked = {"COMP_WORDS": words, "COMP_CWORD": str(words.count(" ")), "_PENSTOCK_COMPLETE": "complete_bash"}
        found = CliRunner().invoke(build(), prog_name="penstock", env=asked)
        assert (found.exit_code, found.stderr) == (0, "")
        return found.stdout.split()

    return offered


@pytest.mark.parametrize(
    "words", ["profiles show", "run --profile", "up --profile", "whatif --profile", "settings show --profile"]
)
def test_profiles(offered: Offered, words: str) -> None:
    """By name, in commands and in groups of them; behind a `+` a preset."""
    assert offered(f"penstock {words} ") == list(files.available())
    assert offered(f"penstock {words} code") == ["codex"]
    assert offered(f"penstock {words} codex+b") == ["codex+balanced", "codex+bold"]


def test_models(offered: Offered) -> None:
    """Those of the bundled table."""
    assert "claude-opus-5-5" in offered("penstock models claude-opus")
    assert "claude-opus-5-5" not in offered("penstock count --model gpt")


def test_exchanges_and_sessions(offered: Offered, store: Path, tmp_path: Path) -> None:
    """Those of the log that is meant, the newest first."""
    assert offered("penstock explain ") == ["cc", "bb", "aa"]
    assert offered("penstock events --exchange b") == ["bb"]
    for words in ("cost --session", "export --session", "sessions label", "sessions delete", "memory list --session"):
        assert offered(f"penstock {words} ") == ["session-2", "session-1"]
    moved = store.rename(tmp_path / "moved.db")
    assert offered("penstock explain ") == []
    assert offered(f"penstock explain --store {moved} ") == ["cc", "bb", "aa"]


def test_without_a_log_nothing_is_offered(offered: Offered) -> None:
    """And nothing is said of it; where what stands there is none, too."""
    assert offered("penstock explain ") == []
    assert not paths.store_path().exists()
    paths.store_path().parent.mkdir(parents=True, exist_ok=True)
    paths.store_path().write_bytes(b"no log")
    assert offered("penstock cost --session ") == []
