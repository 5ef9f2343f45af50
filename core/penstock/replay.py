"""The edits that apply to one request, and where."""

from __future__ import annotations

from dataclasses import dataclass, field

from penstock.dialects.base import Change, RangeEdit
from penstock.edits import Edit, Op

__all__ = ["Replay"]


@dataclass(slots=True)
class Replay:
    """What a ledger makes of one request."""

    changes: list[Change] = field(default_factory=list)
    """For the splice."""
    applied: list[Edit] = field(default_factory=list)
    spots: list[tuple[int, int]] = field(default_factory=list)
    """Message and block index of each edit in `applied`."""

    def at(self, message: int, block: int) -> Edit | None:
        """The replacement of this block."""
        for edit, spot in zip(self.applied, self.spots, strict=True):
            if spot == (message, block) and edit.op is Op.REPLACE:
                return edit
        return None

    def covers(self, message: int) -> bool:
        """Whether a compaction stands in this message's stead."""
        return any(isinstance(c, RangeEdit) and c.first <= message <= c.last for c in self.changes)
