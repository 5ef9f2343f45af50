"""The rest of a path."""

from __future__ import annotations

from pathlib import Path

import pytest

from penstock_tui.replay.completion import completed


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("prompts.txt", "prompts-2.txt", ".hidden"):
        (tmp_path / name).touch()
    (tmp_path / "plans").mkdir()
    (tmp_path / "plans" / "monday.txt").touch()
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("typed", "whole"),
    [
        ("pro", "prompts-2.txt"),
        ("prompts.", "prompts.txt"),
        ("prompts.txt", None),
        ("pl", "plans/"),
        ("plans/", "plans/monday.txt"),
        ("./pl", "./plans/"),
        (".h", ".hidden"),
        ("", None),
        ("none/x", None),
        ("nobody", None),
        ("~nobody-of-that-name/x", None),
        ("a\0b/c", None),
    ],
)
def test_the_first_name_that_begins_so(here: Path, typed: str, whole: str | None) -> None:
    """As it was typed, with the rest; a folder's ends with a slash."""
    assert completed(typed) == whole


def test_by_the_full_path(here: Path) -> None:
    """Wherever one is; hidden files are for who asks for them."""
    assert completed(f"{here}/") == f"{here}/plans/"
