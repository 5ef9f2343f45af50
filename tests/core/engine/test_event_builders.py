"""Events that describe a conversation, its edits and its answers."""

from __future__ import annotations

import json
from typing import Any

import pytest

from penstock import BlockKind, Usage, handle_of
from penstock.conversation.conversation import Conversation
from penstock.conversation.reply import Reply, ToolCall
from penstock.edits.edit import Edit, Op, Place
from penstock.edits.ledger import resolve
from penstock.engine.event_builders import BLOCKS, answered, classified, edited, sizes
from penstock.events.payload import payload_of
from penstock.events.response_events import AnsweredEvent
from penstock.identify.prompt_head import PromptHeadChanges
from penstock.plugins.draft import Draft
from penstock.redaction.redaction import Redactor
from penstock.testing import assistant, call, conversation, dialect_of, draft_for, results, user
from penstock.tokens.calibration import TokenScale
from penstock.tokens.estimate import estimate_bytes
from penstock.tokens.images import MEDIA_TOKENS

SAID = [user("look"), assistant("yes", call("Read", path="a")), results("text of a")]
REDACTOR = Redactor(40)
ALONE = TokenScale(1.0, "estimated")
"""Nothing was learned yet."""


def payload(body: bytes, sent: int = 0, gauge: TokenScale = ALONE) -> dict[str, Any]:
    draft = draft_for(body)
    found = classified(draft.exchange, draft.conversation, sent, REDACTOR, gauge, PromptHeadChanges(), login=False)
    return dict(json.loads(json.dumps(payload_of(found))))


def test_a_request_is_described() -> None:
    """Who, what, how much; everything a screen shows, as JSON."""
    found = payload(conversation(*SAID, system="Be brief.", stream=True))
    assert found | {"tokens": 0, "blocks": 0} == {
        "dialect": "anthropic",
        "provider": "anthropic",
        "kind": "tool-loop",
        "conversation": "test",
        "session": "",
        "agent": "main",
        "client": "penstock-testing",
        "project": "",
        "model": "claude-sonnet-4-5",
        "epoch": 0,
        "turn": 1,
        "retry": False,
        "stream": True,
        "messages": 3,
        "new": 3,
        "words": "",
        "first": 0,
        "tokens": 0,
        "blocks": 0,
        "toolset": [],
        "login": False,
    }


def test_tokens_are_told_apart() -> None:
    """System, tools and messages; the total is their sum, and says that it is an estimate."""
    tokens = payload(conversation(*SAID, system="s" * 2900, tools=[{"name": "t" * 5800}]))["tokens"]
    assert tokens["system"] == pytest.approx(1000, rel=0.02)
    assert tokens["tools"] == pytest.approx(2000, rel=0.02)
    assert tokens["total"] == tokens["system"] + tokens["tools"] + tokens["messages"]
    assert tokens["how"] == "estimated"


def test_the_whole_is_told_by_what_was_learned() -> None:
    """And the parts are its shares."""
    body = conversation(*SAID, system="s" * 2900, tools=[{"name": "t" * 5800}])
    alone, half = payload(body)["tokens"], payload(body, gauge=TokenScale(0.5, "calibrated"))["tokens"]
    assert half["total"] == pytest.approx(alone["total"] / 2, abs=1)
    assert half["tools"] == pytest.approx(alone["tools"] / 2, abs=1)
    assert half["total"] == half["system"] + half["tools"] + half["messages"]
    assert half["how"] == "calibrated"


def test_only_new_blocks_are_listed() -> None:
    """With role, kind, name, link and text."""
    found = payload(conversation(*SAID), sent=1)
    assert found["first"] == 1
    assert [(b["m"], b["role"], b["kind"], b["name"], b["text"]) for b in found["blocks"]] == [
        (1, "assistant", "text", "", "yes"),
        (1, "assistant", "tool_use", "Read", '{"path":"a"}'),
        (2, "user", "tool_result", "", "text of a"),
    ]
    assert found["blocks"][1]["id"] == found["blocks"][2]["id"] != ""
    assert [b.get("subject") for b in found["blocks"]] == [None, "a", None], "what a call is about"


