"""Writes files that only their owner can read, whole or not at all, and never through a symbolic link: `write_file`,
`replacing` (a block that writes one), `whole_file` (at a path that a person named), `create`. `append_line` adds a line
to one, `free_name` finds a name for a new file, `open_lock` opens a lock file, `sync` flushes one to the disk,
`check_folder` sees that there is a folder for one.

Raises `OSError`; `whole_file` and `check_folder` raise `PenstockError`, with the next step, the former for a link, a
device, or an existing file that must not be replaced.
"""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from io import TextIOWrapper
from itertools import count
from pathlib import Path
from typing import BinaryIO, TextIO

from penstock.base.errors import PenstockError

__all__ = [
    "append_line",
    "check_folder",
    "create",
    "free_name",
    "open_lock",
    "replacing",
    "sync",
    "whole_file",
    "write_file",
]

PRIVATE = 0o600
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL
_SAFE = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
"""Flags that not every system has."""
_LONGEST = 100
"""Characters of a file's name that the name of its unfinished copy repeats: names may have 255 bytes."""


def check_folder(file: Path) -> None:
    """Raises `PenstockError` if a file that a person named is in no folder. The system's error would name the
    unfinished copy."""
    if not file.parent.is_dir():
        raise PenstockError(
            f"{file} cannot be written: there is no folder {file.parent}: make it with `mkdir -p`, or name another file"
        )


def create(file: Path, mode: int = PRIVATE) -> BinaryIO:
    """Create a file for writing, with exactly these permissions, whatever the umask. Raises `FileExistsError` if the
    name is taken, even by a dangling link, and `OSError`."""
    fd = os.open(file, _NEW | _SAFE, mode)
    if hasattr(os, "fchmod"):
        os.fchmod(fd, mode)
    return os.fdopen(fd, "wb")


def append_line(file: Path, line: bytes) -> None:
    """Add a line, which has no end yet, to `file`, made if it is missing. Processes that do so at once get a line each.
    Raises `OSError`."""
    fd = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT | _SAFE, PRIVATE)
    try:
        os.write(fd, line + b"\n")
    finally:
        os.close(fd)


def free_name(folder: Path, kind: str, name: str, suffix: str, ends: Sequence[str] = ("",)) -> Path:
    """A path in `folder`, named after `kind` and `name`, that is free, with a number added if the name is taken.
    `ends`: endings of several files that share the name; all of them are free."""
    stem = f"{kind}-{re.sub(r'[^A-Za-z0-9_-]+', '-', name).strip('-')[:60] or 'unnamed'}"
    stems = (f"{stem}-{n}" if n > 1 else stem for n in count(1))
    free = (one for one in stems if not any(os.path.lexists(folder / f"{one}{end}{suffix}") for end in ends))
    return folder / f"{next(free)}{suffix}"


def open_lock(file: Path) -> int:
    """Open a lock file, made if it is missing, and return its descriptor. Raises `OSError`, also if it is a link."""
    return os.open(file, os.O_WRONLY | os.O_CREAT | _SAFE, PRIVATE)


@contextmanager
def replacing(file: Path, mode: int = PRIVATE, *, replace: bool = True) -> Iterator[BinaryIO]:
    """A new file that replaces `file`, whole, at the end of the block; if the block raises, the old one stays. It is
    written beside `file` under a random name. A link at `file` is replaced, not followed. Without `replace`, raises
    `FileExistsError` if anything has that name at the end. Raises `OSError`."""
    part = file.with_name(f".{file.name[:_LONGEST]}.{secrets.token_hex(8)}.part")
    try:
        with create(part, mode) as out:
            yield out
        sync(part)  # else a power cut could leave the new name with nothing in it
        if replace:
            part.replace(file)
        else:
            os.link(part, file)  # unlike a rename, it never takes the place of what came meanwhile
        sync(file.parent)
    finally:
        part.unlink(missing_ok=True)


def sync(path: Path) -> None:
    """Flush a file, or the names in a folder, to the disk (fsync), where the system can."""
    with suppress(OSError):
        fd = os.open(path, os.O_RDONLY)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)


def write_file(file: Path, content: bytes, mode: int = PRIVATE) -> None:
    """Write `file` whole or not at all, as `replacing` does. Raises `OSError`."""
    with replacing(file, mode) as out:
        out.write(content)


@contextmanager
def whole_file(file: Path, *, replace: bool = True, by_force: str = "") -> Iterator[TextIO]:
    """Write a text file at a path that a person named, whole or not at all. A link, a device or a folder is refused; so
    is an existing file without `replace`; `by_force`: the option that would replace it. Raises `PenstockError`."""
    if file.is_symlink():
        raise PenstockError(f"{file} is a link, and was left as it is: name the file that it leads to, or another one")
    if file.exists() and not file.is_file():
        raise PenstockError(f"{file} is no file that could be replaced: name another one")
    if not replace and file.exists():
        way_out = f", or {by_force} replaces it" if by_force else ""
        raise PenstockError(f"{file} is there already: name another file{way_out}")
    check_folder(file)
    try:
        with (
            replacing(file, replace=replace) as raw,
            TextIOWrapper(raw, encoding="utf-8") as out,
        ):
            yield out
    except OSError as e:
        raise PenstockError(f"{file} cannot be written: {e}") from e
