"""A restore that is interrupted leaves nothing, or what the next one takes back."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from penstock.backup import placing
from penstock.backup.errors import BackupError
from penstock.backup.restoring import restore
from penstock.backup.writing import write_backup
from tests.core.backup.conftest import Installation

pytestmark = pytest.mark.slow

NAMES = ["contexts.db", "key", "memory", "penstock.db"]
KILLED = """
import os, signal, sys
from pathlib import Path
from penstock.backup.restoring import restore
link, seen = os.link, []
def second(source, target):
    if len(seen) == 2:
        os.kill(os.getpid(), signal.SIGKILL)
    link(source, target)
    seen.append(target)
os.link = second
restore(Path(sys.argv[1]), Path(sys.argv[2]), passphrase=str)
"""


@pytest.fixture
def backup(full: Installation, tmp_path: Path) -> Path:
    write_backup(full.store, tmp_path / "b")
    return tmp_path / "b"


@pytest.fixture
def killed(backup: Path, tmp_path: Path) -> Path:
    """The folder of a restore that was killed after two of its four files."""
    home = tmp_path / "new"
    done = subprocess.run([sys.executable, "-c", KILLED, backup, home / "penstock.db"], check=False)
    assert done.returncode == -signal.SIGKILL
    assert {"contexts.db", "penstock.db"} < names(home)
    assert "key" not in names(home)
    return home


def names(home: Path) -> set[str]:
    return {file.name for file in home.iterdir()}


def test_the_next_restore_takes_back_what_a_killed_one_has_placed(backup: Path, killed: Path) -> None:
    restore(backup, killed / "another-name.db", passphrase=str)
    assert names(killed) == {"contexts.db", "key", "memory", "another-name.db"}


@pytest.mark.parametrize("suffix", ["", "-wal"])
def test_what_was_used_since_stays_and_the_error_tells_why(backup: Path, killed: Path, suffix: str) -> None:
    with (killed / f"contexts.db{suffix}").open("ab") as file:
        file.write(b"written since")
    before = names(killed)
    with pytest.raises(BackupError, match=r"an earlier restore to .* was interrupted.*contexts\.db was changed since"):
        restore(backup, killed / "penstock.db", passphrase=str)
    assert names(killed) == before
    for name in (f"contexts.db{suffix}", "contexts.db", "penstock.db"):
        (killed / name).unlink(missing_ok=True)
    restore(backup, killed / "penstock.db", passphrase=str)
    assert sorted(names(killed)) == NAMES


def test_a_marker_names_nothing_outside_the_folder(backup: Path, tmp_path: Path) -> None:
    outside = tmp_path / "mine"
    outside.write_text("")
    file = {"size": 0, "mtime_ns": outside.stat().st_mtime_ns}
    for name in ("../mine", "memory/../../mine", str(outside)):
        home = tmp_path / "new"
        home.mkdir(exist_ok=True)
        marker = placing._Marker.model_construct(copies=".restore-x", files={name: placing._File(**file)})
        (home / ".restoring").write_text(marker.model_dump_json())
        with pytest.raises(BackupError, match="cannot be read"):
            restore(backup, home / "penstock.db", passphrase=str)
    assert outside.exists()


def after_two(then: Callable[[], None]) -> Callable[[Any, Any], None]:
    link = os.link
    seen: list[Path] = []

    def replaced(source: Any, target: Any) -> None:
        if len(seen) == 2:
            then()
        link(source, target)
        seen.append(target)

    return replaced


def test_an_interrupt_leaves_nothing(backup: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "link", after_two(interrupted))
    with pytest.raises(KeyboardInterrupt):
        restore(backup, tmp_path / "new" / "penstock.db", passphrase=str)
    assert not [file for file in (tmp_path / "new").rglob("*") if file.is_file()]


@pytest.mark.parametrize("meanwhile", [False, True])
def test_without_hard_links(backup: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, meanwhile: bool) -> None:
    home = tmp_path / "new"

    def refused(_source: Any, target: Path) -> None:
        if meanwhile and target.name == "key":
            target.write_text("mine")
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refused)
    if not meanwhile:
        restore(backup, home / "penstock.db", passphrase=str)
        assert sorted(names(home)) == NAMES
        return
    with pytest.raises(BackupError, match="key is there already"):
        restore(backup, home / "penstock.db", passphrase=str)
    assert [file for file in home.rglob("*") if file.is_file()] == [home / "key"]
    assert (home / "key").read_text() == "mine"


def test_what_was_restored_outlasts_a_power_cut(backup: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each file, and the folders with their names, are synced before the marker goes; its end is, too."""
    home, synced, at_end = tmp_path / "new", set[int](), set[int]()
    real, unlink = os.fsync, Path.unlink

    def fsync(fd: int) -> None:
        synced.add(os.fstat(fd).st_ino)
        real(fd)

    def recorded(path: Path, missing_ok: bool = False) -> None:
        if path.name == ".restoring":
            at_end.update(synced)
            synced.clear()
        unlink(path, missing_ok)

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(Path, "unlink", recorded)
    restore(backup, home / "penstock.db", passphrase=str)
    restored = [home, *home.rglob("*")]
    assert {file.name for file in restored} >= {*NAMES, "memory.db"}
    assert {file.stat().st_ino for file in restored} <= at_end
    assert home.stat().st_ino in synced


def test_of_two_at_once_one_is_told_to_wait(backup: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "new"

    def other(*_: object) -> None:
        with pytest.raises(BackupError, match=rf"another restore to {home} is under way: wait"):
            restore(backup, home / "penstock.db", passphrase=str)
        monkeypatch.undo()

    monkeypatch.setattr("penstock.backup.restoring._check_database", other)
    restore(backup, home / "penstock.db", passphrase=str)
    assert names(home) == {*NAMES}
