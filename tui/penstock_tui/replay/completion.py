"""`completed`: completes a file path that the user is typing in the replay view."""

from __future__ import annotations

import os
from itertools import islice
from pathlib import Path

__all__ = ["completed"]

LOOKED_AT = 2000
"""The number of a folder's entries that are read."""


def completed(typed: str) -> str | None:
    """`typed` completed with the first name that begins so; a folder's ends with a slash. None: there is none, or the
    folder cannot be read."""
    folder, name = os.path.split(typed)
    if not typed or (not name and not folder):
        return None
    try:
        with os.scandir(Path(folder or ".").expanduser()) as entries:
            found = sorted(
                (entry.name, entry.is_dir()) for entry in islice(entries, LOOKED_AT) if _fits(entry.name, name)
            )
    except (OSError, RuntimeError, ValueError):  # no such folder, no such home, a zero byte
        return None
    if not found:
        return None
    rest, is_folder = found[0][0][len(name) :], found[0][1]
    whole = f"{typed}{rest}{'/' if is_folder else ''}"
    return whole if whole != typed else None


def _fits(entry: str, name: str) -> bool:
    """Hidden files are offered only when a dot was typed."""
    return entry.startswith(name) and (bool(name) or not entry.startswith("."))
