"""Files that a prompt names, as `@docs/plan.md`: a client would read them, and a replay on this machine does."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Mention", "mentioned"]

MOST = 5
"""Of one prompt."""
FILE_BYTES = 256 << 10
"""Of a file; what is behind that is not read."""
_NAMED = re.compile(r"(?<!\S)@([^\s,;:!?\"'<>()]+)")


@dataclass(frozen=True, slots=True)
class Mention:
    """A file, and its text."""

    path: str
    """As the prompt has it."""
    text: str


def mentioned(prompt: str, folder: Path) -> list[Mention]:
    """Those that are files with text, beside `folder` or by their full path; other words with an @ are words."""
    found = {name.rstrip("."): None for name in _NAMED.findall(prompt)}
    return list(_read(list(found)[:MOST], folder))


def _read(names: list[str], folder: Path) -> Iterator[Mention]:
    for name in names:
        try:
            file = folder / Path(name).expanduser()
            if not file.is_file():
                continue
            with file.open("rb") as opened:
                raw = opened.read(FILE_BYTES)
        except (OSError, RuntimeError, ValueError):  # it cannot be read, no such home, a zero byte
            continue
        if raw and b"\0" not in raw:
            yield Mention(name, raw.decode("utf-8", "replace"))
