"""`read_prompts`: reads a file of prompts, one a line (`Prompts`), at most 5,000 and 16 MB; blank lines and lines that
begin with # are skipped. `prompts_of` takes a list as it is. In both, /clear resets the history, as in a client; both
raise `PenstockError` if there is no prompt. `mentioned`: the texts of the files that a prompt names, as
`@docs/plan.md`, for offline replays."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from penstock.base.errors import PenstockError

__all__ = ["MOST", "Prompt", "Prompts", "mentioned", "prompts_of", "read_prompts"]

CLEAR = "/clear"
FILE_BYTES = 16 << 20
FAULTS = 3
MOST = 5000
"""Each prompt is sent with all before it: the work grows with their square."""
MENTIONS, MENTION_BYTES = 5, 256 << 10
"""Files of one prompt that are read, and how much of each."""
_MENTIONED = re.compile(r"(?<!\S)@([^\s,;:!?\"'<>()]+)")


@dataclass(frozen=True, slots=True)
class Prompt:
    """One prompt of the file."""

    line: int
    """The line in the file, or the place in the list, from 1."""
    text: str
    after_clear: bool = False
    """The history is emptied before the prompt. Memory is kept."""


@dataclass(slots=True)
class Prompts:
    """The prompts of a file, and what could not be read."""

    found: list[Prompt] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    """The first lines that could not be read, and why."""
    left_out: int = 0
    """How many lines could not be read."""

    @property
    def remarks(self) -> list[str]:
        """What a person should know of lines that were left out."""
        more = self.left_out - len(self.faults)
        return [f"left out {fault}" for fault in self.faults] + ([f"left out {more:,} more such lines"] if more else [])


def read_prompts(file: Path) -> Prompts:
    """The prompts of a file. Raises `PenstockError` if it cannot be read, is too large, or holds no prompt."""
    prompts, after_clear = Prompts(), False
    for number, raw in enumerate(_bytes(file).removeprefix(b"\xef\xbb\xbf").split(b"\n"), 1):
        try:
            text = raw.decode("utf-8").strip()
        except UnicodeDecodeError as e:
            prompts.left_out += 1
            if len(prompts.faults) < FAULTS:
                prompts.faults.append(f"{file}: line {number}: byte {e.start + 1} is no UTF-8 (0x{raw[e.start]:02x})")
            continue
        if text == CLEAR:
            after_clear = True
        elif text and not text.startswith("#"):
            prompts.found.append(Prompt(number, text, after_clear))
            after_clear = False
    if not prompts.found:
        more = f"; {prompts.faults[0]}" if prompts.faults else ""
        raise PenstockError(f"{file} holds no prompt: one on each line was expected{more}")
    if len(prompts.found) > MOST:
        raise PenstockError(f"{file} holds {len(prompts.found):,} prompts; at most {MOST:,} can be one conversation")
    return prompts


def prompts_of(texts: Iterable[str]) -> Prompts:
    """Prompts from a list, which may have several lines each; /clear resets the history. Raises `PenstockError` when
    there is none."""
    prompts, after_clear = Prompts(), False
    for number, text in enumerate(texts, 1):
        if text.strip() == CLEAR:
            after_clear = True
        elif text.strip():
            prompts.found.append(Prompt(number, text.strip(), after_clear))
            after_clear = False
    if not prompts.found:
        raise PenstockError("there is no prompt among these: texts were expected")
    return prompts


def _bytes(file: Path) -> bytes:
    try:
        if file.stat().st_size > FILE_BYTES:
            raise PenstockError(f"{file} is larger than {FILE_BYTES >> 20} MB: it is no list of prompts")
        with file.open("rb") as opened:  # what has no size, such as a pipe, is cut
            return opened.read(FILE_BYTES)
    except OSError as e:
        raise PenstockError(f"{file} cannot be read: {e.strerror or e}") from e


def mentioned(prompt: str, folder: Path) -> dict[str, str]:
    """The texts of the files that a prompt names, beside `folder` or by their full path, by the name it uses; other
    words with an @ are words."""
    names = dict.fromkeys(name.rstrip(".") for name in _MENTIONED.findall(prompt))
    raw = {name: _begin_of(folder, name) for name in list(names)[:MENTIONS]}
    return {name: text.decode("utf-8", "replace") for name, text in raw.items() if text and b"\0" not in text}


def _begin_of(folder: Path, name: str) -> bytes:
    try:
        file = folder / Path(name).expanduser()
        if not file.is_file():
            return b""
        with file.open("rb") as opened:
            return opened.read(MENTION_BYTES)
    except (OSError, RuntimeError, ValueError):  # it cannot be read, no such home, a zero byte
        return b""
