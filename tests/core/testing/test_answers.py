"""Answers as they come over the wire."""

from __future__ import annotations

import json

import pytest

from penstock import Reply, Usage
from penstock.base.errors import Unreadable
from penstock.testing import Answer, FakeProvider, answer, assistant, call, conversation, dialect_of, results, user

DIALECTS = ["anthropic", "openai-chat", "openai-responses", "ollama-chat", "ollama-generate", "gemini"]


def read(said: Answer, dialect: str) -> Reply:
    reader = dialect_of(dialect).reply_reader(said.content_type)
    reader.feed(said.body)
    return reader.close()


@pytest.mark.parametrize("dialect", DIALECTS)
def test_an_answer_is_read_as_it_was_meant(dialect: str) -> None:
    """Text, calls and usage, through the dialect's own reader."""
    turn = assistant("some", " words", call("Read", path="a"), call("Bash", command="ls"))
    reply = read(answer(turn, dialect=dialect, usage=Usage(input=10, output=3), model="m"), dialect)
    assert (reply.text, reply.model, reply.complete, reply.error) == ("some words", "m", True, "")
    if dialect != "ollama-generate":
        assert [(t.name, json.loads(t.input)) for t in reply.tools] == [
            ("Read", {"path": "a"}),
            ("Bash", {"command": "ls"}),
        ]
    assert (reply.usage.input, reply.usage.output) == (10, 3)


@pytest.mark.parametrize("dialect", ["anthropic", "openai-chat", "openai-responses"])
def test_usage_tells_the_cache_apart(dialect: str) -> None:
    """Read and written, as the provider counts them."""
    usage = Usage(input=10, output=3, cache_read=200, cache_write=50)
    assert read(answer(assistant("x"), dialect=dialect, usage=usage), dialect).usage == usage


@pytest.mark.parametrize("dialect", DIALECTS)
def test_what_is_not_counted_is_not_said(dialect: str) -> None:
    """None stays None."""
    assert read(answer(assistant("x"), dialect=dialect), dialect).usage == Usage()


def test_a_dialect_nobody_knows_is_said() -> None:
    """With the nearest."""
    with pytest.raises(ValueError, match="Did you mean 'openai-chat'"):
        answer(assistant("x"), dialect="openai-chats")


def test_a_provider_goes_through_its_script() -> None:
    """One turn a request, then the last one again; it keeps what came."""
    provider = FakeProvider(assistant("one"), assistant("two"), usage=Usage(input=5))
    bodies = [conversation(user(str(n))) for n in range(3)]
    replies = [read(provider(body), "anthropic") for body in bodies]
    assert [r.text for r in replies] == ["one", "two", "two"]
    assert [r.usage.input for r in replies] == [5, 5, 5]
    assert provider.requests == bodies


@pytest.mark.parametrize("dialect", ["anthropic", "openai-chat", "openai-responses", "gemini"])
def test_a_provider_refuses_what_the_real_one_would(dialect: str) -> None:
    """With status 400, in its own form, naming the rule."""
    provider = FakeProvider(assistant("one"), dialect=dialect)
    said = [user("a"), assistant(call("Read", path="a")), results("x")]
    assert provider(conversation(*said, dialect=dialect)).status == 200
    refused = provider(conversation(*said[:2], user("b"), dialect=dialect))
    assert (refused.status, refused.content_type) == (400, "application/json")
    assert read(refused, dialect).error


def test_a_provider_needs_a_script_and_a_request() -> None:
    """Neither nothing nor anything will do."""
    with pytest.raises(ValueError, match="at least one turn"):
        FakeProvider()
    with pytest.raises(Unreadable):
        FakeProvider(assistant("one"))(b"no JSON")
