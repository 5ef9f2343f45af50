"""One plugin's code, imported from a file or an entry point."""

from __future__ import annotations

import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from penstock.base.errors import PluginError
from penstock.plugins.loading import load_entry, load_file


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A plugin file with a mistake, in the current folder."""
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "broken.py"
    file.write_text("\nimport no_such_module", encoding="utf-8")
    return file


def test_a_file_given_by_a_relative_path_is_named_with_its_line(file: Path) -> None:
    """As one with its whole path is. Nothing of it stays imported."""
    with pytest.raises(PluginError, match=r"No module named 'no_such_module' \(line 2\)$"):
        load_file(Path(file.name))
    assert "penstock_user_plugin_broken" not in sys.modules


def test_a_renamed_name_is_named_with_its_new_name(file: Path) -> None:
    """Who wrote a plugin for an earlier version is told what to write."""
    file.write_text("from penstock import Parts", encoding="utf-8")
    with pytest.raises(PluginError, match="Parts is called Services now"):
        load_file(file)


def test_an_entry_point_that_cannot_be_imported_is_named() -> None:
    """With the module it names."""
    with pytest.raises(PluginError, match=r"plugin 'mine' \(no_such_module\): cannot be imported: ModuleNotFoundError"):
        load_entry(EntryPoint("mine", "no_such_module", "penstock"))
