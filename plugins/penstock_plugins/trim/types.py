"""What a compressor is given and what it gives back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

__all__ = ["Compressed", "Seen", "Setting", "ToolOutput"]

Setting = Literal["safe", "balanced", "bold"]


@dataclass(frozen=True)
class Seen:
    """What already stands, whole, in the conversation that the output is about to join."""

    names: frozenset[str] = frozenset()
    """Paths, identifiers, hashes and numbers, as `names.names_in` finds them."""
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
    setting: Setting = "safe"
    seen: Seen | None = None
    """None: nothing is known about the conversation, so every name counts as news."""


@dataclass(frozen=True)
class Compressed:
    """The shorter form of a tool output."""

    text: str
    lossless: bool
    """True when every value of the original can be told from `text` (and, for an edit's echo, the call right before
    it). False when lines were left out; then the first line of `text` says how many, and how to see them."""
    kind: str
    kept_lines: int
    lines: int
    """Of the original; `kept_lines` of them are told by `text`."""
