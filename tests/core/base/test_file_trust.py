"""Code that somebody else can change is not run."""

from __future__ import annotations

import grp
import os
import pwd
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from penstock.base.file_trust import why_untrusted

STRANGER = 12345


@pytest.fixture
def belongs(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Gives a path another owner or group, to those who look: only root can do it for real."""
    seen: dict[Path, dict[str, int]] = {}
    real = Path.lstat

    def lstat(path: Path) -> Any:
        found = real(path)
        return SimpleNamespace(
            **({"st_uid": found.st_uid, "st_gid": found.st_gid, "st_mode": found.st_mode} | seen.get(path, {}))
        )

    monkeypatch.setattr(Path, "lstat", lstat)

    def belongs(path: Path, **to: int) -> None:
        seen[path] = {f"st_{name}": number for name, number in to.items()}

    return belongs


@pytest.fixture
def plugin(tmp_path: Path) -> Path:
    """A file of this user's, in a folder of a folder."""
    file = tmp_path / "config" / "plugins" / "mine.py"
    file.parent.mkdir(parents=True, mode=0o755)
    file.write_text("")
    file.chmod(0o644)
    return file


def test_what_is_ones_own_is_trusted(plugin: Path) -> None:
    """Others may read it."""
    assert why_untrusted(plugin) == ""
    assert why_untrusted(plugin.parent) == ""


@pytest.mark.parametrize("up", [0, 1, 2])
def test_what_others_can_write_is_not(plugin: Path, up: int) -> None:
    """The file, its folder, or one above, in which the folder could be exchanged. The message is a command to run."""
    path = (plugin, *plugin.parents)[up]
    path.chmod(0o777)
    assert f"{path} can be written by other users (mode 0777): `chmod go-w {path}`" in why_untrusted(plugin)
    path.chmod(0o755)
    assert why_untrusted(plugin) == ""


@pytest.mark.parametrize("up", [0, 1, 2])
def test_what_belongs_to_another_is_not(plugin: Path, belongs: Callable[..., None], up: int) -> None:
    """An owner can change permissions at any time."""
    path = (plugin, *plugin.parents)[up]
    belongs(path, uid=STRANGER)
    assert f"{path} belongs to user {STRANGER}" in why_untrusted(plugin)


def test_a_group_of_ones_own_may_write(
    plugin: Path, belongs: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Many systems give each user a group with nobody else in it, and a umask that lets it write."""
    gid, name = STRANGER, pwd.getpwuid(os.geteuid()).pw_name
    plugin.chmod(0o664)
    belongs(plugin, gid=gid)
    assert "can be written by other users" in why_untrusted(plugin)
    mine = SimpleNamespace(gr_name=name, gr_mem=[])
    monkeypatch.setattr(pwd, "getpwuid", lambda _: SimpleNamespace(pw_name=name, pw_gid=gid))
    monkeypatch.setattr(grp, "getgrgid", lambda _: mine)
    assert why_untrusted(plugin) == ""
    mine.gr_mem = [name, "somebody"]
    assert "can be written by other users" in why_untrusted(plugin)


def test_a_sticky_folder_above_is_no_danger(plugin: Path) -> None:
    """In it nobody can exchange what is another's: `/tmp` is one."""
    plugin.parent.parent.chmod(0o1777)
    assert why_untrusted(plugin) == ""


def test_a_link_is_as_good_as_what_it_leads_to(plugin: Path, belongs: Callable[..., None], tmp_path: Path) -> None:
    """And as the folder it stands in."""
    shared = tmp_path / "shared"
    shared.mkdir(mode=0o755)
    link = shared / "mine.py"
    link.symlink_to(plugin)
    assert why_untrusted(link) == ""
    plugin.chmod(0o666)
    assert str(plugin) in why_untrusted(link)
    plugin.chmod(0o644)
    shared.chmod(0o777)
    assert str(shared) in why_untrusted(link)
    shared.chmod(0o755)
    belongs(link, uid=STRANGER)
    assert str(STRANGER) in why_untrusted(link)


def test_what_is_not_there_is_not_trusted(tmp_path: Path) -> None:
    """It is said, not raised."""
    assert "cannot be looked at" in why_untrusted(tmp_path / "gone.py")
