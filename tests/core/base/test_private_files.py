"""Files that are written whole or not at all, for their owner alone, and never through a link."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path

import pytest

from penstock.base.errors import PenstockError
from penstock.base.private_files import (
    append_line,
    check_folder,
    create,
    free_name,
    open_lock,
    replacing,
    whole_file,
    write_file,
)


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


def test_a_link_is_not_written_through(tmp_path: Path) -> None:
    """Nor replaced, where a person named it: the message says so, and names it."""
    own, link = tmp_path / "own", tmp_path / "out.json"
    own.write_text("precious", encoding="utf-8")
    link.symlink_to(own)
    for replace in (True, False):
        with pytest.raises(PenstockError, match=r"out\.json is a link"), whole_file(link, replace=replace) as out:
            out.write("whole")
    assert own.read_text(encoding="utf-8") == "precious"
    assert link.is_symlink()
    assert names(tmp_path) == ["out.json", "own"]


@pytest.mark.parametrize("is_dangling", [True, False])
def test_what_is_new_is_made_nowhere_else(tmp_path: Path, is_dangling: bool) -> None:
    """A link at its name counts as a file, also one that leads nowhere; so it does for a lock."""
    own, link = tmp_path / "own", tmp_path / "new"
    if not is_dangling:
        own.touch()
    link.symlink_to(own)
    with pytest.raises(FileExistsError):
        create(link)
    with pytest.raises(OSError, match="new"):
        open_lock(link)
    assert own.exists() is not is_dangling


def test_a_file_of_ours_takes_the_place_of_a_link(tmp_path: Path) -> None:
    """In our own folders a link is nobody's wish: it goes, and what it led to stays."""
    own, link = tmp_path / "own", tmp_path / "proxy.json"
    own.write_text("precious", encoding="utf-8")
    link.symlink_to(own)
    write_file(link, b"ours")
    assert (own.read_text(encoding="utf-8"), link.read_bytes()) == ("precious", b"ours")
    assert not link.is_symlink()


@pytest.mark.parametrize("umask", [0, 0o077])
def test_permissions_are_as_asked(tmp_path: Path, umask: int) -> None:
    """Whatever the umask, also of what was there before."""
    file = tmp_path / "it"
    file.touch(0o666)
    before = os.umask(umask)
    try:
        for mode in (0o600, 0o644):
            write_file(file, b"it", mode)
            assert stat.S_IMODE(file.stat().st_mode) == mode
    finally:
        os.umask(before)


def test_an_unfinished_copy_cannot_be_foreseen(tmp_path: Path) -> None:
    """Its name is another each time, and as long as a name may be at the most."""
    seen = set()
    for _ in range(3):
        with replacing(tmp_path / ("n" * 250)):
            seen.update(names(tmp_path))
    assert len(seen - {"n" * 250}) == 3
    assert names(tmp_path) == ["n" * 250]


def test_a_free_name(tmp_path: Path) -> None:
    """After what it is of; a number where that is taken; nothing of a name leads out of the folder."""
    first = free_name(tmp_path, "penstock", "../../etc/pass wd", ".json")
    assert first == tmp_path / "penstock-etc-pass-wd.json"
    first.touch()
    assert free_name(tmp_path, "penstock", "../../etc/pass wd", ".json").name == "penstock-etc-pass-wd-2.json"
    assert free_name(tmp_path, "penstock", "///", ".html").name == "penstock-unnamed.html"


def test_a_link_has_its_name(tmp_path: Path) -> None:
    """Also one that leads nowhere: what is written there would be written elsewhere."""
    (tmp_path / "penstock-s.json").symlink_to(tmp_path / "nowhere")
    assert free_name(tmp_path, "penstock", "s", ".json").name == "penstock-s-2.json"


def test_a_line_is_added_for_the_owner_alone(tmp_path: Path) -> None:
    """To what others have added; and not through a link, which may lead anywhere."""
    file = tmp_path / "lines"
    append_line(file, b"one")
    append_line(file, b"two")
    assert file.read_bytes() == b"one\ntwo\n"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    (link := tmp_path / "link").symlink_to(file)
    with pytest.raises(OSError, match="link"):
        append_line(link, b"three")


def test_a_folder_that_is_missing_is_named(tmp_path: Path) -> None:
    """Not the file under a random name that is written first."""
    file = tmp_path / "none" / "out.json"
    with pytest.raises(PenstockError, match=f"there is no folder {file.parent}: make it") as refused, whole_file(file):
        pass
    assert ".part" not in str(refused.value)
    check_folder(tmp_path / "out.json")
