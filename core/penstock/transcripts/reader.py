"""`found`: finds the transcripts of Claude Code and Codex in folders, by default their own (`homes`); raises
`PenstockError` for a place that does not exist. `read`: reads one line by line, of a damaged or unfinished one what can
be read; raises `PenstockError` if it cannot be opened."""

from __future__ import annotations

import codecs
import json
import os
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from penstock.base.errors import PenstockError
from penstock.transcripts import claude_code, codex
from penstock.transcripts.turns import Transcript

__all__ = ["found", "homes", "read"]

_HALF = re.compile("[\ud800-\udfff]")
"""A lone surrogate: clients cut texts in the middle of a character."""


def read(file: Path) -> Transcript:
    """The transcript in a file. Raises `PenstockError` if it cannot be opened or read."""
    take = codex.take if _is_rollout(file) else claude_code.take
    out = Transcript(file)
    try:
        with file.open("rb") as lines:
            for number, line in enumerate(lines, 1):
                line = line.removeprefix(codecs.BOM_UTF8) if number == 1 else line
                if line.strip() and not _taken(line, take, out):
                    out.broken.append(number)
    except OSError as e:
        raise PenstockError(f"{file} cannot be read: {e.strerror or e}") from e
    out.end()
    out.session = out.session or file.stem
    return out


def _taken(line: bytes, take: Callable[[Mapping[str, Any], Transcript], None], out: Transcript) -> bool:
    try:
        found = _decoded(line)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return False
    if not isinstance(found, dict):
        return False
    take(found, out)
    return True


def _decoded(line: bytes) -> Any:
    """The decoded JSON, with U+FFFD for lone surrogates."""
    try:
        return msgspec.json.decode(line)
    except msgspec.MsgspecError:
        if b"\\u" not in line:
            raise
        whole = _HALF.sub("\ufffd", json.dumps(json.loads(line), ensure_ascii=False))
        return msgspec.json.decode(whole)


def homes() -> list[Path]:
    """The existing folders on this machine to which clients write their transcripts."""
    claude = Path(os.environ.get("CLAUDE_CONFIG_DIR") or Path.home() / ".claude") / "projects"
    codex = Path(os.environ.get("CODEX_HOME") or Path.home() / ".codex") / "sessions"
    return [folder for folder in (claude, codex) if folder.is_dir()]


def found(places: Iterable[Path]) -> list[Path]:
    """The transcript files among `places`, files and folders, each once, sorted by name. Raises `PenstockError` for a
    place that does not exist."""
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


def _is_rollout(file: Path) -> bool:
    """Whether Codex wrote it."""
    return file.name.startswith("rollout-")
