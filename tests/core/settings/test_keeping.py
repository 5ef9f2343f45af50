"""Changes kept as a profile of a person's own."""

from __future__ import annotations

from pathlib import Path

import pytest

from penstock.base import paths
from penstock.base.errors import PenstockError
from penstock.profiles import profile
from penstock.settings.keeping import keep, turn_on


def write(name: str, text: str) -> Path:
    file = paths.profiles_dir() / f"{name}.toml"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return file


def test_the_profile_in_use_may_be_replaced(penstock_home: Path) -> None:
    """What stood in it stays in it; it does not extend itself; with its comments it stands beside."""
    file = write("mine", '# why\nextends = "codex"\n[log]\npreview = 0\n[window]\nhard = 0.9\n')
    keep("mine", "mine", profile.load("mine"), {"window": {"hard": 0.8}}, replace=True)
    saved = profile.load("mine")
    assert (saved.window.hard, saved.log.preview) == (0.8, 0)
    assert file.read_text().startswith('extends = "codex"')
    assert file.with_name("mine.toml.old").read_text().startswith("# why")


def test_a_file_that_is_no_profile_of_a_name_is_extended_by_its_path(tmp_path: Path, penstock_home: Path) -> None:
    """A proxy may have been started with one."""
    elsewhere = tmp_path / "elsewhere.toml"
    elsewhere.write_text('extends = "codex"\n[log]\npreview = 0\n')
    base = profile.load(str(elsewhere))
    keep("mine", str(elsewhere), base, {"window": {"hard": 0.8}})
    assert profile.load("mine").log.preview == 0


@pytest.mark.parametrize("name", ["", "../up", "a/b", ".hidden", "mine.toml", "a" * 80])
def test_only_names_are_names(penstock_home: Path, name: str) -> None:
    """Nothing is written anywhere else."""
    with pytest.raises(PenstockError, match="is no name for a profile"):
        keep(name, "codex", profile.load("codex"), {"window": {"hard": 0.8}})


def test_a_bundled_profile_is_not_hidden_by_mistake(penstock_home: Path) -> None:
    """All that extend it would change with it."""
    with pytest.raises(PenstockError, match="comes with Penstock"):
        keep("default", "codex", profile.load("codex"), {"window": {"hard": 0.8}})


def test_what_a_file_cannot_say_is_not_left_out_in_silence(penstock_home: Path) -> None:
    """TOML has no word for nothing."""
    with pytest.raises(PenstockError, match=r"cache.ttl_s: a file cannot say `none`"):
        keep("mine", "ollama", profile.load("ollama"), {"cache": {"ttl_s": None}})


def test_one_that_could_not_be_used_is_not_written(penstock_home: Path) -> None:
    """The file of before stands where it stood."""
    file = write("mine", 'extends = "codex"\n')
    write("yours", 'extends = "mine"\n')
    with pytest.raises(PenstockError, match="extends itself"):
        keep("mine", "yours", profile.load("yours"), {"window": {"hard": 0.8}}, replace=True)
    assert file.read_text() == 'extends = "codex"\n'
    with pytest.raises(PenstockError, match="not saved"):
        keep("new", "yours", profile.load("yours"), {"window": {"hard": 7}})
    assert not (paths.profiles_dir() / "new.toml").exists()


def test_one_that_could_not_be_used_leaves_the_one_before_last(penstock_home: Path) -> None:
    """`NAME.toml.old` is still the profile that was replaced last."""
    file = write("mine", 'extends = "codex"\n# first\n')
    keep("mine", "mine", profile.load("mine"), {"window": {"hard": 0.8}}, replace=True)
    with pytest.raises(PenstockError, match="not saved"):
        keep("mine", "mine", profile.load("mine"), {"window": {"hard": 7}}, replace=True)
    assert file.with_name("mine.toml.old").read_text().endswith("# first\n")
    assert sorted(one.name for one in file.parent.iterdir()) == ["mine.toml", "mine.toml.old"]


