"""Where transcripts are."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from penstock.base.errors import PenstockError

__all__ = ["found", "homes", "is_rollout"]


def homes() -> list[Path]:
    """The folders of this machine that clients write their transcripts to, those that there are."""
    claude = Path(os.environ.get("CLAUDE_CONFIG_DIR") or Path.home() / ".claude") / "projects"
    codex = Path(os.environ.get("CODEX_HOME") or Path.home() / ".codex") / "sessions"
    return [folder for folder in (claude, codex) if folder.is_dir()]


def found(places: Iterable[Path]) -> list[Path]:
    """The transcripts in files and folders, each once, in the order of their names. Raises `PenstockError` for a place
    that is not there, or is neither."""
    out: dict[Path, None] = {}
    for place in places:
        if place.is_file():
            out[place.absolute()] = None
        elif place.is_dir():
            out |= dict.fromkeys(sorted(file.absolute() for file in place.rglob("*.jsonl") if file.is_file()))
        elif place.exists():
            raise PenstockError(
                f"{place} is no regular file: the path of a transcript, or of a folder of them, was expected"
            )
        else:
            raise PenstockError(f"{place} is not there: the path of a transcript, or of a folder of them, was expected")
    return list(out)


def is_rollout(file: Path) -> bool:
    """Whether Codex wrote it."""
    return file.name.startswith("rollout-")
