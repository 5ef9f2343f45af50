"""Which tools a request offers, and when that is told."""

from __future__ import annotations

import json
from typing import Any

import pytest

from penstock.conversation.conversation import Conversation
from penstock.conversation.exchange import Exchange, Kind
from penstock.events.request_events import LoggedTool
from penstock.identify.prompt_head import CONVERSATIONS, TOOLS, PromptHeadChanges, list_tools
from penstock.testing import dialect_of, draft_for, path_of

Told = tuple[tuple[LoggedTool, ...] | None, tuple[str, ...]]
SCHEMA = {"type": "object", "properties": {"path": {"type": "string"}}}
READ = {"name": "Read", "description": "Reads a file.", "input_schema": SCHEMA}
SEARCH = {"type": "web_search_20250305", "name": "web_search"}


def read(body: dict[str, Any], dialect: str) -> Conversation:
    return dialect_of(dialect).read(json.dumps(body).encode(), path_of(dialect))


def said(**more: Any) -> dict[str, Any]:
    return {"model": "m", "messages": [{"role": "user", "content": "hello"}], **more}


@pytest.mark.parametrize(
    ("dialect", "body"),
    [
        ("anthropic", said(tools=[READ, SEARCH])),
        (
            "openai-chat",
            said(tools=[{"type": "function", "function": {"name": one["name"]}} for one in (READ, SEARCH)]),
        ),
        (
            "openai-responses",
            {"input": "hello", "tools": [{"type": "function", "name": "Read"}, {"type": "web_search"}]},
        ),
        (
            "gemini",
            {
                "contents": [{"role": "user", "parts": [{"text": "hello"}]}],
                "tools": [{"functionDeclarations": [{"name": "Read"}, {"name": "web_search"}]}],
            },
        ),
    ],
)
def test_every_dialect_names_its_tools(dialect: str, body: dict[str, Any]) -> None:
    """Each with an estimate of what it takes."""
    found = list_tools(read(body, dialect))
    assert [name for name, _ in found] == ["Read", "web_search"]
    assert all(tokens > 0 for _, tokens in found)


def test_tools_in_a_message_count() -> None:
    """Some clients send them there, in groups."""
    tools = [{"type": "namespace", "name": "functions", "tools": [{"type": "custom", "name": "exec"}]}]
    more = {"type": "additional_tools", "role": "developer", "tools": tools}
    words = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "hello"}]}
    assert [name for name, _ in list_tools(read({"input": [more, words]}, "openai-responses"))] == ["exec"]


@pytest.mark.parametrize("tools", [None, "many", {"a": 1}, [1, 2], [None], [{"name": 7}], [[]]])
def test_a_list_of_another_shape_names_what_it_can(tools: object) -> None:
    """Nobody's request fails for it."""
    assert all(isinstance(name, str) for name, _ in list_tools(read(said(tools=tools), "anthropic")))


def exchange(kind: Kind = Kind.MAIN, conversation: str = "talk") -> Exchange:
    found = draft_for(json.dumps(said()).encode()).exchange
    found.kind = kind
    object.__setattr__(found.identity, "conversation", conversation)
    return found


def told(news: PromptHeadChanges, body: dict[str, Any], **which: Any) -> Told:
    return news.of(exchange(**which), read(body, "anthropic"))


def test_tools_are_told_once() -> None:
    """In a conversation's first request, and again when they are others."""
    news = PromptHeadChanges()
    tools, changed = told(news, said(tools=[READ]))
    assert [(one.name, one.tokens > 0) for one in tools or ()] == [("Read", True)]
    assert changed == ()
    assert told(news, said(tools=[READ])) == (None, ())
    tools, changed = told(news, said(tools=[READ, SEARCH]))
    assert [one.name for one in tools or ()] == ["Read", "web_search"]
    assert changed == ("tools",)
    assert told(news, said(tools=[READ]), conversation="another")[0]


def test_another_system_prompt_is_told() -> None:
    """Not its words: only that it is another."""
    news = PromptHeadChanges()
    assert told(news, said(system="Be brief.")) == ((), ())
    assert told(news, said(system="Be long.")) == (None, ("system",))


def test_the_attestation_is_not_looked_at() -> None:
    """It is another in each request, and hashed nowhere."""
    news = PromptHeadChanges()

    def body(digest: str) -> dict[str, Any]:
        parts = [f"x-client-billing-header: cch={digest};", "Be brief."]
        return said(system=[{"type": "text", "text": text} for text in parts])

    told(news, body("aaaaa"))
    assert told(news, body("bbbbb")) == (None, ())


@pytest.mark.parametrize("kind", [Kind.SIDE, Kind.COUNT, Kind.CLIENT_COMPACTION])
def test_a_clients_own_requests_have_a_head_of_their_own(kind: Kind) -> None:
    """A title probe without tools changes no conversation's tools."""
    news = PromptHeadChanges()
    told(news, said(tools=[READ]))
    assert told(news, said(), kind=kind) == (None, ())
    assert told(news, said(tools=[READ])) == (None, ())


def test_what_is_remembered_and_told_is_bounded() -> None:
    """Any client may open any number of conversations, and offer any number of tools."""
    news = PromptHeadChanges()
    for n in range(CONVERSATIONS + 5):
        told(news, said(tools=[READ]), conversation=str(n))
    assert told(news, said(tools=[READ]), conversation="0")[0]
    many = [{"name": f"tool-{n}"} for n in range(TOOLS + 5)]
    assert len(told(news, said(tools=many), conversation="last")[0] or ()) == TOOLS
