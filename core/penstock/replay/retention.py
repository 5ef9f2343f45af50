"""`RetentionTracker`: measures retention (`RetentionStats`): of the names and lines that the agent used from tool
results (`names_in`, `lines_in`), how many were in the request after editing.

A proxy for the harm an edit does. When the agent's next message names something from a tool result, that name should
have been in the request that the model received. The answers of a recording are fixed, so this tells what the model
would have lacked, not what it would have done.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from penstock.conversation.conversation import Block, BlockKind, Conversation, Role

__all__ = ["RetentionStats", "RetentionTracker", "lines_in", "names_in"]

_NAME = re.compile(
    r"(?<![\w.-])[\w.-]++(?:/[\w.-]++)++"  # paths
    r"|\b[A-Za-z_]\w*(?:(?:\.|::|->)\w+)+"  # dotted names, files with an ending
    r"|\b[A-Za-z]+(?:_\w+)+|\b_+\w{2,}"  # snake_case
    r"|\b[a-z]+[A-Z]\w+|\b[A-Z][a-z]+[A-Z]\w*"  # camelCase
    r"|\b[A-Za-z]*\d[A-Za-z\d]{3,}\b"  # numbers and hashes of four or more
)
_NUMBERED = re.compile(r"^\s*\d+(?:\t|→|[:|] ?)")
"""Line numbers that tools put before the lines of a file."""
SHORTEST = 20
"""Characters from which on an equal line counts as quoted."""
LONGEST = 1 << 20
"""Characters of a text that are looked at."""


@dataclass(slots=True)
class RetentionStats:
    """How many of the used names and lines were retained."""

    names: int = 0
    names_used: int = 0
    lines: int = 0
    lines_used: int = 0


@dataclass(slots=True)
class RetentionTracker:
    """Measures retention in one conversation, request by request."""

    _count: int = 0
    """Messages of the last request."""
    _first: bytes = b""
    _names: set[str] = field(default_factory=set)
    """Names that tool results of the last request had."""
    _lines: set[str] = field(default_factory=set)
    _sent: str = ""
    """All texts of the last request as it was sent."""

    def take(self, came: Conversation, sent: Conversation, kept: RetentionStats) -> None:
        """Take the next request, as received and as sent, and count what the agent's messages since the last one
        used."""
        first = came.messages[0].key if came.messages else b""
        if len(came.messages) < self._count or first != self._first:  # another history
            self._count, self._names, self._lines = 0, set(), set()
        else:
            self._measure(came, kept)
        for message in came.messages[self._count :]:
            for block in message.blocks:
                if block.kind is BlockKind.TOOL_RESULT:
                    self._names |= set(names_in(block.text))
                    self._lines |= set(lines_in(block.text))
        self._count, self._first = len(came.messages), first
        self._sent = "\n".join(block.text for _, _, block in sent.blocks())

    def _measure(self, came: Conversation, kept: RetentionStats) -> None:
        for message in came.messages[self._count :]:
            if message.role is not Role.ASSISTANT:
                continue
            said = "\n".join(text for block in message.blocks for text in _said(block))
            names = {name for name in names_in(said) if name in self._names}
            lines = {line for line in lines_in(said) if line in self._lines}
            kept.names_used += len(names)
            kept.names += sum(name in self._sent for name in names)
            kept.lines_used += len(lines)
            kept.lines += sum(line in self._sent for line in lines)


def _said(block: Block) -> Iterator[str]:
    """The texts of a block; of a tool call, the strings in its input, unescaped."""
    if block.kind is BlockKind.TEXT:
        yield block.text
    elif block.kind is BlockKind.TOOL_USE:
        try:
            yield from _texts(json.loads(block.text))
        except (ValueError, RecursionError):
            yield block.text


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for one in value.values() if isinstance(value, dict) else value:
            yield from _texts(one)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield str(value)


def names_in(text: str) -> Iterator[str]:
    """Paths, identifiers, numbers and hashes."""
    for found in _NAME.finditer(text[:LONGEST]):
        yield found[0].strip(".-")


def lines_in(text: str) -> Iterator[str]:
    """Lines long enough to be quoted on purpose, without their numbers."""
    for line in text[:LONGEST].splitlines():
        bare = _NUMBERED.sub("", line).strip()
        if len(bare) >= SHORTEST:
            yield bare
