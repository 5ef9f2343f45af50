"""Moves restored files to their places in the store's folder: `place` moves all of them or none, and raises `OSError`
(`FileExistsError` if a target is there already). `take_back` removes what a restore that was killed has placed, and
raises `BackupError` if a file was changed since; `alone` locks the folder, and raises `BackupError` if another restore
runs.

Before the first file is moved, a marker beside the store lists them all; it is removed after the last one. By it the
next restore finds the files that an interrupted one has put in place.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from penstock.backup.contents import Part
from penstock.backup.errors import BackupError
from penstock.base.paths import make_private
from penstock.base.private_files import sync, write_file

try:
    import fcntl
except ImportError:  # Windows: nothing keeps a second restore off
    fcntl = None  # type: ignore[assignment]

__all__ = ["COPIES", "alone", "place", "take_back"]

COPIES = ".restore-"
"""How the names of folders with files that are not in place yet begin."""
_MARKER = ".restoring"
_Name = Annotated[str, Field(pattern=r"^(memory/)?[^/\\\x00]+$")]


class _File(BaseModel):
    """Size and time of a file to put in place. Once something uses the file, its time differs."""

    model_config = ConfigDict(extra="forbid")

    size: int
    mtime_ns: int

    def is_at(self, target: Path) -> bool:
        """Whether `target` is this file, unchanged, and no database that was opened since: it would have a `-wal`."""
        if not os.path.lexists(target) or os.path.lexists(target.with_name(f"{target.name}-wal")):
            return False
        return _file(target) == self


class _Marker(BaseModel):
    """The marker file: what an unfinished restore puts in place."""

    model_config = ConfigDict(extra="forbid")

    copies: str = Field(pattern=rf"^\{COPIES}[^/\\\x00]+$")
    files: dict[_Name, _File]
    """By their place in the store's folder."""


def place(parts: list[Part], copies: Path, store: Path) -> None:
    """Move the parts from `copies`, a folder beside the store, to where they belong, or none of them. Raises
    `OSError`."""
    home = store.parent
    targets = [(copies / part.name, part.path(store)) for part in parts]
    files = {target.relative_to(home).as_posix(): _file(source) for source, target in targets}
    try:
        write_file(home / _MARKER, _Marker(copies=copies.name, files=files).model_dump_json().encode())  # synced
        for source, target in targets:
            make_private(target.parent)
            sync(source)
            _move(source, target)
        for folder in {home, *(target.parent for _, target in targets)}:
            sync(folder)
    except BaseException:
        _remove(home, files)
        raise
    (home / _MARKER).unlink()
    sync(home)


@contextmanager
def alone(home: Path) -> Iterator[None]:
    """Lock the folder `home` against other restores while the block runs. Raises `BackupError` if another restore has
    the lock, and `OSError`."""
    if fcntl is None:
        yield
        return
    folder = os.open(home, os.O_RDONLY)  # the folder itself: no file is left
    try:
        try:
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as e:
            raise BackupError(f"another restore to {home} is under way: wait until it has ended") from e
        yield
    finally:
        os.close(folder)


def take_back(home: Path) -> None:
    """Remove the files that an interrupted restore has put in the folder `home`, if there was one. Raises
    `BackupError`, and removes nothing, if one of them was changed since or the marker cannot be read. Raises
    `OSError`."""
    marker = home / _MARKER
    try:
        found = _Marker.model_validate_json(marker.read_bytes())
    except FileNotFoundError:
        return
    except ValidationError as e:
        raise BackupError(f"{marker}, which an interrupted restore has left, cannot be read: move it away") from e
    for name, file in found.files.items():
        if os.path.lexists(home / name) and not file.is_at(home / name):
            raise BackupError(
                f"an earlier restore to {home} was interrupted when not all files were in place, and {home / name} was "
                f"changed since: stop the service and the proxy, and move {', '.join(found.files)} there away"
            )
    _remove(home, found.files)
    shutil.rmtree(home / found.copies, ignore_errors=True)  # what was not put in place


def _remove(home: Path, files: dict[str, _File]) -> None:
    for name, file in files.items():
        if file.is_at(home / name):
            (home / name).unlink()
    (home / _MARKER).unlink(missing_ok=True)


def _move(source: Path, target: Path) -> None:
    try:
        os.link(source, target)  # unlike a rename, it never takes the place of what came meanwhile
    except FileExistsError:
        raise
    except OSError:  # the file system has no hard links; where something else is wrong the rename says so
        if os.path.lexists(target):
            raise FileExistsError(f"{target} is there already") from None
        source.rename(target)


def _file(file: Path) -> _File:
    found = file.lstat()
    return _File(size=found.st_size, mtime_ns=found.st_mtime_ns)
