"""One stage on one request, held against the promises."""

from __future__ import annotations

import json
import logging

import pytest

from penstock import BlockKind, Draft, Kind, Stage
from penstock.base.errors import ProfileError, Unreadable
from penstock.dialects.anthropic import Anthropic
from penstock.plugins.stage import StageOutcome
from penstock.testing import (
    PromiseBroken,
    assistant,
    call,
    check_prefix,
    conversation,
    draft_for,
    profile_of,
    results,
    run_stage,
    user,
)
from tests.engines import Does

SAID = [user("look"), assistant("yes", call("Read", path="a"), thinking="Let me see."), results("text of a")]


def test_all_messages_are_new_unless_said_otherwise() -> None:
    """Or those whose indexes are given."""
    body = conversation(*SAID)
    assert all(spot.is_new for spot in draft_for(body).blocks())
    assert {spot.message for spot in draft_for(body, new={2}).blocks(new=True)} == {2}
    assert draft_for(body, new=()).blocks(new=True) == []


def test_a_draft_knows_what_kind_of_request_it_is() -> None:
    """As the engine would tell it."""
    assert draft_for(conversation(user("hello"))).exchange.kind is Kind.MAIN
    assert draft_for(conversation(*SAID)).exchange.kind is Kind.TOOL_LOOP
    assert draft_for(conversation(user("hello"))).prompt == "hello"


@pytest.mark.parametrize("dialect", ["anthropic", "openai-chat", "openai-responses", "ollama-chat", "gemini"])
def test_a_stage_runs_on_any_dialect(dialect: str) -> None:
    """It sees the same blocks, and its edits are in the bytes."""

    def shortens(draft: Draft) -> str:
        for spot in draft.blocks(BlockKind.TOOL_RESULT):
            draft.replace(spot, "short", reason="long")
        draft.note("a note", reason="why not")
        return "one result"

    result = run_stage(Does(shortens), conversation(*SAID, dialect=dialect), dialect=dialect)
    assert (result.verdict.outcome, result.verdict.remark) == (StageOutcome.EDITED, "one result")
    assert [edit.text for edit in result.edits] == ["short", "a note"]
    assert b"short" in result.body
    assert b"a note" in result.body
    assert b"text of a" not in result.body


def test_a_stage_that_does_nothing_changes_nothing() -> None:
    """Not a byte."""
    body = conversation(*SAID)
    result = run_stage(Does(lambda _: None), body)
    assert (result.body, result.edits, result.verdict.outcome) == (body, (), StageOutcome.NOTHING)


def test_a_stage_that_raises_gives_a_verdict(caplog: pytest.LogCaptureFixture) -> None:
    """As on the wire: the error is in it, and the bytes are as they came."""
    caplog.set_level(logging.CRITICAL)
    result = run_stage(Does(lambda _: 1 / 0), conversation(*SAID))
    assert result.verdict.outcome is StageOutcome.FAILED
    assert "ZeroDivisionError" in result.verdict.remark
    assert result.body == conversation(*SAID)


def test_what_a_stage_leaves_behind_can_be_seen() -> None:
    """Words and refusals."""

    def both(draft: Draft) -> None:
        draft.prompt = "clean"
        draft.refuse("no")

    draft = run_stage(Does(both), conversation(user("hello"))).draft
    assert draft.prompt == "clean"
    assert draft.refused is not None


def test_an_edit_that_breaks_a_promise_fails_the_test() -> None:
    """A call without its result; the error names promise and rule."""
    body = conversation(*SAID, assistant("done"), user("thanks"))
    with pytest.raises(PromiseBroken, match=r"P5: .*has no result"):
        run_stage(Does(lambda draft: draft.drop(2, 2, reason="r")), body)
    run_stage(Does(lambda draft: draft.drop(1, 3, reason="r")), body)


def test_a_dialect_that_changes_too_much_fails_the_test() -> None:
    """Blocks that no edit is for must leave as they came."""

    class Careless(Anthropic):
        def splice(self, conversation: object, changes: object) -> bytes:
            said = super().splice(conversation, changes)  # type: ignore[arg-type]
            return said.replace(b'"yes"', b'"YES"')

    with pytest.raises(PromiseBroken, match=r"P2: .*yes"):
        run_stage(Does(lambda draft: draft.note("x", reason="r")), conversation(*SAID), dialect=Careless())


def test_a_broken_promise_is_a_failed_assertion() -> None:
    """Any kind of test fails by it."""
    assert issubclass(PromiseBroken, AssertionError)


def test_a_profile_is_written_as_a_person_would() -> None:
    """On top of the default, or of another."""
    profile = profile_of("stages = ['mine']\n[stage.mine]\nkeep = 5")
    assert profile.settings_of("mine") == {"keep": 5}
    assert profile.kinds.side
    assert profile_of(base="observe").mode == "observe"
    with pytest.raises(ProfileError, match="Did you mean 'stages'"):
        profile_of("stagess = []")


@pytest.mark.parametrize(
    ("later", "message"),
    [
        ([user("one"), assistant("TWO")], "message 1 was sent as"),
        ([user("one")], "message 1 of the request before has gone"),
        ([user("zero"), user("one"), assistant("two")], "message 0"),
    ],
)
def test_a_history_that_does_not_go_on_is_told(later: list[object], message: str) -> None:
    """Where it differs, and how."""
    earlier = conversation(user("one"), assistant("two"))
    with pytest.raises(PromiseBroken, match=f"P3: {message}"):
        check_prefix(earlier, conversation(*later))  # type: ignore[arg-type]
    check_prefix(earlier, conversation(user("one"), assistant("two"), user("three")))


def test_the_history_of_any_dialect_can_be_compared() -> None:
    """A long message is not shown whole."""
    one, other = (conversation(user("x" * 900 + end), dialect="gemini") for end in "ab")
    with pytest.raises(PromiseBroken) as caught:
        check_prefix(one, other, dialect="gemini")
    assert len(str(caught.value)) < 600
    assert json.loads(one) != json.loads(other)


class _Named(Stage):
    name = "named"


def test_a_body_in_another_format_is_named_with_the_remedy() -> None:
    """In one line: the traceback ends in this kit, not in a dialect."""
    body = conversation(user("Why?"), dialect="openai-responses")
    with pytest.raises(Unreadable, match=r"no request in anthropic\. Give run_stage the dialect that the body has"):
        run_stage(_Named(), body)
