"""`chosen_columns` and `remember_columns`: load and save which columns of the request log the user chose, in a file of
the state folder (`columns_file`). Both raise `PenstockError` where the file cannot be used."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from penstock.base import paths
from penstock.base.errors import PenstockError
from penstock.base.private_files import write_file

__all__ = ["chosen_columns", "columns_file", "remember_columns"]


def columns_file() -> Path:
    """The file that holds the user's choice of columns."""
    return paths.state_dir() / "tui-columns.json"


def chosen_columns() -> tuple[str, ...]:
    """The titles of the chosen columns. Empty: as many as fit the window, by rank. Raises `PenstockError` for a file
    that cannot be read."""
    file = columns_file()
    try:
        found = json.loads(file.read_bytes())
    except FileNotFoundError:
        return ()
    except (OSError, ValueError, RecursionError) as e:
        raise PenstockError(f"{file} cannot be read: {e}") from e
    if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
        raise PenstockError(f"{file} is no list of columns")
    return tuple(found)


def remember_columns(titles: Sequence[str]) -> None:
    """Save the choice. Raises `PenstockError` if the file cannot be written."""
    file = columns_file()
    try:
        paths.make_private(file.parent)
        write_file(file, json.dumps(list(titles)).encode())
    except OSError as e:
        raise PenstockError(f"{file} cannot be written: {e}") from e
