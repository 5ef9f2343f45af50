"""`Feedback`: stores what callers say of an item (`FeedbackKind`: helpful, wrong, outdated, duplicate), one `Voice` for
each caller and item, and counts it (`Tally`).

It counts in later searches, beside a person's own marks; all voices together move an item within the bounds of
`ItemTable.marks`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import sqlalchemy as sa

from penstock.memory.database import MemoryDatabase
from penstock.memory.schema import feedback

__all__ = ["Feedback", "FeedbackKind", "Tally", "Voice"]

MOST = 100
"""Voices that are kept of one item; beyond that the oldest are deleted."""


class FeedbackKind(StrEnum):
    """The kinds of feedback."""

    HELPFUL = "helpful"
    WRONG = "wrong"
    OUTDATED = "outdated"
    DUPLICATE = "duplicate"


@dataclass(frozen=True, slots=True)
class Voice:
    """One caller's feedback on an item."""

    kind: FeedbackKind
    by: str
    at: float
    """When it was given, in seconds since 1970."""
    value: float = 1.0
    """-1 to 1: how helpful the item was; for the other kinds, how strongly it applies."""
    comment: str = ""


@dataclass(frozen=True, slots=True)
class Tally:
    """The voices on an item, counted."""

    helpful: int = 0
    wrong: int = 0
    last_at: float = 0.0
    """When the newest was given, in seconds since 1970."""


class Feedback:
    """Reads and writes voices. Raises `MemoryDown`."""

    def __init__(self, database: MemoryDatabase) -> None:
        self._database = database

    def give(self, item: int, voice: Voice) -> bool:
        """Store a voice for the item of that number, which must exist. True: it replaces an earlier one of the same
        caller."""
        f = feedback.c
        with self._database.writing() as db:
            replaced = db.execute(feedback.delete().where((f.memory == item) & (f.by == voice.by))).rowcount > 0
            values = {"by": voice.by, "kind": voice.kind.value, "value": voice.value, "comment": voice.comment}
            db.execute(feedback.insert().values(memory=item, at=voice.at, **values))
            self._database.touch(db, [item])
            newest = sa.select(f.by).where(f.memory == item).order_by(f.at.desc(), f.by).limit(MOST)
            db.execute(feedback.delete().where((f.memory == item) & f.by.not_in(newest)))
        return replaced

    def of(self, item: int) -> list[Voice]:
        """The feedback on an item, the newest first."""
        f = feedback.c
        with self._database.reading() as db:
            rows = db.execute(feedback.select().where(f.memory == item).order_by(f.at.desc(), f.by))
            return [Voice(FeedbackKind(row.kind), row.by, row.at, row.value, row.comment) for row in rows]

    def tallies(self, items: Sequence[int]) -> dict[int, Tally]:
        """The voices on items, counted, by the number of the item. Items without any are left out."""
        f = feedback.c
        helpful, wrong = (
            sa.func.sum(sa.case((f.kind == kind.value, 1), else_=0))
            for kind in (FeedbackKind.HELPFUL, FeedbackKind.WRONG)
        )
        counted = sa.select(f.memory, helpful, wrong, sa.func.max(f.at)).where(f.memory.in_(items)).group_by(f.memory)
        with self._database.reading() as db:
            return {row[0]: Tally(int(row[1]), int(row[2]), row[3]) for row in db.execute(counted)}

    def carry(self, old: int, new: int) -> None:
        """Copy the voices in favour of an item to the one with its corrected text; those against it were about a text
        that is gone."""
        for voice in reversed(self.of(old)):
            if voice.kind is FeedbackKind.HELPFUL and voice.value > 0:
                self.give(new, voice)
