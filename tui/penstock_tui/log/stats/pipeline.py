"""The stages at work: what each did, and what time it took."""

from __future__ import annotations

from dataclasses import dataclass, field

from penstock.events.event import Event, EventKind
from penstock_tui.log.payload import Payload
from penstock_tui.log.row import Row
from penstock_tui.log.stats.samples import Samples

__all__ = ["OUTCOMES", "Pipeline", "StageCount"]

OUTCOMES = ("edited", "nothing", "failed", "late", "resting", "skipped", "refused")
NAMES = 200
"""Stages. A log with more is damaged."""


@dataclass(slots=True, eq=False)
class StageCount:
    """One stage."""

    name: str
    outcomes: dict[str, int] = field(default_factory=dict)
    edits: int = 0
    times: Samples = field(default_factory=Samples)
    last: str = ""
    """Its newest outcome."""
    trouble: str = ""
    """What it said when it failed, was late or rested last."""

    @property
    def calls(self) -> int:
        """How often it was asked, whether or not it ran."""
        return sum(self.outcomes.values())

    def of(self, outcome: str) -> int:
        """How often it ended so."""
        return self.outcomes.get(outcome, 0)


class Pipeline:
    """All stages in the order they were first heard of, which is that of the pipeline."""

    KINDS = (EventKind.STAGE, EventKind.FORWARDED, EventKind.ANSWERED)

    def __init__(self) -> None:
        self.stages: dict[str, StageCount] = {}
        self.suite = Samples()
        """All the suite took before a request left, without what it waited for its turn."""
        self.first = Samples()
        """Until the provider's first byte."""

    def fold(self, event: Event, _row: Row | None) -> None:
        """Take an event of one of `KINDS` in."""
        data = Payload(event.payload)
        if event.kind is EventKind.STAGE:
            self._stage(data)
        elif event.kind is EventKind.FORWARDED:
            ms = data.number("ms")
            self.suite.add(None if ms is None else ms - (data.number("queued_ms") or 0))
        else:
            self.first.add(data.number("first_ms"))

    def _stage(self, data: Payload) -> None:
        name, outcome = data.line("stage", 80) or "?", data.line("outcome", 20) or "?"
        stage = self.stages.get(name)
        if stage is None:
            if len(self.stages) >= NAMES:
                return
            stage = self.stages[name] = StageCount(name)
        outcome = outcome if outcome in OUTCOMES else "?"
        stage.outcomes[outcome] = stage.of(outcome) + 1
        stage.edits += data.whole("edits") or 0
        stage.last = outcome
        if outcome in ("failed", "late", "resting"):
            stage.trouble = data.line("remark", 200) or outcome
        if outcome not in ("resting", "skipped"):  # it did not run: a time of nothing would make it look fast
            stage.times.add(data.number("ms"))
