"""The columns that a person chose."""

from __future__ import annotations

import stat

import pytest

from penstock.base.errors import PenstockError
from penstock_tui.data.chosen_columns import chosen_columns, columns_file, remember_columns


def test_they_are_remembered() -> None:
    """For their owner alone, and nothing is left beside them."""
    assert chosen_columns() == ()
    remember_columns(["time", "prompt"])
    remember_columns(["time", "saved"])
    assert chosen_columns() == ("time", "saved")
    assert stat.S_IMODE(columns_file().stat().st_mode) == 0o600
    assert [file.name for file in columns_file().parent.iterdir()] == [columns_file().name]


@pytest.mark.parametrize("content", [b"", b"{}", b"[1]", b"\xff", b"[" * 100_000])
def test_a_broken_file_is_named(content: bytes) -> None:
    """So that a person knows what is ignored."""
    columns_file().parent.mkdir(parents=True)
    columns_file().write_bytes(content)
    with pytest.raises(PenstockError, match="tui-columns"):
        chosen_columns()


def test_a_folder_that_cannot_be_written_is_named() -> None:
    columns_file().mkdir(parents=True)
    with pytest.raises(PenstockError, match="cannot be written"):
        remember_columns(["time"])