def test_the_list_is_bounded() -> None:
    """The newest are shown."""
    found = payload(conversation(user(*[f"text {n}" for n in range(BLOCKS + 50)])))
    assert len(found["blocks"]) == BLOCKS
    assert found["blocks"][-1]["text"] == f"text {BLOCKS + 49}"


def test_texts_are_cut_and_hold_no_secret() -> None:
    """Words and blocks alike."""
    found = payload(conversation(user("password=hunter2hunter2 " + "x" * 100)))
    for text in (found["words"], found["blocks"][0]["text"]):
        assert text.startswith("password=[redacted value] xxx")
        assert len(text) == 41


def test_an_image_counts_for_what_images_cost() -> None:
    """Its bytes are no text."""
    image = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "A" * 9000}}
    body = {"messages": [{"role": "user", "content": [image, {"type": "text", "text": "what is it?"}]}]}
    block = payload(json.dumps(body).encode())["blocks"][0]
    assert (block["kind"], block["tokens"], block["text"]) == ("media", MEDIA_TOKENS, "")


def test_an_image_that_a_tool_gave_counts_like_one() -> None:
    """A screenshot is no text of a hundred thousand letters."""
    image = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "A" * 90_000}}
    parts = [{"type": "text", "text": "the page"}, image]
    body = {"messages": [{"role": "user", "content": [{"type": "tool_result", "tool_use_id": "1", "content": parts}]}]}
    found = payload(json.dumps(body).encode())
    assert MEDIA_TOKENS <= found["blocks"][0]["tokens"] <= found["tokens"]["total"] < MEDIA_TOKENS + 150


def test_what_has_no_words_counts_by_its_bytes() -> None:
    """Reasoning that only its provider can read takes room all the same."""
    hidden = {"type": "redacted_thinking", "data": "Q" * 2900}
    said = {"role": "assistant", "content": [hidden, {"type": "text", "text": "yes"}]}
    body = {"messages": [{"role": "user", "content": "look"}, said, {"role": "user", "content": "more"}]}
    blocks = payload(json.dumps(body).encode())["blocks"]
    assert [block["tokens"] > 900 for block in blocks] == [False, True, False, False]


def test_an_edit_is_described_where_it_stands() -> None:
    """What it takes, what it gives, and why."""
    draft = draft_for(conversation(*SAID)).for_stage("shortens")
    draft.replace(draft.blocks()[-1], "short", reason="too long")
    found = edited(draft.conversation, draft.edits[0], "landed", draft.edits[0].reason, REDACTOR)
    assert payload_of(found) == {
        "stage": "shortens",
        "op": "replace",
        "state": "landed",
        "handle": handle_of("text of a"),
        "place": f"{draft.edits[0].place.key.hex()}.0",
        "reason": "too long",
        "m": 2,
        "b": 0,
        "before": 3,
        "after": 1,
        "text": "short",
    }


def test_a_compaction_says_what_it_covers() -> None:
    """Messages, and turns counted as those of requests are; nothing where its messages have gone."""
    said = draft_for(
        conversation(*SAID, assistant("done"), user("and now?"), assistant("so"), user("go on"))
    ).conversation
    edit = Edit(Op.COMPACT, Place(said.messages[0].blocks[0].key), "[record]", "s", "r", "old", b"c" * 16, 6)
    found = edited(said, edit, "landed", "r", REDACTOR)
    assert (found.messages, found.first_turn, found.last_turn) == (6, 1, 2)
    gone = edited(draft_for(conversation(user("else"))).conversation, edit, "landed", "r", REDACTOR)
    assert "messages" not in payload_of(gone)


def test_an_edit_whose_block_has_gone_stands_nowhere() -> None:
    """-1, and the rest of it all the same."""
    edit = Edit(Op.REPLACE, Place(b"x" * 16), "new", "s", "r", "old")
    found = edited(draft_for(conversation(*SAID)).conversation, edit, "pending", "r", REDACTOR)
    assert (found.m, found.b, found.text) == (-1, -1, "new")


