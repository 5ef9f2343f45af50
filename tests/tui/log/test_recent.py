"""What a person is told of first."""

from __future__ import annotations

from penstock.events.event import Event, EventKind
from penstock_tui.log.log_model import LogModel
from penstock_tui.log.recent import recent_activity

K = EventKind


def test_the_newest_of_all_sorts_come_first() -> None:
    """However they are kept apart."""
    model = LogModel()
    model.apply(
        [
            Event(1, 1.0, "", K.FAULT, {"where": "memory", "error": "no room"}),
            Event(2, 2.0, "x", K.EDIT, {"op": "compact", "stage": "compaction", "state": "landed", "before": 9000}),
            Event(3, 3.0, "", K.BUDGET, {"budget": "day", "before": "NORMAL", "level": "REDUCED", "why": "75% used"}),
            Event(4, 4.0, "", K.BUDGET, {"budget": "day", "before": "REDUCED", "level": "NORMAL", "why": ""}),
        ]
    )
    assert [one.text for one in recent_activity(model, 3)] == [
        "✓ budget day is NORMAL",
        "! budget day is REDUCED",
        "▾ compaction by stage compaction, 9.0k tokens removed",
    ]
    assert recent_activity(model, 9)[-1].text == "! fault: memory: no room"


def test_what_waits_has_not_happened() -> None:
    model = LogModel()
    model.apply([Event(1, 1.0, "x", K.EDIT, {"op": "compact", "stage": "s", "state": "pending", "before": 9000})])
    assert recent_activity(model, 9) == []
