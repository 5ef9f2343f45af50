"""Where things are on this machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from penstock.base import paths


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


def test_the_state_folder_is_closed_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where it was there before, open to others, with what is in it; folders elsewhere stay as they are."""
    monkeypatch.setenv("PENSTOCK_HOME", str(tmp_path))
    state, elsewhere = paths.state_dir(), tmp_path / "elsewhere"
    for folder in (state, state / "proxies", elsewhere):
        folder.mkdir()
        folder.chmod(0o755)
    paths.make_private(elsewhere)
    assert paths.is_loose(elsewhere)
    assert paths.is_loose(state)
    paths.make_private(state / "proxies")
    assert not paths.is_loose(state)
    assert not paths.is_loose(state / "proxies")


def test_new_folders_are_private(tmp_path: Path) -> None:
    """And those above them that were missing."""
    paths.make_private(tmp_path / "a" / "b")
    assert not paths.is_loose(tmp_path / "a")
    assert not paths.is_loose(tmp_path / "a" / "b")
