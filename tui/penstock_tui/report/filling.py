"""`Filling`: how a conversation fills the model's window: the tokens of each request by kind, from the blocks that it
added."""

from __future__ import annotations

from collections import Counter

from penstock.events.request_events import ClassifiedEvent
from penstock.stats.exchange import ExchangeStats

__all__ = ["PARTS", "Filling"]

PARTS = ("system prompt", "tool definitions", "person", "agent", "tool calls", "tool results", "other")
_KINDS = {"tool_use": "tool calls", "tool_result": "tool results", "thinking": "agent"}
_ROLES = {"user": "person", "assistant": "agent"}


class Filling:
    """The window of one conversation, as received. The log reports each block once, when it is new."""

    def __init__(self) -> None:
        self._blocks: Counter[str] = Counter()
        self._epoch = -1

    def take(self, classified: ClassifiedEvent | None, one: ExchangeStats) -> dict[str, int]:
        """The tokens of a request by `PARTS`: the count of the messages divided in proportion to their blocks. Empty
        where the log does not report it."""
        if one.epoch != self._epoch or not one.first:
            self._blocks.clear()  # the history is another one: its blocks are logged again
            self._epoch = one.epoch
        for block in classified.blocks if classified is not None else ():
            role = _ROLES.get(block.role, "other") if block.kind == "text" else "other"
            self._blocks[_KINDS.get(block.kind) or role] += block.tokens or 0
        told = one.shares
        if told.messages is None:
            return {}
        whole = self._blocks.total() or 1
        shares = {name: round(told.messages * self._blocks[name] / whole) for name in PARTS[2:]}
        return {"system prompt": told.system or 0, "tool definitions": told.tools or 0, **shares}
