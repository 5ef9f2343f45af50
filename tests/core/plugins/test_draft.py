"""What a stage may propose, and what it is told when it may not."""

from __future__ import annotations

import json
from typing import Any

import pytest

from penstock import BlockKind, Draft, Role
from penstock.base.errors import InvalidEdit
from penstock.conversation.conversation import chain_of
from penstock.edits.edit import Op, Place
from penstock.edits.ledger import resolve
from penstock.plugins.draft import Spending
from penstock.plugins.services import Services
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
    assert [(s.message, s.index, s.kind.value, s.text) for s in draft.blocks()] == [
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
    assert [s.text for s in draft.blocks(kind, **asked)] == texts


def test_a_result_leads_to_its_call(draft: Draft) -> None:
    """To judge an output by what was asked."""
    (result,) = draft.blocks(BlockKind.TOOL_RESULT)
    found = draft.call(result)
    assert found is not None
    assert (found.tool_name, found.text) == ("Read", '{"path":"a"}')
    assert draft.call(draft.blocks()[0]) is None


def test_a_replacement_keeps_the_original(draft: Draft) -> None:
    """With who, why and where; and the draft reads it from then on."""
    spot = draft.blocks()[0]
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
    spot = draft.blocks()[0]
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
    for spot in draft.blocks(role=Role.USER):
        draft.replace(spot, "new", reason="r")
    assert [e.place.nth for e in draft.edits] == [0, 1, 2]
    assert len({e.place.key for e in draft.edits}) == 1


@pytest.mark.parametrize("index", [1, 3])
def test_thinking_and_calls_can_not_be_replaced(draft: Draft, index: int) -> None:
    """The error names the kind; nothing is proposed."""
    spot = draft.blocks()[index]
    with pytest.raises(InvalidEdit, match=f"a {spot.kind} block can not be replaced"):
        draft.replace(spot, "x", reason="r")
    assert draft.edits == ()


@pytest.mark.parametrize("place", ["hello", 0, None])
def test_only_a_block_of_the_draft_can_be_replaced(draft: Draft, place: Any) -> None:
    """The error says where one comes from."""
    with pytest.raises(InvalidEdit, match=r"a BlockRef of draft\.blocks\(\) was expected, not a"):
        draft.replace(place, "x", reason="r")
    assert draft.edits == ()


@pytest.mark.parametrize("text", ["", " ", "\n\t"])
def test_a_text_can_not_become_empty(draft: Draft, text: str) -> None:
    """Providers refuse that; a result may be empty."""
    with pytest.raises(InvalidEdit, match="empty"):
        draft.replace(draft.blocks()[0], text, reason="r")
    with pytest.raises(InvalidEdit, match="empty"):
        draft.note(text, reason="r")
    if text:
        with pytest.raises(InvalidEdit, match="empty"):
            draft.compact(0, 1, text, reason="r")
    draft.replace(draft.blocks(BlockKind.TOOL_RESULT)[0], text, reason="r")


@pytest.mark.parametrize(
    ("text", "why"),
    [(7, "a int, not a string"), (None, "not a string"), ("\ud800", "can not be sent"), ("x" * (5 << 20), "at most")],
)
def test_a_new_text_must_be_one(draft: Draft, text: Any, why: str) -> None:
    """A string, that UTF-8 can carry, of a size that can be kept."""
    with pytest.raises(InvalidEdit, match=why):
        draft.replace(draft.blocks()[0], text, reason="r")
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
    """Every message by what it says, and every word of them."""
    draft.compact(0, 3, "a summary", reason="r")
    (edit,) = draft.edits
    messages = draft.conversation.messages
    assert edit.chain == chain_of(messages[:4])
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


@pytest.mark.parametrize("seconds", [-5, float("nan"), float("inf")])
def test_nobody_waits_for_a_time_that_is_none(draft: Draft, seconds: float) -> None:
    """It would be the header `retry-after` of the answer."""
    with pytest.raises(InvalidEdit, match=f"retry_after = {seconds}: "):
        draft.refuse("over budget", retry_after=seconds)  # type: ignore[arg-type]
    assert draft.refused is None


def test_what_a_copy_proposes_stays_with_it(draft: Draft) -> None:
    """Until it is taken as the new draft."""
    copy = draft.for_stage("other")
    copy.note("x", reason="r")
    copy.prompt = "other words"
    copy.refuse("no")
    assert (draft.edits, draft.prompt, draft.refused) == ((), "and more", None)


def test_what_a_stage_spent_is_booked(draft: Draft) -> None:
    """With why and by whom, in order; also by a copy that is dropped, for the money is gone."""
    draft.spend(0.25, reason="a summary")
    copy = draft.for_stage("other")
    copy.spend(0.5, reason="another")
    assert draft.spendings == (Spending(0.25, "a summary", "a-stage"), Spending(0.5, "another", "other"))
    assert copy.spendings == draft.spendings


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
        draft.prompt = 7  # type: ignore[assignment]


def test_what_a_stage_writes_to_its_exchange_nobody_sees(draft: Draft) -> None:
    """It is a copy."""
    copy = draft.for_stage("other")
    copy.exchange.model = "mine"
    assert draft.exchange.model == "claude-sonnet-4-5"
    assert draft.for_stage("third").exchange.model == "claude-sonnet-4-5"


def test_any_reason_can_be_stored(draft: Draft) -> None:
    """Of any type, with any characters."""
    draft.note("one", reason=ValueError("why"))  # type: ignore[arg-type]
    draft.note("two", reason="half \ud800")
    assert [e.reason for e in draft.edits] == ["why", "half ?"]


def over(landed: Draft, **known: Any) -> Draft:
    """The next draft of a conversation in which what `landed` holds has landed."""
    conversation = landed.conversation
    return Draft(
        landed.exchange, conversation, lambda m, b: False, landed=resolve(conversation, landed.edits), **known
    ).for_stage("next")


def test_what_has_landed_is_what_a_block_reads(draft: Draft) -> None:
    """Until something else is proposed; the client's own words stay at hand."""
    spot = draft.blocks()[0]
    assert (draft.landed(spot), draft.proposed(spot)) == (None, None)
    draft.replace(spot, "shorter", reason="r")
    later = over(draft)
    found = later.landed(spot)
    assert found is not None
    assert (found.text, found.reason, later.proposed(spot)) == ("shorter", "r", None)
    assert (later.text(spot), spot.text) == ("shorter", "look")
    later.replace(spot, "shorter still", reason="s")
    now = later.proposed(spot)
    assert now is not None
    assert (now.text, now.stage) == ("shorter still", "next")
    assert later.landed(spot) == found
    assert later.text(spot) == "shorter still"
    assert later.text(later.blocks()[2]) == "yes"


def test_what_a_copy_proposed_is_known_to_it_alone(draft: Draft) -> None:
    """Until it is taken: then to the stages behind it."""
    copy = draft.for_stage("other")
    copy.replace(copy.blocks()[0], "shorter", reason="r")
    copy.compact(1, 3, "a record", reason="r")
    assert draft.proposed(draft.blocks()[0]) is None
    assert not draft.is_compacted(1)
    assert copy.for_stage("third").is_compacted(1)
    assert copy.for_stage("third").text(copy.blocks()[0]) == "shorter"


def test_what_is_compacted_is_known_by_its_message(draft: Draft) -> None:
    """Landed or proposed, a record or nothing at all."""
    draft.compact(0, 1, "a record", reason="r")
    assert [draft.is_compacted(m) for m in range(5)] == [True, True, False, False, False]
    later = over(draft)
    assert [later.is_compacted(m) for m in range(5)] == [True, True, False, False, False]
    later.drop(3, 3, reason="r")
    assert [later.is_compacted(m) for m in range(5)] == [True, True, False, True, False]


def test_tokens_are_those_of_what_would_be_sent() -> None:
    """With head and messages, and with every edit so far: each kind moves the figure by about what it takes or adds."""
    chars = 29_000
    body = conversation(
        user("w" * chars), assistant("x" * chars), user("y" * chars), assistant("ok"), user("go on"), system="s" * chars
    )
    draft = draft_for(body).for_stage("a-stage")
    assert draft.tokens == pytest.approx(len(body) / 2.9, rel=0.01)
    draft.replace(draft.blocks()[0], "short", reason="r")
    assert draft.tokens == pytest.approx(30_000, abs=100)
    draft.replace(draft.blocks()[0], "z" * (chars // 2), reason="r")
    assert draft.tokens == pytest.approx(35_000, abs=100)
    draft.note("n" * chars, reason="r")
    assert draft.tokens == pytest.approx(45_000, abs=100)
    draft.compact(0, 1, "a record " * 100, reason="r")
    assert draft.tokens == pytest.approx(30_300, abs=100)
    later = over(draft)
    assert later.tokens == pytest.approx(30_300, abs=100)
    later.drop(2, 2, reason="r")
    assert later.tokens == pytest.approx(20_300, abs=100)


@pytest.mark.parametrize(
    ("name", "has"),
    [
        ("mcp__penstock__expand", True),
        ("penstock_expand", True),
        ("mcp__my-penstock__expand", True),
        ("expand", False),
        ("penstock_expand_all", False),
        ("penstock___expand", False),
    ],
)
def test_a_stub_names_the_tool_where_there_is_one(name: str, has: bool) -> None:
    """As clients call it; words that speak of it are no tool."""
    said = user(f'use "{name}"')
    assert draft_for(conversation(said, tools=[{"name": "Read"}, {"name": name}])).can_expand is has
    assert draft_for(conversation(said)).can_expand is False


def test_a_draft_knows_the_model_and_the_occasion(draft: Draft) -> None:
    """The window, what plugins offer, why edits land now; by itself there is nothing special about it."""
    assert (draft.flush_reason, draft.window, draft.services.compressors) == ("", 200_000, ())
    parts = Services()
    later = over(draft, due="the cache is cold", window=8192, parts=parts)
    assert (later.flush_reason, later.window) == ("the cache is cold", 8192)
    assert later.services is parts


def test_what_the_provider_ignores_is_not_offered() -> None:
    """A compaction of its own stands for it: it takes no room, and no stage sees it as something to edit."""
    value = json.loads(conversation(user("word " * 5000), assistant("a"), user("b")))
    value["messages"][1]["content"].insert(0, {"type": "compaction", "content": "What was said."})
    draft = draft_for(json.dumps(value).encode()).for_stage("a-stage")
    assert [spot.text for spot in draft.blocks()] == ["", "a", "b"]
    assert [spot.text for spot in draft.blocks(new=True)] == ["", "a", "b"]
    assert [draft.is_compacted(message) for message in range(3)] == [True, False, False]
    assert draft.tokens < 200
