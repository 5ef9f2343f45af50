"""`Uploads`: the files that were uploaded to be imported or remembered, kept until their job has ended (`create`,
`open`, `remove`, `remove_others`). Only their owner can read them. Raises `OSError`, and `ValueError` for a name that
is no upload's."""

from __future__ import annotations

import math
import re
import secrets
from collections.abc import Collection
from pathlib import Path
from typing import BinaryIO

from penstock.base.paths import make_private
from penstock.base.private_files import create

__all__ = ["UPLOAD", "Uploads"]

UPLOAD = r"^[0-9a-f]{32}$"
"""The pattern of an upload's name, which is never a path."""


class Uploads:
    """The uploads in one folder, which only its owner can read."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def create(self) -> tuple[str, BinaryIO]:
        """Create an upload. Returns its name, and the file to write to. Raises `OSError`."""
        make_private(self._folder)
        name = secrets.token_hex(16)
        return name, create(self._folder / name)

    def open(self, name: str) -> BinaryIO:
        """Open an upload for reading. Raises `OSError`, and `ValueError` for an invalid name."""
        return self._file(name).open("rb")

    def remove(self, name: str) -> None:
        """Delete an upload, if it exists."""
        self._file(name).unlink(missing_ok=True)

    def remove_others(self, kept: Collection[str], before: float) -> int:
        """Delete the uploads, except `kept`, that were last written before this time. Returns how many. Younger ones
        may still be being received. Raises `OSError`."""
        names = [file.name for file in self._folder.glob("*") if re.fullmatch(UPLOAD, file.name)]
        old = [name for name in names if name not in kept and self._written_at(name) < before]
        for name in old:
            self.remove(name)
        return len(old)

    def _written_at(self, name: str) -> float:
        try:
            return self._file(name).stat().st_mtime
        except FileNotFoundError:  # its job has ended meanwhile
            return math.inf

    def _file(self, name: str) -> Path:
        if not re.fullmatch(UPLOAD, name):
            raise ValueError(f"{name!r} is no upload")
        return self._folder / name
