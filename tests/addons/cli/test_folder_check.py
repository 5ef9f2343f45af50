"""`penstock doctor` looks at the folder of the store."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from penstock_addons.cli.check_result import Installation, Level
from penstock_addons.cli.checks import check_all
from penstock_addons.cli.folder_check import state_folder, why_closed
from tests.postgres import free_port


@pytest.mark.skipif(sys.platform != "linux", reason="it needs a file system that refuses new folders to root, too")
def test_a_folder_that_cannot_be_made_is_a_fault(tmp_path: Path) -> None:
    """Also where permissions would allow it. The store that would be in it is one, too."""
    folder = Path("/proc/penstock/state")
    found = state_folder(folder)
    assert (found.level, found.said) == (Level.FAIL, f"{folder} cannot be made in /proc: No such file or directory")
    assert "PENSTOCK_HOME" in found.fix
    installation = Installation("default", free_port(), folder / "penstock.db", tmp_path)
    levels = {one.name: one.level for one in check_all(installation)}
    assert (levels["store"], levels["state folder"]) == (Level.FAIL, Level.FAIL)


def test_a_file_in_the_place_of_a_folder_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / "state").touch()
    assert "Not a directory" in why_closed(tmp_path / "state")


def test_looking_leaves_nothing(tmp_path: Path) -> None:
    """Neither in a folder that is there nor where one could be made."""
    assert why_closed(tmp_path) == why_closed(tmp_path / "one" / "two") == ""
    assert not list(tmp_path.iterdir())
