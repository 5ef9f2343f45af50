"""`keep_newest`: deletes all but the last files of a folder by name: the newest, where the names have their times in
them."""

from __future__ import annotations

from pathlib import Path

__all__ = ["keep_newest"]


def keep_newest(folder: Path, pattern: str, keep: int) -> list[Path]:
    """Delete the files of `folder` that match the glob `pattern`, but for the last `keep` by name. Return the deleted
    ones. Raises `OSError`."""
    files = sorted(file for file in folder.glob(pattern) if file.is_file() and not file.is_symlink())
    old = files[: max(0, len(files) - keep)]
    for file in old:
        file.unlink(missing_ok=True)
    return old
