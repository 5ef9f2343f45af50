"""`PartName`, the parts of a request (system prompt, tools, results, ...), and `Part`, the tokens of one; `part_of`,
the part that a block belongs to; and `share_out`, which divides a total of tokens among parts."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from penstock_tui.exchange.model import Block

__all__ = ["Part", "PartName", "part_of", "share_out"]

_ENVELOPE = re.compile(r"\s*<(?!user_query>|user_message>|command-args>)[A-Za-z]\w*[-_][\w-]*>")
"""How a text of the client's own begins. The log may have cut its end, so that is not looked at."""


class PartName(StrEnum):
    """The parts of a request, in the order in which the map shows them, which is about that of a request."""

    SYSTEM = "system"
    TOOLS = "tools"
    USER = "user text"
    REMINDERS = "reminders"
    """Texts that the client puts into a user's message by itself."""
    ASSISTANT = "assistant text"
    THINKING = "thinking"
    CALLS = "tool calls"
    RESULTS = "tool results"
    MEDIA = "media"
    NOTES = "our notes"
    RECORD = "our records"
    """Records of old turns, which stand in their place."""
    OTHER = "other"
    UNSEEN = "not in the log"
    """Sent before the log begins, or more at once than it lists."""

    @property
    def letter(self) -> str:
        """The letter that stands for the part, different for each."""
        return _LETTERS[self]

    @property
    def tone(self) -> str:
        return _TONES[self]


_LETTERS = dict(zip(PartName, "STUIAKCRMNOX?", strict=True))
_TONES = {
    PartName.SYSTEM: "system",
    PartName.TOOLS: "strong",
    PartName.USER: "user",
    PartName.REMINDERS: "user",
    PartName.ASSISTANT: "assistant",
    PartName.THINKING: "assistant",
    PartName.CALLS: "assistant",
    PartName.RESULTS: "tool",
    PartName.MEDIA: "warn",
    PartName.NOTES: "good",
    PartName.RECORD: "good",
    PartName.OTHER: "dim",
    PartName.UNSEEN: "dim",
}
_KINDS = {
    "thinking": PartName.THINKING,
    "tool_use": PartName.CALLS,
    "tool_result": PartName.RESULTS,
    "media": PartName.MEDIA,
}
_ROLES = {"system": PartName.SYSTEM, "user": PartName.USER, "assistant": PartName.ASSISTANT}


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a request and its tokens."""

    name: PartName
    came: int
    sent: int
    of: tuple[Part, ...] = ()
    """What it is made of: for results, by tool."""
    label: str = ""
    """For a part of a part: the tool's name."""


def part_of(block: Block) -> PartName:
    """The part that a block belongs to."""
    if block.kind in _KINDS:
        return _KINDS[block.kind]
    if block.kind == "other":  # Codex sends its tools as a message
        return PartName.TOOLS if block.role == "system" else PartName.OTHER
    if block.role == "user" and _ENVELOPE.match(block.text):
        return PartName.REMINDERS
    return _ROLES.get(block.role, PartName.OTHER)


def share_out(total: int, weights: Sequence[float]) -> list[int]:
    """`total` divided into whole numbers in proportion to `weights`; they add up to it. If all weights are 0, the first
    gets everything."""
    whole = sum(weights)
    if not weights:
        return []
    if whole <= 0:
        return [total, *(0 for _ in weights[1:])]
    exact = [total * weight / whole for weight in weights]
    shares = [int(one) for one in exact]
    by_rest = sorted(range(len(exact)), key=lambda i: shares[i] - exact[i])
    for i in by_rest[: total - sum(shares)]:
        shares[i] += 1
    return shares
