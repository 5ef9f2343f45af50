"""Read a transcript line by line. One that is damaged, or still being written, gives what can be read of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from penstock.errors import PenstockError
from penstock.transcripts import claude_code, codex
from penstock.transcripts.files import is_rollout
from penstock.transcripts.turns import Transcript

__all__ = ["read"]


def read(file: Path) -> Transcript:
    """What was said in a session. Raises `PenstockError` when the file cannot be opened or read."""
    take = codex.take if is_rollout(file) else claude_code.take
    out = Transcript(file)
    try:
        with file.open("rb") as lines:
            for number, line in enumerate(lines, 1):
                if line.strip() and not _taken(line, take, out):
                    out.broken.append(number)
    except OSError as e:
        raise PenstockError(f"{file} cannot be read: {e.strerror or e}") from e
    out.end()
    out.session = out.session or file.stem
    return out


def _taken(line: bytes, take: Callable[[Mapping[str, Any], Transcript], None], out: Transcript) -> bool:
    try:
        found = msgspec.json.decode(line)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return False
    if not isinstance(found, dict):
        return False
    take(found, out)
    return True