def test_a_reason_is_cut_and_holds_no_secret() -> None:
    """It may quote the conversation."""
    edit = Edit(Op.NOTE, Place(b"x" * 16), "new", "s", "r")
    said = draft_for(conversation(*SAID)).conversation
    found = edited(said, edit, "landed", "password=hunter2hunter2 " + "x" * 1000, REDACTOR)
    assert found.reason.startswith("password=[redacted value] xxx")
    assert len(found.reason) == 400


def leaves(draft: Draft) -> Conversation:
    """The request with the edits that were proposed."""
    dialect = dialect_of("anthropic")
    changes = resolve(draft.conversation, draft.edits).changes
    return dialect.read(dialect.splice(draft.conversation, changes), "/v1/messages")


def told_of(draft: Draft) -> dict[str, Any]:
    """What is said of the tokens of the request with the edits that were proposed."""
    return sizes(draft.conversation, leaves(draft), resolve(draft.conversation, draft.edits), None, ALONE)._asdict()


def test_what_is_saved_is_counted_in_tokens() -> None:
    """A note costs, a replacement saves; never less than nothing is sent."""
    draft = draft_for(conversation(user("word " * 4000)))
    none = told_of(draft)
    assert none["tokens_in"] == none["tokens_out"]
    draft.note("word " * 400, reason="r")
    more = told_of(draft)
    assert more["tokens_out"] > more["tokens_in"] == none["tokens_in"]
    draft.replace(draft.blocks()[0], "short", reason="r")
    less = told_of(draft)
    assert less["tokens_in"] > less["tokens_out"] >= 0


def test_what_was_injected_and_what_was_freed_are_told_apart() -> None:
    """Though one request may have both: as it came, more what was injected, less what was freed, is what left."""
    draft = draft_for(conversation(user("word " * 4000)))
    assert (told_of(draft)["injected"], told_of(draft)["freed"]) == (0, 0)
    draft.note("word " * 400, reason="r")
    noted = told_of(draft)
    assert noted["injected"] == pytest.approx(estimate_bytes(2000), rel=0.1)
    assert noted["freed"] == pytest.approx(0, abs=20)
    draft.replace(draft.blocks()[0], "short", reason="r")
    both = told_of(draft)
    assert both["injected"] == pytest.approx(noted["injected"], abs=20)  # what holds a note in place
    assert both["freed"] == pytest.approx(estimate_bytes(20_000), rel=0.1)
    assert both["tokens_in"] + both["injected"] - both["freed"] == both["tokens_out"]


@pytest.mark.parametrize("words", ["word ", "größer\n", '"quoted"\\\t', "\u4e2d\u6587"])
def test_what_leaves_is_counted_as_what_came(words: str) -> None:
    """By the bytes of both: what an edit took away is what is missing, whatever characters it is made of."""
    said = [
        user(words * 900),
        assistant("Seen."),
        user("Well?"),
        assistant("I look.", call("Read")),
        results(words * 900),
    ]
    draft = draft_for(conversation(*said))
    result = next(spot for spot in draft.blocks() if spot.kind is BlockKind.TOOL_RESULT)
    draft.compact(0, 1, words * 30, reason="r")
    draft.replace(result, words * 70, reason="r")
    draft.note(words * 50, reason="r")
    told = told_of(draft)
    really = estimate_bytes(len(draft.conversation.body) - len(leaves(draft).body))
    assert told["tokens_in"] - told["tokens_out"] == pytest.approx(really, abs=40)  # what holds a text in place


def test_an_answer_is_described() -> None:
    """What the provider did not say is not said."""
    reply = Reply("some words", [ToolCall("1", "Read")], Usage(input=3, output=5), "tool_use", "m", complete=True)
    assert payload_of(answered(AnsweredEvent(200, 9.0, 80, 2.0), reply, REDACTOR)) == {
        "status": 200,
        "ms": 9.0,
        "bytes": 80,
        "first_ms": 2.0,
        "model": "m",
        "usage": {"input": 3, "output": 5},
        "stop": "tool_use",
        "complete": True,
        "tools": ["Read"],
        "text": "some words",
    }
