"""`TagsView`: the tags view: which tags were given, how often, and which are active."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from penstock.base.format import plural
from penstock_tui.format import ago
from penstock_tui.log.stats.tags import Tag
from penstock_tui.screens.base import Words
from penstock_tui.screens.table_base import TableView
from penstock_tui.view_names import ViewName
from penstock_tui.widgets.column_layout import Column
from penstock_tui.widgets.fitted_line import Fact

__all__ = ["TagsView"]

Line = tuple[Tag, bool]
"""A row: a tag, and whether it is active."""


class TagsView(TableView[Line]):
    """A table of tags, the active ones first."""

    NAME = ViewName.TAGS
    COLUMNS: ClassVar[tuple[Column[Line], ...]] = (
        Column("", 1, 2, "", lambda line, _: ("●" if line[1] else "", "accent")),
        Column("tag", 24, 1, "", lambda line, _: (line[0].name, "strong" if line[1] else "plain")),
        Column("turns", 6, 3, "", lambda line, _: (f"{line[0].turns:,}", ""), True),
        Column("requests", 8, 4, "", lambda line, _: (f"{line[0].requests:,}", ""), True),
        Column("first in", 8, 7, "", lambda line, _: (f"{line[0].primary:,}", "dim"), True),
        Column("last", 8, 5, "", lambda line, moment: (ago(line[0].last_at, moment.now), ""), True),
        Column("newest prompt", 10, 6, "", lambda line, _: (line[0].prompt, "dim"), grows=True),
    )

    def words(self) -> Words | None:
        if len(self.feed.model.tags):
            return None
        return "No tags yet", [
            "A turn of a person gets tags when memory is on in the profile and a tagger knows words for it.",
            "They appear here as turns come by.",
        ]

    def head(self, now: float) -> list[Fact]:
        tags = self.feed.model.tags
        if not len(tags):
            return []
        return [
            Fact(plural(len(tags), "tag"), 3),
            Fact("● active in the newest conversation" if tags.active else "", 4, "accent"),
            Fact(f"{tags.broad:,} asked for an overview" if tags.broad else "", 6, "dim"),
            Fact(f"{tags.temporal:,} asked for a time" if tags.temporal else "", 7, "dim"),
            self.cut(len(tags)),
        ]

    def rows(self) -> Sequence[tuple[str, Line]]:
        tags = self.feed.model.tags
        active = set(tags.active)
        return [(tag.name, (tag, tag.name in active)) for tag in tags.listed()]

    def open(self, key: str) -> None:
        self.show_in_log("tag", key)
