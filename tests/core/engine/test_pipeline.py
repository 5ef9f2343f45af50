"""The stages of a profile, each run so that it can cost nothing but its own edits."""

from __future__ import annotations

import logging

import pytest

from penstock import Draft, Exchange, Reply, Stage, ToolCall
from penstock.engine.pipeline import REMARK, Pipeline
from penstock.plugins.services import Services
from penstock.plugins.stage import StageOutcome
from penstock.testing import ManualClock, conversation, draft_for, profile_of, user
from tests.engines import Does


@pytest.fixture(autouse=True)
def _tracebacks_are_meant(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL)


@pytest.fixture
def clock() -> ManualClock:
    """Moves when told to."""
    return ManualClock()


@pytest.fixture
def draft() -> Draft:
    """Of one new message."""
    return draft_for(conversation(user("hello")))


def pipeline(clock: ManualClock, *stages: Stage, toml: str = "") -> Pipeline:
    return Pipeline(profile_of(toml), stages, clock)


def fails(_: object) -> None:
    raise ValueError("no")


@pytest.mark.parametrize(
    ("what", "outcome", "remark", "edits"),
    [
        (lambda draft: draft.note("x", reason="r"), StageOutcome.EDITED, "", 1),
        (lambda draft: None, StageOutcome.NOTHING, "", 0),
        (lambda draft: "too small", StageOutcome.NOTHING, "too small", 0),
        (lambda draft: 7, StageOutcome.NOTHING, "on_request returned a value that is no text: int (7)", 0),
        (lambda draft: draft.refuse("over budget"), StageOutcome.REFUSED, "", 0),
        (fails, StageOutcome.FAILED, "ValueError: no", 0),
        (lambda draft: draft.compact(0, 0, "x", reason="r"), StageOutcome.FAILED, "InvalidEdit: messages 0 to 0", 0),
    ],
)
def test_a_verdict_says_what_came_of_it(
    clock: ManualClock, draft: Draft, what: object, outcome: StageOutcome, remark: str, edits: int
) -> None:
    """The outcome, the stage's own words, and how many edits."""
    after, verdict = pipeline(clock, Does(what)).run(0, draft)  # type: ignore[arg-type]
    assert (verdict.stage, verdict.outcome, verdict.edits) == ("does", outcome, edits)
    assert verdict.remark.startswith(remark)
    assert bool(verdict.remark) == bool(remark)
    assert len(after.edits) == edits


def test_a_stage_that_failed_leaves_the_draft_as_it_was(clock: ManualClock, draft: Draft) -> None:
    """What it did before it raised is gone with it."""

    def half(draft: Draft) -> None:
        draft.note("x", reason="r")
        draft.prompt = "other"
        draft.refuse("no")
        raise ValueError("no")

    after, _ = pipeline(clock, Does(half)).run(0, draft)
    assert after is draft
    assert (after.edits, after.prompt, after.refused) == ((), "hello", None)


def test_a_refusal_is_the_verdict_of_the_stage_that_refused(clock: ManualClock, draft: Draft) -> None:
    """Those behind it say what they did themselves."""
    stages = pipeline(clock, Does(lambda d: d.refuse("no"), "a"), Does(lambda d: None, "b"))
    draft, first = stages.run(0, draft)
    draft, second = stages.run(1, draft)
    assert (first.outcome, second.outcome) == (StageOutcome.REFUSED, StageOutcome.NOTHING)
    assert draft.refused is not None


def test_time_is_told_by_the_clock(clock: ManualClock, draft: Draft) -> None:
    """In milliseconds."""
    _, verdict = pipeline(clock, Does(lambda _: clock.advance(0.25))).run(0, draft)
    assert verdict.ms == pytest.approx(250)


def test_a_stage_has_the_profiles_deadline_or_its_own(clock: ManualClock) -> None:
    """In seconds."""
    own = Does(lambda _: None, "own")
    own.deadline = 5.0
    stages = pipeline(clock, Does(lambda _: None), own, toml="[limits]\nstage_ms = 80")
    assert [stages.deadline(0), stages.deadline(1)] == [0.08, 5.0]


def test_being_late_counts_as_failing(clock: ManualClock, draft: Draft) -> None:
    """The verdict says how long it was waited for."""
    stages = pipeline(clock, Does(lambda _: None), toml="[limits]\nfailures = 2\nstage_ms = 80")
    verdict = stages.late(0)
    assert (verdict.outcome, verdict.remark, verdict.ms) == (StageOutcome.LATE, "not done after 80 ms", 80)
    stages.late(0)
    assert stages.run(0, draft)[1].outcome is StageOutcome.RESTING


def test_the_profile_says_when_and_how_long_a_stage_rests(clock: ManualClock, draft: Draft) -> None:
    """Its own breaker: the others go on."""
    stages = pipeline(clock, Does(fails, "a"), Does(lambda _: None, "b"), toml="[limits]\nfailures = 2\nrest_s = 9")
    assert [stages.run(0, draft)[1].outcome for _ in range(3)] == [
        StageOutcome.FAILED,
        StageOutcome.FAILED,
        StageOutcome.RESTING,
    ]
    assert stages.run(1, draft)[1].outcome is StageOutcome.NOTHING
    clock.advance(9)
    assert stages.run(0, draft)[1].outcome is StageOutcome.FAILED


