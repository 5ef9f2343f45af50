"""Read a transcript line by line. One that is damaged, or still being written, gives what can be read of it."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from penstock.base.errors import PenstockError
from penstock.transcripts import claude_code, codex
from penstock.transcripts.files import is_rollout
from penstock.transcripts.turns import Transcript

__all__ = ["read"]

_HALF = re.compile("[\ud800-\udfff]")
"""Half a character: clients cut texts in the middle of one."""


def read(file: Path) -> Transcript:
    """What was said in a session. Raises `PenstockError` when the file cannot be opened or read."""
    take = codex.take if is_rollout(file) else claude_code.take
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
    """JSON; in the place of half a character there is U+FFFD."""
    try:
        return msgspec.json.decode(line)
    except msgspec.MsgspecError:
        if b"\\u" not in line:
            raise
        whole = _HALF.sub("\ufffd", json.dumps(json.loads(line), ensure_ascii=False))
        return msgspec.json.decode(whole)