def test_what_was_saved_is_for_its_owner_alone(penstock_home: Path) -> None:
    """P6: a profile may hold a key, and what is written anew keeps what stood there."""
    file = write("mine", 'extends = "codex"\n[memory.embedder_settings]\napi_key = "correct-horse"\n')
    file.chmod(0o600)
    keep("mine", "mine", profile.load("mine"), {"window": {"hard": 0.8}}, replace=True)
    assert "correct-horse" in file.read_text()
    assert {one.name: one.stat().st_mode & 0o777 for one in file.parent.iterdir()} == {
        "mine.toml": 0o600,
        "mine.toml.old": 0o600,
    }


def test_the_profile_is_there_all_the_time(penstock_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy that starts while it is replaced, or after a crash in the middle, finds the old one or the new one."""
    file = write("mine", 'extends = "codex"\n')
    base, there = profile.load("mine"), list[bool]()
    replace = Path.replace

    def looking(self: Path, target: Path) -> Path:
        there.append(file.exists())
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", looking)
    keep("mine", "mine", base, {"window": {"hard": 0.8}}, replace=True)
    assert there
    assert all(there)


def test_nothing_is_left_of_what_could_not_be_written(penstock_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk: the old profile stands, and no half of a new one beside it."""
    file = write("mine", 'extends = "codex"\n')
    base = profile.load("mine")

    def full(self: Path, target: Path) -> Path:
        raise OSError("no space left")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(PenstockError, match="no space left"):
        keep("mine", "mine", base, {"window": {"hard": 0.8}}, replace=True)
    assert file.read_text() == 'extends = "codex"\n'
    assert not list(file.parent.glob("*.part"))


def test_a_profile_in_use_that_was_deleted_is_said(penstock_home: Path) -> None:
    """It cannot be extended any more; what was to be replaced stands as it was."""
    gone, other = write("gone", 'extends = "codex"\n'), write("other", 'extends = "default"\n')
    base = profile.load("gone")
    gone.unlink()
    with pytest.raises(PenstockError, match="not saved"):
        keep("other", "gone", base, {"window": {"hard": 0.8}}, replace=True)
    assert other.read_text() == 'extends = "default"\n'


def test_a_stage_is_turned_on_in_a_profile_of_ones_own(penstock_home: Path) -> None:
    """All else in it stays, and the old one stands beside."""
    file = write("mine", '# why\nextends = "codex"\nstages = ["trim"]\n[log]\npreview = 0\n')
    assert turn_on("keepalive", profile.load("mine")) == file
    saved = profile.load("mine")
    assert (saved.stages, saved.log.preview, saved.about) == (("trim", "keepalive"), 0, profile.load("codex").about)
    assert file.with_name("mine.toml.old").read_text().startswith("# why")


def test_a_stage_is_turned_on_in_a_bundled_profile(penstock_home: Path) -> None:
    """By a file of the person's own that has its name and extends it, so that its next version counts."""
    bundled = profile.load("claude-code")
    file = turn_on("keepalive", bundled)
    assert file == paths.profiles_dir() / "claude-code.toml"
    assert 'extends = "claude-code"' in file.read_text()
    saved = profile.load("claude-code")
    assert saved.stages == (*bundled.stages, "keepalive")
    assert saved.model_dump() | {"stages": bundled.stages} == bundled.model_dump()
    assert "keepalive" not in profile.load("codex").stages


def test_a_preset_on_top_is_kept(penstock_home: Path) -> None:
    """What is saved extends both; a stage that is turned on is so with any preset."""
    base = profile.load("codex+bold")
    keep("mine", "codex+bold", base, {"window": {"hard": 0.8}})
    assert (profile.load("mine").aggressiveness, profile.load("mine").window.hard) == ("bold", 0.8)
    assert turn_on("keepalive", base) == paths.profiles_dir() / "codex.toml"
    assert profile.load("codex").aggressiveness == "safe"
    assert "keepalive" in profile.load("codex+bold").stages


def test_a_stage_is_turned_on_in_the_file_that_was_named(penstock_home: Path, tmp_path: Path) -> None:
    """A proxy may have been started with one that is nowhere near the profiles."""
    elsewhere = tmp_path / "elsewhere.toml"
    elsewhere.write_text('extends = "codex"\n')
    assert turn_on("keepalive", profile.load(str(elsewhere))) == elsewhere
    assert "keepalive" in profile.load(str(elsewhere)).stages
    assert not paths.profiles_dir().exists()
