"""`Pipeline`: the stages of one profile, called in order: on a request (a `Verdict` for each), on its answer, and on an
idle conversation. A stage that fails or is late loses only its own edits, and rests after several failures. Of what a
stage says about a request 400 characters are kept."""

from __future__ import annotations

import logging
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from penstock.base.circuit_breaker import Breaker
from penstock.base.clock import Clock
from penstock.base.failing_line import line_in
from penstock.base.threads import GivenUp
from penstock.conversation.exchange import Exchange
from penstock.conversation.reply import Reply
from penstock.identify.classify import Classifier
from penstock.plugins.draft import Draft
from penstock.plugins.idle import Idle
from penstock.plugins.services import Services
from penstock.plugins.stage import WRONG_RESULT, Stage, StageOutcome
from penstock.profiles.profile import Profile
from penstock.redaction.redaction import redact

__all__ = ["Pipeline", "Verdict"]

logger = logging.getLogger(__name__)
REMARK = 400
"""Characters of what a stage says about a request that are kept."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The result of one stage on one request."""

    stage: str
    outcome: StageOutcome
    remark: str = ""
    ms: float = 0.0
    edits: int = 0


class Pipeline:
    """The stages of one profile, in order."""

    def __init__(self, profile: Profile, stages: Sequence[Stage], clock: Clock, parts: Services | None = None) -> None:
        self.profile = profile
        self.parts = parts or Services()
        self.stages = tuple(stages)
        self.classifier = Classifier(profile.kinds)
        self.observers = tuple(i for i, stage in enumerate(stages) if _looks(stage))
        """The stages that look at answers."""
        self._clock = clock
        limits = profile.limits
        self._breakers = {s.name: Breaker(limits.failures, limits.rest_s, clock) for s in stages}
        # Of their own: a stage that proposes well and hangs at every answer has to rest as well.
        self._keepers = tuple(s for s in stages if type(s).on_idle is not Stage.on_idle)
        self._observing = {s.name: Breaker(limits.failures, limits.rest_s, clock) for s in stages}

    def migrate_from(self, before: Pipeline) -> None:
        """Take over the state of the stages of `before`, which has other settings, and their breakers if the limits are
        the same."""
        for stage in self.stages:
            found = next((one for one in before.stages if one.name == stage.name and type(one) is type(stage)), None)
            if found is None or found is stage:
                continue
            try:
                stage.migrate_from(found)
            except Exception:  # a stranger's code: it goes on as after a restart
                logger.exception("stage %r did not take over", stage.name)
        ours, theirs = self.profile.limits, before.profile.limits
        if (ours.failures, ours.rest_s) == (theirs.failures, theirs.rest_s):
            for mine, other in ((self._breakers, before._breakers), (self._observing, before._observing)):
                mine.update({name: other[name] for name in mine.keys() & other.keys()})

    def deadline(self, index: int) -> float:
        """Seconds the `index`-th stage may take."""
        return self.stages[index].deadline or self.profile.limits.stage_ms / 1000

    def run(self, index: int, draft: Draft, *, flush: bool = False) -> tuple[Draft, Verdict]:
        """Run the `index`-th stage on a request (`on_request`), and `on_flush` if a flush is due. Returns the draft to
        go on with: the stage's own if it succeeded, else `draft`."""
        stage = self.stages[index]
        breaker = self._breakers[stage.name]
        if not breaker.allows():
            return draft, Verdict(stage.name, StageOutcome.RESTING, "it failed too often in a row")
        started = self._clock.tick()
        trial = draft.for_stage(stage.name)
        try:
            said = _result("on_request", stage.on_request(trial))
            if flush:
                said = _result("on_flush", stage.on_flush(trial)) or said
        except GivenUp:
            raise
        except BaseException as e:  # a stranger's code; it may even raise what ends a process or a loop
            logger.exception("stage %r failed", stage.name)
            breaker.failed()
            said = _said(e, self.source(index))
            return draft, Verdict(stage.name, StageOutcome.FAILED, said, self._since(started))
        breaker.succeeded()
        edits = len(trial.edits) - len(draft.edits)
        outcome = StageOutcome.EDITED if edits else StageOutcome.NOTHING
        if trial.refused is not None and trial.refused.stage == stage.name:
            outcome = StageOutcome.REFUSED
        return trial, Verdict(stage.name, outcome, said, self._since(started), edits)

    def source(self, index: int) -> str:
        """The file of the `index`-th stage's code, empty when it has none."""
        module = sys.modules.get(type(self.stages[index]).__module__)
        return getattr(module, "__file__", None) or ""

    def late(self, index: int) -> Verdict:
        """The verdict on the `index`-th stage that missed its deadline. Counts as a failure."""
        stage = self.stages[index]
        self._breakers[stage.name].failed()
        seconds = self.deadline(index)
        return Verdict(stage.name, StageOutcome.LATE, f"not done after {seconds * 1000:.0f} ms", seconds * 1000)

    def observe(self, index: int, exchange: Exchange, reply: Reply) -> str:
        """Show an answer to the `index`-th stage. Returns what went wrong, empty if nothing did."""
        stage = self.stages[index]
        breaker = self._observing[stage.name]
        if not breaker.allows():
            return ""
        try:
            stage.on_reply(exchange, reply)
            if not reply.tools:
                stage.on_turn_complete(exchange, reply)
        except GivenUp:
            raise
        except BaseException as e:  # as above
            logger.exception("stage %r failed at an answer", stage.name)
            breaker.failed()
            return f"stage {stage.name!r} failed at an answer: {_said(e, self.source(index))}"
        breaker.succeeded()
        return ""

    def keeps_alive(self, idle: Idle) -> bool:
        """Whether a stage wants the last request of an idle conversation sent once more."""
        return any(self._keeps_alive(stage, idle) for stage in self._keepers)

    @property
    def may_keep_alive(self) -> bool:
        """Whether any stage implements `on_idle`."""
        return bool(self._keepers)

    def _keeps_alive(self, stage: Stage, idle: Idle) -> bool:
        breaker = self._observing[stage.name]
        if not breaker.allows():
            return False
        try:
            wants = bool(stage.on_idle(idle))
        except Exception:  # a stranger's code: nothing is kept alive for it
            logger.exception("stage %r failed at an idle conversation", stage.name)
            breaker.failed()
            return False
        breaker.succeeded()
        return wants

    def overdue(self, index: int) -> str:
        """Note that the `index`-th stage has not finished with an answer in time. Returns a text that says so."""
        stage = self.stages[index]
        self._observing[stage.name].failed()
        return f"stage {stage.name!r} had not done with an answer after {self.profile.limits.background_s:.4g} s"

    def _since(self, started: float) -> float:
        return (self._clock.tick() - started) * 1000


def _looks(stage: Stage) -> bool:
    cls = type(stage)
    return cls.on_reply is not Stage.on_reply or cls.on_turn_complete is not Stage.on_turn_complete


def _said(error: BaseException, file: str) -> str:
    try:
        return _remark(f"{type(error).__name__}: {error}{line_in(error, file)}")
    except Exception:  # noqa: BLE001 - the error is a stranger's too, and may have no text
        return type(error).__name__


def _result(method: str, value: object) -> str:
    """The remark that is in what `method` of a stage returned."""
    if value is None or isinstance(value, str):
        return _remark(value or "")
    return _remark(f"{method} {WRONG_RESULT}{type(value).__name__}{_shown(value)}")


def _shown(value: object) -> str:
    """A plain value as its author wrote it. The text of any other object may be long, or quote the conversation."""
    return f" ({value!r})" if isinstance(value, bool | int | float) else ""


def _remark(text: str) -> str:
    """A stage's remark, cut and without secrets, since it may quote the conversation."""
    return _redacted(text[: REMARK + 64])[:REMARK]


_redacted = lru_cache(500)(redact)
"""Most remarks come with one request after the other."""
