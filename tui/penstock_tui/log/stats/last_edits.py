"""`LastEdits`: keeps the latest 50 edits that were applied (`LandedEdit`), for the overview."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from penstock.base.readable import one_line
from penstock.events.event import Event, EventKind
from penstock.events.request_events import EditEvent
from penstock_tui.log.row import Row

__all__ = ["LandedEdit", "LastEdits"]

KEPT = 50


@dataclass(frozen=True, slots=True)
class LandedEdit:
    """An edit that was applied. Texts are on one line."""

    at: float
    stage: str
    op: str
    """`replace`, `note` or `compact`."""
    reason: str
    before: int
    """Tokens before the edit."""
    after: int
    messages: int
    """For a compaction: the number of messages that it covers; 0 where that is not known."""


class LastEdits:
    """The newest is last; bounded however long the log is."""

    KINDS = (EventKind.EDIT,)

    def __init__(self) -> None:
        self.rows: deque[LandedEdit] = deque(maxlen=KEPT)

    def fold(self, event: Event, _row: Row | None) -> None:
        """Take an edit in, if it was applied."""
        said = event.data
        if not isinstance(said, EditEvent) or not said.has_landed:
            return
        texts = one_line(said.stage), one_line(said.op), one_line(said.reason)
        self.rows.append(LandedEdit(event.at, *texts, said.before or 0, said.after or 0, said.messages or 0))
