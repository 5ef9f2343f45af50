"""What a stage may propose, and what it is told when it may not."""

from __future__ import annotations

from typing import Any

import pytest

from penstock import BlockKind, Draft, Role
from penstock.conversation import digest
from penstock.draft import Spending
from penstock.edits import Op, Place
from penstock.errors import InvalidEdit
from penstock.testing import assistant, call, conversation, draft_for, results, user

SAID = [
    user("look"),
    assistant("yes", call("Read", path="a"), thinking="Let me see."),
    results("text of a"),
    assistant("done"),
    user("thanks", "and more"),
]


@pytest.fixture
def draft() -> Draft:
    """Of a conversation with a bit of everything, whose last message is new."""
    return draft_for(conversation(*SAID), new={4}).for_stage("a-stage")


def test_spots_are_the_blocks_in_order(draft: Draft) -> None:
    """All of them, with kind, text and place."""
    assert [(s.message, s.index, s.kind.value, s.text) for s in draft.spots()] == [
        (0, 0, "text", "look"),
        (1, 0, "thinking", "Let me see."),
        (1, 1, "text", "yes"),
        (1, 2, "tool_use", '{"path":"a"}'),
        (2, 0, "tool_result", "text of a"),
        (3, 0, "text", "done"),
        (4, 0, "text", "thanks"),
        (4, 1, "text", "and more"),
    ]


@pytest.mark.parametrize(
    ("asked", "texts"),
    [
        ({"kind": BlockKind.TOOL_RESULT}, ["text of a"]),
        ({"role": Role.ASSISTANT, "kind": BlockKind.TEXT}, ["yes", "done"]),
        ({"new": True}, ["thanks", "and more"]),
        ({"new": False, "role": Role.USER}, ["look", "text of a"]),
        ({"kind": BlockKind.MEDIA}, []),
    ],
)
def test_spots_can_be_asked_for(draft: Draft, asked: dict[str, Any], texts: list[str]) -> None:
    """By kind, by role, by whether they were sent before."""
    kind = asked.pop("kind", None)
    assert [s.text for s in draft.spots(kind, **asked)] == texts


def test_a_result_leads_to_its_call(draft: Draft) -> None:
    """To judge an output by what was asked."""
    (result,) = draft.spots(BlockKind.TOOL_RESULT)
    found = draft.call(result)
    assert found is not None
    assert (found.tool_name, found.text) == ("Read", '{"path":"a"}')
    assert draft.call(draft.spots()[0]) is None


def test_a_replacement_keeps_the_original(draft: Draft) -> None:
    """With who, why and where; and the draft reads it from then on."""
    spot = draft.spots()[0]
    draft.replace(spot, "shorter", reason="too long")
    (edit,) = draft.edits
    assert (edit.op, edit.text, edit.stage, edit.reason, edit.original) == (
        Op.REPLACE,
        "shorter",
        "a-stage",
        "too long",
        "look",
    )
    assert edit.place == Place(spot.block.key, 0)
    assert draft.text(spot) == "shorter"
    assert spot.text == "look"


def test_the_next_stage_reads_what_the_last_one_wrote(draft: Draft) -> None:
    """And the last word counts."""
    spot = draft.spots()[0]
    draft.replace(spot, "shorter", reason="a")
    later = draft.for_stage("later")
    assert later.text(spot) == "shorter"
    later.replace(spot, "shorter still", reason="b")
    assert later.text(spot) == "shorter still"
    assert draft.text(spot) == "shorter"
    assert [e.stage for e in later.edits] == ["a-stage", "later"]


def test_a_place_counts_blocks_of_the_same_content() -> None:
    """So that the right one of several is found again."""
    draft = draft_for(conversation(user("ok"), assistant("no"), user("ok", "ok")))
    for spot in draft.spots(role=Role.USER):
        draft.replace(spot, "new", reason="r")
    assert [e.place.nth for e in draft.edits] == [0, 1, 2]
    assert len({e.place.key for e in draft.edits}) == 1


@pytest.mark.parametrize("index", [1, 3])
def test_thinking_and_calls_can_not_be_replaced(draft: Draft, index: int) -> None:
    """The error names the kind; nothing is proposed."""
    spot = draft.spots()[index]
    with pytest.raises(InvalidEdit, match=f"a {spot.kind} block can not be replaced"):
        draft.replace(spot, "x", reason="r")
    assert draft.edits == ()


@pytest.mark.parametrize("text", ["", " ", "\n\t"])
def test_a_text_can_not_become_empty(draft: Draft, text: str) -> None:
    """Providers refuse that; a result may be empty."""
    with pytest.raises(InvalidEdit, match="empty"):
        draft.replace(draft.spots()[0], text, reason="r")
    with pytest.raises(InvalidEdit, match="empty"):
        draft.note(text, reason="r")
    if text:
        with pytest.raises(InvalidEdit, match="empty"):
            draft.compact(0, 1, text, reason="r")
    draft.replace(draft.spots(BlockKind.TOOL_RESULT)[0], text, reason="r")


