"""Stages at work, from their verdicts."""

from __future__ import annotations

from typing import Any

from penstock.events.event import Event, EventKind
from penstock_tui.log.stats.pipeline import NAMES, Pipeline

K = EventKind


def fold(pipeline: Pipeline, kind: EventKind, **payload: Any) -> None:
    pipeline.fold(Event(1, 1.0, "x", kind, payload), None)


def test_outcomes_edits_and_times() -> None:
    """A stage that rests takes no time, and must not look fast for it."""
    pipeline = Pipeline()
    fold(pipeline, K.STAGE, stage="trim", outcome="edited", ms=4.0, edits=3)
    fold(pipeline, K.STAGE, stage="trim", outcome="failed", ms=8.0, edits=0, remark="ValueError")
    fold(pipeline, K.STAGE, stage="trim", outcome="resting", ms=0.0, edits=0, remark="after 3 failures")
    stage = pipeline.stages["trim"]
    assert (stage.calls, stage.edits, stage.of("edited"), stage.of("failed"), stage.of("late")) == (3, 3, 1, 1, 0)
    assert (stage.last, stage.trouble) == ("resting", "after 3 failures")
    assert stage.times.quantiles(0.5, 1.0) == (4.0, 8.0)


def test_the_suite_s_own_time_leaves_out_the_queue() -> None:
    pipeline = Pipeline()
    fold(pipeline, K.FORWARDED, ms=5010.0, queued_ms=5000.0)
    fold(pipeline, K.FORWARDED)
    fold(pipeline, K.ANSWERED, first_ms=420.0)
    assert pipeline.suite.quantiles(0.5) == (10.0,)
    assert pipeline.first.quantiles(0.5) == (420.0,)


def test_a_damaged_log_is_bounded() -> None:
    """However many names and outcomes it makes up."""
    pipeline = Pipeline()
    for i in range(NAMES * 2):
        fold(pipeline, K.STAGE, stage=f"stage {i}", outcome=f"outcome {i}")
        fold(pipeline, K.STAGE, stage="stage 0", outcome=f"outcome {i}")
    assert len(pipeline.stages) == NAMES
    assert pipeline.stages["stage 0"].outcomes == {"?": NAMES * 2 + 1}
