"""What a request says of the provider's own cache breakpoint, and of its own compactions."""

from __future__ import annotations

import json
from typing import Any

import pytest

from penstock.conversation.conversation import Conversation
from penstock.testing import assistant, call, conversation, dialect_of, path_of, results, user

AUTO = {"type": "ephemeral"}
AUTO_1H = {"type": "ephemeral", "ttl": "1h"}
MARK = {"cache_control": AUTO}


def read(dialect: str, body: bytes) -> Conversation:
    return dialect_of(dialect).read(body, path_of(dialect))


def anthropic(*messages: dict[str, Any], **fields: Any) -> Conversation:
    return read("anthropic", json.dumps({"model": "m", "messages": messages, **fields}).encode())


def said(role: str, *content: dict[str, Any]) -> dict[str, Any]:
    return {"role": role, "content": list(content)}


def text(words: str, **more: Any) -> dict[str, Any]:
    return {"type": "text", "text": words, **more}


@pytest.mark.parametrize(("value", "lifetime"), [(AUTO, "5m"), (AUTO_1H, "1h"), (None, ""), ("ephemeral", "")])
def test_anthropics_automatic_caching(value: Any, lifetime: str) -> None:
    """`cache_control` of the request itself."""
    assert anthropic(said("user", text("a")), cache_control=value).automatic == lifetime
    assert anthropic(said("user", text("a", **MARK))).automatic == ""


@pytest.mark.parametrize("dialect", ["openai-chat", "openai-responses"])
@pytest.mark.parametrize(
    ("fields", "lifetime"),
    [
        ({}, "30m"),
        ({"prompt_cache_options": {"ttl": "12h"}}, "12h"),
        ({"prompt_cache_options": {"mode": "implicit"}}, "30m"),
        ({"prompt_cache_options": {"mode": "explicit", "ttl": "12h"}}, ""),
        ({"prompt_cache_options": None}, "30m"),
        ({"cache_control": AUTO_1H}, "1h"),
        ({"cache_control": AUTO}, "5m"),
    ],
)
def test_openais_implicit_breakpoint(dialect: str, fields: dict[str, Any], lifetime: str) -> None:
    """There is one unless the request rules it out; gateways to Claude take Anthropic's field."""
    assert read(dialect, conversation(user("a"), dialect=dialect, **fields)).automatic == lifetime


@pytest.mark.parametrize("dialect", ["ollama-chat", "gemini"])
def test_others_set_no_breakpoint(dialect: str) -> None:
    """Their caches need none."""
    assert read(dialect, conversation(user("a"), dialect=dialect)).automatic == ""


@pytest.mark.parametrize(
    ("mark", "lifetime"),
    [
        ({"prompt_cache_breakpoint": {"mode": "explicit"}}, "30m"),
        ({"prompt_cache_breakpoint": {"mode": "explicit", "ttl": "12h"}}, "12h"),
        ({"cache_control": AUTO}, "5m"),
        ({"cache_control": AUTO_1H}, "1h"),
    ],
)
def test_breakpoints_of_openais_formats(mark: dict[str, Any], lifetime: str) -> None:
    """On a part of a message, or of a tool's result."""
    part = [{"type": "text", "text": "a", **mark}]
    messages = [{"role": "user", "content": part}, {"role": "tool", "tool_call_id": "c", "content": part}]
    found = read("openai-chat", json.dumps({"messages": messages}).encode())
    assert [block.cache_ttl for _, _, block in found.blocks()] == [lifetime, lifetime]
    item = {"type": "function_call_output", "call_id": "c", "output": [{"type": "input_text", "text": "a", **mark}]}
    found = read("openai-responses", json.dumps({"input": [item]}).encode())
    assert found.messages[0].blocks[0].cache_ttl == lifetime


THOUGHT = {"type": "thinking", "thinking": "hm", "signature": "c2ln"}


@pytest.mark.parametrize(
    ("messages", "at"),
    [
        ([said("user", text("a"), text("b"))], (0, 1)),
        ([said("user", text("a")), said("assistant", text("b"), THOUGHT)], (1, 0)),
        ([said("user", text("a")), said("assistant", THOUGHT)], (0, 0)),
        ([said("user", text("a"), text(""))], (0, 0)),
        ([said("assistant", THOUGHT)], None),
    ],
)
def test_the_providers_breakpoint_is_on_the_last_block_that_can_be_cached(messages: Any, at: Any) -> None:
    """Not on thinking, nor on an empty text."""
    assert anthropic(*messages, cache_control=AUTO).automatic_block() == at