@pytest.mark.parametrize(
    ("text", "why"),
    [(7, "a int, not a string"), (None, "not a string"), ("\ud800", "can not be sent"), ("x" * (5 << 20), "at most")],
)
def test_a_new_text_must_be_one(draft: Draft, text: Any, why: str) -> None:
    """A string, that UTF-8 can carry, of a size that can be kept."""
    with pytest.raises(InvalidEdit, match=why):
        draft.replace(draft.spots()[0], text, reason="r")
    with pytest.raises(InvalidEdit, match=why):
        draft.note(text, reason="r")
    with pytest.raises(InvalidEdit, match=why):
        draft.compact(0, 1, text, reason="r")
    assert draft.edits == ()


def test_a_note_goes_behind_the_newest_user_turn(draft: Draft) -> None:
    """Behind its last block; there is no original to keep."""
    draft.note("by the way", reason="r")
    (edit,) = draft.edits
    assert (edit.op, edit.text, edit.original) == (Op.NOTE, "by the way", "")
    assert edit.place.key == draft.conversation.messages[4].blocks[1].key


def test_without_a_user_there_is_no_place_for_a_note() -> None:
    """A request that only holds a beginning of the model's."""
    draft = draft_for(b'{"messages":[{"role":"assistant","content":"a"}]}')
    with pytest.raises(InvalidEdit, match="no user message"):
        draft.note("x", reason="r")


def test_a_compaction_knows_what_it_covers(draft: Draft) -> None:
    """Every message by its content, and every word of them."""
    draft.compact(0, 3, "a summary", reason="r")
    (edit,) = draft.edits
    messages = draft.conversation.messages
    assert edit.chain == digest(*(m.key for m in messages[:4]))
    assert edit.count == 4
    assert edit.original == (
        '[user] look\n\n[assistant] Let me see.\nyes\n{"path":"a"}\n\n[user] text of a\n\n[assistant] done'
    )


def test_dropping_is_compacting_to_nothing(draft: Draft) -> None:
    """Kept and replayed in the same way."""
    draft.drop(2, 3, reason="r")
    (edit,) = draft.edits
    assert (edit.op, edit.text, edit.count) == (Op.COMPACT, "", 2)


@pytest.mark.parametrize(("first", "last"), [(-1, 0), (2, 1), (0, 4), (4, 4), (0, 99), (5, 5)])
def test_the_newest_turn_can_not_be_compacted(draft: Draft, first: int, last: int) -> None:
    """Nor can what is not there."""
    with pytest.raises(InvalidEdit, match="can not be compacted"):
        draft.compact(first, last, "x", reason="r")


def test_a_compaction_begins_with_a_message_that_holds_something() -> None:
    """It is found again by its first block."""
    body = b'{"messages":[{"role":"system"},{"role":"user","content":"a"},{"role":"user","content":"b"}]}'
    draft = draft_for(body)
    with pytest.raises(InvalidEdit, match="message 0 is empty"):
        draft.compact(0, 1, "x", reason="r")


def test_a_stage_may_refuse(draft: Draft) -> None:
    """With a sentence for the person and a time to wait."""
    draft.refuse("over budget", retry_after=30)
    assert draft.refused is not None
    assert (draft.refused.message, draft.refused.retry_after, draft.refused.stage) == ("over budget", 30, "a-stage")
    assert draft.for_stage("later").refused == draft.refused


def test_what_a_copy_proposes_stays_with_it(draft: Draft) -> None:
    """Until it is taken as the new draft."""
    copy = draft.for_stage("other")
    copy.note("x", reason="r")
    copy.words = "other words"
    copy.refuse("no")
    assert (draft.edits, draft.words, draft.refused) == ((), "and more", None)


def test_what_a_stage_spent_is_booked(draft: Draft) -> None:
    """With why and by whom, in order; what a copy spends stays with it until it is taken."""
    draft.spend(0.25, reason="a summary")
    copy = draft.for_stage("other")
    copy.spend(0.5, reason="another")
    assert draft.spendings == (Spending(0.25, "a summary", "a-stage"),)
    assert copy.spendings == (Spending(0.25, "a summary", "a-stage"), Spending(0.5, "another", "other"))


@pytest.mark.parametrize("dollars", [-0.1, float("nan"), float("inf")])
def test_only_an_amount_can_be_spent(draft: Draft, dollars: float) -> None:
    """A stage that is wrong about what it paid must not upset the account."""
    with pytest.raises(InvalidEdit, match="can not be spent"):
        draft.spend(dollars, reason="r")
    assert draft.spendings == ()


def test_the_original_of_messages_is_known_before_they_go(draft: Draft) -> None:
    """So that a record can name it: it is what the compaction keeps."""
    draft.compact(0, 3, "a record", reason="r")
    assert draft.edits[0].original == draft.original(0, 3)


def test_words_are_a_string(draft: Draft) -> None:
    """Taggers read them next."""
    with pytest.raises(InvalidEdit, match="not a string"):
        draft.words = 7  # type: ignore[assignment]


def test_what_a_stage_writes_to_its_exchange_nobody_sees(draft: Draft) -> None:
    """It is a copy."""
    copy = draft.for_stage("other")
    copy.exchange.model = "mine"
    assert draft.exchange.model == "test-model"
    assert draft.for_stage("third").exchange.model == "test-model"


def test_any_reason_can_be_stored(draft: Draft) -> None:
    """Of any type, with any characters."""
    draft.note("one", reason=ValueError("why"))  # type: ignore[arg-type]
    draft.note("two", reason="half \ud800")
    assert [e.reason for e in draft.edits] == ["why", "half ?"]
