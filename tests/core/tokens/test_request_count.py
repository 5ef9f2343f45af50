"""A request is counted part by part."""

from __future__ import annotations

import json
from typing import Any

import pytest

from penstock.conversation.conversation import Conversation
from penstock.dialects.anthropic import Anthropic
from penstock.dialects.openai_responses import OpenAIResponses
from penstock.testing import assistant, call, conversation, dialect_of, path_of, results, user
from penstock.tokens.calibration import TokenScale
from penstock.tokens.estimate import estimate_bytes, estimated
from penstock.tokens.request_count import MESSAGE_TOKENS, count_request, sample, shares
from penstock.tokens.vocabulary import Tokenizer

DIALECTS = ("anthropic", "openai-chat", "openai-responses", "gemini", "ollama-chat")


class Letters:
    """A vocabulary in which each character is a token."""

    def encode_ordinary(self, text: str) -> list[int]:
        return list(range(len(text)))


LETTERS = Tokenizer("letters", Letters())


def read(dialect: str, body: bytes) -> Conversation:
    return dialect_of(dialect).read(body, path_of(dialect))


@pytest.mark.parametrize("dialect", DIALECTS)
def test_each_part_is_counted_by_its_text(dialect: str) -> None:
    """In every format: the system prompt without what wraps it, texts, calls with their tool's name, results."""
    reads = call("read", path="a")
    body = conversation(user("look"), assistant("yes", reads), results("found"), system="be kind", dialect=dialect)
    one = read(dialect, body)
    found = count_request(one, LETTERS)
    asked = len("read") + len(next(b.text for m in one.messages for b in m.blocks if b.kind == "tool_use"))
    system = len("be kind")
    framing = MESSAGE_TOKENS * (len(one.messages) + 1)
    in_messages = one.messages[0].role == "system"
    assert found.system == (0 if in_messages else system)
    assert found.messages - framing == len("look" + "yes" + "found") + asked + (system if in_messages else 0)
    assert found.total == found.system + found.tools + found.messages
    assert found.estimated == 0


def test_tools_count_as_the_json_they_are_sent_as() -> None:
    """How the provider writes them for the model is not known."""
    tools = [{"name": "read", "description": "Read a file.", "input_schema": {"type": "object"}}]
    one = Anthropic().read(json.dumps({"model": "m", "tools": tools, "messages": []}).encode(), "/v1/messages")
    assert count_request(one, LETTERS).tools == len(json.dumps(tools))


def test_what_is_no_text_is_estimated_and_said() -> None:
    """Images and sealed reasoning have no words to count."""
    sealed: dict[str, Any] = {"type": "reasoning", "id": "r", "summary": [], "encrypted_content": "A" * 600}
    body = {"model": "gpt-5", "input": [{"role": "user", "content": "hello"}, sealed]}
    one = OpenAIResponses().read(json.dumps(body).encode(), "/v1/responses")
    found = count_request(one, LETTERS)
    assert found.estimated == estimate_bytes(one.messages[1].blocks[0].size) > 0
    assert found.total == len("hello") + 3 * MESSAGE_TOKENS + found.estimated


def test_a_deadline_ends_the_count() -> None:
    """Nobody waits for a body of any size."""
    with pytest.raises(TimeoutError):
        count_request(read("anthropic", conversation(user("look"))), LETTERS, lambda: True)


def test_a_sample_holds_the_head_and_the_newest_messages() -> None:
    """Up to a limit, with what we estimate for just that."""
    turns = [turn for n in range(10) for turn in (user(f"question {n} " * 50), assistant(f"answer {n} " * 50))]
    one = read("anthropic", conversation(*turns, user("the newest"), system="be kind"))
    some = sample(one, 3000)
    assert "the newest" in some.texts
    assert any("be kind" in text for text in some.texts)
    assert not any("question 0" in text for text in some.texts)
    assert sum(map(len, some.texts)) <= 3000
    assert 0 < some.estimated < estimated(one)
    everything = sample(one)
    assert everything.estimated == estimated(one)
    assert everything.framing == MESSAGE_TOKENS * len(one.messages)


def test_shares_add_up_to_the_whole() -> None:
    """The whole is what is counted; its parts are by their bytes."""
    one = read("anthropic", conversation(user("hello " * 100), system="be kind"))
    found = shares(one, TokenScale(2.0, "calibrated"))
    assert found.total == 2 * estimated(one) == sum(n or 0 for n in (found.system, found.tools, found.messages))
    assert found.how == "calibrated"
