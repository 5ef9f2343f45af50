"""`PipelineView`: the pipeline view: a table of what each stage did and how long it took."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from penstock_tui.format import duration
from penstock_tui.log.stats.pipeline import StageCount
from penstock_tui.log.stats.samples import Samples
from penstock_tui.screens.base import Words
from penstock_tui.screens.table_base import TableView
from penstock_tui.view_names import ViewName
from penstock_tui.widgets.column_layout import Cell, Column, Moment
from penstock_tui.widgets.fitted_line import Fact

__all__ = ["PipelineView"]

_LAST = {
    "edited": ("✎ edited", "good"),
    "nothing": ("· nothing", "dim"),
    "failed": ("✗ failed", "bad"),
    "late": ("◷ late", "warn"),
    "resting": ("z resting", "warn"),
    "skipped": ("- skipped", "dim"),
    "refused": ("⊘ refused", "warn"),
}


def _outcome(name: str, tone: str = "") -> Callable[[StageCount, Moment], Cell]:
    def cell(stage: StageCount, _moment: Moment) -> Cell:
        number = stage.of(name)
        return (f"{number:,}", tone) if number else ("·", "dim")

    return cell


def _time(share: float) -> Callable[[StageCount, Moment], Cell]:
    return lambda stage, _moment: (duration(stage.times.quantiles(share)[0]), "")


class PipelineView(TableView[StageCount]):
    """A row for each stage, in the order of the pipeline."""

    NAME = ViewName.PIPELINE
    COLUMNS: ClassVar[tuple[Column[StageCount], ...]] = (
        Column("stage", 14, 1, "", lambda stage, _: (stage.name, "strong")),
        Column("calls", 7, 2, "", lambda stage, _: (f"{stage.calls:,}", ""), True),
        Column("edited", 7, 4, "", _outcome("edited", "good"), True),
        Column("nothing", 7, 10, "", _outcome("nothing"), True),
        Column("failed", 6, 3, "", _outcome("failed", "bad"), True),
        Column("late", 5, 7, "", _outcome("late", "warn"), True),
        Column("rested", 6, 8, "", _outcome("resting", "warn"), True),
        Column("skipped", 7, 12, "", _outcome("skipped"), True),
        Column("refused", 7, 11, "", _outcome("refused", "warn"), True),
        Column("edits", 6, 9, "", lambda stage, _: (f"{stage.edits:,}", ""), True),
        Column("p50", 6, 6, "", _time(0.5), True),
        Column("p95", 6, 5, "", _time(0.95), True),
        Column("last", 10, 13, "", lambda stage, _: _LAST.get(stage.last, (stage.last, ""))),
        Column("trouble it had last", 12, 14, "", lambda stage, _: (stage.trouble, "warn"), grows=True),
    )

    def words(self) -> Words | None:
        if self.feed.model.pipeline.stages:
            return None
        return "No stage has run yet", ["The stages of the profile run with each request that can be read."]

    def head(self, now: float) -> list[Fact]:
        pipeline = self.feed.model.pipeline
        if not pipeline.stages:
            return []
        return [
            _times("suite", pipeline.suite, 2),
            _times("first byte", pipeline.first, 3),
            Fact(f"over the last {len(pipeline.suite):,} requests", 6, "dim"),
        ]

    def rows(self) -> Sequence[tuple[str, StageCount]]:
        return list(self.feed.model.pipeline.stages.items())

    def open(self, key: str) -> None:
        stage = self.feed.model.pipeline.stages.get(key)
        if stage is not None:
            said = stage.trouble or "It had no trouble so far."
            self.notify(said, title=f"Stage {key}", markup=False)


def _times(label: str, samples: Samples, rank: int) -> Fact:
    half, most = samples.quantiles(0.5, 0.95)
    return Fact("" if half is None else f"{label} p50 {duration(half)} p95 {duration(most)}", rank)
