"""P1, P4 and P5 with a provider that binds thinking: nothing before a block of thinking that is sent has changed.

The provider is written apart from the product, in `tests.binding`. Sessions have pauses, restarts, retries, subagents,
rewinds and the client's own compactions; in some of them, things go wrong at any point.
"""

from __future__ import annotations

import json

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from penstock import Draft, EventKind
from penstock.conversation.conversation import BlockKind
from penstock.conversation.exchange import Request
from penstock.edits.edit import Op
from penstock.edits.ledger import thinking_of
from penstock.store.in_memory import MemoryStore
from penstock.testing import Session, Turn, assistant, call, conversation, profile_of, results, user
from tests.binding import Binding
from tests.engines import Does
from tests.played import Play
from tests.sessions import Client, Step, plays
from tests.sizing import examples

RECORDS = "[stage.compaction]\nsoft = 0.0\nturns = 2\nleast = 500\nsegment = 6000\ntokens = 1500\n"
BINDS = "[prices.anthropic]\nbinds_thinking = true\n"
FEW = settings(max_examples=examples(6), phases=[Phase.explicit, Phase.reuse, Phase.generate])
ttls = st.sampled_from(["", "1h"])


@pytest.mark.parametrize("aggressiveness", ["safe", "balanced", "bold"])
@pytest.mark.filterwarnings("ignore:Generating overly large repr")
@FEW
@given(plays(), ttls)
def test_no_thinking_is_sent_behind_anything_that_changed(aggressiveness: str, steps: list[Step], ttl: str) -> None:
    """And every other promise is kept as with any provider."""
    Play(aggressiveness, Client(ttl), toml=RECORDS + BINDS, binding=Binding()).run(steps)


@pytest.mark.parametrize("aggressiveness", ["safe", "bold"])
@pytest.mark.filterwarnings("ignore:Generating overly large repr")
@FEW
@given(plays(faults=True), ttls)
def test_whatever_goes_wrong_the_request_is_one_the_provider_takes(
    aggressiveness: str, steps: list[Step], ttl: str
) -> None:
    """A stage raises, the store is locked or lost, a person pauses or asks for no edits, the engine itself fails."""
    Play(aggressiveness, Client(ttl), toml=RECORDS + BINDS, binding=Binding()).run(steps)


LONG = [Step("ask" if n % 9 == 0 else "work", 400.0 if n % 9 == 0 else 3.0, n) for n in range(45)]


@pytest.mark.parametrize("aggressiveness", ["safe", "balanced", "bold"])
def test_a_long_session_is_still_cheaper(aggressiveness: str) -> None:
    """The promise is not kept by doing nothing: what was sent is shortened at a new message, and thinking goes."""
    play = Play(aggressiveness, toml=RECORDS + BINDS, binding=Binding()).run(LONG)
    talk = play.talks["main"]
    assert play.flushes
    assert talk.cost_left < 0.9 * talk.cost_came


@pytest.mark.parametrize(("store", "edited"), [(False, True), (None, False), (True, False)])
def test_reasoning_of_openai_goes_by_the_same_rule(store: bool | None, edited: bool) -> None:
    """Late edits take the reasoning before them along; where OpenAI keeps the items it would refuse a call without its
    reasoning, so nothing late lands there."""

    def shortens(draft: Draft) -> None:
        draft.replace(draft.blocks()[0], "shorter", reason="late")

    said: list[Turn] = [user("read it")]
    more = {} if store is None else {"store": store}
    with Session(stage := Does(lambda _: None), dialect="openai-responses") as session:
        for n in range(3):
            session.send(conversation(*said, dialect="openai-responses", model="gpt-6.2-sol", **more))
            said += [assistant(call("Read", path=f"f{n}"), thinking=f"thought {n}"), results("done")]
        said += [assistant("It is read."), user("and now?")]
        stage.what = shortens
        session.wait(100_000)
        left = session.send(conversation(*said, dialect="openai-responses", model="gpt-6.2-sol", **more))
    assert (b"shorter" in left, b"thought" in left) == (edited, not edited)


def test_the_provider_would_notice() -> None:
    """Without the rule, the same session is refused."""
    binding = Binding()
    with pytest.raises(AssertionError):
        Play("safe", toml=RECORDS, binding=binding).run(LONG)
    assert binding.refused


