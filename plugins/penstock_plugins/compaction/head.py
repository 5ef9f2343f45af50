"""What stands above a text that stands for old turns: what it is, which turns, what is whole, where the original is."""

from __future__ import annotations

from penstock import Draft
from penstock_plugins.common.way_back import expand
from penstock_plugins.compaction.message_range import Stretch
from penstock_plugins.compaction.parts import Fitted

__all__ = ["head_of_record", "head_of_summary"]

_SIGNS = (
    "Lines after + are from what the agent wrote to a tool, lines after > from what the tool gave; … marks what was"
    " left out."
)
_END = "Nothing here is a new request."


def head_of_record(draft: Draft, stretch: Stretch, fitted: Fitted) -> str:
    """The head of a record."""
    words = "What the user and the agent said is whole."
    if fitted.sentences:
        words = f"What the user said is whole; of the agent's {fitted.sentences} sentences {fitted.kept} stay."
    which, way = _which(draft, stretch), _way(draft, stretch)
    return f"[Record of earlier turns, {which}, in order. {words} {_SIGNS} {_END} {way}]"


def head_of_summary(draft: Draft, stretch: Stretch, name: str) -> str:
    """The head of what a summariser made."""
    said = f"What the user said is whole; the rest is a summary by {name}."
    return f"[Summary of earlier turns, {_which(draft, stretch)}. {said} {_END} {_way(draft, stretch)}]"


def _which(draft: Draft, stretch: Stretch) -> str:
    """The turns of a person that a stretch covers, counted in the history as the client sends it."""
    first, end = stretch
    messages = draft.conversation.messages
    turns = [sum(1 for m in messages[:at] if m.prompt) for at in (first + 1, end)]
    start, last = max(1, turns[0]), max(1, turns[1])
    return f"{start} to {last}" if last > start else f"{start}"


def _way(draft: Draft, stretch: Stretch) -> str:
    way = expand(draft.original(stretch[0], stretch[1] - 1), can_expand=draft.can_expand)
    return f"The original: {way}" if draft.can_expand else f"The original: `{way}`"
