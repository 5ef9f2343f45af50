"""Where a backup keeps its unfinished copies, and what becomes of those that an earlier one left."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from penstock.backup.errors import BackupError
from penstock.backup.writing import write_backup
from tests.core.backup.conftest import Installation


def test_nothing_unencrypted_is_ever_beside_the_file(full: Installation, tmp_path: Path) -> None:
    target = tmp_path / "stick"
    target.mkdir()
    there: list[str] = []
    copies: list[Path] = []

    def look() -> None:
        there.extend(file.name for file in target.rglob("*"))
        copies.extend(full.store.parent.glob(".backup-*"))

    write_backup(full.store, target / "b", passphrase="a kiln of bricks", step=look)
    assert copies
    assert all(name.endswith(".part") for name in there)
    assert [file.name for file in target.iterdir()] == ["b"]
    assert not list(full.store.parent.glob(".backup-*"))


def test_copies_of_a_backup_that_was_killed_are_removed_a_day_later(full: Installation, tmp_path: Path) -> None:
    now = full.clock.now()
    old, young = (full.store.parent / f".backup-{name}" for name in ("old", "young"))
    for folder, hours in ((old, 25), (young, 23)):
        folder.mkdir()
        (folder / "contexts.db").write_text("a copy")
        os.utime(folder, (now - hours * 3600,) * 2)
    write_backup(full.store, tmp_path / "b", now=now)
    assert not old.exists()
    assert young.exists()  # another backup may be under way


def test_where_there_is_no_installation_none_is_made(tmp_path: Path) -> None:
    with pytest.raises(BackupError, match="nothing to back up"):
        write_backup(tmp_path / "none" / "penstock.db", tmp_path / "b")
    assert list(tmp_path.iterdir()) == []
