"""What the memory of a piece of work goes by: the folder it is done in."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["project_of_folder"]

_WORKTREE = "/.git/worktrees/"


def project_of_folder(folder: str | Path) -> str:
    """The name of the project that work in `folder` belongs to: the path of the repository around it, of the main one
    for a worktree, or of the folder itself. A folder that is not on this machine goes by its own name; none, by none.
    """
    if not str(folder).strip():
        return ""
    try:
        here, home = Path(os.path.realpath(Path(folder).expanduser())), Path.home()
        for place in (here, *here.parents):
            if place == home:
                break  # settings kept under version control do not make one project of all that is in a home
            git = place / ".git"
            if git.is_dir():
                return str(place)
            if git.is_file():
                return _main_of(git) or str(place)
    except (OSError, ValueError, RuntimeError):
        return str(folder)  # too long, a zero byte, no such home: a name all the same
    return str(here)


def _main_of(git: Path) -> str:
    """The repository that a worktree belongs to; a submodule is a project of its own."""
    target = git.read_text(encoding="utf-8", errors="replace").removeprefix("gitdir:").strip().replace("\\", "/")
    main, is_worktree, _ = target.partition(_WORKTREE)
    return main if is_worktree else ""