def test_a_remark_is_cut_and_holds_no_secret(clock: ManualClock, draft: Draft) -> None:
    """It is written to the log."""
    _, verdict = pipeline(clock, Does(lambda _: "key sk-ant-" + "a1" * 20 + " and " + "x" * 1000)).run(0, draft)
    assert verdict.remark.startswith("key [redacted api key] and xxx")
    assert len(verdict.remark) <= REMARK


class Looks(Stage):
    """Notes which of its methods is called."""

    name = "looks"

    def __init__(self, error: BaseException | None = None) -> None:
        self.seen: list[str] = []
        self.error = error

    def on_reply(self, exchange: Exchange, reply: Reply) -> None:
        self.seen.append("reply")
        if self.error is not None:
            raise self.error

    def on_turn_complete(self, exchange: Exchange, reply: Reply) -> None:
        self.seen.append("turn")


def test_a_turn_is_complete_when_no_tool_is_asked_for(clock: ManualClock, draft: Draft) -> None:
    """Every answer is shown; the end of a turn once."""
    stage = Looks()
    stages = pipeline(clock, stage)
    assert stages.observe(0, draft.exchange, Reply(tools=[ToolCall("1", "Read")])) == ""
    assert stage.seen == ["reply"]
    assert stages.observe(0, draft.exchange, Reply()) == ""
    assert stage.seen == ["reply", "reply", "turn"]


def test_only_stages_that_look_are_asked(clock: ManualClock) -> None:
    """The others cost no thread."""
    assert pipeline(clock, Does(lambda _: None), Looks()).observers == (1,)


@pytest.mark.parametrize("error", [ValueError("no"), SystemExit(3)])
def test_a_look_that_fails_is_told(clock: ManualClock, draft: Draft, error: BaseException) -> None:
    """In words; after three in a row the stage rests, from looking alone."""
    stage = Looks(error)
    stages = pipeline(clock, stage)
    said = [stages.observe(0, draft.exchange, Reply()) for _ in range(4)]
    assert "'looks' failed at an answer" in said[0]
    assert said[3] == ""
    assert stage.seen == ["reply"] * 3
    assert stages.run(0, draft)[1].outcome is StageOutcome.NOTHING


def test_a_look_that_is_overdue_counts_as_failing(clock: ManualClock, draft: Draft) -> None:
    """And says how long it was waited for."""
    stage = Looks()
    stages = pipeline(clock, stage, toml="[limits]\nfailures = 1\nbackground_s = 7")
    assert "7 s" in stages.overdue(0)
    assert stages.observe(0, draft.exchange, Reply()) == ""
    assert stage.seen == []


class Flushes(Stage):
    """Notes a text at each of its occasions."""

    name = "flushes"

    def __init__(self, *, fails: bool = False, says: str | None = "at the flush") -> None:
        self.seen: list[str] = []
        self.fails, self.says = fails, says

    def on_request(self, draft: Draft) -> str | None:
        self.seen.append("request")
        draft.note("a note", reason="r")
        return "at the request"

    def on_flush(self, draft: Draft) -> str | None:
        self.seen.append("flush")
        draft.note("another", reason="r")
        if self.fails:
            raise ValueError("no")
        return self.says


def test_a_flush_comes_after_the_request(clock: ManualClock, draft: Draft) -> None:
    """Only when one is due; both may propose, and what is said last counts."""
    stage = Flushes()
    stages = pipeline(clock, stage)
    after, verdict = stages.run(0, draft)
    assert (stage.seen, len(after.edits), verdict.remark) == (["request"], 1, "at the request")
    after, verdict = stages.run(0, draft, flush=True)
    assert (stage.seen[1:], len(after.edits), verdict.remark) == (["request", "flush"], 2, "at the flush")
    stage.says = None
    assert stages.run(0, draft, flush=True)[1].remark == "at the request"


def test_a_flush_that_fails_costs_all_of_the_stages_edits(clock: ManualClock, draft: Draft) -> None:
    """And counts as one failure of the stage."""
    stages = pipeline(clock, Flushes(fails=True), toml="[limits]\nfailures = 2")
    after, verdict = stages.run(0, draft, flush=True)
    assert after is draft
    assert verdict.outcome is StageOutcome.FAILED
    assert stages.run(0, draft)[1].outcome is StageOutcome.EDITED
    for _ in range(2):
        stages.run(0, draft, flush=True)
    assert stages.run(0, draft)[1].outcome is StageOutcome.RESTING


def test_what_plugins_offer_comes_with_the_pipeline(clock: ManualClock) -> None:
    """None, where nobody offers anything: but there are always prices."""
    parts = Services()
    assert Pipeline(profile_of(), [], clock, parts).parts is parts
    assert Pipeline(profile_of(), [], clock).parts.prices.of("anthropic", "claude-sonnet-4-5").window == 200_000
