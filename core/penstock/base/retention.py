"""`keep_newest`: removes the oldest of files whose names hold the time they were made."""

from __future__ import annotations

from pathlib import Path

__all__ = ["keep_newest"]


def keep_newest(folder: Path, pattern: str, keep: int) -> list[Path]:
    """Remove all but the last `keep` files of `folder` that fit `pattern`, by name; those that were removed. Raises
    `OSError`."""
    files = sorted(file for file in folder.glob(pattern) if file.is_file() and not file.is_symlink())
    old = files[: max(0, len(files) - keep)]
    for file in old:
        file.unlink(missing_ok=True)
    return old