def said_so_far(turns: int) -> list[Turn]:
    out: list[Turn] = [user("start")]
    for n in range(turns):
        out += [assistant(call("Read", path=f"f{n}"), thinking=f"thought {n}"), results(f"{n} line\n" * 100)]
        out += [assistant(f"Read {n}.", thinking=f"so {n}"), user(f"more {n}")]
    return out


def shortens_late(draft: Draft) -> None:
    """Every result that was sent."""
    for spot in draft.blocks(BlockKind.TOOL_RESULT, new=False):
        draft.replace(spot, "short", reason="late")


def test_a_flush_waits_for_the_end_of_a_paused_turn() -> None:
    """Where the client sends the model's own message back for it to go on, its thinking is still in use."""
    said = said_so_far(2)
    with Session(stage := Does(lambda _: None), profile=profile_of(BINDS)) as session:
        session.send(conversation(*said))
        said.append(assistant("Searching.", thinking="where?"))
        stage.what = shortens_late
        session.engine.compact_now()
        session.wait(100_000)
        assert session.send(conversation(*said)) == conversation(*said)
        said += [user("and now?")]
        assert b'"short"' in session.send(conversation(*said))


def test_nothing_late_lands_where_thinking_cannot_be_left_out() -> None:
    """Chat Completions carry signed reasoning of Claude's, by OpenRouter; it stays, with what stands before it."""
    signed = [{"type": "reasoning.text", "text": "hm", "signature": "c2ln", "format": "anthropic-claude-v1"}]
    call = {"id": "c1", "type": "function", "function": {"name": "Read", "arguments": "{}"}}
    said: list[dict[str, object]] = [{"role": "user", "content": "go"}]

    def send(session: Session, ident: str, model: str) -> bytes:
        body = json.dumps({"model": model, "messages": said}).encode()
        headers = {"x-session-id": "t", "user-agent": "t/1"}
        asked = Request(ident, "POST", "openrouter.ai", "/api/v1/chat/completions", headers, body)
        return session.engine.process_now(asked).body or body

    for model, lands in (("anthropic/claude-opus-5.5", False), ("anthropic/claude-opus-4.6", True)):
        del said[1:]
        with Session(stage := Does(lambda _: None), dialect="openai-chat") as session:
            send(session, "a", model)
            said.append({"role": "assistant", "content": "ok", "reasoning_details": signed, "tool_calls": [call]})
            said.append({"role": "tool", "tool_call_id": "c1", "content": "line\n" * 400})
            send(session, "b", model)
            said.append({"role": "assistant", "content": "done", "reasoning_details": signed})
            said.append({"role": "user", "content": "more"})
            stage.what = shortens_late
            assert session.engine.compact_now() == 1
            left = send(session, "c", model)
        assert (b'"short"' in left, left.count(b"signature")) == (lands, 2)


def test_a_compaction_stays_when_the_client_strips_its_thinking() -> None:
    """It says the same without it."""
    said = said_so_far(4)
    with Session(stage := Does(lambda _: None), profile=profile_of(BINDS)) as session:
        session.send(conversation(*said))
        said += [assistant("Yes.", thinking="last"), user("go on")]
        stage.what = lambda draft: draft.compact(1, 6, "SUMMARY", reason="a test")
        session.engine.compact_now()
        assert b"SUMMARY" in session.send(conversation(*said))
        stage.what = lambda _: None
        value = json.loads(conversation(*said, assistant("Done."), user("thanks")))
        for message in value["messages"]:
            if message["role"] == "assistant":
                message["content"] = [block for block in message["content"] if block["type"] != "thinking"]
        assert b"SUMMARY" in session.send(json.dumps(value).encode())


def test_thinking_is_left_out_once() -> None:
    """However often a session is flushed, what is stored of its thinking stays as large as the thinking."""
    store = MemoryStore()
    with Session(Does(shortens_late), profile=profile_of(BINDS), store=store) as session:
        for turns in range(1, 16):
            session.send(conversation(*said_so_far(turns)))
            session.engine.compact_now()
        name, state = next(iter(session.engine._states.loaded()))
        assert not any(edit.op is Op.STRIP for edit in state.ledger.pending)
        strips = [landed.edit for landed in store.edits_of(name) if landed.edit.op is Op.STRIP]
        flushes = session.events(EventKind.FLUSH)
    assert len(flushes) > 10
    assert len(strips) > 10
    assert sum(edit.count for edit in strips) <= 2 * 15
    assert sum(len(thinking_of(edit)) for edit in strips) == sum(edit.count for edit in strips)
