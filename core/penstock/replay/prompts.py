"""A file of prompts: one a line. Blank lines, and those that begin with #, are passed over; /clear forgets the history,
as it does in a client."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from penstock.base.errors import PenstockError

__all__ = ["Prompt", "Prompts", "read_prompts"]

CLEAR = "/clear"
FILE_BYTES = 16 << 20
FAULTS = 3
MOST = 5000
"""Each prompt is sent with all before it: the work grows with their square."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """What a person says."""

    line: int
    """Of the file, from 1."""
    text: str
    is_anew: bool = False
    """It begins with an empty history. What is remembered is remembered."""


@dataclass(slots=True)
class Prompts:
    """What a file holds."""

    found: list[Prompt] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    """Lines that cannot be read, and why; they are left out. The first of them."""
    left_out: int = 0
    """All of them."""


def read_prompts(file: Path) -> Prompts:
    """Raises `PenstockError` when the file cannot be read, is too large, or holds no prompt."""
    prompts, is_anew = Prompts(), False
    for number, raw in enumerate(_bytes(file).removeprefix(b"\xef\xbb\xbf").split(b"\n"), 1):
        try:
            text = raw.decode("utf-8").strip()
        except UnicodeDecodeError as e:
            prompts.left_out += 1
            if len(prompts.faults) < FAULTS:
                prompts.faults.append(f"{file}: line {number}: byte {e.start + 1} is no UTF-8 (0x{raw[e.start]:02x})")
            continue
        if text == CLEAR:
            is_anew = True
        elif text and not text.startswith("#"):
            prompts.found.append(Prompt(number, text, is_anew))
            is_anew = False
    if not prompts.found:
        more = f"; {prompts.faults[0]}" if prompts.faults else ""
        raise PenstockError(f"{file} holds no prompt: one on each line was expected{more}")
    if len(prompts.found) > MOST:
        raise PenstockError(f"{file} holds {len(prompts.found):,} prompts; at most {MOST:,} can be one conversation")
    return prompts


def _bytes(file: Path) -> bytes:
    try:
        if file.stat().st_size > FILE_BYTES:
            raise PenstockError(f"{file} is larger than {FILE_BYTES >> 20} MB: it is no list of prompts")
        with file.open("rb") as opened:  # what has no size, such as a pipe, is cut
            return opened.read(FILE_BYTES)
    except OSError as e:
        raise PenstockError(f"{file} cannot be read: {e.strerror or e}") from e
