"""Conversations quick to write, as real clients would send them."""

from __future__ import annotations

import json

import pytest
from hypothesis import given

from penstock import BlockKind, Conversation, Role
from penstock.testing import Turn, assistant, call, conversation, dialect_of, path_of, results, user
from tests import strict
from tests.strategies import turns

DIALECTS = ["anthropic", "openai-chat", "openai-responses", "ollama-chat", "gemini"]
SAID = [
    user("look", "and tell"),
    assistant("yes", call("Read", path="a"), call("Bash", command="ls"), thinking="Let me see."),
    results("text of a", "a\nb"),
    assistant("done"),
    user("thanks"),
]


def read(body: bytes, dialect: str) -> Conversation:
    return dialect_of(dialect).read(body, path_of(dialect))


@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_dialect_says_the_same(dialect: str) -> None:
    """Words, calls, results and thinking, whatever they look like on the wire."""
    blocks = [b for _, _, b in read(conversation(*SAID, dialect=dialect, system="Be brief."), dialect).blocks()]
    texts = "\n".join(b.text for b in blocks if b.kind is BlockKind.TEXT and b.role is not Role.SYSTEM)
    assert texts == "look\nand tell\nyes\ndone\nthanks"
    assert [b.tool_name for b in blocks if b.kind is BlockKind.TOOL_USE] == ["Read", "Bash"]
    assert [b.text for b in blocks if b.kind is BlockKind.TOOL_RESULT] == ["text of a", "a\nb"]
    assert len([b for b in blocks if b.kind is BlockKind.THINKING]) == 1


@pytest.mark.parametrize("dialect", [*DIALECTS, "ollama-generate"])
@given(said=turns())
def test_what_is_written_is_what_the_provider_takes(dialect: str, said: list[Turn]) -> None:
    """By its own rules, and by the dialect's."""
    body = conversation(*(said[:1] if dialect == "ollama-generate" else said), dialect=dialect)
    assert strict.faults(dialect, body) == []
    assert dialect_of(dialect).violations(read(body, dialect)) == []


@pytest.mark.parametrize("dialect", DIALECTS)
@given(said=turns())
def test_a_conversation_that_goes_on_begins_as_it_did(dialect: str, said: list[Turn]) -> None:
    """Turns that are there stay byte for byte when more are added."""
    shorter = read(conversation(*said, dialect=dialect), dialect).messages
    longer = read(conversation(*said, assistant("more"), user("yet more"), dialect=dialect), dialect).messages
    assert [m.raw for m in longer[: len(shorter)]] == [m.raw for m in shorter]


@pytest.mark.parametrize("dialect", ["anthropic", "openai-chat", "openai-responses", "gemini"])
def test_results_answer_their_calls(dialect: str) -> None:
    """In order, by their ids."""
    said = read(conversation(*SAID, dialect=dialect), dialect)
    answers = [said.call(b.tool_id) for _, _, b in said.blocks() if b.kind is BlockKind.TOOL_RESULT]
    assert [a.tool_name if a else "" for a in answers] == ["Read", "Bash"]


def test_a_breakpoint_stands_on_the_newest_user_turn() -> None:
    """And is gone from it in the next request."""
    marked = json.loads(conversation(user("one"), cache="1h"))["messages"]
    assert marked[0]["content"] == [
        {"type": "text", "text": "one", "cache_control": {"type": "ephemeral", "ttl": "1h"}}
    ]
    moved = json.loads(conversation(*SAID[:3], cache="5m"))["messages"]
    assert "cache_control" not in str(moved[:2])
    assert moved[2]["content"][1]["cache_control"] == {"type": "ephemeral"}


def test_fields_and_model_are_as_asked_for() -> None:
    """Other keywords become fields of the request."""
    value = json.loads(conversation(user("a"), model="m", temperature=0.5, max_tokens=7, system="s"))
    assert (value["model"], value["temperature"], value["max_tokens"]) == ("m", 0.5, 7)
    assert value["system"] == [{"type": "text", "text": "s"}]


def test_what_can_not_be_written_is_said() -> None:
    """A dialect nobody knows, results without calls, a history where there can be none, a mark where there is none."""
    with pytest.raises(ValueError, match="Did you mean 'anthropic'"):
        conversation(user("a"), dialect="antropic")
    with pytest.raises(ValueError, match="Did you mean 'gemini'"):
        dialect_of("gemeni")
    with pytest.raises(ValueError, match="2 results for 1 calls"):
        conversation(user("a"), assistant(call("Read")), results("x", "y"))
    with pytest.raises(ValueError, match="1 results for 0 calls"):
        conversation(user("a"), results("x"))
    with pytest.raises(ValueError, match="no history"):
        conversation(user("a"), assistant("b"), user("c"), dialect="ollama-generate")
    with pytest.raises(ValueError, match="no cache breakpoints"):
        conversation(user("a"), dialect="gemini", cache="5m")


def test_paths_are_those_of_the_dialects() -> None:
    """Each knows its own; a dialect that is not bundled has none here."""
    for dialect in (*DIALECTS, "ollama-generate"):
        assert dialect_of(dialect).endpoint("POST", path_of(dialect)) is not None
    assert path_of("mine") == "/"
