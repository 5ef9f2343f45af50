"""Texts are counted in another process, and whatever happens there costs the count alone."""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path

import pytest

from penstock.tokens.count_process import count_apart
from tests.vocabularies import TINY, put

O200K = TINY["o200k_base"]


def test_each_text_has_its_count(tmp_path: Path) -> None:
    """In order; lone surrogates and empty texts too."""
    assert count_apart(O200K, put(tmp_path), ["hello world", "", "hello", "\ud800"]) == [2, 0, 1, 3]


def test_a_damaged_vocabulary_is_said_in_the_log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """And there is no count."""
    path = put(tmp_path, data=b"damaged")
    with caplog.at_level(logging.WARNING):
        assert count_apart(O200K, path, ["hello"]) is None
    assert str(path) in caplog.text


def test_a_process_that_takes_too_long_is_ended(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Nobody waits for more than the deadline."""
    with caplog.at_level(logging.WARNING):
        assert count_apart(O200K, put(tmp_path), ["hello"], within_s=0.0) is None
    assert "timed out" in caplog.text


def test_files_of_the_working_directory_are_not_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A project may have a module of any name."""
    (tmp_path / "tiktoken.py").write_text("raise SystemExit(9)", encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(str(Path(one).resolve()) for one in sys.path if one))
    monkeypatch.chdir(tmp_path)
    assert count_apart(O200K, put(tmp_path / "folder"), ["hello"]) == [1]


def test_a_bundled_executable_counts_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is no interpreter: starting it would start another proxy."""
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    assert count_apart(O200K, put(tmp_path), ["hello"]) is None
