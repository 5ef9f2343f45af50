"""Faults by part."""

from __future__ import annotations

from penstock.events.event import Event, EventKind
from penstock_tui.log.stats.faults import PARTS, Faults


def test_they_count_from_the_start_of_the_proxy() -> None:
    """What an earlier one could not do says nothing of this one."""
    faults = Faults()
    faults.fold(Event(1, 1.0, "", EventKind.FAULT, {"where": "memory", "error": "no folder"}), None)
    faults.fold(Event(2, 2.0, "", EventKind.FAULT, {"where": "memory", "error": "no room"}), None)
    found = faults.of("memory")
    assert found is not None
    assert (found.count, found.at, found.error) == (2, 2.0, "no room")
    faults.fold(Event(3, 3.0, "", EventKind.STARTED, {}), None)
    assert faults.of("memory") is None


def test_bounded_however_many_parts_are_named() -> None:
    faults = Faults()
    for i in range(PARTS * 3):
        faults.fold(Event(1, 1.0, "", EventKind.FAULT, {"where": f"part {i}"}), None)
    assert len(faults.by_part) == PARTS
