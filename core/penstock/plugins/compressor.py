"""The interface of compressors (`Compressor`), functions that return a shorter form of a tool output or None:
`ToolOutput` and `KnownContent`, what they get, `Compressed`, what they return. `handle_of`: the name under which an
original is found again."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from penstock.base.renamed import Renamed
from penstock.profiles.profile import Aggressiveness

__all__ = ["Compressed", "Compressor", "KnownContent", "ToolOutput", "handle_of"]

_EXPAND = re.compile(r"(?:[\w-]*penstock_{1,2})?expand")
_COMMAND = re.compile(r"\bpenstock\b[^|;&\n]{1,200}?\bexpand\b")


@dataclass(frozen=True)
class KnownContent:
    """What the conversation already contains in full, besides the tool output to be added."""

    names: frozenset[str] = frozenset()
    """Paths, identifiers, hashes and numbers."""
    lines: frozenset[str] = frozenset()
    """Stripped lines of 24 characters or more, without line numbers."""


@dataclass(frozen=True)
class ToolOutput:
    """One tool output on its way to the model, not sent yet."""

    text: str
    tool: str = ""
    """The tool's name as the client calls it; empty when unknown."""
    input: Mapping[str, Any] = field(default_factory=dict)
    question: str = ""
    """What the agent is after: the person's last message, and the agent's own last words where they are at hand."""
    aggressiveness: Aggressiveness = "safe"
    seen: Callable[[], KnownContent] | None = None
    """Tells what stands in the conversation; it is worked out when called. None: nothing is known about that, so every
    name counts as news."""
    can_expand: bool = True
    """The agent can ask for the original. Where it can not, more is to stay."""

    setting = Renamed("aggressiveness")

    @property
    def is_original(self) -> bool:
        """The agent asked for an original, by the tool or the command: it is not to be shortened once more."""
        return bool(_EXPAND.fullmatch(self.tool)) or any(_COMMAND.search(str(v)) for v in self.input.values())


@dataclass(frozen=True)
class Compressed:
    """The shorter form of a tool output."""

    text: str
    lossless: bool
    """True when every value of the original can be told from `text` (and, for an edit's echo, the call right before
    it). False when lines were left out; then the first line of `text` says how many, and how to see them."""
    kind: str
    """The kind of output that was recognised: `search`, `tests`, ..."""
    lines_kept: int
    lines: int
    """How many lines the original has; `text` conveys `lines_kept` of them."""

    kept_lines = Renamed("lines_kept")


Compressor = Callable[[ToolOutput], Compressed | None]
"""Returns None if nothing can be gained, or if the output is of a kind the compressor does not handle. The same output
must give the same answer every time."""


def handle_of(text: str) -> str:
    """The name under which `penstock expand` shows an original: the beginning of the SHA-256 of its UTF-8."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:8]
