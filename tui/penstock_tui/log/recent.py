"""`recent_activity`: lists recent compactions, flushes, changes of budget levels and faults (`Activity`), newest first,
for the overview."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from heapq import nlargest
from itertools import islice

from penstock.base.format import plural
from penstock.base.readable import with_short_ids
from penstock_tui.format import count
from penstock_tui.log.log_model import LogModel
from penstock_tui.log.stats.compactions import LANDED, Compaction
from penstock_tui.log.stats.levels import LevelChange

__all__ = ["Activity", "recent_activity"]

_NORMAL = "NORMAL"


@dataclass(frozen=True, slots=True)
class Activity:
    """One thing that happened."""

    at: float
    text: str
    tone: str = "plain"


def recent_activity(model: LogModel, limit: int) -> list[Activity]:
    """The latest `limit`, newest first."""
    return nlargest(limit, _all(model, limit), key=lambda one: one.at)


def _all(model: LogModel, limit: int) -> Iterator[Activity]:
    landed = (one for one in reversed(model.compactions.rows) if one.state == LANDED)
    yield from map(_taken, islice(landed, limit))
    yield from map(_level, islice(reversed(model.levels.changes), limit))
    for part, fault in model.faults.by_part.items():
        yield Activity(fault.at, f"! fault: {part}: {fault.error or 'not said'}", "warn")


def _taken(one: Compaction) -> Activity:
    what = f"flush of {plural(one.edits, 'edit')}" if one.is_flush else f"compaction by stage {one.stage}"
    who = f" in {one.client}" if one.client else ""
    why = f": {one.why}" if one.why else ""
    return Activity(
        one.at, f"▾ {what}{who}, {count(one.freed)} tokens removed{why}", "good" if one.freed > 0 else "plain"
    )


def _level(one: LevelChange) -> Activity:
    is_calm = one.level == _NORMAL
    said = f"{'✓' if is_calm else '!'} budget {with_short_ids(one.budget)} is {one.level}"
    return Activity(one.at, said, "good" if is_calm else "warn")
