"""Where things are on this machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from penstock import paths


def test_one_variable_puts_everything_under_one_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What a person writes beside what the proxy writes."""
    monkeypatch.setenv("PENSTOCK_HOME", str(tmp_path))
    assert paths.plugins_dir() == tmp_path / "config" / "plugins"
    assert paths.profiles_dir() == tmp_path / "config" / "profiles"
    assert paths.store_path() == tmp_path / "state" / "penstock.db"


def test_without_it_the_systems_own_folders_are_used(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Named for the program; nothing is made by asking."""
    monkeypatch.delenv("PENSTOCK_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "c"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "s"))
    for folder in (paths.config_dir(), paths.state_dir()):
        assert folder.name == "penstock"
        assert not folder.exists()
    assert paths.plugins_dir().parent == paths.config_dir()
    assert paths.store_path().parent == paths.state_dir()
