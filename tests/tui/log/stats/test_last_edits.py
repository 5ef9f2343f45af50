"""The edits that landed last."""

from __future__ import annotations

from typing import Any

from penstock.events.event import Event, EventKind
from penstock_tui.log.stats.last_edits import KEPT, LastEdits


def edit(**more: Any) -> Event:
    about = {"stage": "trim", "op": "replace", "state": "landed", "reason": "a long\nlisting", "before": 70, "after": 9}
    return Event(1, 5.0, "x", EventKind.EDIT, about | more)


def test_only_what_landed_is_kept() -> None:
    """On one line, bounded, the newest at the end."""
    known = LastEdits()
    for n in range(KEPT + 5):
        known.fold(edit(before=n), None)
        known.fold(edit(state="pending"), None)
    assert len(known.rows) == KEPT
    last = known.rows[-1]
    assert (last.at, last.stage, last.reason, last.before, last.after) == (5.0, "trim", "a long listing", KEPT + 4, 9)
