"""What project work in a folder belongs to."""

from __future__ import annotations

from pathlib import Path

import pytest

from penstock.identify.working_directory import project_of_folder


def test_a_repository_is_one_project(tmp_path: Path) -> None:
    """Wherever in it one works."""
    (tmp_path / "repo" / ".git").mkdir(parents=True)
    deep = tmp_path / "repo" / "src" / "deep"
    deep.mkdir(parents=True)
    assert project_of_folder(deep) == project_of_folder(str(tmp_path / "repo")) == str(tmp_path / "repo")


def test_a_worktree_belongs_to_its_repository(tmp_path: Path) -> None:
    """What was learned on one branch is there on another. A submodule is a project of its own."""
    for name, target in (("tree", "worktrees/tree"), ("part", "modules/part")):
        (tmp_path / name).mkdir()
        (tmp_path / name / ".git").write_text(f"gitdir: {tmp_path}/main/.git/{target}\n")
    assert project_of_folder(tmp_path / "tree") == str(tmp_path / "main")
    assert project_of_folder(tmp_path / "part") == str(tmp_path / "part")


def test_a_home_under_version_control_is_no_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Or all that is in it would be one."""
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".git").mkdir()
    (tmp_path / "work").mkdir()
    assert project_of_folder("~/work") == str(tmp_path / "work")


def test_a_folder_without_a_repository_is_its_own_project(tmp_path: Path) -> None:
    """Two folders beside each other are two projects, and a link is what it points to."""
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "one")
    assert project_of_folder(tmp_path / "one") == project_of_folder(tmp_path / "link") == str(tmp_path / "one")
    assert project_of_folder(tmp_path / "two") != project_of_folder(tmp_path / "one")


@pytest.mark.parametrize("folder", ["/no/such/folder", "/a\0b", "x" * 10_000, "~nobody-here/x"])
def test_any_folder_has_a_name(folder: str) -> None:
    """A folder of another machine, or none that could be: a name all the same, always the same one."""
    assert project_of_folder(folder) == project_of_folder(folder) != ""


def test_no_folder_no_project() -> None:
    """Where nobody says where they work, nothing is guessed."""
    assert project_of_folder("") == project_of_folder("  ") == ""


def test_a_repository_is_found_from_however_deep_in_it(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    assert project_of_folder(f"{tmp_path}{'/a' * 1900}") == str(tmp_path)
