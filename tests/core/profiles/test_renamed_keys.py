"""Profiles of before are read, and their authors told what a key is called now."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from penstock.base import paths
from penstock.base.errors import ProfileError
from penstock.profiles import profile as profiles
from penstock.profiles import renamed_keys
from penstock.profiles.renamed_keys import current_key
from penstock.settings.keeping import keep
from penstock.testing import profile_of


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a process that has warned of nothing."""
    monkeypatch.setattr(renamed_keys, "_warned", set())


def write(folder: Path, name: str, text: str) -> Path:
    file = folder / f"{name}.toml"
    file.write_text(text, encoding="utf-8")
    return file


def test_the_old_key_is_read_with_one_warning(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The warning names the file and both names, once, however often the profile is read."""
    file = write(tmp_path, "mine", 'extends = "default"\nsetting = "bold"\n[stage.trim]\nsetting = "safe"\n')
    with caplog.at_level(logging.WARNING):
        found = [profiles.load(str(file)) for _ in range(3)][-1]
    assert (found.aggressiveness, found.settings_of("trim")["aggressiveness"]) == ("bold", "safe")
    assert [record.getMessage() for record in caplog.records] == [
        f"{file}: setting is called aggressiveness now. The old name is still read; rename it.",
        f"{file}: stage.trim.setting is called stage.trim.aggressiveness now. The old name is still read; rename it.",
    ]


@pytest.mark.parametrize(
    ("base", "own"),
    [('setting = "safe"', 'aggressiveness = "bold"'), ('aggressiveness = "safe"', 'setting = "bold"')],
)
def test_a_profile_may_extend_one_with_the_other_name(tmp_path: Path, base: str, own: str) -> None:
    """They are the same key: what extends wins."""
    parent = write(tmp_path, "base", f'extends = "default"\n{base}\n[stage.pruning]\n{base}\n')
    file = write(tmp_path, "mine", f'extends = "{parent}"\n{own}\n[stage.pruning]\n{own}\n')
    found = profiles.load(str(file))
    assert (found.aggressiveness, found.settings_of("pruning")["aggressiveness"]) == ("bold", "bold")


@pytest.mark.parametrize(("table", "prefix"), [("", ""), ("[stage.compaction]\n", "stage.compaction.")])
def test_both_names_in_one_file_stop_start_up(tmp_path: Path, table: str, prefix: str) -> None:
    """Nobody can know which was meant."""
    file = write(tmp_path, "mine", f'extends = "default"\n{table}setting = "bold"\naggressiveness = "safe"\n')
    with pytest.raises(ProfileError) as caught:
        profiles.load(str(file))
    old, new = f"{prefix}setting", f"{prefix}aggressiveness"
    assert str(caught.value) == f"{file}: `{old}` is the old name of `{new}`, and both are given: remove `{old}`"


def test_a_wrong_value_is_said_by_the_new_name(tmp_path: Path) -> None:
    """The name to be used from now on."""
    with pytest.raises(ProfileError, match="aggressiveness = 'brave': 'safe', 'balanced' or 'bold' was expected"):
        profiles.load(str(write(tmp_path, "mine", 'extends = "default"\nsetting = "brave"\n')))


def test_a_plugins_stage_may_have_a_setting_of_its_own() -> None:
    """The old name was that of bundled stages only."""
    assert profile_of("[stage.mine]\nsetting = 3\n").settings_of("mine") == {"setting": 3}
    assert current_key("stage.mine.setting") == "stage.mine.setting"


def test_what_is_saved_has_the_new_name(penstock_home: Path) -> None:
    """A profile in use that has the old one is written anew."""
    folder = paths.profiles_dir()
    folder.mkdir(parents=True)
    write(folder, "mine", 'extends = "default"\nsetting = "bold"\n')
    file = keep("mine", "mine", profiles.load("mine"), {"aggressiveness": "balanced"}, replace=True)
    assert profiles.load("mine").aggressiveness == "balanced"
    assert "setting" not in file.read_text(encoding="utf-8")
