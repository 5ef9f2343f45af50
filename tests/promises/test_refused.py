"""P1: what the provider refused is not sent again; and a history that outgrows the window is the client's to see."""

from __future__ import annotations

import json
from typing import Any

import pytest

from penstock import Draft, EventKind
from penstock.conversation.conversation import BlockKind
from penstock.conversation.exchange import State
from penstock.conversation.reply import Reply
from penstock.testing import Session, Turn, assistant, call, conversation, profile_of, results, user
from tests.engines import Does
from tests.strict import marks, thinking

BINDS = profile_of("[prices.anthropic]\nbinds_thinking = true")
BOUND = "messages.1.content.0: Invalid `signature` in `thinking` block. The block is bound to a different conversation."
PAIRS = "messages.2.content.0: unexpected `tool_use_id` found in `tool_result` blocks: toolu_0001"
SAID = [user("read it"), assistant(call("Read", path="a"), thinking="I will read it"), results("line\n" * 400)]
MORE = [*SAID, assistant("It is read.", thinking="that is it"), user("and now?")]


def shortens(draft: Draft) -> None:
    """Every result, be it new or not."""
    for spot in draft.blocks(BlockKind.TOOL_RESULT):
        if len(spot.text) > 100:
            draft.replace(spot, "short", reason="a test")


def texts(body: bytes) -> list[str]:
    """What the results of a request read."""
    said: list[Any] = [m["content"] for m in json.loads(body)["messages"] if isinstance(m["content"], list)]
    return [str(b["content"]) for content in said for b in content if b["type"] == "tool_result"]


def test_what_was_refused_for_its_history_is_sent_no_more() -> None:
    """Neither at the same body nor later, nor after a restart: the client's own history goes, and of its thinking what
    was not produced behind ours."""
    with Session(Does(shortens), profile=BINDS) as session:
        assert texts(session.send(conversation(*SAID))) == ["short"]
        session.engine.responses.rejected(session.outcome, PAIRS)
        again = session.send(conversation(*SAID))
        assert texts(again) == ["line\n" * 400]
        assert len(thinking(again)) == 1
        more = session.send(conversation(*MORE))
        assert texts(more) == ["line\n" * 400]
        assert len(thinking(more)) == 2
        faults = [str(e.payload["error"]) for e in session.events(EventKind.FAULT)]
        assert any("the order of the history" in said for said in faults)
        session.restart()
        assert texts(session.send(conversation(*MORE, assistant("Done."), user("thanks")))) == ["line\n" * 400]


def test_thinking_that_was_refused_goes_and_stays_away() -> None:
    """What was edited stays as it is: the rest of the request is valid. Nothing late lands in the conversation then."""
    stage = Does(shortens)
    with Session(stage, profile=BINDS) as session:
        session.send(conversation(*SAID))
        assert len(thinking(session.send(conversation(*MORE)))) == 2
        session.engine.responses.rejected(session.outcome, BOUND)
        left = session.send(conversation(*MORE))
        assert (texts(left), thinking(left)) == (["short"], [])
        later = [*MORE, assistant("So it is.", thinking="new"), user("go on")]
        assert [json.loads(t)["thinking"] for t in thinking(session.send(conversation(*later)))] == ["new"]
        session.wait(4000)
        stage.what = lambda draft: draft.replace(draft.blocks()[0], "other words", reason="late")
        later += [assistant("Yes.", thinking="newer"), user("more")]
        assert b"other words" not in session.send(conversation(*later))
        assert "refused" in str(session.events(EventKind.EDIT)[-1].payload["reason"])


def test_thinking_left_out_in_silence_teaches_the_same() -> None:
    """GPT from 6.2 on refuses nothing; its answer says what it left out."""
    with Session(Does(shortens), profile=BINDS) as session:
        session.send(conversation(*SAID))
        assert session.outcome.exchange is not None
        session.outcome.exchange.advance(State.ANSWERED)
        session.outcome.reply = Reply(transformations=["thinking_dropped: prefix_binding_mismatch"])
        session.engine.responses.answered_now(session.outcome)
        assert thinking(session.send(conversation(*MORE))) == []


@pytest.mark.parametrize(
    ("told", "kept"),
    [
        ({"type": "thinking_mismatch_allowed", "reason": "prefix_binding_mismatch"}, 2),
        ({"type": "thinking_mismatch_allowed"}, 2),
        ({"type": "thinking_dropped", "reason": "model_mismatch"}, 2),
        ({"type": "thinking_dropped", "reason": "prefix_binding_mismatch"}, 0),
    ],
)
def test_only_thinking_left_out_for_what_stands_before_it_teaches(told: dict[str, str], kept: int) -> None:
    """A provider that tells of a mismatch and takes the thinking all the same refuses nothing; nor has an edit to do
    with what is left out for another reason."""
    events = [
        {"type": "message_start", "message": {"role": "assistant", "content": [], "input_transformations": [told]}}
    ]
    with Session(Does(shortens), profile=BINDS) as session:
        session.send(conversation(*SAID))
        assert session.outcome.exchange is not None
        reader = session.dialect.reply_reader("text/event-stream")
        reader.feed(b"".join(f"event: {e['type']}\ndata: {json.dumps(e)}\n\n".encode() for e in events))
        session.outcome.exchange.advance(State.ANSWERED)
        session.outcome.reply = reader.close()
        assert session.outcome.reply.transformations
        session.engine.responses.answered_now(session.outcome)
        assert len(thinking(session.send(conversation(*MORE)))) == kept


