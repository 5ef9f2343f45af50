"""Changes kept as a profile of a person's own."""

from __future__ import annotations

from pathlib import Path

import pytest

from penstock import paths, profiles
from penstock.errors import PenstockError
from penstock.settings.keeping import keep


def write(name: str, text: str) -> Path:
    file = paths.profiles_dir() / f"{name}.toml"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return file


def test_the_profile_in_use_may_be_replaced(penstock_home: Path) -> None:
    """What stood in it stays in it; it does not extend itself; with its comments it stands beside."""
    file = write("mine", '# why\nextends = "codex"\n[log]\npreview = 0\n[window]\nhard = 0.9\n')
    keep("mine", "mine", profiles.load("mine"), {"window": {"hard": 0.8}}, replace=True)
    saved = profiles.load("mine")
    assert (saved.window.hard, saved.log.preview) == (0.8, 0)
    assert file.read_text().startswith('extends = "codex"')
    assert file.with_name("mine.toml.old").read_text().startswith("# why")


def test_a_file_that_is_no_profile_of_a_name_is_extended_by_its_path(tmp_path: Path, penstock_home: Path) -> None:
    """A proxy may have been started with one."""
    elsewhere = tmp_path / "elsewhere.toml"
    elsewhere.write_text('extends = "codex"\n[log]\npreview = 0\n')
    base = profiles.load(str(elsewhere))
    keep("mine", str(elsewhere), base, {"window": {"hard": 0.8}})
    assert profiles.load("mine").log.preview == 0


@pytest.mark.parametrize("name", ["", "../up", "a/b", ".hidden", "mine.toml", "a" * 80])
def test_only_names_are_names(penstock_home: Path, name: str) -> None:
    """Nothing is written anywhere else."""
    with pytest.raises(PenstockError, match="is no name for a profile"):
        keep(name, "codex", profiles.load("codex"), {"window": {"hard": 0.8}})


def test_a_bundled_profile_is_not_hidden_by_mistake(penstock_home: Path) -> None:
    """All that extend it would change with it."""
    with pytest.raises(PenstockError, match="comes with Penstock"):
        keep("default", "codex", profiles.load("codex"), {"window": {"hard": 0.8}})


def test_what_a_file_cannot_say_is_not_left_out_in_silence(penstock_home: Path) -> None:
    """TOML has no word for nothing."""
    with pytest.raises(PenstockError, match=r"cache.ttl_s: a file cannot say `none`"):
        keep("mine", "ollama", profiles.load("ollama"), {"cache": {"ttl_s": None}})


def test_one_that_could_not_be_used_is_not_written(penstock_home: Path) -> None:
    """The file of before stands where it stood."""
    file = write("mine", 'extends = "codex"\n')
    write("yours", 'extends = "mine"\n')
    with pytest.raises(PenstockError, match="extends itself"):
        keep("mine", "yours", profiles.load("yours"), {"window": {"hard": 0.8}}, replace=True)
    assert file.read_text() == 'extends = "codex"\n'
    with pytest.raises(PenstockError, match="not saved"):
        keep("new", "yours", profiles.load("yours"), {"window": {"hard": 7}})
    assert not (paths.profiles_dir() / "new.toml").exists()
