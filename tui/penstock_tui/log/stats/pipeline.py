"""`Pipeline`: for each stage its outcomes, edits, durations and last failure (`StageCount`); and the times that
requests spent in Penstock and waited for the provider's first byte."""

from __future__ import annotations

from dataclasses import dataclass, field

from penstock.base.readable import one_line
from penstock.events.event import Event, EventKind
from penstock.events.request_events import ForwardedEvent, StageEvent
from penstock.events.response_events import AnsweredEvent
from penstock_tui.log.row import Row
from penstock_tui.log.stats.samples import Samples

__all__ = ["OUTCOMES", "Pipeline", "StageCount"]

OUTCOMES = ("edited", "nothing", "failed", "late", "resting", "skipped", "refused")
NAMES = 200
"""The largest number of stages. A log with more is damaged."""


@dataclass(slots=True, eq=False)
class StageCount:
    """The calls of one stage, by outcome, and their durations."""

    name: str
    outcomes: dict[str, int] = field(default_factory=dict)
    edits: int = 0
    times: Samples = field(default_factory=Samples)
    last: str = ""
    """Its newest outcome."""
    trouble: str = ""
    """Its remark when it last failed, was late or was suspended."""

    @property
    def calls(self) -> int:
        """How often it was called, whether or not it ran."""
        return sum(self.outcomes.values())

    def of(self, outcome: str) -> int:
        """How often it ended with that outcome."""
        return self.outcomes.get(outcome, 0)


class Pipeline:
    """All stages in the order in which they first appeared, which is that of the pipeline."""

    KINDS = (EventKind.STAGE, EventKind.FORWARDED, EventKind.ANSWERED)

    def __init__(self) -> None:
        self.stages: dict[str, StageCount] = {}
        self.suite = Samples()
        """Milliseconds that Penstock took before a request left, without its wait for a turn."""
        self.first = Samples()
        """Milliseconds until the provider's first byte."""

    def fold(self, event: Event, _row: Row | None) -> None:
        """Take in an event of one of `KINDS`."""
        said = event.data
        if isinstance(said, StageEvent):
            self._stage(said)
        elif isinstance(said, ForwardedEvent):
            self.suite.add(None if said.ms is None else said.ms - said.queued_ms)
        elif isinstance(said, AnsweredEvent):
            self.first.add(said.first_ms)

    def _stage(self, said: StageEvent) -> None:
        name = one_line(said.stage, 80) or "?"
        stage = self.stages.get(name)
        if stage is None:
            if len(self.stages) >= NAMES:
                return
            stage = self.stages[name] = StageCount(name)
        outcome = said.outcome if said.outcome in OUTCOMES else "?"
        stage.outcomes[outcome] = stage.of(outcome) + 1
        stage.edits += said.edits
        stage.last = outcome
        if outcome in ("failed", "late", "resting"):
            stage.trouble = one_line(said.remark, 200) or outcome
        if outcome not in ("resting", "skipped"):  # it did not run: a time of nothing would make it look fast
            stage.times.add(said.ms)
