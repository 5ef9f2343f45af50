"""The stages of one profile, each run so that it can cost nothing but its own edits."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from penstock.breaker import Breaker
from penstock.clock import Clock
from penstock.draft import Draft
from penstock.kinds import Classifier
from penstock.profiles import Profile
from penstock.stage import Outcome, Stage

__all__ = ["Pipeline", "Verdict"]

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of one stage on one request."""

    stage: str
    outcome: Outcome
    remark: str = ""
    ms: float = 0.0
    edits: int = 0


class Pipeline:
    """The stages of one profile, in order."""

    def __init__(self, profile: Profile, stages: Sequence[Stage], clock: Clock) -> None:
        self.profile = profile
        self.stages = tuple(stages)
        self.classifier = Classifier(profile.kinds)
        self._clock = clock
        limits = profile.limits
        self._breakers = {s.name: Breaker(limits.failures, limits.rest_s, clock) for s in stages}

    def deadline(self, index: int) -> float:
        """Seconds the `index`-th stage may take."""
        return self.stages[index].deadline or self.profile.limits.stage_ms / 1000

    def run(self, index: int, draft: Draft, *, flush: bool = False) -> tuple[Draft, Verdict]:
        """Let the `index`-th stage propose, and look at the whole history when a flush is due. Gives the draft to go
        on with: the stage's own when it went well, `draft` when it did not."""
        stage = self.stages[index]
        breaker = self._breakers[stage.name]
        if not breaker.allows():
            return draft, Verdict(stage.name, Outcome.RESTING, "it failed too often in a row")
        started = self._clock.tick()
        trial = draft.for_stage(stage.name)
        try:
            remark = stage.on_request(trial)
            if flush:
                remark = stage.on_flush(trial) or remark
        except Exception as e:  # a stranger's code
            logger.exception("stage %r failed", stage.name)
            breaker.failed()
            return draft, Verdict(stage.name, Outcome.FAILED, f"{type(e).__name__}: {e}"[:400], self._since(started))
        except SystemExit as e:  # the same, trying to end the process or its thread
            breaker.failed()
            return draft, Verdict(stage.name, Outcome.FAILED, f"SystemExit: {e}"[:400], self._since(started))
        breaker.succeeded()
        edits = len(trial.edits) - len(draft.edits)
        outcome = Outcome.EDITED if edits else Outcome.NOTHING
        if trial.refused is not None and trial.refused.stage == stage.name:
            outcome = Outcome.REFUSED
        said = remark if isinstance(remark, str) else ""
        return trial, Verdict(stage.name, outcome, said[:400], self._since(started), edits)

    def late(self, index: int) -> Verdict:
        """The `index`-th stage was not done in time."""
        stage = self.stages[index]
        self._breakers[stage.name].failed()
        seconds = self.deadline(index)
        return Verdict(stage.name, Outcome.LATE, f"not done after {seconds * 1000:.0f} ms", seconds * 1000)

    def observe(self, what: str, call: Callable[[Stage], None]) -> list[str]:
        """Let every stage look at a reply. Gives what went wrong, a text for each stage that failed."""
        faults = []
        for stage in self.stages:
            breaker = self._breakers[stage.name]
            if not breaker.allows():
                continue
            try:
                call(stage)
            except (Exception, SystemExit) as e:  # a stranger's code
                logger.exception("stage %r failed in %s", stage.name, what)
                breaker.failed()
                faults.append(f"stage {stage.name!r}, {what}: {type(e).__name__}: {e}"[:400])
            else:
                breaker.succeeded()
        return faults

    def _since(self, started: float) -> float:
        return (self._clock.tick() - started) * 1000