def test_automatic_caching_takes_one_of_four_breakpoints() -> None:
    """Five are refused, so none of ours is added to three and an automatic one."""
    dialect = dialect_of("anthropic")
    messages = [said("user", text("a", **MARK)), said("assistant", text("b")), said("user", text("c"))]
    system = [text("s", **MARK), text("s", **MARK)]
    three = anthropic(*messages, system=system)
    assert dialect.set_breakpoint(three, 1, 0, "5m") is not None
    four = anthropic(*messages, system=system, cache_control=AUTO)
    assert dialect.violations(four) == []
    assert dialect.set_breakpoint(four, 1, 0, "5m") is None
    five = anthropic(*messages, system=[*system, text("s", **MARK)], cache_control=AUTO)
    assert dialect.violations(five) == ["5 cache breakpoints, 4 are allowed"]


def test_a_breakpoint_on_the_last_block_is_the_automatic_one() -> None:
    """The two are one then."""
    system = [text(str(n), **MARK) for n in range(3)]
    found = anthropic(said("user", text("a", **MARK)), system=system, cache_control=AUTO)
    assert dialect_of("anthropic").violations(found) == []


def test_no_breakpoint_of_ours_goes_where_the_automatic_one_is() -> None:
    """Two lifetimes on one block are refused."""
    found = anthropic(said("user", text("a")), said("assistant", text("b")), cache_control=AUTO_1H)
    assert dialect_of("anthropic").set_breakpoint(found, 1, 0, "5m") is None
    assert dialect_of("anthropic").set_breakpoint(found, 0, 0, "5m") is not None


DONE = {"type": "compaction", "content": "What was said."}


@pytest.mark.parametrize(
    ("block", "ignored"),
    [
        (DONE, 3),
        ({"type": "compaction", "content": None, "encrypted_content": "abc"}, 3),
        ({"type": "compaction", "content": None}, 0),
        ({"type": "compaction"}, 0),
        (text("compaction"), 0),
    ],
)
def test_anthropic_ignores_what_comes_before_its_compaction(block: dict[str, Any], ignored: int) -> None:
    """The last one counts; a failed one does nothing."""
    earlier = [said("user", text("a")), said("assistant", text("b")), said("user", text("c"))]
    found = anthropic(*earlier, said("assistant", block, text("d")), said("user", text("e")))
    assert found.ignored == ignored
    twice = anthropic(*earlier, said("assistant", DONE), said("user", text("e")), said("assistant", DONE))
    assert twice.ignored == 5
    assert dialect_of("anthropic").violations(found) == []


def test_what_is_ignored_takes_no_room() -> None:
    """Neither its bytes nor its images count."""
    long = said("user", text("word " * 5000))
    found = anthropic(long, said("assistant", DONE), said("user", text("e")))
    short = anthropic(said("assistant", DONE), said("user", text("e")))
    assert 0 <= found.size - short.size < 5


@pytest.mark.parametrize(
    ("management", "ignored"),
    [([{"type": "compaction", "compact_threshold": 200_000}], 2), (None, 0), ([{"type": "other"}], 0), ("x", 0)],
)
def test_openai_ignores_what_comes_before_a_compaction_of_its_own(management: Any, ignored: int) -> None:
    """Where it compacts by itself. What `/responses/compact` gave is read as a whole."""
    items = [{"role": "user", "content": c} for c in "ab"]
    items += [{"type": "compaction", "encrypted_content": "abc"}, {"role": "user", "content": "c"}]
    body = {"input": items} | ({"context_management": management} if management else {})
    assert read("openai-responses", json.dumps(body).encode()).ignored == ignored


@pytest.mark.parametrize("dialect", ["anthropic", "openai-chat", "openai-responses", "ollama-chat", "gemini"])
def test_without_a_compaction_everything_is_read(dialect: str) -> None:
    """In every format."""
    turns = (user("a"), assistant("b", call("Read")), results("c"))
    assert read(dialect, conversation(*turns, dialect=dialect)).ignored == 0
