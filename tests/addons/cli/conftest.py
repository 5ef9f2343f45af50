"""What tests of several commands need."""

from __future__ import annotations

from pathlib import Path

import pytest

from penstock.base import paths


@pytest.fixture
def folder(penstock_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The project that one works in, with the embedder that needs nothing."""
    folder = tmp_path / "kiln"
    folder.mkdir()
    monkeypatch.chdir(folder)
    paths.profiles_dir().mkdir(parents=True)
    (paths.profiles_dir() / "quick.toml").write_text('extends = "default"\n[memory]\nembedder = "trigrams-256"\n')
    monkeypatch.setenv("PENSTOCK_PROFILE", "quick")
    return folder
