"""Compactions: what was taken out of conversations, when, and why."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from penstock_tui.counts.compactions import Compaction
from penstock_tui.figures import clock_time, count, many
from penstock_tui.rooms.names import RoomName
from penstock_tui.rooms.room import Words
from penstock_tui.rooms.table_room import TableRoom
from penstock_tui.rows import Row
from penstock_tui.screens.detail import DetailScreen
from penstock_tui.widgets.fitted_line import Fact
from penstock_tui.widgets.fitting import Cell, Column, Moment

__all__ = ["CompactionsRoom"]

_STATES = {
    "landed": ("✓ landed", "good"),
    "pending": ("… pending", "accent"),
    "left out": ("- left out", "dim"),
}


def _what(one: Compaction, _moment: Moment) -> Cell:
    return (f"flush of {many(one.edits, 'edit')}", "strong") if one.is_flush else (one.stage, "")


def _tokens(one: Compaction, _moment: Moment) -> Cell:
    return f"{count(one.before)} → {count(one.after)}", ""


def _freed(one: Compaction, _moment: Moment) -> Cell:
    if one.state != "landed":
        return "", ""
    return count(one.freed), "good" if one.freed > 0 else "bad" if one.freed < 0 else "dim"


class CompactionsRoom(TableRoom[Compaction]):
    """The newest on top: each compaction, and each flush with the sum of what landed in it."""

    NAME = RoomName.COMPACTIONS
    COLUMNS: ClassVar[tuple[Column[Compaction], ...]] = (
        Column("time", 9, 4, "", lambda one, moment: (clock_time(one.at, moment.now), "dim")),
        Column("client", 11, 8, "", lambda one, _: (one.client, "")),
        Column("turn", 4, 7, "", lambda one, _: (str(one.turn) if one.turn else "", ""), True),
        Column("what", 17, 3, "", _what),
        Column("state", 10, 1, "", lambda one, _: _STATES.get(one.state, (one.state, ""))),
        Column("tokens", 15, 6, "", _tokens, True),
        Column("freed", 6, 2, "", _freed, True),
        Column("why", 14, 5, "", lambda one, _: (one.why, "dim"), grows=True),
    )

    def words(self) -> Words | None:
        if self.feed.model.compactions.rows:
            return None
        return "Nothing was compacted yet", [
            "Old turns are compacted once the provider's cache is cold, or the window is nearly full.",
            "penstock compact   asks for it now.",
        ]

    def head(self, now: float) -> list[Fact]:
        known = self.feed.model.compactions
        if not known.rows:
            return []
        return [
            Fact(f"{known.landed:,} landed", 2),
            Fact(f"{count(known.freed)} tokens freed", 3, "good" if known.freed >= 0 else "bad"),
            Fact(f"{known.waiting:,} pending" if known.waiting else "", 4, "accent"),
            Fact(f"{known.flushes:,} flushes" if known.flushes != 1 else "1 flush", 5),
            self.cut(len(known.rows)),
        ]

    def rows(self) -> Sequence[tuple[str, Compaction]]:
        return [(one.key, one) for one in reversed(self.feed.model.compactions.rows)]

    def open(self, key: str) -> None:
        row = self._row(key)
        if row is None:
            self.notify("Its request is too old: the log on the screen does not hold it any more.", severity="warning")
            return
        self.app.push_screen(DetailScreen(row, self.feed, self.changed, self._walk))

    def name_of(self, key: str) -> str:
        return self._exchange(key)

    def _walk(self, row: Row, step: int) -> Row | None:
        """From the detail: the exchange of the next row that is about another one. The cursor goes along."""
        key = self.table.chosen
        while key := self.table.neighbour(key, step):
            found = self._row(key)
            if found is not None and found is not row:
                self.table.choose(key)
                return found
        return None

    def _row(self, key: str) -> Row | None:
        return self.feed.model.row(self._exchange(key))

    def _exchange(self, key: str) -> str:
        one = self.feed.model.compactions.get(key)
        return one.exchange if one is not None else ""
