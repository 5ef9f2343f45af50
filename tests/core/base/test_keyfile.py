"""This installation's own key."""

from __future__ import annotations

import errno
import logging
import os
import stat
from pathlib import Path

import pytest

from penstock.base.keyfile import installation_key, key_id


def test_the_key_is_made_once(tmp_path: Path) -> None:
    """32 bytes, the same from then on, another elsewhere."""
    key = installation_key(tmp_path / "state")
    assert len(key) == 32
    assert installation_key(tmp_path / "state") == key
    assert installation_key(tmp_path / "other") != key


def test_keys_of_two_names_are_two(tmp_path: Path) -> None:
    """What one opens, the other does not."""
    assert installation_key(tmp_path, "other") != installation_key(tmp_path)
    assert (tmp_path / "other").read_bytes() == installation_key(tmp_path, "other")


def test_only_its_owner_can_read_it(tmp_path: Path) -> None:
    """Whatever the umask."""
    before = os.umask(0)
    try:
        installation_key(tmp_path)
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "key").stat().st_mode) == 0o600


def test_a_damaged_key_is_made_anew(tmp_path: Path) -> None:
    """Cut off, or empty; and it is private whatever it was before."""
    file = tmp_path / "key"
    file.write_bytes(b"short")
    file.chmod(0o644)
    key = installation_key(tmp_path)
    assert len(key) == 32
    assert file.read_bytes() == key
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_where_nothing_can_be_written_there_is_a_key_all_the_same(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """For this process alone, and the log says what that means."""
    caplog.set_level(logging.WARNING)
    (tmp_path / "state").write_text("a file, not a folder")
    assert len(installation_key(tmp_path / "state")) == 32
    assert "not known again after a restart" in caplog.text


def test_equal_keys_are_told_by_an_id_that_does_not_tell_them(tmp_path: Path) -> None:
    """Asking for it makes no key."""
    assert key_id(tmp_path) == ""
    assert not (tmp_path / "key").exists()
    key, _ = installation_key(tmp_path), installation_key(tmp_path / "other")
    (tmp_path / "copy").mkdir()
    (tmp_path / "copy" / "key").write_bytes(key)
    assert key_id(tmp_path) == key_id(tmp_path / "copy") != key_id(tmp_path / "other")
    assert key.hex()[:16] != key_id(tmp_path)


def test_of_two_processes_that_start_at_once_both_have_the_key_of_the_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other writes it between the look at the file and the making of a key."""
    other = bytes(range(32))

    def drawn(size: int) -> bytes:
        (tmp_path / "key").write_bytes(other)
        return b"k" * size

    monkeypatch.setattr("penstock.base.keyfile.secrets.token_bytes", drawn)
    assert installation_key(tmp_path) == other
    assert (tmp_path / "key").read_bytes() == other


def test_a_link_that_leads_nowhere_is_replaced_by_a_key(tmp_path: Path) -> None:
    """As any file without one, and for all processes."""
    (tmp_path / "key").symlink_to(tmp_path / "gone")
    assert installation_key(tmp_path) == installation_key(tmp_path) == (tmp_path / "key").read_bytes()
    assert not (tmp_path / "gone").exists()


def test_a_file_system_without_hard_links_keeps_the_key_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As FAT and some folders shared with containers."""

    def refuse(*_: object) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr("penstock.base.private_files.os.link", refuse)
    assert installation_key(tmp_path) == installation_key(tmp_path) == (tmp_path / "key").read_bytes()
