"""Files that are there whole or not at all."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path

import pytest

from penstock.errors import PenstockError
from penstock.snapshot.files import free_name, whole_file


def names(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir())


def test_only_its_owner_reads_it(tmp_path: Path) -> None:
    """It may hold what people said."""
    file = tmp_path / "out.json"
    with whole_file(file) as out:
        out.write("whole")
    assert (file.read_text(encoding="utf-8"), names(tmp_path)) == ("whole", ["out.json"])
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_what_broke_off_leaves_nothing(tmp_path: Path) -> None:
    """And what was there stays."""
    file = tmp_path / "out.json"
    file.write_text("before", encoding="utf-8")
    with suppress(ZeroDivisionError), whole_file(file) as out:
        out.write(str(1 // 0))
    assert (file.read_text(encoding="utf-8"), names(tmp_path)) == ("before", ["out.json"])


@pytest.mark.parametrize("came", ["before", "meanwhile"])
def test_nothing_is_overwritten_unasked(tmp_path: Path, came: str) -> None:
    """Not even what comes while it is written."""
    file = tmp_path / "out.html"
    if came == "before":
        file.write_text("mine", encoding="utf-8")
    with pytest.raises(PenstockError, match=r"is there already|File exists"), whole_file(file, replace=False):
        file.write_text("mine", encoding="utf-8")
    assert (file.read_text(encoding="utf-8"), names(tmp_path)) == ("mine", ["out.html"])


def test_what_is_no_file_is_not_replaced(tmp_path: Path) -> None:
    """A device, such as /dev/null, would be gone for all."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(PenstockError, match="is no file"), whole_file(pipe) as out:
        out.write("whole")
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    assert names(tmp_path) == ["pipe"]


def test_a_free_name(tmp_path: Path) -> None:
    """After the session; a number where that is taken; nothing of a name leads out of the folder."""
    first = free_name(tmp_path, "../../etc/pass wd", ".json")
    assert first == tmp_path / "penstock-etc-pass-wd.json"
    first.touch()
    assert free_name(tmp_path, "../../etc/pass wd", ".json").name == "penstock-etc-pass-wd-2.json"
    assert free_name(tmp_path, "///", ".html").name == "penstock-session.html"