@pytest.mark.parametrize(
    "error",
    [
        "tools.3.custom.input_schema: JSON schema is invalid for tool_use",
        "Unsupported parameter: 'parallel_tool_calls' is not supported with this model; tool_call",
        '"thinking.type.enabled" is not supported for this model. Use "thinking.type.adaptive"',
        "messages.0.content.1.cache_control: a ttl='1h' block must not come after a ttl='5m' block",
    ],
)
def test_what_the_client_did_wrong_by_itself_teaches_nothing(error: str) -> None:
    """Also where the request was edited: what it says is of the client's own making."""
    with Session(Does(shortens), profile=BINDS) as session:
        session.send(conversation(*SAID))
        session.engine.responses.rejected(session.outcome, error)
        left = session.send(conversation(*MORE))
        assert (texts(left), len(thinking(left))) == (["short"], 2)
        assert session.events(EventKind.FAULT) == []


def test_a_refusal_of_thinking_that_no_edit_is_before_teaches_nothing() -> None:
    """What was edited is behind it: it cannot be the cause, and in a round of tools nothing is taken away."""
    with Session(Does(shortens), profile=BINDS) as session:
        session.send(conversation(SAID[0]))
        left = session.send(conversation(*SAID))
        assert (texts(left), len(thinking(left))) == (["short"], 1)
        session.engine.responses.rejected(session.outcome, BOUND)
        assert session.send(conversation(*SAID)) == left


@pytest.mark.parametrize("error", [BOUND, PAIRS, "prompt is too long: 1000001 tokens > 1000000 maximum"])
def test_a_refusal_of_what_nobody_edited_teaches_nothing(error: str) -> None:
    """It is between the client and its provider."""
    with Session(Does(lambda _: None), profile=BINDS) as session:
        session.send(conversation(user("hello")))
        session.send(conversation(*MORE))
        session.engine.responses.rejected(session.outcome, error)
        later = conversation(*MORE, assistant("Yes.", thinking="x"), user("more"))
        assert session.send(later) == later
        assert session.events(EventKind.FAULT) == []


def test_a_conversation_begun_elsewhere_learns_from_its_first_refusal() -> None:
    """Its ledger may be one that was lost: what it was sent with is not known here."""
    with Session(Does(lambda _: None), profile=BINDS) as session:
        session.send(conversation(*MORE))
        session.engine.responses.rejected(session.outcome, BOUND)
        assert thinking(session.send(conversation(*MORE))) == []


def test_no_breakpoint_of_ours_is_added_where_one_was_refused() -> None:
    """The client's own stay."""
    toml = 'aggressiveness = "bold"\n'
    said: list[Turn] = [user("start")]
    for n in range(8):
        said += [assistant(call("Read", path=f"f{n}")), results(f"{n} " * 3000)]
    with Session(Does(lambda _: None), profile=profile_of(toml)) as session:
        for end in range(1, len(said) + 1, 2):
            left = session.send(conversation(*said[:end], cache="5m"))
        own = len(marks(left)) - len(marks(conversation(*said, cache="5m")))
        assert own == 1
        session.engine.responses.rejected(
            session.outcome, "A maximum of 4 blocks with cache_control may be provided. Found 5."
        )
        said += [assistant("done"), user("more")]
        left = session.send(conversation(*said, cache="5m"))
        assert len(marks(left)) == len(marks(conversation(*said, cache="5m")))


def grown(turns: int) -> list[Turn]:
    out: list[Turn] = [user("start")]
    for n in range(turns):
        out += [assistant(call("Read", path=f"f{n}")), results(f"{n} word " * 700), assistant("Seen."), user("go on")]
    return out


def test_a_history_about_to_outgrow_the_window_is_given_back_to_the_client() -> None:
    """The client plans its compaction by what the provider counts: before its own history passes the window, it is sent
    as large as it is. A lost ledger then leaves a session that can still be sent."""
    profile = profile_of('[window]\nhard = 0.95\n[prices.anthropic."claude-sonnet-4-5"]\nwindow = 20000')
    with Session(Does(shortens), profile=profile) as session:
        sizes = []
        said = grown(14)
        for end in range(1, len(said) + 1, 2):
            came = conversation(*said[:end])
            left = session.send(came)
            sizes.append((len(came) / 2.9, len(left) / 2.9))
        flushes = [str(e.payload["why"]) for e in session.events(EventKind.FLUSH)]
    assert flushes == ["the history as received is about to outgrow the window"]
    outgrown = [(came, left) for came, left in sizes if came > 0.9 * 20000]
    assert outgrown
    assert all(left > 0.99 * came for came, left in outgrown)
    assert all(left < 0.5 * came for came, left in sizes[2:] if came < 0.85 * 20000)
