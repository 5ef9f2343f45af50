"""`Replay`: the edits of a ledger that apply to one request, where they are in it, and which blocks and messages they
replace or remove. `resolve` of `ledger.py` makes it."""

from __future__ import annotations

from dataclasses import dataclass, field

from penstock.conversation.conversation import Conversation
from penstock.dialects.base import Change, RangeEdit, Removal
from penstock.edits.edit import Edit, Op

__all__ = ["Replay"]


@dataclass(slots=True)
class Replay:
    """The edits of a ledger that apply to one request."""

    changes: list[Change] = field(default_factory=list)
    """The changes to the request, as the dialect takes them."""
    applied: list[Edit] = field(default_factory=list)
    spots: list[tuple[int, int]] = field(default_factory=list)
    """Message and block index of each edit in `applied`."""

    def replacements(self) -> dict[tuple[int, int], Edit]:
        """The replacement of each block that has one, by message and block index."""
        at = zip(self.spots, self.applied, strict=True)
        return {spot: edit for spot, edit in at if edit.op is Op.REPLACE}

    def is_before_thinking(self, conversation: Conversation) -> bool:
        """Whether an edit comes before a block of thinking that is still in the request."""
        gone, covered = self.removed(), self.covered()
        kept = (spot for spot in reversed(conversation.thinking) if spot not in gone and spot[0] not in covered)
        last = next(kept, None)
        return last is not None and any(spot < last for spot in self.spots)

    def covered(self) -> set[int]:
        """Indexes of the messages that a compaction replaces."""
        return {i for c in self.changes if isinstance(c, RangeEdit) for i in range(c.first, c.last + 1)}

    def removed(self) -> set[tuple[int, int]]:
        """Message and block index of the thinking that is left out of messages which stay."""
        return {(c.message, b) for c in self.changes if isinstance(c, Removal) for b in c.blocks}
