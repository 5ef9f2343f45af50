"""`SummaryPrefetch`: the queue of summaries that are made in the background, ahead of the flush that needs them: `want`
requests one, `work` makes the next, `made` gives it or why there is none, `bill` what they cost. For the latest 32
conversations, and 8 segments of each; any thread may call."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from penstock import Summary
from penstock_plugins.compaction.llm import ModelFailed

__all__ = ["SummaryPrefetch", "Work"]

CONVERSATIONS = 32
SEGMENTS = 8
"""The largest number of a conversation's segments that are requested, and that are done."""

Work = Callable[[], Summary]


@dataclass(slots=True)
class _Pending:
    """The segments of one conversation, by the handle of their original."""

    wanted: OrderedDict[str, Work] = field(default_factory=OrderedDict)
    made: OrderedDict[str, Summary | str] = field(default_factory=OrderedDict)
    """The summary, or why there is none."""
    dollars: float = 0.0
    """Spent, and not booked yet."""


class SummaryPrefetch:
    """Summaries of the most recent conversations; those of others are dropped."""

    def __init__(self) -> None:
        self._by_conversation: OrderedDict[str, _Pending] = OrderedDict()
        self._lock = threading.Lock()

    def knows(self, conversation: str, handle: str) -> bool:
        """Whether a segment is requested, or done already."""
        with self._lock:
            pending = self._pending(conversation)
            return handle in pending.wanted or handle in pending.made

    def want(self, conversation: str, handle: str, work: Work) -> None:
        """Request the summary of a segment; `work` is called after an answer."""
        with self._lock:
            pending = self._pending(conversation)
            pending.wanted[handle] = work
            _bound(pending.wanted, SEGMENTS)

    def work(self, conversation: str) -> None:
        """Make the next requested summary. Blocks until it is done; each is made by one caller only."""
        with self._lock:
            pending = self._pending(conversation)
            if not pending.wanted:
                return
            handle, work = pending.wanted.popitem(last=False)
            pending.made[handle] = "it was not done in time"
            _bound(pending.made, SEGMENTS)
        made, dollars = _done(work)
        with self._lock:
            if handle in pending.made:  # else it was let go of meanwhile
                pending.made[handle] = made
            pending.dollars += dollars

    def made(self, conversation: str, handle: str) -> Summary | str:
        """The summary of a segment, or why there is none; an empty string when it was not requested."""
        with self._lock:
            return self._pending(conversation).made.get(handle, "")

    def bill(self, conversation: str) -> float:
        """Dollars spent for a conversation since the last call."""
        with self._lock:
            pending = self._pending(conversation)
            dollars, pending.dollars = pending.dollars, 0.0
            return dollars

    def forget(self) -> None:
        """Drop what is requested and done. What was spent for it is still billed."""
        with self._lock:
            for pending in self._by_conversation.values():
                pending.wanted.clear()
                pending.made.clear()

    def _pending(self, conversation: str) -> _Pending:
        pending = self._by_conversation.setdefault(conversation, _Pending())
        self._by_conversation.move_to_end(conversation)
        _bound(self._by_conversation, CONVERSATIONS)
        return pending


def _done(work: Work) -> tuple[Summary | str, float]:
    """The summary, or why there is none; and what it cost."""
    try:
        made = work()
        if isinstance(made, Summary):
            return made, made.dollars
        return f"it gave a {type(made).__name__}, no Summary", 0.0
    except ModelFailed as e:
        return f"{type(e).__name__}: {e}", e.dollars
    except Exception as e:  # noqa: BLE001 - a stranger's summariser: the record stands, and the stage says why
        return f"{type(e).__name__}: {e}", 0.0


def _bound(kept: OrderedDict[str, Any], limit: int) -> None:
    while len(kept) > limit:
        kept.popitem(last=False)
