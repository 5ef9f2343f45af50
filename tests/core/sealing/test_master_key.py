"""The master key: where it is found, and what is wrapped under it."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from penstock.sealing.data_key import DataKey
from penstock.sealing.master_key import FILE_VARIABLE, KEY_VARIABLE, MasterKeys, SealingError

ONE, TWO = "1" * 64, "2" * 64


@pytest.fixture
def masters(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MasterKeys:
    monkeypatch.delenv(FILE_VARIABLE, raising=False)
    monkeypatch.delenv(KEY_VARIABLE, raising=False)
    return MasterKeys(tmp_path)


def test_it_is_made_once_for_its_owner_alone(masters: MasterKeys, tmp_path: Path) -> None:
    masters.make()
    known = masters.known()
    masters.make()
    assert masters.known() == known
    assert stat.S_IMODE((tmp_path / "master-key").stat().st_mode) == 0o600


def test_a_data_key_comes_back_as_it_was(masters: MasterKeys) -> None:
    masters.make()
    key = DataKey().key
    wrapped = masters.wrap(key)
    assert key not in wrapped.wrapped
    assert masters.unwrap(wrapped) == key


def test_what_an_older_key_wrapped_is_opened_until_that_is_dropped(masters: MasterKeys) -> None:
    masters.make()
    wrapped = masters.wrap(DataKey().key)
    masters.add()
    assert len(masters.known()) == 2
    assert masters.known()[1] == wrapped.master
    masters.unwrap(wrapped)
    masters.drop({wrapped.master})
    assert len(masters.known()) == 2, "it is needed"
    masters.drop(set())
    with pytest.raises(SealingError, match=f"{wrapped.master} is needed, and is not in .*master-key: put it back"):
        masters.unwrap(wrapped)


def test_the_environment_names_a_file_or_the_keys(
    masters: MasterKeys, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(KEY_VARIABLE, f"{TWO} {ONE}")
    two, one = masters.known()
    masters.add()  # a person has done so already
    assert masters.known() == [two, one]
    monkeypatch.setenv(FILE_VARIABLE, str(tmp_path / "mine"))
    assert masters.known() == []
    (tmp_path / "mine").write_text(f"{ONE}\n")
    assert masters.known() == [one]
    assert not (tmp_path / "master-key").exists()


@pytest.mark.parametrize("text", ["", "secret", ONE[:-1], f"{ONE} x", "\x00"])
def test_what_is_no_key_is_refused_with_its_place(masters: MasterKeys, tmp_path: Path, text: str) -> None:
    (tmp_path / "master-key").write_text(text)
    with pytest.raises(SealingError, match="master-key holds no master key: 64 hexadecimal digits"):
        masters.wrap(b"0" * 32)


def test_a_wrapped_key_that_was_changed_is_refused(masters: MasterKeys) -> None:
    from dataclasses import replace

    masters.make()
    wrapped = masters.wrap(DataKey().key)
    with pytest.raises(SealingError, match="was changed on disk"):
        masters.unwrap(replace(wrapped, wrapped=bytes(len(wrapped.wrapped))))


def test_a_key_that_is_exchanged_in_place_counts_at_once(masters: MasterKeys, tmp_path: Path) -> None:
    file = tmp_path / "master-key"
    file.write_text(ONE)
    before = masters.known()
    file.write_text(TWO)
    assert masters.known() != before
    file.unlink()
    assert masters.known() == []
